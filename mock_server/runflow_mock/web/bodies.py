"""Reads request bodies from ASGI, bounded: what is beyond the limit is read and dropped, so that the client gets its answer."""

from starlette.types import Receive

DISCARDED_BYTES_MAX = 512 * 1024 * 1024


class Disconnected(Exception):
    """The client went away before it had sent its body."""


async def receive_body(receive: Receive, limit: int) -> tuple[bytes, bool]:
    """Returns the body and whether it exceeded the limit, in which case it is empty.

    Raises:
        Disconnected: the client went away.
    """
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    first: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return (first, False) if len(first) <= limit else (b"", True)
    chunks, size = [first], len(first)
    while message.get("more_body", False) and size <= DISCARDED_BYTES_MAX:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        else:
            chunks.clear()
    return (b"".join(chunks), False) if size <= limit else (b"", True)
