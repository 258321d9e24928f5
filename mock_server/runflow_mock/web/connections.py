"""Connections: what an ASGI application cannot do to the socket it answers on, for rules that want just that.

The protocol hands a `Connection` to the application in the scope, under `extensions`. Where there is none, because the application is
called in process or by another server, the same end of a connection is a `ConnectionFault`.
"""

import socket
import struct
from asyncio import Transport, sleep
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import httptools
import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from runflow_mock.runtime.bounds import Bound
from runflow_mock.web.bodies import SMALL_BYTES_MAX
from runflow_mock.web.calls import Answer, AtOnce, send_answer
from runflow_mock.web.gathering import Gathering
from runflow_mock.web.heads import HEAD_BYTES_MAX, Refusal, check_head, check_size, explain, head_too_large, path_and_query
from runflow_mock.web.older_clients import ended_by_closing
from runflow_mock.web.progress import Progress
from runflow_mock.web.untaken_answers import UntakenAnswers
from runflow_mock.wire.problems import represent_problem

EXTENSION = "runflow_mock.connection"

KEEP_ALIVE_SECONDS = 75.0
HEAD_SECONDS_MAX = 30.0
BODY_SECONDS_MAX = 60.0
STUCK_SECONDS_MAX = 120.0
"""How long a connection may stand idle, a head may take, and too little may come of a body or go of an answer."""
BODY_BYTES_MIN = 256 * 1024
TAKEN_BYTES_MIN = 64 * 1024
"""How little that is."""

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


