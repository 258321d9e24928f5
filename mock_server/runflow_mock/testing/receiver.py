"""A callback receiver for tests: a real HTTP endpoint that keeps the bytes it got and answers as it is told."""

import math
import re
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Thread
from types import TracebackType
from typing import Protocol, cast

import msgspec

from runflow_mock.domain.documents import Json, read_document
from runflow_mock.domain.signing import SignatureMismatch, SignatureMissing, TimestampOutside, verify_bare, verify_timestamped
from runflow_mock.testing.arguments import check_count, check_seconds, check_text
from runflow_mock.testing.callback_servers import CallbackServer

WAIT_SECONDS = 10.0
# How long to wait for an arrival before seeing whether there is more to move.
LOOK_SECONDS = 0.05
QUIET_LOOKS = 6
"""After so many looks at which nothing could come, and no request had come either, a wait is over: whoever acts by himself has acted."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# What is in Latin-1, but for the ends of lines and of texts.
_VALUE = re.compile(r"[^\x00\r\n\u0100-\U0010ffff]*")
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"
_UNSIGNED = (
    "its tenant has no callback secret, or a rule took the signature away; read runflow.callback_secret before the run is created, "
    'or make the tenant with @pytest.mark.runflow(callback_secret="rf_whsec_of_the_test")'
)
_NOT_FITTING = (
    "runflow.callback_secret signs callbacks of runs, batches and evaluations, a webhook's deliveries are signed with the secret that "
    "it was made with, and a rule may change secret, signature or body"
)
_CLOCKS = (
    "callbacks carry the time of the wall clock. Where a tool such as freezegun or time-machine stops the clock of the test, "
    'give the tenant that time: @pytest.mark.runflow(start="2020-01-01T00:00:00Z", client_time="virtual")'
)


class Reply(msgspec.Struct, frozen=True):
    """How the receiver answers one POST: status, body, headers, and how many seconds it takes."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Raises `TypeError` or `ValueError` for what no server can answer with."""
        if not isinstance(self.status, int) or isinstance(self.status, bool) or not 100 <= self.status <= 999:
            raise ValueError(f"the status of a reply is a whole number of three digits such as 503, not {self.status!r:.80}")
        if not isinstance(self.body, bytes):
            raise TypeError(f"the body of a reply is bytes such as b'{{}}', not {self.body!r:.80}: encode it")
        if not isinstance(self.headers, list | tuple) or not all(map(_is_header, self.headers)):
            raise TypeError(f"the headers of a reply are pairs of texts such as (('Retry-After', '1'),), not {self.headers!r:.80}")
        check_seconds("the seconds of a reply", self.seconds)


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

    def verify(self, secret: str, now: datetime | None = None) -> None:
        """Checks the signature over the raw body, and the timestamp against `now` or the present, in the form of either dialect.

        Raises:
            SignatureError: it is missing, forged, or more than five minutes off.
        """
        check_text("secret", secret, "runflow.callback_secret")
        if now is not None and not isinstance(now, datetime):
            raise TypeError(f"now is a datetime such as datetime.now(UTC), not {now!r:.80}")
        if self.signature is None:
            raise SignatureMissing(f"the callback carries no Runflow-Signature: {_UNSIGNED}")
        present = now or datetime.now(UTC)
        try:
            if self.timestamp is None:
                verify_bare(self.body, signature=self.signature, secret=secret)
            else:
                verify_timestamped(self.body, signature=self.signature, timestamp=self.timestamp, secret=secret, now=present)
        except SignatureMismatch as error:
            raise SignatureMismatch(f"{error.evidence}: {_NOT_FITTING}") from None
        except TimestampOutside as error:
            raise TimestampOutside(
                f"{error.evidence}: it was sent at {self._sent()}, and here it is {present:{_INSTANT}}; {_CLOCKS}", error.skew
            ) from None

    def _sent(self) -> str:
        """The time of the callback, as it came where it is in no year of the calendar: one in milliseconds, say."""
        stamp = self.timestamp or "0"
        try:
            return f"{datetime.fromtimestamp(int(stamp), UTC):{_INSTANT}}"
        except (ValueError, OverflowError):
            return stamp


