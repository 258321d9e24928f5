"""Connections for callbacks: HTTP/1.1 as a client speaks it, on the event loop itself.

No HTTP library stands between. The fake also runs in the processes of other people's tests, where tools patch the libraries that they know,
and a callback must be neither caught nor recorded by them.

A connection is kept for the next POST to the same place as long as its receiver keeps it and no others need its room, and no POST is ever
sent twice.
"""

import asyncio
import ssl
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from typing import NamedTuple, cast
from urllib.parse import quote, urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from runflow_mock.domain.ports import PORT_OF_SCHEME, port_of
from runflow_mock.runtime.outgoing import addresses_of

ANSWER_BYTES_MAX = 64 * 1024
ARRIVED_BYTES_MAX = 512 * 1024
"""How much of a body is kept, and how much may arrive, in heads, chunks and trailers too, before an answer is whole."""
IDLE_SECONDS_MAX = 15.0
IDLE_MAX = 64
"""For how long a connection is kept that nobody asks, and how many are: clients may name a new place with every run."""
# What a URL may hold besides letters and digits; a percent sign is taken for the beginning of what is quoted already.
_IN_PATH = "/%:@!$&'()*+,;=~-._"
_IN_QUERY = _IN_PATH + "?"
_LENGTHS = frozenset((b"content-length", b"transfer-encoding"))
FINAL = 200
"""The first status that is no mere information."""


class BrokenAnswer(ConnectionError):
    """A receiver has ended the connection before its answer was whole, or has answered something that is no HTTP."""


class CannotConnect(ConnectionError):
    """A receiver cannot be reached, or is not the one whose name it has."""


class Answer(NamedTuple):
    """The answer of a receiver; of a large body the beginning."""

    status: int
    body: bytes


class Place(NamedTuple):
    """Where a URL leads; connections to the same place are the same."""

    host: str
    port: int
    is_secure: bool


# All callbacks of a client go to a few addresses.
@lru_cache(maxsize=256)
def read_url(url: str) -> tuple[Place, str, str]:
    """Returns where a URL leads, and what a request says of that: the host, and the target."""
    parts = urlsplit(url)
    usual = PORT_OF_SCHEME.get(parts.scheme)
    if usual is None or not parts.hostname:
        raise ValueError(f"{url[:200]} is no http address")
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    named = f"[{host}]" if ":" in host else host
    port = port_of(parts.scheme, parts.port)
    authority = named if port == usual else f"{named}:{port}"
    target = quote(parts.path or "/", safe=_IN_PATH) + (f"?{quote(parts.query, safe=_IN_QUERY)}" if parts.query else "")
    return Place(host, port, parts.scheme == "https"), authority, target


class OutgoingConnections:
    """The connections of one sender, on one event loop; there is no limit to how many are at work at once.

    `trusted` is asked who vouches for a receiver when the first one has to be vouched for.
    """

    def __init__(self, trusted: Callable[[], ssl.SSLContext]) -> None:
        self._trusted = trusted
        # The one that has rested longest comes first.
        self._idle: dict[_Connection, Place] = {}

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Sends one POST and returns its answer.

        Raises:
            ValueError: the URL or a header cannot be sent.
            OSError: the receiver cannot be reached, or did not answer to the end.
        """
        place, authority, target = read_url(url)
        said = _head(authority, target, headers, len(body)) + body
        connection = self._take(place) or await self._connect(place)
        try:
            answer = await connection.ask(said)
        except BaseException:
            connection.abort()
            raise
        self._keep(place, connection)
        return answer

    async def close(self) -> None:
        """Closes the connections that are kept."""
        for connection in self._idle:
            connection.abort()
        self._idle.clear()

    def _take(self, place: Place) -> "_Connection | None":
        for connection in [kept for kept, where in reversed(self._idle.items()) if where == place]:
            del self._idle[connection]
            connection.wake()
            if connection.is_usable:
                return connection
        return None

    def _keep(self, place: Place, connection: "_Connection") -> None:
        if not connection.is_usable:
            connection.abort()
            return
        if len(self._idle) >= IDLE_MAX:
            self._forget(next(iter(self._idle)))
        self._idle[connection] = place
        connection.rest(partial(self._forget, connection))

    def _forget(self, connection: "_Connection") -> None:
        connection.abort()
        del self._idle[connection]

    async def _connect(self, place: Place) -> "_Connection":
        loop = asyncio.get_running_loop()
        security = self._trusted() if place.is_secure else None
        name = place.host if place.is_secure else None
        failure: OSError | None = None
        for address in await addresses_of(place.host, place.port):
            # Python's own event is not raised by event loops that connect by themselves, as uvloop does.
            sys.audit("runflow_mock.connect", (address, place.port))
            try:
                _, connection = await loop.create_connection(_Connection, address, place.port, ssl=security, server_hostname=name)
            except OSError as error:
                failure = failure or error
                if isinstance(error, ssl.SSLError):
                    # The receiver was reached, and is not believed: that is what there is to say.
                    failure = error
                    break
            else:
                return connection
        raise CannotConnect(f"Cannot connect to {place.host} port {place.port}: {failure}") from failure


class _Connection(asyncio.Protocol):
    """One connection, asked again and again; between two answers it rests."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reading = _Reading()
        self._answer: asyncio.Future[Answer] | None = None
        self._rest: asyncio.TimerHandle | None = None

    @property
    def is_usable(self) -> bool:
        """Tells whether it can be asked again."""
        return self._transport is not None and not self._transport.is_closing() and not self._reading.is_last

    async def ask(self, said: bytes) -> Answer:
        """Sends a request and returns its answer; what came before the first request, as from a receiver that is full, is one as well."""
        assert self._transport is not None
        if self._answer is not None:
            self._reading = _Reading()
        self._answer = self._loop.create_future()
        if self._reading.is_whole:
            self._reading.is_last = True
            return self._reading.answer
        if self._transport.is_closing():
            raise BrokenAnswer("the receiver hung up before it was asked")
        self._transport.write(said)
        return await self._answer

    def rest(self, end: Callable[[], None]) -> None:
        """Waits to be asked again; `end` is called where nobody does."""
        self._rest = self._loop.call_later(IDLE_SECONDS_MAX, end)

    def wake(self) -> None:
        """Waits no more."""
        if self._rest is not None:
            self._rest.cancel()

    def abort(self) -> None:
        """Hangs up."""
        self.wake()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._answer is not None and self._answer.done():
            # Nobody has asked for this.
            self.abort()
            return
        try:
            self._reading.feed(data)
        except BrokenAnswer as error:
            if self._answer is not None:
                self._answer.set_exception(error)
            self.abort()
            return
        if self._reading.is_whole and self._answer is not None:
            self._answer.set_result(self._reading.answer)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is None:
            # Whoever asks finds out; an answer that ends with its connection is whole now.
            with suppress(BrokenAnswer):
                self._reading.end()
        elif not self._answer.done():
            try:
                self._reading.end()
            except BrokenAnswer as error:
                self._answer.set_exception(exc or error)
            else:
                self._answer.set_result(self._reading.answer)


