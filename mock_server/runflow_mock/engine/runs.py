"""What happens to runs: creation with its admission, cancellation, feedback, and the transitions that come by themselves."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from runflow_mock.domain.commands import CancelRun, CreateRun, GiveFeedback, HandOverOutput, Origin
from runflow_mock.domain.documents import Document, read_document
from runflow_mock.domain.errors import InsufficientCredits
from runflow_mock.domain.events import Event
from runflow_mock.domain.fault_kinds import AfterPolls, Delay, Fail, Succeed, SucceedPartially
from runflow_mock.domain.faults import AT_EDGES, NO_DECISION, Decision, choose
from runflow_mock.domain.identity import MILLISECOND, BatchId, RunId, WorkflowId, fraction_in
from runflow_mock.domain.instants import DURATION_MAX
from runflow_mock.domain.magic import spelled
from runflow_mock.domain.media import NO_EXTENT, extent_of, stages_of
from runflow_mock.domain.models import Model
from runflow_mock.domain.money import ZERO, Money
from runflow_mock.domain.paces import EVERY_OTHER, Pace
from runflow_mock.domain.places import DISPATCH_EDGE, FINISH_EDGES, START_EDGE
from runflow_mock.domain.prices import cost_of, depends_on_inputs, depends_on_output
from runflow_mock.domain.records import RUNS
from runflow_mock.domain.runs import (
    FeedbackGiven,
    OutputHandedOver,
    Run,
    RunCancelled,
    RunCreated,
    RunDelayed,
    RunDispatched,
    RunFailed,
    RunHeld,
    RunPartiallySucceeded,
    RunStarted,
    RunStatus,
    RunSucceeded,
)
from runflow_mock.domain.subjects import run_subject
from runflow_mock.engine.assets import store_attachments
from runflow_mock.engine.creations import decide_creation, ending_at_once
from runflow_mock.engine.magic import with_magic
from runflow_mock.engine.moment import Moment
from runflow_mock.engine.outputs import part_of_work, whole_work
from runflow_mock.engine.slots import line_up
from runflow_mock.engine.targets import find_workflow, model_of_run, workflow_model

# How long a run waits for a worker and how long handing it over takes, before `speed` divides it. Source: inferred.
QUEUE_SECONDS = (0.05, 0.25)
DISPATCH_SECONDS = (0.1, 0.4)
# From which part of its id a run takes how long each lasts: that has been drawn by the seed already, and a draw of its own costs a hash.
_IN_QUEUE, _IN_DISPATCH, _AT_WORK = range(3)

_MILLISECONDS_MAX = DURATION_MAX // MILLISECOND

# What can happen at the edges of a run. What keeps it there is decided apart, so that whatever else is to happen there happens after it.
DELAYS = frozenset((Delay, AfterPolls))
FAILURES = frozenset((Fail,))
ENDS = AT_EDGES - DELAYS
ENDS_IN_BATCH = ENDS - {SucceedPartially}
_OF_ITS_OWN = Succeed()


def create_run(moment: Moment, command: CreateRun) -> tuple[Event, ...]:
    """Admits one run of a model or a workflow and holds its projected cost."""
    if command.workflow_id is None:
        model = moment.catalog.get(command.model)
    else:
        find_workflow(moment.catalog, moment.store, command.workflow_id)
        model = workflow_model(moment.catalog, moment.store, command.workflow_id)
    moment.admit(RUNS)
    projected = project(model, command.input)
    admit_cost(moment, projected)
    run = new_run(
        moment,
        RunId(moment.issue_id()),
        model,
        command.input,
        held=projected,
        origin=command.origin,
        client_ref=command.client_ref,
        callback_url=command.callback_url,
        metadata=command.metadata,
        workflow_id=command.workflow_id,
    )
    decision = decide_creation(moment, run, run.magic)
    run = ending_at_once(moment, line_up(moment, run), decision)
    stored = store_attachments(moment, command.attachments, "run", run.id)
    return (RunCreated(run), *decision.met, *stored)


def cancel_run(moment: Moment, command: CancelRun) -> tuple[Event, ...]:
    """Stops a run; a finished run gives no events."""
    run = moment.store.run(command.run_id)
    return () if run.is_terminal else (stop(moment, run, command.reason),)


def stop(moment: Moment, run: Run, reason: str | None) -> RunCancelled:
    """Returns how a run is cancelled: what a provider has already is charged in full, unless the dialect says otherwise.

    Source: `credits.cancelled-runs`.
    """
    is_charged = run.dispatched_at is not None and moment.dialect.cancel_billing == "full"
    return RunCancelled(run.id, moment.now, reason, run.held if is_charged else ZERO)


def hand_over_output(moment: Moment, command: HandOverOutput) -> tuple[Event, ...]:
    """Takes the output of a run from its record, after it was given out inline."""
    return (OutputHandedOver(moment.store.run(command.run_id).id, moment.now),)


def give_feedback(moment: Moment, command: GiveFeedback) -> tuple[Event, ...]:
    """Rates a run in whatever state it is."""
    run = moment.store.run(command.run_id)
    return (FeedbackGiven(run.id, moment.now, command.is_positive, command.reason),)


def project(model: Model, document: Document) -> Money:
    """Returns what a run with these inputs will cost if it succeeds; they are read only where the price asks for them."""
    if not depends_on_inputs(model.price):
        return model.price.amount
    inputs = read_document(document)
    extent = extent_of(model.output, inputs) if depends_on_output(model.price) else NO_EXTENT
    return cost_of(model.price, inputs, extent)


def admit_cost(moment: Moment, projected: Money) -> None:
    """Raises `InsufficientCredits` when the projected cost exceeds what is available; what is free always passes."""
    available = moment.store.ledger.available
    if projected > 0 and projected > available:
        raise InsufficientCredits(projected=projected, available=available)


def new_run(
    moment: Moment,
    run_id: RunId,
    model: Model,
    document: Document,
    *,
    held: Money,
    origin: Origin,
    client_ref: str | None,
    batch_id: BatchId | None = None,
    callback_url: str | None = None,
    metadata: Document | None = None,
    workflow_id: WorkflowId | None = None,
) -> Run:
    """Returns a queued run that will be dispatched by itself."""
    return Run(
        id=run_id,
        org_id=moment.org_id,
        model=model.id,
        model_id=model.uuid if workflow_id is None else None,
        workflow_id=workflow_id,
        input=document,
        callback_url=callback_url,
        metadata=metadata,
        client_ref=client_ref,
        batch_id=batch_id,
        request_id=origin.request_id,
        created_by=moment.user_id,
        base_url=origin.base_url,
        magic=spelled(client_ref, metadata, document) if moment.knows_magic else None,
        held=held,
        created_at=moment.now,
        due_at=end_of_queue(moment, model, run_id),
    )


def end_of_queue(moment: Moment, model: Model, run_id: RunId) -> datetime:
    """Returns when a run that is created now will be dispatched."""
    pace = pace_of(moment, model)
    due_at = moment.now + _within(moment, QUEUE_SECONDS, fraction_in(run_id, _IN_QUEUE))
    return due_at + _at_speed(moment, pace.queue * pace.typical_seconds(model.run_seconds)) if pace.queue else due_at


def continue_run(moment: Moment, run: Run) -> tuple[Event, ...]:
    """Returns what happens when a run's timer fires: its next transition, unless a rule keeps the run where it is for once."""
    edges, go_on = _CONTINUATIONS[run.status]
    delay = NO_DECISION if run.is_delayed else _decide(moment, run, edges, DELAYS)
    if delay is NO_DECISION:
        return go_on(moment, run)
    if isinstance(delay.what, Delay):
        return (*delay.met, RunDelayed(run.id, moment.now, moment.now + delay.what.by))
    if isinstance(delay.what, AfterPolls) and run.polls < delay.what.polls:
        return (*delay.met, RunHeld(run.id, moment.now, delay.what.polls))
    return (*delay.met, *go_on(moment, run))


