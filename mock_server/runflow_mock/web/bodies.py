"""Reads request bodies from ASGI, bounded: what is announced beyond the limit is refused before it comes, and of other bodies what is
beyond it is read and dropped, so that the client gets its answer.

What is read of large bodies counts, until they are answered, against a bound of the server and against a share of whoever sends them.
"""

import asyncio
from collections.abc import Mapping, Sequence

from starlette.types import Message, Receive, Scope

from runflow_mock.runtime.bounds import Bound, take_all
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.web.calls import headers_of

DISCARDED_BYTES_MAX = 512 * 1024 * 1024
"""How much of a body that is too long is taken, and dropped: most clients read a refusal only once they have sent everything.

Of one that was announced the connection drops what comes behind the answer; one that comes in chunks is answered behind it.
"""
SMALL_BYTES_MAX = 64 * 1024
"""What the server has read before anybody looks at a request is not worth counting."""


class Disconnected(Exception):
    """The client went away before it had sent its body."""


class BodiesFull(Exception):
    """So much is being read already that there is no room for the rest of a body."""

    def __init__(self, bound: Bound) -> None:
        super().__init__(f"runflow-mock is reading as much as it may ({bound.name} is {bound.maximum}); send the body again in a moment")
        self.bound = bound


class Stopped(Exception):
    """The server was stopped before the rest of a body came."""

    def __init__(self) -> None:
        super().__init__("the server was stopped before the body had come as a whole")


class Bodies:
    """Reads the body of one request, and counts what is held of it until it is released."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._bounds: Sequence[Bound] = ()
        self._held = 0

    def count(self, *bounds: Bound) -> None:
        """Counts what is read from now on against these bounds."""
        self.release()
        self._bounds = bounds

    async def receive(self, scope: Scope, receive: Receive, limit: int) -> tuple[bytes, bool]:
        """Returns the body and whether it exceeded the limit, in which case it is empty.

        Nothing is awaited of a body that is said to be too long: whoever waits, for 100 Continue or for an answer, has it at once.

        Raises:
            Disconnected: the client went away.
            BodiesFull: a bound is met.
            Stopped: the time that the server leaves to others when it stops is over.
        """
        taken_max = max(limit, DISCARDED_BYTES_MAX)
        if _announced(headers_of(scope), limit) > limit:
            return b"", True
        message = await self._next(receive)
        first: bytes = message.get("body", b"")
        if not message.get("more_body", False) and len(first) <= SMALL_BYTES_MAX:
            # The usual body: it came in one piece, and is nothing to be counted.
            return (first, False) if len(first) <= limit else (b"", True)
        # One growing buffer: a list of pieces would hold many times their bytes where a client sends them one by one.
        held, size = bytearray(first), len(first)
        self._hold(size if size <= limit else 0)
        while message.get("more_body", False) and size <= taken_max:
            message = await self._next(receive)
            chunk = message.get("body", b"")
            size += len(chunk)
            if size <= limit:
                self._hold(len(chunk))
                held += chunk
            else:
                held.clear()
                self.release()
        return (bytes(held), False) if size <= limit else (b"", True)

    def release(self) -> None:
        """Gives back what was held."""
        if not self._held:
            return
        for bound in self._bounds:
            bound.give(self._held)
        self._held = 0

    async def _next(self, receive: Receive) -> Message:
        try:
            message = await receive()
        except asyncio.CancelledError:
            if not self._runtime.is_stopping:
                raise
            raise Stopped from None
        if message["type"] == "http.disconnect":
            raise Disconnected
        return message

    def _hold(self, size: int) -> None:
        full = take_all(self._bounds, size)
        if full is not None:
            self.release()
            raise BodiesFull(full)
        self._held += size


def is_large(scope: Scope) -> bool:
    """Tells whether a body is announced that is worth a look at who sends it, before it is read."""
    headers = headers_of(scope)
    # Who waits for 100 Continue wants to be refused before sending anything, however little it is.
    if b"transfer-encoding" in headers or b"expect" in headers:
        return True
    return b"content-length" in headers and _announced(headers, SMALL_BYTES_MAX) > SMALL_BYTES_MAX


def _announced(headers: Mapping[bytes, bytes], limit: int) -> int:
    """Returns how many bytes a body is said to have; one more than the limit stands for whatever is longer, or no number."""
    length = headers.get(b"content-length", b"0").strip()
    # What stands before the first digit that counts makes a number no larger.
    digits = length.lstrip(b"0") or length[-1:]
    return int(digits) if digits.isdigit() and len(digits) <= len(str(limit)) else limit + 1


def may_have_body(scope: Scope) -> bool:
    """Tells whether there may be a body to read: a poll has none, and says so by announcing nothing."""
    return scope["method"] not in ("GET", "HEAD") or b"content-length" in headers_of(scope)
