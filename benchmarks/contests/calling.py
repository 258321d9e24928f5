"""Calling: creates that ask for a callback, from the first create until the last callback has come."""

import asyncio
from collections.abc import Sequence
from time import perf_counter

from benchmarks import load
from benchmarks.contenders.contender import Contender
from benchmarks.contenders.running import Running, running
from benchmarks.contests.tellings import Cells, tell
from benchmarks.effort import Effort
from benchmarks.results import Cell
from benchmarks.rows import Row
from benchmarks.sink import Sink

ROWS = (Row.CALLBACKS,)
PATIENCE_SECONDS = 10.0
DIFFERENT = 500


class Receiver:
    """Takes callbacks, and knows how many have come and when the last one did."""

    def __init__(self) -> None:
        self.count = 0
        self.last_at = 0.0
        self._more = asyncio.Event()

    def take(self) -> None:
        """Takes one."""
        self.count += 1
        self.last_at = perf_counter()
        self._more.set()

    async def until(self, count: int) -> None:
        """Waits until as many have come, or none has for some seconds."""
        while self.count < count:
            self._more.clear()
            try:
                await asyncio.wait_for(self._more.wait(), PATIENCE_SECONDS)
            except TimeoutError:
                return


async def measure(effort: Effort, contenders: Sequence[Contender], sample: bytes, cells: Cells) -> None:
    """Fills the row, each server alone."""
    for each in contenders:
        if cells.wants(each, Row.CALLBACKS):
            tell(f"callbacks: {each.name}")
            with cells.guard(each, ROWS), running(each, sample, is_quick=True) as server:
                cells.put(each, Row.CALLBACKS, await _call(effort, server))


async def _call(effort: Effort, server: Running) -> Cell:
    receiver = Receiver()
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
    listening = await asyncio.get_running_loop().create_server(lambda: Sink(answer, receiver.take), "127.0.0.1", 0, backlog=2048)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/hook"
    line = server.line()
    for request in server.contender.before_callbacks(url):
        line.ask(request)
    line.close()
    creates = [server.contender.create(number, None, url) for number in range(DIFFERENT)]
    began = perf_counter()
    done = await load.run_once(
        server.port,
        [each.raw for each in creates],
        status=creates[0].status,
        connections=effort.connections,
        count=effort.callbacks,
        seconds=effort.heat_seconds,
    )
    await receiver.until(done.answers)
    listening.close()
    lost = "" if receiver.count == done.answers else f"{receiver.count:,} of {done.answers:,} callbacks came"
    return Cell(receiver.count / (receiver.last_at - began), lost) if receiver.count else Cell(note=lost)
