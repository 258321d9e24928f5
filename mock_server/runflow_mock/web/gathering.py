"""Gathering: what is written in one turn of the event loop leaves in one piece, and after a goodbye the client may finish."""

import asyncio
from collections.abc import Callable

from runflow_mock.web.bodies import DISCARDED_BYTES_MAX

LINGER_SECONDS = 2.0
LINGER_BYTES_MIN = 64 * 1024
"""How long a client that is still sending may take to read that it need not, and how much has to come for it to have as long again."""
FINISH_SECONDS_MAX = 120.0
"""How long such a client keeps its place, however much comes."""


class Gathering:
    """A transport on which what is written in one turn of the event loop leaves in one piece: the head of an answer with its body.

    A system call costs as much as everything that the fake does for a poll, and more where it has to wake the client. So the answers to
    several connections, worked on in the same turn, leave one right after the other, and a client of all of them is woken once.
    """

    __slots__ = (
        "_dropped",
        "_is_receiving",
        "_loop",
        "_pieces",
        "_sent",
        "_transport",
        "abort",
        "get_extra_info",
        "is_over",
        "set_protocol",
    )

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, is_receiving: Callable[[], bool]) -> None:
        self._transport = transport
        self._loop = loop
        self._is_receiving = is_receiving
        self._pieces: list[bytes] = []
        self._sent = self._dropped = 0
        self.is_over = False
        # What is not about writing is the transport's own.
        self.abort = transport.abort
        self.get_extra_info = transport.get_extra_info
        self.set_protocol = transport.set_protocol

    def is_closing(self) -> bool:
        """Tells whether nothing can be sent any more."""
        return self.is_over or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Sends bytes at the end of the turn, or with `flush`."""
        if not self._pieces:
            self._loop.call_soon(self.flush)
        self._pieces.append(data)

    def untaken_bytes(self) -> int:
        """Returns how much was sent that the client has not taken, also after a goodbye: that waits for it."""
        return self._transport.get_write_buffer_size()

    def taken_bytes(self) -> int:
        """Returns how much the client has taken."""
        return self._sent - self.untaken_bytes()

    def flush(self) -> None:
        """Sends what is held back; where the connection has ended meanwhile, it is dropped."""
        pieces, self._pieces = self._pieces, []
        if pieces and not self._transport.is_closing():
            data = b"".join(pieces)
            self._sent += len(data)
            self._transport.write(data)

    def close(self) -> None:
        """Ends the connection once everything has left; a client that still sends gets a moment to read the answer, or may finish."""
        self.flush()
        if self.is_over or self._transport.is_closing():
            return
        if not self._is_receiving():
            self._transport.close()
            return
        # Closing a socket with something unread in it resets the connection, and the answer is lost on the way.
        self.is_over = True
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._loop.call_later(LINGER_SECONDS, self._end_unless_it_flows, 0, self._loop.time() + FINISH_SECONDS_MAX)

    def drop(self, size: int) -> None:
        """Takes note of bytes that came after the goodbye."""
        self._dropped += size

    def _end_unless_it_flows(self, dropped: int, end: float) -> None:
        is_too_much = self._dropped > DISCARDED_BYTES_MAX or self._loop.time() >= end
        if is_too_much or self._dropped - dropped < LINGER_BYTES_MIN:
            self._transport.abort()
        else:
            self._loop.call_later(LINGER_SECONDS, self._end_unless_it_flows, self._dropped, end)
