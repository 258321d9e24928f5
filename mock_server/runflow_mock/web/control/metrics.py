"""Metrics for Prometheus: what is counted, and how much there is; of all workers, where there are many."""

from asyncio import to_thread
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from runflow_mock.decoders import json_decoder
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.web.calls import Answer, Call
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.flags import flag_in
from runflow_mock.web.routing import Operation

if TYPE_CHECKING:
    from prometheus_client.core import Metric

PREFIX = "runflow_mock_"


class Figure(msgspec.Struct, frozen=True, array_like=True):
    """One number of one worker: the metric that it belongs to, and the values of that metric's labels."""

    metric: str
    labels: tuple[str, ...]
    value: float


class Kind(msgspec.Struct, frozen=True):
    """What a metric tells: a counter only grows."""

    help: str
    labels: tuple[str, ...] = ()
    is_counter: bool = False


KINDS = {
    "requests": Kind("Requests that were answered, by operation and status.", ("operation", "status"), is_counter=True),
    "callbacks": Kind("Attempts to deliver a callback, by what came of them.", ("outcome",), is_counter=True),
    "runs": Kind("Runs that are held, by their state.", ("state",)),
    "tenants": Kind("Tenants that are held."),
    "loop_held_seconds_max": Kind("The longest time for which one piece of work kept all others waiting."),
    "log_rows_pending": Kind("Rows of kept tenants that are on their way to the broker."),
    "background_errors": Kind("Errors that nobody asked for."),
    "workers_silent": Kind("Workers that were there lately and have not answered."),
}


def figures_of(runtime: Runtime) -> Iterator[Figure]:
    """Yields the numbers of this worker."""
    for (operation, status), count in sorted(runtime.requests.items()):
        yield Figure("requests", (operation, str(status)), count)
    for outcome, count in sorted(runtime.deliveries.outcomes.items()):
        yield Figure("callbacks", (outcome,), count)
    states = Counter[str]()
    for tenant in runtime.tenants:
        states.update(tenant.world.store.runs_by_status)
    for state, count in sorted(states.items()):
        yield Figure("runs", (str(state),), count)
    yield Figure("tenants", (), len(runtime.tenants))
    yield Figure("loop_held_seconds_max", (), runtime.loop_watch.longest_seconds)
    yield Figure("log_rows_pending", (), 0 if runtime.cluster is None else runtime.cluster.lag)
    yield Figure("background_errors", (), len(runtime.background_errors))


async def get_metrics(call: Call) -> Answer:
    """GET /_mock/metrics: in the form of Prometheus; `?local=true` tells of this worker alone."""
    cluster = call.runtime.cluster
    if cluster is None or flag_in(call, "local"):
        return await to_thread(_rendered, {"": list(figures_of(call.runtime))}, has_workers=False)
    told = await cluster.ask("metrics")
    figures = {worker: json_decoder(list[Figure]).decode(said) for worker, said in told.answers.items()}
    figures[""] = [Figure("workers_silent", (), len(told.silent))]
    return await to_thread(_rendered, figures, has_workers=True)


def _rendered(figures: Mapping[str, Iterable[Figure]], *, has_workers: bool) -> Answer:
    # Nobody who never asks for metrics loads the library, and who asks first keeps nobody waiting by that.
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Collected(figures, has_workers=has_workers))
    return Answer(200, generate_latest(registry), ((b"content-type", CONTENT_TYPE_LATEST.encode()),))


class _Collected:
    """Figures as the library collects them."""

    def __init__(self, figures: Mapping[str, Iterable[Figure]], *, has_workers: bool) -> None:
        self._figures = figures
        self._more = ("worker",) if has_workers else ()

    def collect(self) -> "Iterator[Metric]":
        """Yields every metric with its figures."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        for name, kind in KINDS.items():
            make = CounterMetricFamily if kind.is_counter else GaugeMetricFamily
            family = make(PREFIX + name, kind.help, labels=(*kind.labels, *self._more))
            for worker, figures in self._figures.items():
                for figure in figures:
                    if figure.metric == name:
                        family.add_metric((*figure.labels, *((worker,) if self._more else ())), figure.value)
            if family.samples:
                yield family


OPERATIONS: tuple[Operation[ControlHandler], ...] = (Operation("GET", "/_mock/metrics", get_metrics),)