class Connection:
    """One client's connection, TLS or not; `on_stop` is called when the server stops, for an answer that would go on for ever."""

    __slots__ = ("_transport", "is_held", "on_stop")

    def __init__(self, transport: Gathering) -> None:
        self._transport = transport
        self.is_held = False
        self.on_stop: Callable[[], None] | None = None

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
        await sleep(0)
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
    """Uvicorn's HTTP with the connection at hand, with bounds, and with errors in the API's envelope.

    What a client offers to speak instead (`Upgrade`) is not taken up, as HTTP allows: the request is answered as if nothing was offered.
    Fields that follow a body (trailers) are dropped: nobody may send credentials once the request has been judged.
    """

    def __init__(
        self, *args: Any, bound: Bound | None = None, untaken: UntakenAnswers | None = None, at_once: AtOnce | None = None, **settings: Any
    ) -> None:
        """Takes what uvicorn gives, and what answers a request at once that is here as a whole; else the application is asked."""
        super().__init__(*args, **settings)
        # The journal has what came. uvicorn would write its own log once somebody listens to that, as pytest does.
        self.access_log = False
        self._connection: Connection | None = None
        self._extensions: dict[str, Any] = {}
        self._bound = bound
        self._untaken = untaken
        self._at_once = at_once
        self._begun: tuple[RequestResponseCycle, Any] | None = None
        self._accepted: tuple[bool, str, list[tuple[bytes, bytes]]] | None = None
        self._is_counted = self._in_head = False
        self._head_began = self._touched = 0.0
        self._fed = self._overhead = self._body_bytes = 0
        self._progressed = False
        self._pending: Refusal | None = None
        self._bringing: Progress | None = None
        self._taking: Progress | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Remembers the connection for its requests, or ends it if there are too many."""
        super().connection_made(transport)
        self._touched = self.loop.time()
        self._gathering = Gathering(transport, self.loop, self._is_receiving)
        self.transport = cast(Transport, self._gathering)
        self._connection = Connection(self._gathering)
        self._extensions = {EXTENSION: self._connection}
        if self._bound is not None:
            self._is_counted = self._bound.take()
            if not self._is_counted:
                message = f"runflow-mock has {self._bound.maximum} connections open, and takes no more; close those that are not used."
                self._refuse(Refusal(503, "SERVICE_UNAVAILABLE", message))

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives the place of the connection back."""
        if self._is_counted and self._bound is not None:
            self._is_counted = False
            self._bound.give()
        if self._untaken is not None:
            self._untaken.let_go(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads on; what is no request is told, in the API's envelope."""
        if self._gathering.is_over or self._pending is not None:
            self._gathering.drop(len(data))
            return
        untouched, self._touched = self._touched, self.loop.time()
        self._fed, self._progressed = len(data), False
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            self._go_on(is_whole=False)
            context = error.__context__
            self._refuse(context if isinstance(context, Refusal) else Refusal(400, "BAD_REQUEST", explain(error)))
            return
        if not (self._progressed or self._in_head):
            self._touched = untouched  # Ends of lines before a request are none.
        # What neither ends a head nor belongs to a body is head, trailer or the extension of a chunk: all of it is kept by the parser.
        self._overhead = 0 if self._progressed else self._overhead + len(data)
        if self._overhead > HEAD_BYTES_MAX:
            self._go_on(is_whole=False)
            self._refuse(head_too_large())
        self._go_on(is_whole=True)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Waits with a request until everything was read that came with its head."""
        self._begun = cycle, app

    def _answer_by_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.scope["http_version"] == "1.0":
            app = ended_by_closing(app, cycle)
        super()._start_asgi_task(cycle, app)

    def _go_on(self, *, is_whole: bool) -> None:
        """Answers the request that has begun: at once where it is here as a whole, or by a task."""
        if self._begun is None:
            return
        (cycle, app), self._begun = self._begun, None
        can_wait = cycle.more_body or not cycle.keep_alive or self.flow.write_paused or len(cycle.body) > SMALL_BYTES_MAX
        if self._at_once is not None and is_whole and not can_wait:
            try:
                self._at_once(cast(Scope, cycle.scope), bytes(cycle.body), partial(self._give, cycle))
            except Exception as error:
                self._answer_by_task(cycle, partial(_fail, error))
        else:
            self._answer_by_task(cycle, app)

    def _give(self, cycle: RequestResponseCycle, given: Answer | ASGIApp) -> None:
        """Writes an answer, unless the server began to stop meanwhile, which uvicorn has to tell the client; goes on with anything else."""
        if isinstance(given, Answer) and cycle.keep_alive:
            self._write_answer(cycle, given)
        else:
            self._answer_by_task(cycle, partial(_send, given) if isinstance(given, Answer) else given)

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            # The parser stops behind a head that offers another protocol. A new one reads the same head without the offer, and goes on.
            headers = self.headers
            head = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
            head += [b"%s: %s" % field for field in headers if field[0] != b"upgrade"]
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self.parser.feed_data(b"\r\n".join((*head, b"", b"")))
            self.scope["headers"] = headers
            self._feed(data[offer.args[0] :])

    def on_message_begin(self) -> None:
        """Begins the scope of a request."""
        super().on_message_begin()
        self.scope["extensions"] = self._extensions
        self._in_head = True
        self._head_began = self._touched

    def on_headers_complete(self) -> None:
        """Begins the request, if its head can be taken."""
        self._progressed = True
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            return
        self._in_head = False
        self.url, host = path_and_query(self.url)
        if self._overhead + self._fed > HEAD_BYTES_MAX:
            check_size(self.headers)
        # A client sends the same fields over and over: what was accepted on this connection is not looked at again.
        method, version = self.parser.get_method(), self.parser.get_http_version()
        head = (method == b"CONNECT", version, self.headers)
        if head != self._accepted or host is not None:
            check_head(method, version, self.headers, host)
            self._accepted = None if host is not None else head
        if host is not None:
            # Whom an address names counts, whatever else the head says (RFC 9112, 3.2.2).
            self.headers[:] = [field for field in self.headers if field[0] != b"host"] + [(b"host", host)]
        if version == "1.0":
            # That version knows no answer before the answer (RFC 9110, 15.2).
            self.expect_100_continue = False
        super().on_headers_complete()
        # The scope has the fields of the head: those behind the body go into a list that nobody reads.
        self.headers = []

    def on_body(self, body: bytes) -> None:
        """Takes a piece of the body."""
        self._progressed = True
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Ends the request's body; behind an offer nothing has begun yet."""
        if not self.parser.should_upgrade():
            self._progressed = True
            self._bringing = None
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Goes on to the next request.

        As uvicorn does it, but without a timer for each answer: `end_if_idle` looks at all connections now and then.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self._touched = self.loop.time()
        self.flow.resume_reading()
        if self.pipeline:
            self._answer_by_task(*self.pipeline.pop())
        elif self._pending is not None:
            self._write(self._pending)

    def pause_writing(self) -> None:
        """Takes note that the client has stopped to take what is sent."""
        super().pause_writing()
        if self._untaken is not None:
            self._untaken.hold(self)

    def resume_writing(self) -> None:
        """Takes note that the client takes what is sent."""
        super().resume_writing()
        if self._untaken is not None:
            self._untaken.let_go(self)

    def untaken_bytes(self) -> int:
        """Returns how much the client has not taken of what was sent."""
        return self._gathering.untaken_bytes()

    def hang_up(self) -> None:
        """Ends the connection at once."""
        self._gathering.abort()

    def shutdown(self) -> None:
        """Lets the request under way come to its end, unless a rule keeps it waiting."""
        super().shutdown()
        if self._connection is not None and self._connection.is_held:
            self._connection.close()
        if self._connection is not None and self._connection.on_stop is not None:
            self._connection.on_stop()

    def end_if_idle(self, now: float) -> None:
        """Ends a connection on which less happens, for longer, than with a client that is alive."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if self._takes_nothing(now):
            self.transport.abort()
        elif self._gathering.is_closing():
            return
        elif self._in_head:
            if now - self._head_began > HEAD_SECONDS_MAX:
                self._refuse(Refusal(408, "REQUEST_TIMEOUT", f"The head of the request did not end within {HEAD_SECONDS_MAX:g} s."))
        elif cycle is None or cycle.response_complete:
            if self._taking is not None:
                self._touched = now  # Whoever has something to take still is not idle.
            # Who has the answer already may still owe the body.
            if now - self._touched > KEEP_ALIVE_SECONDS or (cycle is not None and self._brings_nothing(now, cycle)):
                self.transport.close()
        elif self._brings_nothing(now, cycle):
            little = f"Less than {BODY_BYTES_MIN} bytes of the body came within {BODY_SECONDS_MAX:g} s, and it did not end."
            self._refuse(Refusal(408, "REQUEST_TIMEOUT", little))

    def _takes_nothing(self, now: float) -> bool:
        """Tells whether an answer waits, be it the last one, and its client takes too little of it."""
        if not self._gathering.untaken_bytes():
            self._taking = None
            return False
        taken = self._gathering.taken_bytes()
        self._taking = self._taking or Progress(STUCK_SECONDS_MAX, TAKEN_BYTES_MIN, now, taken)
        return self._taking.has_stalled(now, taken)

    def _brings_nothing(self, now: float, cycle: RequestResponseCycle) -> bool:
        """Tells whether a body is under way, nothing on this side keeps it, and too little of it comes."""
        if not cycle.more_body or self.flow.read_paused:
            self._bringing = None
            return False
        self._bringing = self._bringing or Progress(BODY_SECONDS_MAX, BODY_BYTES_MIN, self._touched, self._body_bytes)
        return self._bringing.has_stalled(now, self._body_bytes)

    def _is_receiving(self) -> bool:
        return self._in_head or (self.cycle is not None and self.cycle.more_body)

    def _refuse(self, refusal: Refusal) -> None:
        """Answers, after all that was asked before, and ends the connection."""
        cycle = self.cycle
        is_own = not self._in_head and cycle is not None and not cycle.response_complete and cycle.more_body
        self._in_head = True  # Whatever comes on is no body of anything.
        if is_own and self.pipeline:
            self.pipeline.popleft()
            self._pending = refusal
        elif is_own:
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.close()
            else:
                self._write(refusal)
        elif cycle is not None and not cycle.response_complete:
            self._pending = refusal
        else:
            self._write(refusal)

    def _write_answer(self, cycle: RequestResponseCycle, given: Answer) -> None:
        """Writes what uvicorn makes of the messages of an answer."""
        pieces = [STATUS_LINE[given.status]]
        for name, value in (*self.server_state.default_headers, *given.headers):
            pieces += (name, b": ", value, b"\r\n")
        pieces += (b"\r\n", b"" if cycle.scope["method"] == "HEAD" else given.body)
        self.transport.write(b"".join(pieces))
        cycle.response_started = cycle.response_complete = True
        # As uvicorn does it: the two would keep each other in memory.
        cycle.on_response = _nothing
        self.on_response_complete()

    def _write(self, refusal: Refusal) -> None:
        body = msgspec.json.encode(represent_problem(refusal.problem))
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[refusal.problem.status] + head + body)
        self.transport.close()


def _nothing() -> None:
    """What a request does with an answer that it has had."""


async def _fail(error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    raise error


async def _send(given: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    await send_answer(given, scope["method"], send)


def connection_of(scope: Scope) -> Connection | None:
    """Returns the connection of a request, where the server gives it out."""
    found: Connection | None = scope.get("extensions", {}).get(EXTENSION)
    return found