def _dispatch(moment: Moment, run: Run) -> tuple[Event, ...]:
    decision = _decide(moment, run, (DISPATCH_EDGE,), FAILURES)
    if type(decision.what) is Fail:
        return (*decision.met, RunFailed(run.id, moment.now, decision.what.failure))
    usual = _within(moment, DISPATCH_SECONDS, fraction_in(run.id, _IN_DISPATCH))
    due_at = moment.now + _lasting(run, usual + _starting_time(moment, run))
    return (*decision.met, RunDispatched(run.id, moment.now, due_at))


def _start(moment: Moment, run: Run) -> tuple[Event, ...]:
    decision = _decide(moment, run, (START_EDGE,), FAILURES)
    if type(decision.what) is Fail:
        return (*decision.met, RunFailed(run.id, moment.now, decision.what.failure))
    # A rule for the end of the run may set its running time; it is met, and counted, only there.
    coming = _decide(moment, run, FINISH_EDGES, _ends(run)).what
    given = coming.duration if type(coming) is Succeed else None
    due_at = moment.now + _lasting(run, given if given is not None else _running_time(moment, run))
    return (*decision.met, RunStarted(run.id, moment.now, due_at))


def _finish(moment: Moment, run: Run) -> tuple[Event, ...]:
    decision = _decide(moment, run, FINISH_EDGES, _ends(run))
    if type(decision.what) is Fail:
        return (*decision.met, RunFailed(run.id, moment.now, decision.what.failure))
    if type(decision.what) is SucceedPartially:
        part = part_of_work(moment, run, decision.what)
        return (*decision.met, RunPartiallySucceeded(run.id, moment.now, part.output, part.cost, part.cost_breakdown))
    given = decision.what if type(decision.what) is Succeed else _OF_ITS_OWN
    work = whole_work(moment, run, given)
    return (*decision.met, RunSucceeded(run.id, moment.now, work.output, work.cost, work.cost_breakdown, given.files))


