"""Node runs: the steps inside a run, derived from what the run record says.

Nothing is stored for them: a step's state follows from the run's timestamps and the share of its running time that each stage takes, so
that a run in progress shows its stages one after the other.

Source: `runs.node-runs` (fields). Inferred: which steps there are, and that they share the running time evenly.
"""

from datetime import datetime, timedelta

import msgspec

from runflow_mock.domain.documents import read_document
from runflow_mock.domain.durations import milliseconds_between
from runflow_mock.domain.identity import part_uuid
from runflow_mock.domain.media import stages_of
from runflow_mock.domain.models import Model
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

    @property
    def duration_ms(self) -> int | None:
        """Milliseconds from start to end, once both are known."""
        return milliseconds_between(self.started_at, self.completed_at)


def node_names(model: Model, run: Run) -> tuple[str, ...]:
    """Returns the names of a run's steps: the stages of a pipeline, or the model itself."""
    whole = (model.id.rpartition("/")[2],)
    if not model.output.stages:
        # Most models: their input need not be looked into.
        return whole
    return tuple(stage.element for stage in stages_of(model.output, read_document(run.input))) or whole


def node_runs(model: Model, run: Run, now: datetime) -> tuple[NodeRun, ...]:
    """Returns the steps of a run as they stand at `now`."""
    names = node_names(model, run)
    return tuple(_node_run(run, name, number, len(names), now) for number, name in enumerate(names))


def nodes_completed(model: Model, run: Run, now: datetime) -> int:
    """Returns how many steps have succeeded."""
    if run.status is RunStatus.QUEUED or run.status is RunStatus.DISPATCHING:
        return 0
    if not model.output.stages:
        return int(run.status is RunStatus.SUCCEEDED or run.status is RunStatus.PARTIAL_SUCCEEDED)
    return sum(node.state is RunStatus.SUCCEEDED for node in node_runs(model, run, now))


def _node_run(run: Run, name: str, number: int, total: int, now: datetime) -> NodeRun:
    began, ended = _slot(run, number, total)
    state = RunStatus.QUEUED
    if began is not None and began <= now:
        state = RunStatus.RUNNING
    # A failure leaves the steps before it done. A cancelled run no longer tells how far they had got.
    if ended is not None and ended <= now and run.status is not RunStatus.CANCELLED:
        state = RunStatus.SUCCEEDED
    unfinished = state is not RunStatus.SUCCEEDED
    if run.is_terminal and unfinished:
        state = run.status if began is not None and number == total - 1 else RunStatus.CANCELLED
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


def _slot(run: Run, number: int, total: int) -> tuple[datetime | None, datetime | None]:
    until = run.completed_at or run.due_at
    if run.started_at is None or until is None:
        return None, None
    each = (until - run.started_at) / total
    ended = until if number == total - 1 else run.started_at + each * (number + 1)
    return _whole(run.started_at + each * number), (None if run.failure and number == total - 1 else _whole(ended))


def _whole(instant: datetime) -> datetime:
    return instant - timedelta(microseconds=instant.microsecond % 1000)
