"""A callback receiver for tests: a real HTTP endpoint that keeps the bytes it got and answers as it is told."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import msgspec

from runflow_mock.domain.documents import Json, read_document

WAIT_SECONDS = 10.0


class Reply(msgspec.Struct, frozen=True):
    """How the receiver answers one POST: status, body, headers, and how many seconds it takes."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0


class Received(msgspec.Struct, frozen=True):
    """One POST as it arrived. Header names are in lower case; `body` is raw."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The body as JSON."""
        return read_document(self.body)

    @property
    def signature(self) -> str | None:
        """The `Runflow-Signature` header."""
        return self.headers.get("runflow-signature")

    @property
    def timestamp(self) -> str | None:
        """The `Runflow-Timestamp` header."""
        return self.headers.get("runflow-timestamp")

    @property
    def request_id(self) -> str | None:
        """The `Runflow-Request-Id` header: delivery id and attempt number."""
        return self.headers.get("runflow-request-id")


class CallbackReceiver:
    """Listens on loopback while the context lasts; answers with the given replies in turn, and then with 200."""

    def __init__(self, *replies: Reply | int) -> None:
        self.received: list[Received] = []
        self._replies = [Reply(reply) if isinstance(reply, int) else reply for reply in replies]
        self._arrived = threading.Condition()
        self._gone = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="callback receiver", daemon=True)

    @property
    def url(self) -> str:
        """Where callbacks are to be sent."""
        return f"http://127.0.0.1:{self._server.server_port}/callbacks"

    def wait(self, count: int = 1, seconds: float = WAIT_SECONDS) -> Sequence[Received]:
        """Returns the POSTs received, once there are at least `count`.

        Raises:
            TimeoutError: fewer arrived in time.
        """
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.received) >= count, seconds):
                raise TimeoutError(f"{len(self.received)} of {count} callbacks arrived within {seconds:g} s")
            return tuple(self.received)

    def __enter__(self) -> "CallbackReceiver":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._gone.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _take(self, received: Received) -> Reply:
        with self._arrived:
            self.received.append(received)
            self._arrived.notify_all()
            return self._replies.pop(0) if self._replies else Reply()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            """Hands each POST to the receiver."""

            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = receiver._take(Received(self.path, headers, body))
                # A slow answer ends early when the receiver is closed.
                receiver._gone.wait(reply.seconds)
                # The sender may have hung up meanwhile: that is its business.
                with suppress(ConnectionError):
                    self.send_response(reply.status)
                    for name, value in (*reply.headers, ("Content-Length", str(len(reply.body)))):
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(reply.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
                """Says nothing."""

        return Handler
