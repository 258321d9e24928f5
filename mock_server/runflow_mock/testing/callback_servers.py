"""Servers that take callbacks: so many connections and bytes at once, and so long for a message, whoever sends it."""

import math
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic
from typing import Any, Protocol

import msgspec

from runflow_mock.domain.whole_numbers import whole_number

BODY_BYTES_MAX = 64 * 1024 * 1024
PIECE_BYTES = 64 * 1024
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"


class CallbackBounds(msgspec.Struct, frozen=True, kw_only=True):
    """How many connections there may be at once, how many bytes of bodies they may have sent, and how long each may take.

    A connection on which nothing begins for `idle_seconds_max` is ended, and one whose message is not whole after `message_seconds_max`.
    """

    connections_max: int = 256
    bytes_max: int = 256 * 1024 * 1024
    idle_seconds_max: float = 60.0
    message_seconds_max: float = 60.0


BOUNDS = CallbackBounds()


class Answering(Protocol):
    """How one POST is answered: status, body, headers, and how many seconds that takes."""

    @property
    def status(self) -> int: ...

    @property
    def body(self) -> bytes: ...

    @property
    def headers(self) -> Sequence[tuple[str, str]]: ...

    @property
    def seconds(self) -> float: ...


Take = Callable[[str, dict[str, str], bytes], Answering]
"""Takes one POST: its path, its headers by their names in lower case, and its body."""


class CallbackServer(ThreadingHTTPServer):
    """Hands each POST to `take`, and answers as that says; a slow answer ends early once it is `gone`."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], take: Take, gone: threading.Event, bounds: CallbackBounds = BOUNDS) -> None:
        self.take = take
        self.gone = gone
        self.bounds = bounds
        # By when something must have come on a connection.
        self._deadlines: dict[socket.socket, float] = {}
        self._bytes = 0
        self._counting = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serves a connection, or turns it away where there are too many."""
        with self._counting:
            is_full = len(self._deadlines) >= self.bounds.connections_max
            if not is_full:
                self._deadlines[request] = monotonic() + self.bounds.idle_seconds_max
        if not is_full:
            # As the class above does, but for a thread that a test may have put something else in the place of.
            Thread(target=self.process_request_thread, args=(request, client_address), daemon=True).start()
            return
        request.settimeout(0)
        with suppress(OSError):
            request.send(_FULL)
        self.shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:
        """Ends a connection, whose place is free then."""
        with self._counting:
            self._deadlines.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Ends the connections whose time is over; the server calls this again and again."""
        now = monotonic()
        with self._counting:
            late = [each for each, deadline in self._deadlines.items() if deadline < now]
        for each in late:
            # Whoever reads from it finds its end.
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def give_time(self, request: socket.socket, seconds: float) -> None:
        """Lets a connection have so much time from now on."""
        with self._counting:
            if request in self._deadlines:
                self._deadlines[request] = monotonic() + seconds

    def count(self, size: int) -> bool:
        """Counts bytes that have come, or that are let go, and tells whether there is room for more."""
        with self._counting:
            self._bytes += size
            return self._bytes <= self.bounds.bytes_max


class _Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    protocol_version = "HTTP/1.1"
    server: CallbackServer

    def setup(self) -> None:
        """Begins, with a bound to how long one piece of an answer may wait for its reader."""
        super().setup()
        self.connection.settimeout(self.server.bounds.idle_seconds_max)

    def handle(self) -> None:
        """Serves until the end; a sender that breaks the connection is no error of ours."""
        with suppress(ConnectionError):
            super().handle()

    def parse_request(self) -> bool:
        """Reads the head, of which the first line has come."""
        self.server.give_time(self.connection, self.server.bounds.message_seconds_max)
        return super().parse_request()

    def do_POST(self) -> None:
        """Takes a message, and answers it."""
        # Without a length a head that was cut would be a message without a body.
        given, *others = self.headers.get_all("content-length", [""])
        length = whole_number(given)
        if others or length is None or length > BODY_BYTES_MAX or "transfer-encoding" in self.headers:
            self.send_error(413, f"send one Content-Length of at most {BODY_BYTES_MAX}")
            return
        counted = 0
        body = bytearray()
        try:
            while len(body) < length:
                piece = self.rfile.read1(min(PIECE_BYTES, length - len(body)))
                if not piece:
                    # The sender has hung up: what came is no whole message.
                    self.close_connection = True
                    return
                counted += len(piece)
                if not self.server.count(len(piece)):
                    self.send_error(503, "too much is being sent at once; send it again")
                    return
                body += piece
            self.server.give_time(self.connection, math.inf)
            reply = self.server.take(self.path, {name.lower(): value for name, value in self.headers.items()}, bytes(body))
            # A slow answer ends early when the receiver is closed.
            self.server.gone.wait(reply.seconds)
            # The sender may have hung up meanwhile: that is its business.
            with suppress(ConnectionError):
                self.send_response(reply.status)
                for name, value in (*reply.headers, ("Content-Length", str(len(reply.body)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)
        finally:
            self.server.count(-counted)
            self.server.give_time(self.connection, self.server.bounds.idle_seconds_max)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Says nothing."""
