"""The carrier: takes samples to a receiver over HTTP and says how each was answered."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus

import msgspec
import urllib3
from urllib3.util import SKIP_HEADER

from runflow_mock.runtime.deadlines import Deadline, timed_pool
from runflow_mock.testing.samples import SampleCallback

PAUSE_SECONDS = 1.0
COPIES_MAX = 8
GATE_SECONDS_MAX = 5.0
ANSWER_BYTES_MAX = 1024 * 1024
# What a sample and the answer to it give away, in words.
Betrays = Callable[[SampleCallback, bytes], str | None]


class OutOfWhole(Exception):
    """The time for all samples together is over."""


class Answer(msgspec.Struct, frozen=True):
    """How the receiver answered: its status, or why there was none, how long it took, and what it has given away.

    It `is_late` where nobody waited for its end.
    """

    status: int | None
    seconds: float
    error: str | None = None
    betrayed: str | None = None
    is_late: bool = False

    @property
    def is_taken(self) -> bool:
        """Whether the sender counts the message as delivered."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_orderly(self) -> bool:
        """Whether the receiver has answered at all, and not with an error of its own; 501 is what an unknown method deserves."""
        return self.status is not None and (self.status < 500 or self.status == HTTPStatus.NOT_IMPLEMENTED)

    @property
    def told(self) -> str:
        """The answer in words."""
        if self.status is None:
            return f"not answered: {self.error}"
        known = {status.value: status.phrase for status in HTTPStatus}
        return f"answered {self.status} {known.get(self.status, '')}".rstrip() + f" after {self.seconds:.2f} s"


class Carrier:
    """Carries samples to one receiver; keeps every answer, of which `betrays` says what it gives away.

    Once `until` is past, on the monotonic clock, nothing is carried any more, and what is under way is no longer waited for.
    """

    def __init__(
        self,
        url: str,
        *,
        seconds_max: float,
        pause_seconds: float = PAUSE_SECONDS,
        more_seconds: float = GATE_SECONDS_MAX,
        betrays: Betrays = lambda sample, content: None,
    ) -> None:
        self.url = url
        self.until = math.inf
        self._betrays = betrays
        self._pause_seconds = pause_seconds
        self._pool = timed_pool(maxsize=COPIES_MAX, timeout=seconds_max)
        # What is sent in parts, or with others at once, takes its time by itself.
        self._seconds_in_all = seconds_max + pause_seconds + more_seconds
        self.answers: list[Answer] = []

    def carry(self, sample: SampleCallback, method: str = "POST", url: str | None = None) -> Answer:
        """Sends a sample, to another address if one is given, and returns the answer.

        Raises:
            OutOfWhole: the time for all samples is over; the others raise it as well.
        """
        return self._send(method, sample, sample.body, url)

    def carry_slowly(self, sample: SampleCallback, at: int | None = None) -> Answer:
        """Sends a sample whose body is cut in half, or at a byte, and of which the second part comes later than the first."""
        cut = len(sample.body) // 2 if at is None else at
        return self._send("POST", sample.with_headers(Content_Length=str(len(sample.body))), self._parts(sample.body, cut))

    def carry_at_once(self, sample: SampleCallback, copies: int) -> list[Answer]:
        """Sends copies of a sample, each but for its last byte; those leave together."""
        return self.carry_together([sample] * copies)

    def carry_together(self, samples: Sequence[SampleCallback]) -> list[Answer]:
        """Sends samples on as many connections, so that all of them are complete at the same moment."""
        gate = threading.Barrier(len(samples))

        def send(sample: SampleCallback) -> Answer:
            return self._send("POST", sample.with_headers(Content_Length=str(len(sample.body))), _held_back(sample.body, gate))

        with ThreadPoolExecutor(len(samples)) as pool:
            return list(pool.map(send, samples))

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()

    def _send(self, method: str, sample: SampleCallback, body: bytes | Iterator[bytes], url: str | None = None) -> Answer:
        defaults = dict.fromkeys(("accept-encoding", "user-agent"), SKIP_HEADER)
        headers = {**{name: value for name, value in defaults.items() if name not in map(str.lower, sample.headers)}, **sample.headers}
        started = time.monotonic()
        left = self.until - started
        if left <= 0:
            raise OutOfWhole
        with Deadline(min(self._seconds_in_all, left)) as deadline:
            status, why, content = None, None, b""
            try:
                status, content = self._ask_anew(deadline, method, url or self.url, headers, body)
            except urllib3.exceptions.HTTPError as error:
                why = f"{type(error).__name__}: {error}"[:200]
        if deadline.is_over and left < self._seconds_in_all:
            raise OutOfWhole
        if deadline.is_over:
            # Where nothing says how long a body is, it only looks shorter.
            status, why = None, f"its answer did not end within {self._seconds_in_all:g} s"
        is_late = status is None and (deadline.is_over or "Timeout" in (why or ""))
        answer = Answer(status, time.monotonic() - started, why, self._betrays(sample, content), is_late)
        self.answers.append(answer)
        return answer

    def _ask_anew(
        self, deadline: Deadline, method: str, url: str, headers: Mapping[str, str], body: bytes | Iterator[bytes]
    ) -> tuple[int, bytes]:
        """Asks once more, on a new connection, where one that had served before was closed in the place of an answer: whoever closes each
        of them without a word does so while the next sample is on its way. What is lost on a new one was not answered.
        """
        try:
            return self._ask(method, url, headers, body)
        except urllib3.exceptions.ProtocolError as error:
            if deadline.has_connected or not isinstance(body, bytes) or not isinstance(error.args[-1], ConnectionResetError):
                raise
        self.close()
        return self._ask(method, url, headers, body)

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | Iterator[bytes]) -> tuple[int, bytes]:
        """Returns the status of an answer, and its headers with the beginning of its body: so much of that is read that the connection may
        serve again.
        """
        response = self._pool.request(method, url, headers=headers, body=body, redirect=False, preload_content=False)
        content = response.read(ANSWER_BYTES_MAX + 1, decode_content=False)
        if len(content) > ANSWER_BYTES_MAX:
            response.close()
        response.release_conn()
        if headers.get("Connection") == "close":
            # Who was asked to close the connection does so at a moment of its own: until then the next sample would be lost on it.
            self.close()
        headers_told = "\n".join(value for _, value in response.headers.items()).encode("utf-8", "replace")
        return response.status, headers_told + b"\n" + content

    def _parts(self, body: bytes, cut: int) -> Iterator[bytes]:
        yield body[:cut]
        time.sleep(self._pause_seconds)
        yield body[cut:]


def _held_back(body: bytes, gate: threading.Barrier) -> Iterator[bytes]:
    """Yields a body whose last byte waits at the gate; one that nobody else reaches any more opens by itself."""
    yield body[:-1]
    with suppress(threading.BrokenBarrierError):
        gate.wait(GATE_SECONDS_MAX)
    yield body[-1:]
