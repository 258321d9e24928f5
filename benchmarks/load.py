"""Load: keep-alive connections that send prebuilt requests, each as soon as its last answer is complete.

The client looks for the end of the head, the status and the Content-Length, and at nothing else, so that it needs a fraction of what any
server needs; the table shows its own limit in the first line.
"""

import asyncio
import statistics
from array import array
from collections.abc import Iterator, Sequence
from itertools import cycle
from time import perf_counter
from typing import cast

import msgspec

_LENGTH = b"content-length: "
_HEAD_END = b"\r\n\r\n"
SECONDS_MAX = 120.0


class UnexpectedAnswer(Exception):
    """A server answered with another status than the measurement is about."""


class Latencies(msgspec.Struct, frozen=True):
    """How long the answers of a round took, in milliseconds."""

    p50: float
    p99: float
    max: float


class Round:
    """What one round of load came to."""

    def __init__(self, answers: int, seconds: float, latencies: Sequence[float]) -> None:
        self.answers = answers
        self.seconds = seconds
        self._latencies = latencies

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds

    @property
    def latencies(self) -> Latencies:
        """Median, 99th percentile and maximum."""
        ordered = sorted(self._latencies)
        at = min(len(ordered) - 1, int(len(ordered) * 0.99))
        return Latencies(statistics.median(ordered) * 1000, ordered[at] * 1000, ordered[-1] * 1000)


class _Pace:
    """What the connections of one round share: what comes next, until when, and what was measured."""

    def __init__(self, requests: Sequence[bytes], status: int, connections: int) -> None:
        self.next: Iterator[bytes] = cycle(requests)
        self.status = str(status).encode()
        self.open = connections
        self.begins = 0.0
        self.ends = float("inf")
        self.unsent: float = float("inf")
        self.latencies = array("d")
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def finish_one(self) -> None:
        """Takes note that a connection has nothing left to do."""
        self.open -= 1
        if not self.open and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        """Ends the round."""
        if not self.done.done():
            self.done.set_exception(error)


class _Connection(asyncio.Protocol):
    """One connection."""

    def __init__(self, pace: _Pace) -> None:
        self._pace = pace
        self._transport: asyncio.Transport
        self._partial = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self) -> None:
        """Sends the next request."""
        self._pace.unsent -= 1
        self._sent_at = perf_counter()
        self._transport.write(next(self._pace.next))

    def data_received(self, data: bytes) -> None:
        if self._partial:
            data = self._partial + data
        end = data.find(_HEAD_END)
        at = data.lower().find(_LENGTH, 0, end) if end > 0 else -1
        if end < 0 or len(data) < end + 4 + (int(data[at + 16 : data.index(b"\r", at)]) if at > 0 else 0):
            self._partial = data
            return
        self._partial = b""
        pace, now = self._pace, perf_counter()
        if data[9:12] != pace.status:
            pace.fail(UnexpectedAnswer(data[:600].decode(errors="replace")))
            return
        if pace.begins <= now <= pace.ends:
            pace.latencies.append(now - self._sent_at)
        if now < pace.ends and pace.unsent > 0:
            self.send()
        else:
            pace.finish_one()

    def connection_lost(self, exc: Exception | None) -> None:
        self._pace.fail(exc or ConnectionError("the server closed a connection"))

    def close(self) -> None:
        """Closes the connection."""
        self._transport.abort()


async def run_for(port: int, requests: Sequence[bytes], *, status: int, connections: int, seconds: float, warm_up: float = 0.0) -> Round:
    """Sends requests for some seconds; what is answered while it warms up does not count.

    Raises:
        UnexpectedAnswer: an answer had another status.
    """
    pace = _Pace(requests, status, connections)
    pace.begins = perf_counter() + warm_up
    pace.ends = pace.begins + seconds
    await _run(port, pace)
    return Round(len(pace.latencies), seconds, pace.latencies)


async def run_once(port: int, requests: Sequence[bytes], *, status: int, connections: int, count: int | None = None) -> Round:
    """Sends a number of requests, or each of them once.

    Raises:
        UnexpectedAnswer: an answer had another status.
    """
    count = len(requests) if count is None else count
    pace = _Pace(requests, status, min(connections, count))
    pace.unsent = count
    started = perf_counter()
    await _run(port, pace)
    return Round(len(pace.latencies), perf_counter() - started, pace.latencies)


async def _run(port: int, pace: _Pace) -> None:
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(lambda: _Connection(pace), "127.0.0.1", port) for _ in range(pace.open)]
    try:
        for _, connection in opened:
            connection.send()
        await asyncio.wait_for(pace.done, SECONDS_MAX)
    finally:
        for _, connection in opened:
            connection.close()
        if pace.done.done():
            pace.done.exception()
