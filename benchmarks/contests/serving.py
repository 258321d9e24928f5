"""Serving: what is stored, what that weighs, and polls and creates per second with it; all servers are up, and measured in turns."""

import asyncio
from collections.abc import Sequence
from time import perf_counter

from benchmarks import load
from benchmarks.contenders.contender import Request
from benchmarks.contenders.running import Running
from benchmarks.contests.tellings import MEGABYTE, Cells, tell
from benchmarks.effort import Effort
from benchmarks.messages import get
from benchmarks.results import Cell
from benchmarks.rows import Row

ROWS = (Row.FULL, Row.POLLS, Row.POLL_P99, Row.CREATES, Row.CREATE_P99)
POLLED = 100
DIFFERENT = 500
IDLE_SECONDS_MAX = 120.0
PAUSE_SECONDS = 0.1


class _Figures:
    """What the rounds of one server came to."""

    def __init__(self) -> None:
        self.polls: list[load.Round] = []
        self.creates: list[load.Round] = []
        self.stored = 0


async def measure(effort: Effort, servers: Sequence[Running], cells: Cells) -> None:
    """Fills the rows."""
    found = {server.contender.name: _Figures() for server in servers}
    for server in servers:
        tell(f"storing runs: {server.contender.name}")
        with cells.guard(server.contender, ROWS):
            found[server.contender.name].stored = await _fill(effort, server, cells)
    for number in range(effort.rounds):
        tell(f"polls and creates, round {number + 1} of {effort.rounds}")
        for server in servers:
            if cells.wants(server.contender, Row.POLLS):
                with cells.guard(server.contender, ROWS):
                    await _round(effort, server, found[server.contender.name])
    for server in servers:
        rounds = found[server.contender.name]
        for rate, tail, taken in ((Row.POLLS, Row.POLL_P99, rounds.polls), (Row.CREATES, Row.CREATE_P99, rounds.creates)):
            cells.put_median(server.contender, rate, [each.rate for each in taken])
            cells.put_median(server.contender, tail, [each.latencies.p99 for each in taken])
        if server.contender.keeps and rounds.stored < effort.stored_runs:
            cells.remark(server.contender, Row.CREATES, f"with {rounds.stored:,} stored")


async def _fill(effort: Effort, server: Running, cells: Cells) -> int:
    """Stores runs, and returns how many; a server that keeps none, or would take too long, is only warmed up."""
    wanted, stored, seconds = effort.stored_runs, 0, 0.0
    for seconds_max in (effort.heat_seconds, effort.fill_seconds - effort.heat_seconds):
        done = await _store(effort, server, wanted - stored, seconds_max)
        stored, seconds = stored + done.answers, seconds + done.seconds
        if not server.contender.keeps or stored >= wanted or stored / seconds * effort.fill_seconds < wanted:
            break
    await _settle(server)
    weight = (server.resident_bytes or 0) / MEGABYTE
    if stored >= wanted:
        cells.put(server.contender, Row.FULL, Cell(weight))
    else:
        cells.put(server.contender, Row.FULL, Cell(note=f"it stored {stored:,} in {seconds:.0f} s, and weighed {weight:,.0f} MB then"))
    return stored


async def _store(effort: Effort, server: Running, count: int, seconds: float) -> load.Round:
    creates = [server.contender.create(number) for number in range(DIFFERENT)]
    raw, status = [each.raw for each in creates], creates[0].status
    return await load.run_once(server.port, raw, status=status, connections=effort.connections, count=count, seconds=seconds)


async def _round(effort: Effort, server: Running, figures: _Figures) -> None:
    creates = [server.contender.create(number) for number in range(DIFFERENT)]
    line = server.line()
    polls = [server.contender.poll(line.ask(create)) for create in creates[:POLLED]]
    line.close()
    await _settle(server)
    figures.polls.append(await _load(effort, server, polls))
    figures.creates.append(await _load(effort, server, creates))
    await _settle(server)


async def _load(effort: Effort, server: Running, requests: Sequence[Request]) -> load.Round:
    return await load.run_for(
        server.port,
        [each.raw for each in requests],
        status=requests[0].status,
        connections=effort.connections,
        seconds=effort.round_seconds,
        warm_up=effort.warm_up_seconds,
    )


async def _settle(server: Running) -> None:
    """Waits until nothing goes on by itself any more, which would take from the time of the others."""
    if (question := server.contender.timers()) is None:
        return
    line, ends = server.line(), perf_counter() + IDLE_SECONDS_MAX
    for _ in range(int(IDLE_SECONDS_MAX / PAUSE_SECONDS)):
        if perf_counter() > ends or b'"timers":0' in line.ask(question):
            break
        await asyncio.sleep(PAUSE_SECONDS)
    line.close()


async def limit(effort: Effort, port: int) -> float:
    """Returns how many answers per second the load gets from a raw sink: no server can show more."""
    done = await load.run_for(
        port, [get("/v1/runs/1", "key")], status=200, connections=effort.connections, seconds=effort.round_seconds, warm_up=0.1
    )
    return done.rate
