"""Node runs: the steps inside a run, derived from what the run record says.

Nothing is stored for them: a step's state follows from the run's timestamps and the share of its running time that each stage takes, so
that a run in progress shows its stages one after the other. Stages take unequal parts of the time, as the catalog has it, and cost what
their elements cost; together they come to the run's time and the run's cost. What a run costs is known at its end, and so is what its
steps did. A stage that the run's output shows has its picture as output. What was seen once stays: a run that is cancelled leaves the steps
before it done and those after it unbegun, and the time that a rule adds goes to the last step.

Source: `runs.node-runs` (fields). Inferred: `runs.node-shares`, which steps there are and how they share time and cost.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

import msgspec

from runflow_mock.domain.documents import Document, read_document, write_document
from runflow_mock.domain.identity import part_uuid
from runflow_mock.domain.instants import milliseconds_between
from runflow_mock.domain.media import Stage, stages_of
from runflow_mock.domain.models import Model
from runflow_mock.domain.money import ZERO, Money
from runflow_mock.domain.runs import Run, RunStatus


class NodeRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One step of a run."""

    id: str
    run_id: str
    node_id: str
    name: str
    state: RunStatus
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    error: str | None = None
    cost: Money | None = None
    output: Document | None = None

    @property
    def duration_ms(self) -> int | None:
        """Milliseconds from start to end, once both are known."""
        return milliseconds_between(self.started_at, self.completed_at)


class _Slot(msgspec.Struct, frozen=True):
    """The part of a run's time in which a step is at work; no instants before the run has started, and no end where it fails."""

    began: datetime | None
    ended: datetime | None


def node_runs(model: Model, run: Run, now: datetime) -> tuple[NodeRun, ...]:
    """Returns the steps of a run as they stand at `now`."""
    stages = stages_of(model.output, read_document(run.input)) if model.output.stages else ()
    names = tuple(stage.element for stage in stages) or (model.id.rpartition("/")[2],)
    slots = _slots(run, [sum(stage.seconds) for stage in stages] or [1.0])
    nodes = tuple(_node_run(run, name, number, slots, now) for number, name in enumerate(names))
    if not run.is_terminal:
        return nodes
    costs = _costs(model, run, nodes)
    outputs = _outputs(run, stages) or (None,)
    return tuple(
        msgspec.structs.replace(node, cost=cost, output=output if node.state is RunStatus.SUCCEEDED else None)
        for node, cost, output in zip(nodes, costs, outputs, strict=True)
    )


def count_nodes(model: Model, run: Run, now: datetime) -> tuple[int, int]:
    """Returns how many steps a run has, the stages of a pipeline or the model itself, and how many of them have succeeded."""
    # Most models have no stages: the input of their runs need not be looked into.
    if not model.output.stages:
        return 1, int(run.status is RunStatus.SUCCEEDED or run.status is RunStatus.PARTIAL_SUCCEEDED)
    nodes = node_runs(model, run, now)
    return len(nodes), sum(node.state is RunStatus.SUCCEEDED for node in nodes)


def _node_run(run: Run, name: str, number: int, slots: Sequence[_Slot], now: datetime) -> NodeRun:
    began, ended, is_last = slots[number].began, slots[number].ended, number == len(slots) - 1
    state = RunStatus.QUEUED
    if began is not None and began <= now:
        state = RunStatus.RUNNING
    if ended is not None and ended <= now:
        state = RunStatus.SUCCEEDED
    unfinished = state is not RunStatus.SUCCEEDED
    if run.is_terminal and unfinished:
        state = run.status if began is not None and is_last else RunStatus.CANCELLED
    return NodeRun(
        id=part_uuid(run.id, "node run", number),
        run_id=run.id,
        node_id=part_uuid(run.id, "node", number),
        name=name,
        state=state,
        created_at=run.created_at,
        started_at=began if began is not None and began <= now else None,
        completed_at=(run.completed_at if unfinished else ended) if state not in (RunStatus.QUEUED, RunStatus.RUNNING) else None,
        error=run.failure.message if run.failure is not None and state is RunStatus.FAILED else None,
    )


def _slots(run: Run, weights: Sequence[float]) -> list[_Slot]:
    stopped = run.completed_at if run.status is RunStatus.CANCELLED else None
    until = run.expected_at or (None if stopped is not None else run.completed_at or run.due_at)
    if run.started_at is None or until is None:
        # Of a run that was kept by an older version nothing says how far it got.
        return [_Slot(run.started_at, None), *[_Slot(None, None)] * (len(weights) - 1)]
    whole = sum(weights)
    edges = [run.started_at, *(run.started_at + (until - run.started_at) * (share / whole) for share in accumulate(weights))]
    slots = [_Slot(_whole(began), _whole(ended)) for began, ended in pairwise(edges)]
    end = None if stopped is not None or run.failure else run.completed_at or run.due_at
    slots[-1] = _Slot(slots[-1].began, None if end is None else _whole(end))
    if stopped is not None:
        begun = [slot for number, slot in enumerate(slots) if number == 0 or (slot.began is not None and slot.began <= stopped)]
        done = [slot for slot in begun if slot.ended is not None and slot.ended <= stopped]
        under_way = [_Slot(slot.began, None) for slot in begun[len(done) :]]
        return [*done, *under_way, *[_Slot(None, None)] * (len(slots) - len(begun))]
    return slots


def _costs(model: Model, run: Run, nodes: Sequence[NodeRun]) -> list[Money]:
    """Returns what each step that began came to, by the price of its element or in equal parts; in all it is the run's cost."""
    prices = [model.price.elements.get(node.name, ZERO) if node.started_at is not None else ZERO for node in nodes]
    weights = prices if any(prices) else [Money(int(node.started_at is not None)) for node in nodes]
    # A run that is charged although no step began is charged for its first one.
    weights = weights if any(weights) else [Money(1), *(ZERO for _ in nodes[1:])]
    whole, cost = sum(weights), run.cost or ZERO
    edges = [0, *(cost * share // whole for share in accumulate(weights))]
    return [Money(after - before) for before, after in pairwise(edges)]


def _outputs(run: Run, stages: Sequence[Stage]) -> tuple[Document | None, ...]:
    """Returns the picture of each stage that the run's output shows."""
    output = None if run.output is None or run.handed_over else read_document(run.output)
    found = output.get("image_urls") if isinstance(output, dict) else None
    addresses = [address for address in found if isinstance(address, str)] if isinstance(found, list) else []

    def shown(stage: Stage) -> Document | None:
        url = next((address for address in addresses if f"/{stage.file}_" in address), None)
        return None if url is None else write_document({"image_urls": [url]})

    return tuple(map(shown, stages))


def _whole(instant: datetime) -> datetime:
    return instant - timedelta(microseconds=instant.microsecond % 1000)