class _Reading:
    """One answer while it arrives; answers that are only informational come before it, and are passed over."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self._status = 0
        self._body = bytearray()
        self._arrived = 0
        self._has_head = self._has_length = False
        self.is_whole = False
        self.is_last = False
        """Whether nothing can come after it on the same connection."""

    @property
    def answer(self) -> Answer:
        """What has arrived."""
        return Answer(self._status, bytes(self._body))

    def feed(self, data: bytes) -> None:
        """Takes what has arrived."""
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self.is_whole = self.is_last = True
        except HttpParserError as error:
            raise BrokenAnswer(f"the answer is no HTTP: {error}") from error
        # Heads, mere information before an answer, and trailers may have no end, and the parser keeps a field until it ends.
        self._arrived += len(data)
        if self._arrived > ARRIVED_BYTES_MAX and not self.is_whole:
            raise BrokenAnswer(f"more than {ARRIVED_BYTES_MAX} bytes came before the answer was whole")

    def end(self) -> None:
        """Takes the end of the connection: that of an answer without a length."""
        self.is_last = True
        if not self._has_head:
            raise BrokenAnswer("the receiver hung up before it answered")
        if self._has_length:
            raise BrokenAnswer("the receiver hung up in the middle of its answer")
        self.is_whole = True

    def on_message_begin(self) -> None:
        self._has_head = self._has_length = False
        # Two answers to one request: what comes after them would belong to nothing.
        self.is_last = self.is_whole

    def on_header(self, name: bytes, value: bytes) -> None:
        self._has_length = self._has_length or name.lower() in _LENGTHS

    def on_headers_complete(self) -> None:
        if not self.is_whole:
            self._status = self._parser.get_status_code()
        self._has_head = self._status >= FINAL

    def on_body(self, data: bytes) -> None:
        if self.is_whole:
            return
        self._body += data[: ANSWER_BYTES_MAX - len(self._body)]
        if len(self._body) == ANSWER_BYTES_MAX:
            # Nobody needs the rest, and it may have no end.
            self.is_whole = self.is_last = True

    def on_message_complete(self) -> None:
        if self._status >= FINAL and not self.is_whole:
            self.is_whole, self.is_last = True, not self._parser.should_keep_alive()


def _head(authority: str, target: str, headers: Mapping[str, str], length: int) -> bytes:
    """Returns the head of a POST: the headers that are given, and what HTTP needs besides."""
    lines = [f"POST {target} HTTP/1.1", f"Host: {authority}", *(f"{name}: {value}" for name, value in headers.items())]
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        raise ValueError("a header must not hold the end of a line")
    return "\r\n".join((*lines, f"Content-Length: {length}", "", "")).encode()
