"""Connections: what an ASGI application cannot do to the socket it answers on, for rules that want just that.

The protocol hands a `Connection` to the application in the scope, under `extensions`. Where there is none, because the application is
called in process or by another server, the same end of a connection is a `ConnectionFault`.
"""

import asyncio
import socket
import struct
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, cast

from starlette.types import Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

EXTENSION = "runflow_mock.connection"

# Closing the socket then discards what is unsent and answers the peer with RST.
_LINGER_NOT_AT_ALL = struct.pack("ii", 1, 0)


class ConnectionFault(ConnectionError):
    """A rule has ended the exchange where there is no socket to end it on.

    `kind` is the rule's, as rules spell it; `sent` is what of the body, or in place of an answer, had left before.
    """

    def __init__(self, kind: str, sent: bytes = b"") -> None:
        super().__init__(f"runflow-mock: a rule of kind {kind} has ended the connection after {len(sent)} bytes")
        self.kind = kind
        self.sent = sent


class _Gathering:
    """A transport on which what is written in one turn of the event loop leaves in one piece: the head of an answer with its body.

    A system call costs as much as everything that the fake does for a poll.
    """

    __slots__ = ("_loop", "_pieces", "_transport", "abort", "get_extra_info", "is_closing", "set_protocol")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        # What is not about writing is the transport's own.
        self.abort = transport.abort
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing
        self.set_protocol = transport.set_protocol

    def write(self, data: bytes) -> None:
        """Sends bytes at the end of the turn, or with `flush`."""
        if not self._pieces:
            self._loop.call_soon(self.flush)
        self._pieces.append(data)

    def flush(self) -> None:
        """Sends what is held back."""
        if self._pieces:
            pieces, self._pieces = self._pieces, []
            self._transport.write(b"".join(pieces))

    def close(self) -> None:
        """Ends the connection once everything has left."""
        self.flush()
        self._transport.close()


class Connection:
    """One client's connection, TLS or not."""

    __slots__ = ("_transport", "is_held")

    def __init__(self, transport: _Gathering) -> None:
        self._transport = transport
        self.is_held = False

    def write(self, data: bytes) -> None:
        """Sends bytes that the server knows nothing of."""
        self._transport.write(data)

    def close(self) -> None:
        """Ends the connection in order, once everything has left."""
        self._transport.close()

    async def reset(self) -> None:
        """Ends the connection with RST; what the socket has no room for is lost."""
        self._transport.flush()
        # The event loop may gather as well, and hand everything to the socket at the end of its turn.
        await asyncio.sleep(0)
        if self._transport.is_closing():
            return
        plain: socket.socket | None = self._transport.get_extra_info("socket")
        # A connection in memory has no socket, and knows an end of this kind by itself.
        if plain is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT_AT_ALL)
        self._transport.abort()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps the client waiting while the context lasts: a server that stops closes the connection instead of waiting too."""
        self.is_held = True
        try:
            yield
        finally:
            self.is_held = False


class Protocol(HttpToolsProtocol):
    """Uvicorn's HTTP with the connection at hand."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._connection: Connection | None = None
        self._extensions: dict[str, Any] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remembers the connection for its requests."""
        super().connection_made(transport)
        self._gathering = _Gathering(transport, self.loop)
        self.transport = cast(asyncio.Transport, self._gathering)
        self._connection = Connection(self._gathering)
        self._extensions = {EXTENSION: self._connection}

    def on_message_begin(self) -> None:
        """Begins the scope of a request."""
        super().on_message_begin()
        self.scope["extensions"] = self._extensions

    def on_response_complete(self) -> None:
        """Lets the answer leave, and goes on to the next request."""
        self._gathering.flush()
        super().on_response_complete()

    def shutdown(self) -> None:
        """Lets the request under way come to its end, unless a rule keeps it waiting."""
        super().shutdown()
        if self._connection is not None and self._connection.is_held:
            self._connection.close()


async def while_connected(work: Coroutine[Any, Any, None], receive: Receive) -> bool:
    """Tells whether the work came to its end before the client went away."""
    working, gone = asyncio.create_task(work), asyncio.create_task(until_gone(receive))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
        return working.done()
    finally:
        working.cancel()
        gone.cancel()


async def until_gone(receive: Receive) -> None:
    """Returns once the client has gone away; whatever it still sends is dropped."""
    while (await receive())["type"] != "http.disconnect":
        continue


def connection_of(scope: Scope) -> Connection | None:
    """Returns the connection of a request, where the server gives it out."""
    found: Connection | None = scope.get("extensions", {}).get(EXTENSION)
    return found