class Outlook(Protocol):
    """What is known of the world from which callbacks come."""

    def signs_of_life(self) -> object | None:
        """Returns nothing where something is due or under way; otherwise what would be another value after a request."""

    def reason(self) -> str:
        """Returns why no callback comes, and what to do."""


class CallbackReceiver:
    """Listens on loopback while the context lasts; answers with the given replies in turn, and then with 200."""

    def __init__(self, *replies: Reply | int) -> None:
        self.received: list[Received] = []
        self._replies: list[Reply] = []
        self._move: Callable[[], bool] | None = None
        self._outlook: Outlook | None = None
        self._arrived = threading.Condition()
        self._gone = threading.Event()
        self.reply_with(*replies)
        self._server = CallbackServer(("127.0.0.1", 0), self._take, self._gone)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), name="callback receiver", daemon=True)

    @property
    def deliveries(self) -> Sequence[Received]:
        """Every POST received so far, one entry each, in the order of arrival."""
        with self._arrived:
            return tuple(self.received)

    def reply_with(self, *replies: Reply | int) -> None:
        """Answers the next POSTs with these, each once, after those that are still waiting; then with 200 again."""
        meant = [reply if isinstance(reply, Reply) else Reply(reply) for reply in replies]
        with self._arrived:
            self._replies.extend(meant)

    def move_with(self, move: Callable[[], bool]) -> None:
        """Lets `wait` move time on: `move` goes to the next instant at which something is due, and tells whether there was one."""
        self._move = move

    def look_at(self, outlook: Outlook) -> None:
        """Lets `wait` end as soon as nothing can come any more, and say why."""
        self._outlook = outlook

    @property
    def url(self) -> str:
        """Where callbacks are to be sent."""
        return f"http://127.0.0.1:{self._server.server_port}/callbacks"

    def wait(self, count: int = 1, seconds: float = WAIT_SECONDS) -> Sequence[Received]:
        """Returns the POSTs received, once there are at least `count`.

        Raises:
            TimeoutError: fewer arrived in time, or nothing is due and no request is under way, so that no more can come.
        """
        check_count("count", count)
        check_seconds("seconds", seconds)
        quiet: list[object] = []
        # Also where there is no time to wait, what has arrived already counts.
        for _ in range(max(math.ceil(seconds / LOOK_SECONDS), 1)):
            # Each move is a barrier: what was due has arrived when it returns. A client may be about to cause more.
            while len(self.deliveries) < count and self._move is not None and self._move():
                continue
            with self._arrived:
                if self._arrived.wait_for(lambda: len(self.received) >= count, min(seconds, LOOK_SECONDS)):
                    return tuple(self.received)
            sign = None if self._outlook is None else self._outlook.signs_of_life()
            quiet = [] if sign is None else [earlier for earlier in quiet if earlier == sign] + [sign]
            if len(quiet) >= QUIET_LOOKS:
                raise TimeoutError(f"{len(self.deliveries)} of {count} callbacks arrived, and no more can come: {self._reason()}")
        why = "" if self._outlook is None else f": {self._reason()}"
        raise TimeoutError(f"{len(self.deliveries)} of {count} callbacks arrived within {seconds:g} s{why}")

    def _reason(self) -> str:
        assert self._outlook is not None
        return self._outlook.reason()

    def __enter__(self) -> "CallbackReceiver":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._gone.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _take(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        with self._arrived:
            self.received.append(Received(path, headers, body))
            self._arrived.notify_all()
            return self._replies.pop(0) if self._replies else Reply()


def _is_header(header: object) -> bool:
    """Tells whether something is a name and a value that a server can send."""
    if not isinstance(header, list | tuple) or len(header) != 2:
        return False
    parts = zip((_NAME, _VALUE), cast("tuple[object, ...]", header), strict=True)
    return all(isinstance(text, str) and form.fullmatch(text) is not None for form, text in parts)
