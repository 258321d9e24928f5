"""The carrier: takes samples to a receiver over HTTP and says how each was answered."""

import time
from collections.abc import Iterator
from http import HTTPStatus

import msgspec
import urllib3
from urllib3.util import SKIP_HEADER

from runflow_mock.kit.probes.sample_callbacks import SampleCallback

PAUSE_SECONDS = 1.0


class Answer(msgspec.Struct, frozen=True):
    """How the receiver answered: its status, or why there was none, and how long it took."""

    status: int | None
    seconds: float
    error: str | None = None

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
    """Carries samples to one receiver; keeps every answer."""

    def __init__(self, url: str, *, seconds_max: float, effects_url: str | None = None, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._url = url
        self._pause_seconds = pause_seconds
        self._effects_url = effects_url
        self._pool = urllib3.PoolManager(timeout=seconds_max, retries=False)
        self.answers: list[Answer] = []

    @property
    def counts_effects(self) -> bool:
        """Whether the receiver tells how often it has acted."""
        return self._effects_url is not None

    def carry(self, sample: SampleCallback, method: str = "POST") -> Answer:
        """Sends a sample and returns the answer."""
        return self._send(method, sample, sample.body)

    def carry_slowly(self, sample: SampleCallback) -> Answer:
        """Sends a sample of which the second half of the body comes later than the first."""
        return self._send("POST", sample.with_headers(Content_Length=str(len(sample.body))), self._halves(sample.body))

    def effects(self) -> int:
        """Returns how often the receiver has acted so far.

        Raises:
            ValueError: the address does not answer with a number.
        """
        assert self._effects_url is not None
        try:
            response = self._pool.request("GET", self._effects_url)
            return int(response.data.decode().strip())
        except (urllib3.exceptions.HTTPError, ValueError, UnicodeDecodeError) as error:
            raise ValueError(f"{self._effects_url} must answer with a number, how often the receiver has acted: {error}") from None

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()

    def _send(self, method: str, sample: SampleCallback, body: bytes | Iterator[bytes]) -> Answer:
        defaults = dict.fromkeys(("accept-encoding", "user-agent"), SKIP_HEADER)
        headers = {**{name: value for name, value in defaults.items() if name not in map(str.lower, sample.headers)}, **sample.headers}
        started = time.monotonic()
        try:
            status = self._pool.request(method, self._url, headers=headers, body=body, redirect=False).status
        except urllib3.exceptions.HTTPError as error:
            answer = Answer(None, time.monotonic() - started, f"{type(error).__name__}: {error}"[:200])
        else:
            answer = Answer(status, time.monotonic() - started)
        self.answers.append(answer)
        return answer

    def _halves(self, body: bytes) -> Iterator[bytes]:
        yield body[: len(body) // 2]
        time.sleep(self._pause_seconds)
        yield body[len(body) // 2 :]
