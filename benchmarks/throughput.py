"""Throughput: polls and creates per second of the fake and of bare Starlette, in turns."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from benchmarks import limits, load, messages
from benchmarks.effort import Effort
from benchmarks.limits import Kind, Limit
from benchmarks.machine import cores
from benchmarks.servers import Server, bare, fake, sink
from benchmarks.table import Figure

BALANCE = ("--balance", "100000000")
POLL_SECONDS = 0.1
IDLE_SECONDS_MAX = 120.0


async def measure(effort: Effort) -> list[Figure]:
    """Returns the figures of polls and creates, with the limit of the load itself first."""
    with ExitStack() as stack:
        ours = stack.enter_context(fake(*BALANCE))
        standing = stack.enter_context(fake(*BALANCE, "--clock", "manual"))
        polls, sample = await prepare(ours, effort)
        plain = stack.enter_context(bare(sample_file(stack, sample)))
        limit = stack.enter_context(sink(answer_bytes=len(sample), core=cores()[0]))
        figures = await _measure_polls(effort, ours, plain, limit, polls)
        return [*figures, *await _measure_creates(effort, ours, standing, plain)]


async def prepare(ours: Server, effort: Effort) -> tuple[list[bytes], bytes]:
    """Makes runs, waits until they have ended, and returns a poll of each and what one is answered with."""
    await load.run_once(ours.port, messages.creates(ours.key, different=effort.polled_runs), status=201, connections=effort.connections)
    await until_idle(ours)
    client, run_ids = ours.client(), list[str]()
    while len(run_ids) < effort.polled_runs:
        page = client.get(f"/v1/runs?limit=100&offset={len(run_ids)}&fields=id")
        run_ids += [run["id"] for run in page["items"]]
    sample = client.get(f"/v1/runs/{run_ids[0]}")
    client.close()
    return messages.polls(ours.key, run_ids), msgspec.json.encode(sample)


def sample_file(stack: ExitStack, sample: bytes) -> Path:
    """Returns a file with the run that bare Starlette answers with."""
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="runflow-mock-bench-")))
    path = folder / "run.json"
    path.write_bytes(sample)
    return path


async def until_idle(server: Server) -> None:
    """Waits until nothing is left that happens by itself."""
    client = server.client()
    for _ in range(int(IDLE_SECONDS_MAX / POLL_SECONDS)):
        if not client.get("/_mock/clock")["timers"]:
            break
        await asyncio.sleep(POLL_SECONDS)
    client.close()


async def one_round(effort: Effort, server: Server, requests: Sequence[bytes], status: int) -> load.Round:
    """Sends requests for a round, after warming up."""
    return await load.run_for(
        server.port,
        requests,
        status=status,
        connections=effort.connections,
        seconds=effort.round_seconds,
        warm_up=effort.warm_up_seconds,
    )


async def _measure_polls(effort: Effort, ours: Server, plain: Server, limit: Server, polls: Sequence[bytes]) -> list[Figure]:
    rates: dict[str, list[float]] = {"ours": [], "plain": [], "limit": []}
    for _ in range(effort.rounds):
        for name, server in (("ours", ours), ("plain", plain), ("limit", limit)):
            rates[name].append((await one_round(effort, server, polls, 200)).rate)
    found = {name: median(values) for name, values in rates.items()}
    return [
        Figure(
            name="load alone, against a raw sink", unit="/s", ours=found["limit"], bare=found["plain"], target=Limit(Kind.RATIO_MIN, 1.3)
        ),
        Figure(name="polls", unit="/s", ours=found["ours"], bare=found["plain"], target=limits.POLLS),
    ]


async def _measure_creates(effort: Effort, ours: Server, standing: Server, plain: Server) -> list[Figure]:
    rates: dict[str, list[float]] = {"ours": [], "standing": [], "plain": []}
    for _ in range(effort.rounds):
        for name, server in (("ours", ours), ("plain", plain), ("standing", standing)):
            rates[name].append((await one_round(effort, server, messages.creates(server.key), 201)).rate)
            if name == "ours":
                await until_idle(server)
    found = {name: median(values) for name, values in rates.items()}
    return [
        Figure(name="creates, time stands", unit="/s", ours=found["standing"], bare=found["plain"], target=limits.CREATES_STANDING),
        Figure(name="creates, runs going on meanwhile", unit="/s", ours=found["ours"], bare=found["plain"], target=limits.CREATES_GOING_ON),
    ]
