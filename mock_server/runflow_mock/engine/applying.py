"""How each event changes the store: `apply` is the only code that changes a record.

Folding the events of a history over an empty store gives the same store, timers and ledger again; so every change, also that of a counter
or a schedule, follows from an event. A handler has decided on the event, so nothing is checked here: each function of the table replaces
the records concerned and keeps timers, tallies and ledger in step.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from msgspec.structs import replace

from runflow_mock.domain import assets, batches, deliveries, evaluations, faults, runs, secrets, workflows
from runflow_mock.domain.assets import Content
from runflow_mock.domain.deployments import model_of
from runflow_mock.domain.events import Event
from runflow_mock.domain.fault_kinds import Succeed
from runflow_mock.domain.idempotency import AnswerForgotten, AnswerRemembered
from runflow_mock.domain.ledger import CreditAdded, ThresholdSet
from runflow_mock.domain.magic import MagicMet
from runflow_mock.domain.places import place_bytes
from runflow_mock.domain.records import PLAIN, RecordChanged, RecordCreated, RecordDeleted, RecordEvent
from runflow_mock.domain.runs import Run
from runflow_mock.domain.workflows import Workflow
from runflow_mock.engine.store import Store

StatusT = TypeVar("StatusT", bound=str)


def apply(store: Store, event: Event) -> str | None:
    """Changes the store as the event says, and returns the status that the record had before, if it has one."""
    return APPLY[type(event)](store, event)


def _run_created(store: Store, event: runs.RunCreated) -> None:
    run = event.run
    store.runs[run.id] = run
    store.run_order.append(run.id)
    _add_one(store.runs_by_status, run.status)
    if run.workflow_id is not None:
        store.runs_of_workflow.setdefault(run.workflow_id, []).append(run.id)
    store.ledger.hold(run)
    # Without an instant of its own it waits in line for a slot.
    if run.due_at is None:
        store.lines.setdefault(run.model, OrderedDict())[run.id] = None
        return
    if run.has_slot:
        _add_one(store.slots_taken, run.model)
    store.timers.schedule(run.id, run.due_at)


def _run_moved(store: Store, event: runs.RunMoved) -> str:
    before = store.runs[event.run_id]
    after = runs.evolve(before, event)
    store.runs[after.id] = after
    _move_one(store.runs_by_status, before.status, after.status)
    if after.due_at is not None:
        store.timers.schedule(after.id, after.due_at)
    else:
        # Nothing is due any more: it has ended, and whatever the end was, the hold on the balance goes.
        store.timers.cancel(after.id)
        store.ledger.settle(after)
        store.polls_awaited_by.discard(after.id)
        if before.dispatched_at is not None:
            assert after.completed_at is not None
            store.last_at_work[after.model] = after.completed_at
            _take_one_away(store.at_work, after.model)
        if before.is_in_line:
            _leave_line(store, before)
        elif before.has_slot:
            _take_one_away(store.slots_taken, before.model)
    # A member that gets to work changes no tally.
    if after.batch_id is not None and not isinstance(event, runs.RunStarted):
        batch = store.batches[after.batch_id]
        tally = batches.count(batch.tally, before.status, after.status, after.cost)
        store.batches[batch.id] = replace(batch, tally=tally)
    return before.status


def _run_dispatched(store: Store, event: runs.RunDispatched) -> str:
    status = _run_moved(store, event)
    _add_one(store.at_work, store.runs[event.run_id].model)
    return status


def _run_delayed(store: Store, event: runs.RunDelayed) -> None:
    run = store.runs[event.run_id]
    store.runs[run.id] = replace(run, due_at=event.due_at, is_delayed=True)
    store.timers.schedule(run.id, event.due_at)


def _run_held(store: Store, event: runs.RunHeld) -> None:
    store.runs[event.run_id] = replace(store.runs[event.run_id], due_at=None, is_delayed=True, polls_awaited=event.polls)
    store.polls_awaited_by.add(event.run_id)


def _run_polled(store: Store, event: runs.RunPolled) -> None:
    before = store.runs[event.run_id]
    after = store.runs[before.id] = runs.see_poll(before, event)
    # It was the poll that the run waited for: time brings it on again.
    if before.due_at is None and after.due_at is not None:
        store.timers.schedule(after.id, after.due_at)
        store.polls_awaited_by.remove(after.id)


def _slot_given(store: Store, event: runs.SlotGiven) -> None:
    run = store.runs[event.run_id]
    _leave_line(store, run)
    _add_one(store.slots_taken, run.model)
    store.runs[run.id] = replace(run, due_at=event.due_at, has_slot=True)
    store.timers.schedule(run.id, event.due_at)


def _move_one(counts: dict[StatusT, int], before: StatusT, after: StatusT) -> None:
    _add_one(counts, after)
    _take_one_away(counts, before)


def _add_one(counts: dict[StatusT, int], key: StatusT) -> None:
    counts[key] = counts.get(key, 0) + 1


def _take_one_away(counts: dict[StatusT, int], key: StatusT) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]


def _leave_line(store: Store, run: Run) -> None:
    line = store.lines[run.model]
    del line[run.id]
    if not line:
        del store.lines[run.model]


def _output_handed_over(store: Store, event: runs.OutputHandedOver) -> None:
    store.runs[event.run_id] = replace(store.runs[event.run_id], handed_over=True)


def _feedback_given(store: Store, event: runs.FeedbackGiven) -> None:
    run = store.runs[event.run_id]
    store.runs[run.id] = replace(run, feedback_is_positive=event.is_positive, feedback_reason=event.reason)


def _batch_created(store: Store, event: batches.BatchCreated) -> None:
    store.batches[event.batch.id] = event.batch


def _batch_moved(store: Store, event: batches.BatchMoved) -> str:
    before = store.batches[event.batch_id]
    store.batches[before.id] = batches.evolve(before, event)
    return before.status


def _evaluation_submitted(store: Store, event: evaluations.EvaluationSubmitted) -> None:
    evaluation = event.evaluation
    store.evaluations[evaluation.id] = evaluation
    if evaluation.assignment.run_id is not None:
        store.evaluations_of.setdefault(evaluation.assignment.run_id, []).append(evaluation.id)
    store.ledger.hold(evaluation)
    assert evaluation.due_at is not None
    store.timers.schedule(evaluation.id, evaluation.due_at)


def _evaluation_moved(store: Store, event: evaluations.EvaluationMoved) -> str:
    before = store.evaluations[event.evaluation_id]
    after = evaluations.evolve(before, event)
    store.evaluations[after.id] = after
    if after.due_at is not None:
        store.timers.schedule(after.id, after.due_at)
    else:
        store.ledger.settle(after)
    return before.status


def _evaluation_rated(store: Store, event: evaluations.EvaluationRated) -> None:
    store.evaluations[event.evaluation_id] = evaluations.rate(store.evaluations[event.evaluation_id], event)


def _record_kept(store: Store, event: RecordEvent) -> None:
    # A deleted record stays as well: its row says by which field nobody finds it any more.
    store.records(PLAIN[type(event.record)])[event.record.id] = event.record


def _workflow_created(store: Store, event: workflows.WorkflowCreated) -> None:
    _keep_workflow(store, event.workflow)
    store.workflow_paths[event.workflow.path] = event.workflow.id


def _workflow_moved(store: Store, event: workflows.WorkflowMoved) -> None:
    workflow = workflows.evolve(store.workflows[event.workflow_id], event)
    _keep_workflow(store, workflow)
    if workflow.deleted_at is not None:
        del store.workflow_paths[workflow.path]


def _keep_workflow(store: Store, workflow: Workflow) -> None:
    store.workflows[workflow.id] = workflow
    store.workflow_models[workflow.id] = model_of(workflow)


def _delivery_created(store: Store, event: deliveries.DeliveryCreated) -> None:
    delivery = event.delivery
    store.deliveries[delivery.id] = delivery
    _add_one(store.deliveries_by_status, delivery.status)
    store.deliveries_of[delivery.told_under] = (*store.deliveries_of.get(delivery.told_under, ()), delivery.id)
    if delivery.webhook_id is not None:
        store.deliveries_to.setdefault(delivery.webhook_id, []).append(delivery.id)
        webhook = store.webhooks[delivery.webhook_id]
        store.webhooks[webhook.id] = replace(webhook, last_triggered_at=delivery.created_at)
    assert delivery.next_attempt_at is not None
    store.timers.schedule(delivery.id, delivery.next_attempt_at)


def _delivery_postponed(store: Store, event: deliveries.DeliveryPostponed) -> None:
    delivery = store.deliveries[event.delivery_id]
    store.deliveries[delivery.id] = replace(delivery, next_attempt_at=event.until, is_held_back=event.is_held_back)
    if event.is_held_back:
        store.held_back[delivery.id] = None
    store.timers.schedule(delivery.id, event.until)


def _delivery_let_go(store: Store, event: deliveries.DeliveryLetGo) -> None:
    del store.held_back[event.delivery_id]
    delivery = store.deliveries[event.delivery_id]
    store.deliveries[delivery.id] = replace(delivery, is_held_back=False, next_attempt_at=event.at, updated_at=event.at)
    store.timers.schedule(delivery.id, event.at)


def _delivery_moved(store: Store, event: deliveries.DeliveryMoved) -> str:
    before = store.deliveries[event.delivery_id]
    delivery = deliveries.evolve(before, event)
    store.deliveries[delivery.id] = delivery
    _move_one(store.deliveries_by_status, before.status, delivery.status)
    if before.is_held_back:
        del store.held_back[before.id]
    if delivery.next_attempt_at is not None:
        store.timers.schedule(delivery.id, delivery.next_attempt_at)
    return before.status


def _secret_created(store: Store, event: secrets.SecretCreated) -> None:
    store.secrets[event.secret.id] = event.secret


def _secret_changed(store: Store, event: secrets.SecretChanged) -> None:
    store.secrets[event.secret_id] = secrets.evolve(store.secrets[event.secret_id], event)


def _upload_opened(store: Store, event: assets.UploadOpened) -> None:
    store.uploads[event.upload.id] = event.upload


def _bytes_arrived(store: Store, event: assets.BytesArrived) -> str:
    before = store.uploads[event.upload_id]
    store.uploads[before.id] = assets.evolve(before, event)
    _keep(store, event.content)
    return before.status


def _bytes_replaced(store: Store, event: assets.BytesReplaced) -> None:
    upload = store.uploads[event.upload_id]
    store.uploads[upload.id] = replace(upload, content=event.content)
    _keep(store, event.content)
    asset = store.assets.get(upload.id)
    if asset is not None:
        store.assets[asset.id] = replace(asset, content=event.content, updated_at=event.at)


def _upload_confirmed(store: Store, event: assets.UploadConfirmed) -> str:
    before = store.uploads[event.upload_id]
    store.uploads[before.id] = assets.evolve(before, event)
    store.assets[event.asset.id] = event.asset
    return before.status


def _asset_stored(store: Store, event: assets.AssetStored) -> None:
    store.assets[event.asset.id] = event.asset
    _keep(store, event.asset.content)


def _asset_deleted(store: Store, event: assets.AssetDeleted) -> None:
    asset = store.assets[event.asset_id]
    store.assets[asset.id] = replace(asset, deleted_at=event.at, deleted_by=event.by, updated_at=event.at)


def _keep(store: Store, content: Content) -> None:
    if content.sha256 not in store.kept_bytes:
        store.kept_bytes[content.sha256] = content.size_bytes
        store.kept_total += content.size_bytes


def _credit_added(store: Store, event: CreditAdded) -> None:
    store.ledger.credit(event)


def _threshold_set(store: Store, event: ThresholdSet) -> None:
    store.ledger.warn_below(event)


def _rule_added(store: Store, event: faults.RuleAdded) -> None:
    store.rules[event.rule.id] = event.rule
    store.place_bytes += place_bytes(event.rule.where)
    what = event.rule.what
    for file in what.files if isinstance(what, Succeed) else ():
        _keep(store, Content(file.sha256, file.size_bytes, file.media_type))


def _rule_met(store: Store, event: faults.RuleMet) -> None:
    store.rules[event.rule_id] = faults.evolve(store.rules[event.rule_id], event)


def _rule_removed(store: Store, event: faults.RuleRemoved) -> None:
    store.place_bytes -= place_bytes(store.rules.pop(event.rule_id).where)


def _magic_met(store: Store, event: MagicMet) -> None:
    """Magic values are not counted; the event is there for the timeline."""


def _answer_remembered(store: Store, event: AnswerRemembered) -> None:
    earlier = store.remembered.get(event.remembered.place)
    store.remembered_bytes += len(event.remembered.body) - (0 if earlier is None else len(earlier.body))
    store.remembered[event.remembered.place] = event.remembered


def _answer_forgotten(store: Store, event: AnswerForgotten) -> None:
    store.remembered_bytes -= len(store.remembered.pop(event.place).body)


APPLY = cast(
    Mapping[type, Callable[[Store, Event], str | None]],
    {
        runs.RunCreated: _run_created,
        runs.RunDispatched: _run_dispatched,
        runs.RunStarted: _run_moved,
        runs.RunSucceeded: _run_moved,
        runs.RunPartiallySucceeded: _run_moved,
        runs.RunFailed: _run_moved,
        runs.RunCancelled: _run_moved,
        runs.RunDelayed: _run_delayed,
        runs.RunHeld: _run_held,
        runs.RunPolled: _run_polled,
        runs.SlotGiven: _slot_given,
        runs.OutputHandedOver: _output_handed_over,
        runs.FeedbackGiven: _feedback_given,
        batches.BatchCreated: _batch_created,
        batches.BatchStarted: _batch_moved,
        batches.BatchSucceeded: _batch_moved,
        batches.BatchPartiallySucceeded: _batch_moved,
        batches.BatchFailed: _batch_moved,
        batches.BatchCancelled: _batch_moved,
        evaluations.EvaluationSubmitted: _evaluation_submitted,
        evaluations.EvaluationStarted: _evaluation_moved,
        evaluations.EvaluationCompleted: _evaluation_moved,
        evaluations.EvaluationFailed: _evaluation_moved,
        evaluations.EvaluationRated: _evaluation_rated,
        RecordCreated: _record_kept,
        RecordChanged: _record_kept,
        RecordDeleted: _record_kept,
        workflows.WorkflowCreated: _workflow_created,
        workflows.WorkflowChanged: _workflow_moved,
        workflows.WorkflowInputAdded: _workflow_moved,
        workflows.WorkflowDeleted: _workflow_moved,
        deliveries.DeliveryCreated: _delivery_created,
        deliveries.DeliveryPostponed: _delivery_postponed,
        deliveries.DeliveryLetGo: _delivery_let_go,
        deliveries.AttemptStarted: _delivery_moved,
        deliveries.AttemptSucceeded: _delivery_moved,
        deliveries.AttemptFailed: _delivery_moved,
        deliveries.DeliveryExhausted: _delivery_moved,
        secrets.SecretCreated: _secret_created,
        secrets.SecretRenamed: _secret_changed,
        secrets.SecretPromoted: _secret_changed,
        secrets.SecretDemoted: _secret_changed,
        secrets.SecretDeleted: _secret_changed,
        secrets.SecretUsed: _secret_changed,
        assets.UploadOpened: _upload_opened,
        assets.BytesArrived: _bytes_arrived,
        assets.BytesReplaced: _bytes_replaced,
        assets.UploadConfirmed: _upload_confirmed,
        assets.AssetStored: _asset_stored,
        assets.AssetDeleted: _asset_deleted,
        CreditAdded: _credit_added,
        ThresholdSet: _threshold_set,
        faults.RuleAdded: _rule_added,
        faults.RuleMet: _rule_met,
        faults.RuleRemoved: _rule_removed,
        MagicMet: _magic_met,
        AnswerRemembered: _answer_remembered,
        AnswerForgotten: _answer_forgotten,
    },
)
