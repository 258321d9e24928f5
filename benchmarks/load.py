"""Load: keep-alive connections that send prebuilt requests, each as soon as its last answer is complete.

The client looks for the end of the head, the status and the length of the body, and at nothing else, so that it needs a fraction of what
any server needs; the table shows its own limit in the first line. Where a server closes after each answer, it connects anew.
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
_CHUNKED = b"transfer-encoding: chunked"
_LAST_CHUNK = b"0\r\n\r\n"
_CLOSES = b"connection: close"
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


def is_complete(data: bytes) -> bool:
    """Returns whether that is a whole answer, by its Content-Length or by its last chunk."""
    end = data.find(_HEAD_END)
    if end < 0:
        return False
    head = data[:end].lower()
    at = head.find(_LENGTH)
    if at >= 0:
        return len(data) >= end + 4 + int(head[at + 16 :].partition(b"\r")[0])
    return data.endswith(_LAST_CHUNK) if _CHUNKED in head else True


class _Pace:
    """What the connections of one round share: what comes next, until when, and what was measured."""

    def __init__(self, port: int, requests: Sequence[bytes], status: int, connections: int) -> None:
        self.port = port
        self.next: Iterator[bytes] = cycle(requests)
        self.status = str(status).encode()
        self.open = connections
        self.begins = 0.0
        self.ends = float("inf")
        self.stops = float("inf")
        self.unsent: float = float("inf")
        self.latencies = array("d")
        self._tasks = set[asyncio.Task[None]]()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def finish_one(self) -> None:
        """Takes note that a connection has nothing left to do."""
        self.open -= 1
        if not self.open and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: BaseException) -> None:
        """Ends the round."""
        if not self.done.done():
            self.done.set_exception(error)

    async def connect(self, connection: "_Connection") -> None:
        """Opens a connection."""
        await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", self.port)

    def reconnect(self, connection: "_Connection") -> None:
        """Opens a connection anew while the others go on; where that fails, the round has failed."""
        task = asyncio.get_running_loop().create_task(self.connect(connection))
        self._tasks.add(task)
        task.add_done_callback(self._settle)

    def _settle(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.fail(error)


class _Connection(asyncio.Protocol):
    """One connection, or one after another where the server keeps none."""

    def __init__(self, pace: _Pace) -> None:
        self._pace = pace
        self._transport: asyncio.Transport
        self._partial = b""
        self._sent_at = 0.0
        self._is_renewed = False
        self._is_waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._is_renewed:
            self._write()

    def send(self) -> None:
        """Sends the next request."""
        self._pace.unsent -= 1
        self._sent_at = perf_counter()
        if self._is_renewed:
            self._pace.reconnect(self)
        else:
            self._write()

    def data_received(self, data: bytes) -> None:
        if self._partial:
            data = self._partial + data
        if not is_complete(data):
            self._partial = data
            return
        self._partial = b""
        self._is_waiting = False
        pace, now = self._pace, perf_counter()
        if data[9:12] != pace.status:
            pace.fail(UnexpectedAnswer(data[:600].decode(errors="replace")))
            return
        if pace.begins <= now <= pace.ends:
            pace.latencies.append(now - self._sent_at)
        if _CLOSES in data[: data.find(_HEAD_END)].lower():
            self._is_renewed = True  # by the next request
            self._transport.abort()
        if now < pace.stops and pace.unsent > 0:
            self.send()
        else:
            pace.finish_one()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_waiting:
            self._pace.fail(exc or ConnectionError("the server closed a connection"))

    def close(self) -> None:
        """Closes the connection."""
        self._transport.abort()

    def _write(self) -> None:
        self._is_waiting = True
        self._transport.write(next(self._pace.next))


async def run_for(port: int, requests: Sequence[bytes], *, status: int, connections: int, seconds: float, warm_up: float = 0.0) -> Round:
    """Sends requests for some seconds; what is answered while it warms up does not count.

    Raises:
        UnexpectedAnswer: an answer had another status.
    """
    pace = _Pace(port, requests, status, connections)
    pace.begins = perf_counter() + warm_up
    pace.ends = pace.stops = pace.begins + seconds
    await _run(pace)
    return Round(len(pace.latencies), seconds, pace.latencies)


async def run_once(
    port: int, requests: Sequence[bytes], *, status: int, connections: int, count: int | None = None, seconds: float = SECONDS_MAX
) -> Round:
    """Sends a number of requests, or each of them once, but none after some seconds.

    Raises:
        UnexpectedAnswer: an answer had another status.
    """
    count = len(requests) if count is None else count
    pace = _Pace(port, requests, status, min(connections, count))
    pace.unsent = count
    started = perf_counter()
    pace.stops = started + seconds
    await _run(pace)
    return Round(len(pace.latencies), perf_counter() - started, pace.latencies)


async def _run(pace: _Pace) -> None:
    opened = [_Connection(pace) for _ in range(pace.open)]
    for connection in opened:
        await pace.connect(connection)
    try:
        for connection in opened:
            connection.send()
        await asyncio.wait_for(pace.done, SECONDS_MAX)
    finally:
        for connection in opened:
            connection.close()
        if pace.done.done():
            pace.done.exception()
