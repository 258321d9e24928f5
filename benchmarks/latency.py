"""Latency and memory: creates in a server that already holds many runs, and what each of them weighs."""

from contextlib import ExitStack
from statistics import median

import msgspec

from benchmarks import limits, load, messages
from benchmarks.effort import Effort
from benchmarks.servers import Server, bare, fake
from benchmarks.table import Figure
from benchmarks.throughput import BALANCE, one_round, prepare, sample_file, until_idle


async def measure(effort: Effort) -> list[Figure]:
    """Returns the latencies of creates and the memory of a stored run."""
    with ExitStack() as stack:
        ours = stack.enter_context(fake(*BALANCE))
        _, sample = await prepare(ours, effort)
        plain = stack.enter_context(bare(sample_file(stack, sample)))
        before = ours.resident_bytes
        await load.run_once(ours.port, messages.creates(ours.key), status=201, connections=effort.connections, count=effort.stored_runs)
        await until_idle(ours)
        after = ours.resident_bytes
        each = None if before is None or after is None else (after - before) / effort.stored_runs
        weight = Figure(name=f"memory per stored run, at {effort.stored_runs:,}", unit="bytes", ours=each, target=limits.RUN_BYTES)
        return [*await _measure_latencies(effort, ours, plain), weight]


async def _measure_latencies(effort: Effort, ours: Server, plain: Server) -> list[Figure]:
    found: dict[str, list[load.Latencies]] = {"ours": [], "plain": []}
    for _ in range(effort.latency_rounds):
        for name, server in (("ours", ours), ("plain", plain)):
            found[name].append((await one_round(effort, server, messages.creates(server.key), 201)).latencies)
        await until_idle(ours)
    stored = f"{effort.stored_runs:,} runs stored"
    return [
        Figure(
            name=f"create {name}, {stored}",
            unit="ms",
            ours=_middle(found["ours"], name),
            bare=_middle(found["plain"], name),
            target=limits.CREATE_P99_MS if name == "p99" else None,
        )
        for name in ("p50", "p99", "max")
    ]


def _middle(rounds: list[load.Latencies], name: str) -> float:
    values: list[float] = [msgspec.structs.asdict(latencies)[name] for latencies in rounds]
    return max(values) if name == "max" else median(values)
