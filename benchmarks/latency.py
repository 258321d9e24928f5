"""Latency and memory: creates in a server that already holds many runs, and what each of them weighs."""

from contextlib import ExitStack
from statistics import median

import msgspec

from benchmarks import limits, load, messages
from benchmarks.effort import Effort
from benchmarks.servers import Server, bare, fake
from benchmarks.table import Figure
from benchmarks.throughput import BALANCE, one_round, prepare, sample_file, until_idle

FILLING_ITEMS = 5_000
"""How many runs a server is given at once, that is to hold very many."""


async def measure(effort: Effort) -> list[Figure]:
    """Returns the latencies of creates and the memory of a stored run."""
    name = f"create p99, {effort.many_runs:,} runs stored, time stands"
    many = Figure(name=name, unit="ms", ours=await measure_many(effort), target=limits.CREATE_P99_MS)
    return [*await _measure_usual(effort), many]


async def measure_many(effort: Effort) -> float:
    """Returns the 99th percentile of creates where very many runs are stored. Time stands: in batches they come within a minute, and to
    go on would take them many.
    """
    count = effort.many_requests
    # The first round warms up.
    runs_max = effort.many_runs + (1 + effort.latency_rounds) * count
    with fake(*BALANCE, "--clock", "manual", "--runs-max", str(runs_max), "--batch-limit", str(FILLING_ITEMS)) as server:
        client = server.client()
        for begin in range(0, effort.many_runs, FILLING_ITEMS):
            numbers = range(begin, min(begin + FILLING_ITEMS, effort.many_runs))
            client.post(messages.BATCHES_PATH, {"input": [messages.run_body(number)["input"] for number in numbers]})
        stored = [tenant["runs"] for tenant in client.get("/_mock/tenants?limit=1")["items"]]
        client.close()
        if stored != [effort.many_runs]:
            raise RuntimeError(f"{stored} runs are stored instead of {effort.many_runs}")
        rounds = list[load.Latencies]()
        for _ in range(1 + effort.latency_rounds):
            creates = load.run_once(server.port, messages.creates(server.key), status=201, connections=effort.connections, count=count)
            rounds.append((await creates).latencies)
    return _middle(rounds[1:], "p99")


async def _measure_usual(effort: Effort) -> list[Figure]:
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
