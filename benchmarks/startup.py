"""Start: from the start of the process to the first answer, and what the idle server weighs."""

from contextlib import ExitStack
from statistics import median
from time import perf_counter

from benchmarks import limits
from benchmarks.effort import Effort
from benchmarks.servers import bare, fake, first_answer
from benchmarks.table import Figure
from benchmarks.throughput import sample_file

MEGABYTE = 1_000_000


async def measure(effort: Effort) -> list[Figure]:
    """Returns start and idle weight of the fake and of bare Starlette, started in turns."""
    started: dict[str, list[float]] = {"ours": [], "plain": []}
    weighed: dict[str, list[int]] = {"ours": [], "plain": []}
    with ExitStack() as stack:
        sample = sample_file(stack, b'{"id":"none"}')
        # The first round does not count: it compiles modules, which an installed package has behind it.
        for number in range(effort.starts + 1):
            for name, path in (("ours", "/v1/health"), ("plain", "/v1/runs/1")):
                began = perf_counter()
                with fake() if name == "ours" else bare(sample) as server:
                    took = (first_answer(server, path) - began) * 1000
                    if number > 0:
                        started[name].append(took)
                        weighed[name].append(server.resident_bytes or 0)
    ours, plain = (median(weighed[name]) / MEGABYTE or None for name in ("ours", "plain"))
    return [
        Figure(
            name="process start to first answer",
            unit="ms",
            ours=median(started["ours"]),
            bare=median(started["plain"]),
            target=limits.START,
        ),
        Figure(name="memory, idle", unit="MB", ours=ours, bare=plain, target=limits.IDLE_MB),
    ]
