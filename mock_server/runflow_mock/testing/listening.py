"""A listener for callbacks at the desk: shows each one as it comes, checks its signature, and hands it on as it came."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter
from types import TracebackType

import msgspec
import urllib3
from urllib3.util import SKIP_HEADER

from runflow_mock.domain.documents import try_object
from runflow_mock.domain.signing import SignatureError
from runflow_mock.runtime.deadlines import Deadline, timed_pool
from runflow_mock.testing.callback_servers import CallbackServer
from runflow_mock.testing.receiver import Received, Reply

FORWARD_SECONDS_MAX = 60.0
ANSWER_BYTES_MAX = 1024 * 1024
"""How much of an answer of the receiver behind it is handed back."""

# They belong to the connection that a message came on; everything else is handed on.
_OF_THE_CONNECTION = frozenset(("host", "connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"))


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One callback as it came, and what became of it.

    `verified` is nothing where no secret is known; `answered` is nothing where it was not handed on, or nobody answered.
    """

    at: datetime
    request_id: str | None
    event: str | None
    about: str | None
    verified: bool | None
    objection: str | None
    answered: int | None
    answered_ms: int | None
    problem: str | None
    headers: dict[str, str]
    body: str


class Listener:
    """Listens while the context lasts; answers with what the receiver behind it answers, and with 200 where there is none."""

    def __init__(
        self,
        host: str,
        port: int,
        hear: Callable[[Heard], None],
        *,
        forward_to: str | None = None,
        secret: str | None = None,
        forward_seconds_max: float = FORWARD_SECONDS_MAX,
    ) -> None:
        self._hear = hear
        self._forward_to = forward_to
        self._secret = secret
        self._pool = timed_pool(timeout=forward_seconds_max)
        self._forward_seconds_max = forward_seconds_max
        self._server = CallbackServer((host, port), self._take, threading.Event())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="listener", daemon=True)

    @property
    def url(self) -> str:
        """Where callbacks are to be sent; any path will do."""
        host, port = self._server.server_address[:2]
        return f"http://{str(host).replace('0.0.0.0', '127.0.0.1')}:{port}/"  # noqa: S104 - read, not bound

    def __enter__(self) -> "Listener":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._pool.clear()

    def _take(self, path: str, sent: dict[str, str], body: bytes) -> Reply:
        received = Received(path, sent, body)
        at, started = datetime.now(UTC), perf_counter()
        reply, problem = self._forward(received)
        is_answered = self._forward_to is not None and problem is None
        verified, objection = self._judge(received, at)
        event, about = _subject(received.body)
        self._hear(
            Heard(
                at=at,
                request_id=received.request_id,
                event=event,
                about=about,
                verified=verified,
                objection=objection,
                answered=reply.status if is_answered else None,
                answered_ms=round((perf_counter() - started) * 1000) if is_answered else None,
                problem=problem,
                headers=received.headers,
                body=received.body.decode(errors="replace"),
            )
        )
        return reply

    def _judge(self, received: Received, now: datetime) -> tuple[bool | None, str | None]:
        if self._secret is None:
            return None, None
        try:
            received.verify(self._secret, now)
        except SignatureError as error:
            return False, error.evidence
        return True, None

    def _forward(self, received: Received) -> tuple[Reply, str | None]:
        """Hands the raw bytes and headers on; who does not answer is told to the sender as a 502, so that it tries again."""
        if self._forward_to is None:
            return Reply(), None
        headers = {name: value for name, value in received.headers.items() if name not in _OF_THE_CONNECTION}
        defaults = {name: SKIP_HEADER for name in ("accept-encoding", "user-agent") if name not in headers}
        with Deadline(self._forward_seconds_max) as deadline:
            try:
                answer = self._pool.request(
                    "POST", self._forward_to, body=received.body, headers={**headers, **defaults}, redirect=False, preload_content=False
                )
                # As it came: what is packed stays packed, and what has no end is not read to it.
                data = answer.read(ANSWER_BYTES_MAX + 1, decode_content=False)
            except urllib3.exceptions.HTTPError as error:
                # A connection that ended with its time seems to have been closed by the receiver.
                why = " in time" if deadline.is_over else f": {error}"
                return Reply(502, b"the receiver did not answer"), f"{self._forward_to} did not answer{why}"
        if deadline.is_over:
            answer.close()
            return Reply(502, b"the receiver did not answer"), f"{self._forward_to} did not answer in time"
        if len(data) > ANSWER_BYTES_MAX:
            answer.close()
            return Reply(502, b"the receiver answered too much"), f"{self._forward_to} answered more than {ANSWER_BYTES_MAX} bytes"
        answer.release_conn()
        kept = tuple((name, value) for name, value in answer.headers.items() if name.lower() not in _OF_THE_CONNECTION)
        return Reply(answer.status, data, kept), None


def _subject(body: bytes) -> tuple[str | None, str | None]:
    """Returns the event and the id that a message is about, where it is one of the service's."""
    message = try_object(body)
    about = next((message[name] for name in ("run_id", "batch_id", "evaluation_id") if name in message), None)
    event = message.get("event")
    return (event if isinstance(event, str) else None), (about if isinstance(about, str) else None)