def _ends(run: Run) -> frozenset[type]:
    """Returns the kinds of rules by which the run can end: in a batch there is no success in part."""
    return ENDS if run.batch_id is None else ENDS_IN_BATCH


# What comes of it is asked for its very class: nearly always it is nothing, and `isinstance` takes longest to find that out.
def _decide(moment: Moment, run: Run, edges: tuple[str, ...], kinds: frozenset[type]) -> Decision:
    rules = moment.store.rules
    decision = choose(rules.values(), kinds, run_subject(run, edges), moment.now, moment.seed) if rules else NO_DECISION
    if decision.what is not None or run.magic is None:
        return decision
    return with_magic(moment, decision, run.magic, kinds, run_subject(run, edges))


_CONTINUATIONS: Mapping[RunStatus, tuple[tuple[str, ...], Callable[[Moment, Run], tuple[Event, ...]]]] = {
    RunStatus.QUEUED: ((DISPATCH_EDGE,), _dispatch),
    RunStatus.DISPATCHING: ((START_EDGE,), _start),
    RunStatus.RUNNING: (FINISH_EDGES, _finish),
}


def _lasting(run: Run, usual: timedelta) -> timedelta:
    return timedelta() if run.ends_at_once else usual


def _running_time(moment: Moment, run: Run) -> timedelta:
    model = model_of_run(moment.catalog, moment.store, run)
    latency = pace_of(moment, model).latency
    if latency is not None:
        return _at_speed(moment, latency.at(moment.seed.fraction("latency", run.id)))
    # The inputs are read only where they may ask for stages.
    stages = stages_of(model.output, read_document(run.input)) if model.output.stages else ()
    if not stages:
        return _within(moment, model.run_seconds, fraction_in(run.id, _AT_WORK))
    parts = (spread(moment, run.id, stage.element, stage.seconds) for stage in stages)
    return min(sum(parts, timedelta()), DURATION_MAX)


def spread(moment: Moment, owner: str, what: str, seconds: tuple[float, float]) -> timedelta:
    """Returns a duration within the range, in whole milliseconds, drawn by the owner's id and divided by the tenant's speed.

    It is never longer than `DURATION_MAX`.
    """
    return _within(moment, seconds, moment.seed.fraction(what, owner))


def _within(moment: Moment, seconds: tuple[float, float], fraction: float) -> timedelta:
    low, high = seconds
    return _at_speed(moment, low + (high - low) * fraction)


def pace_of(moment: Moment, model: Model) -> Pace:
    """Returns how long a model takes: as the tenant has it, or else the catalog."""
    paces = moment.settings.paces
    return paces.get(model.id) or paces.get(EVERY_OTHER) or model.pace


def _starting_time(moment: Moment, run: Run) -> timedelta:
    """Returns how long a model that is cold takes to start."""
    pace = pace_of(moment, model_of_run(moment.catalog, moment.store, run))
    if not pace.cold_start:
        return timedelta()
    store = moment.store
    last_at_work = moment.now if run.model in store.at_work else store.last_at_work.get(run.model)
    is_cold = pace.is_cold(last_at_work, moment.now)
    return _at_speed(moment, pace.cold_start.total_seconds()) if is_cold else timedelta()


def _at_speed(moment: Moment, seconds: float) -> timedelta:
    milliseconds = round(seconds * 1000 / moment.settings.speed)
    if milliseconds < 1:
        return MILLISECOND
    return milliseconds * MILLISECOND if milliseconds < _MILLISECONDS_MAX else DURATION_MAX
