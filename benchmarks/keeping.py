"""Keeping: what it costs to write tenants down, how long they take to be there again, and how long another worker takes to have one.

Rates are answers by second of the server's own CPU time, so that a disk or a neighbour that is busy is no part of the ratio. How much work
a second does still changes from one to the next, by half on some machines: so the servers take turns of a fraction of a second, many of
them, and what counts is the sum of all, in which the compaction of a file has its share.
"""

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks import load, messages
from benchmarks.brokers import PROGRAM, broker
from benchmarks.effort import Effort
from benchmarks.limits import Kind, Limit
from benchmarks.servers import Server, fake, first_answer
from benchmarks.table import Figure

BALANCE = ("--balance", "100000000", "--clock", "manual", "--runs-max", "1000000")
KEPT_RATIO = Limit(Kind.RATIO_MIN, 0.9)
TURN_SECONDS = 0.2
RESTART_MAX = Limit(Kind.MAX, 2_000.0)


async def measure(effort: Effort) -> list[Figure]:
    """Returns creates and polls beside those of a server that keeps nothing, a restart, and a takeover where there is a broker."""
    with TemporaryDirectory(prefix="runflow-mock-bench-") as place:
        figures = await _rates(effort, str(Path(place) / "rates"), "--keep", KEPT_RATIO)
        figures.append(await _restart(effort, Path(place) / "restart"))
        if PROGRAM.exists():
            with broker(Path(place) / "broker") as address:
                figures += await _rates(effort, address, "--keep nats://", None)
                figures.append(await _takeover(effort, address))
        return figures


async def _rates(effort: Effort, keep: str, option: str, target: Limit | None) -> list[Figure]:
    with ExitStack() as stack:
        servers = {"plain": stack.enter_context(fake(*BALANCE)), "kept": stack.enter_context(fake(*BALANCE, "--keep", keep))}
        creates = {name: messages.creates(server.key) for name, server in servers.items()}
        rates = [("creates", await _in_turns(effort, servers, creates, 201))]
        polls = {name: _polls(server) for name, server in servers.items()}
        rates.append(("polls", await _in_turns(effort, servers, polls, 200)))
    return [
        Figure(name=f"{kind} with {option}, CPU (bare: without)", unit="/s", ours=rate["kept"], bare=rate["plain"], target=target)
        for kind, rate in rates
    ]


async def _in_turns(effort: Effort, servers: Mapping[str, Server], requests: Mapping[str, list[bytes]], status: int) -> dict[str, float]:
    """Returns the answers of each server by second of its CPU time; who begins a pair of turns changes too."""
    answers, used = Counter[str](), Counter[str]()
    order = list(servers)
    for _ in range(effort.pairs):
        for name in order:
            server = servers[name]
            began = _cpu_nanoseconds(server.pid)
            took = await load.run_for(
                server.port, requests[name], status=status, connections=effort.connections, seconds=TURN_SECONDS, warm_up=0
            )
            answers[name] += took.answers
            used[name] += _cpu_nanoseconds(server.pid) - began
        order.reverse()
    return {name: answers[name] / (used[name] / 1e9) for name in servers}


def _polls(server: Server) -> list[bytes]:
    client = server.client()
    ids = [run["id"] for run in client.get("/v1/runs?limit=100&fields=id")["items"]]
    client.close()
    return messages.polls(server.key, ids)


def _cpu_nanoseconds(pid: int) -> int:
    """Returns what all threads of a process have used so far.

    Source: clock_getcpuclockid(3), which makes the same number of a process.
    """
    return time.clock_gettime_ns((~pid << 3) | 2)


async def _restart(effort: Effort, folder: Path) -> Figure:
    """Returns the time from the start of a process to its first answer, with a kept tenant of many runs."""
    with fake(*BALANCE, "--keep", str(folder)) as server:
        requests = messages.creates(server.key, different=effort.stored_runs)
        await load.run_once(server.port, requests, status=201, connections=effort.connections)
    took = []
    for _ in range(effort.latency_rounds):
        began = perf_counter()
        with fake(*BALANCE, "--keep", str(folder)) as server:
            took.append((first_answer(server, "/v1/health") - began) * 1000)
    return Figure(name=f"restart with {effort.stored_runs:,} kept runs", unit="ms", ours=median(took), target=RESTART_MAX)


async def _takeover(effort: Effort, address: str) -> Figure:
    """Returns how long the first answer takes of a worker that has to take a tenant of a hundred runs over."""
    took = []
    with ExitStack() as stack:
        workers = [stack.enter_context(fake(*BALANCE, "--keep", address)) for _ in range(2)]
        for number in range(effort.rounds):
            key = f"rf_live_mock_taken_{number}"
            await load.run_once(workers[0].port, messages.creates(key, different=100), status=201, connections=effort.connections)
            looked = await load.run_once(workers[1].port, [messages.get("/v1/runs?limit=1", key)], status=200, connections=1)
            took.append(looked.latencies.max)
    return Figure(name="takeover of a tenant by another worker", unit="ms", ours=median(took))
