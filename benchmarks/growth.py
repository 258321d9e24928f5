"""Growth: what a create and a poll cost while runs and tenants become more, in process and in time of the processor.

Real time would tell more about the machine than about growth: the largest world takes seconds to fill, and whatever else runs meanwhile
would be part of the comparison.
"""

from itertools import cycle, islice
from statistics import median
from time import process_time
from typing import NamedTuple

from benchmarks import limits
from benchmarks.effort import Effort
from benchmarks.table import Figure
from benchmarks.ways import INPUT, MODEL, send
from runflow_mock.domain.commands import CreateRun, Origin
from runflow_mock.domain.documents import write_document
from runflow_mock.domain.money import Money
from runflow_mock.domain.principals import KEY_PREFIX
from runflow_mock.domain.records import Limits
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.web.app import Application, create_app

RUNS_OF_MANY = 10
"""How many runs each of several tenants has."""
ORIGIN = Origin("http://127.0.0.1:8787", "019b76da-a800-7000-8000-000000000001")
_ROUNDS = 5


class Cost(NamedTuple):
    """Microseconds of the processor."""

    create: float
    poll: float


async def measure(effort: Effort) -> list[Figure]:
    """Returns both costs at each size, and by how much the largest exceeds the smallest."""
    by_runs = {_sized(count, "run"): await _cost(1, count, effort.growth_requests) for count in effort.growth_runs}
    by_tenants = {_sized(count, "tenant"): await _cost(count, RUNS_OF_MANY, effort.growth_requests) for count in effort.growth_tenants}
    return [*_figures(by_runs), *_figures(by_tenants)]


def _sized(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _figures(costs: dict[str, Cost]) -> list[Figure]:
    first, *_, last = costs
    figures = [Figure(name=f"{noun}, {size}", unit="us", ours=getattr(cost, noun)) for noun in Cost._fields for size, cost in costs.items()]
    growth = [
        Figure(
            name=f"{noun}, {last} against {first}",
            unit="times",
            ours=getattr(costs[last], noun) / getattr(costs[first], noun),
            target=limits.GROWTH,
        )
        for noun in Cost._fields
    ]
    return [*figures, *growth]


async def _cost(tenants: int, runs_each: int, requests: int) -> Cost:
    # Beyond what a world usually may hold: a million are stored, and more come while they are measured.
    limits = Limits(runs_max=2 * max(runs_each, requests * _ROUNDS))
    config = Config(clock=ClockMode.MANUAL, speed=1.0, balance=Money(10**12), tenants_max=tenants, limits=limits)
    app = create_app(config)
    keys = [f"{KEY_PREFIX}bench_{number}" for number in range(tenants)]
    polled = [await _fill(app, key, runs_each) for key in keys]
    create, poll = list[float](), list[float]()
    # They go on from round to round, so that of many tenants others have their turn.
    creating, polling = cycle(keys), cycle(zip(keys, polled, strict=True))
    for _ in range(_ROUNDS):
        started = process_time()
        for key in islice(creating, requests):
            await send(app, "POST", f"{MODEL}/runs", {"input": INPUT}, key)
        create.append(process_time() - started)
        started = process_time()
        for key, run_id in islice(polling, requests):
            await send(app, "GET", f"/v1/runs/{run_id}", key=key)
        poll.append(process_time() - started)
    return Cost(*(median(took) / requests * 1e6 for took in (create, poll)))


async def _fill(app: Application, key: str, runs: int) -> str:
    """Stores so many runs for the tenant of a key, all but the first without HTTP, and returns the id of that one."""
    first = await send(app, "POST", f"{MODEL}/runs", {"input": INPUT}, key)
    runtime = app.state.runtime
    tenant, _ = runtime.tenants.known(key)
    command = CreateRun(model="runflow/background-removal", input=write_document(dict(INPUT)), origin=ORIGIN)
    for _ in range(runs - 1):
        runtime.execute(tenant, command)
    return str(first["id"])
