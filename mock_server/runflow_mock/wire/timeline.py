"""The timeline: what happened in a world, as the control API, the log and the demo tell it."""

from collections.abc import Callable, Iterator, Mapping
from typing import cast

from runflow_mock.domain import assets, batches, deliveries, evaluations, faults, ledger, records, runs, secrets, workflows
from runflow_mock.domain.events import Event
from runflow_mock.domain.fault_kinds import KIND_OF
from runflow_mock.domain.idempotency import AnswerForgotten, AnswerRemembered
from runflow_mock.domain.identity import RuleId
from runflow_mock.domain.machine import Table
from runflow_mock.domain.magic import MagicMet
from runflow_mock.domain.money import format_money
from runflow_mock.wire.times import write_instant

Step = dict[str, object]


def represent_events(
    events: tuple[Event, ...], before: tuple[str | None, ...], rules: Mapping[RuleId, faults.FaultRule] | None = None
) -> Iterator[Step]:
    """Returns the steps of a timeline: `{at, kind, id, from, to, …}` each, in order; a rule that is among `rules` is told by its kind."""
    for event, status in zip(events, before, strict=True):
        step = _STEPS[type(event)](event)
        if isinstance(event, faults.RuleMet) and step is not None and rules is not None and event.rule_id in rules:
            step |= _described(rules[event.rule_id])
        if step is not None:
            target = _TARGETS.get(type(event))
            yield (
                step if target is None else {"at": step["at"], "kind": step["kind"], "id": step["id"], "from": status, "to": target, **step}
            )


def _targets(*tables: Table[str]) -> dict[type, str]:
    return {event: str(target) for table in tables for row in table.values() for event, target in row.items()}


_TARGETS = _targets(
    cast(Table[str], runs.RUN_TRANSITIONS),
    cast(Table[str], batches.BATCH_TRANSITIONS),
    cast(Table[str], evaluations.EVALUATION_TRANSITIONS),
    cast(Table[str], deliveries.DELIVERY_TRANSITIONS),
)


def _run_created(event: runs.RunCreated) -> Step:
    run = event.run
    step: Step = {"at": write_instant(run.created_at), "kind": "run", "id": run.id, "to": run.status.value, "model": run.model}
    return step if run.batch_id is None else {**step, "batch_id": run.batch_id, "sequence_index": run.sequence_index}


def _run_moved(event: runs.RunMoved) -> Step:
    return {"at": write_instant(event.at), "kind": "run", "id": event.run_id}


def _run_succeeded(event: runs.RunSucceeded | runs.RunPartiallySucceeded) -> Step:
    return {**_run_moved(event), "cost": format_money(event.cost)}


def _run_failed(event: runs.RunFailed) -> Step:
    return {**_run_moved(event), "failure_code": event.failure.code}


def _run_delayed(event: runs.RunDelayed) -> Step:
    return {"at": write_instant(event.at), "kind": "run", "id": event.run_id, "change": "delayed", "until": write_instant(event.due_at)}


def _run_held(event: runs.RunHeld) -> Step:
    return {"at": write_instant(event.at), "kind": "run", "id": event.run_id, "change": "waits for polls", "polls": event.polls}


def _slot_given(event: runs.SlotGiven) -> Step:
    return {"at": write_instant(event.at), "kind": "run", "id": event.run_id, "change": "slot given"}


def _feedback(event: runs.FeedbackGiven) -> Step:
    return {"at": write_instant(event.at), "kind": "feedback", "id": event.run_id, "is_positive": event.is_positive}


def _batch_created(event: batches.BatchCreated) -> Step:
    batch = event.batch
    return {
        "at": write_instant(batch.created_at),
        "kind": "batch",
        "id": batch.id,
        "to": batch.status.value,
        "model": batch.model,
        "items": batch.tally.total,
    }


def _batch_moved(event: batches.BatchMoved) -> Step:
    return {"at": write_instant(event.at), "kind": "batch", "id": event.batch_id}


def _evaluation_submitted(event: evaluations.EvaluationSubmitted) -> Step:
    evaluation = event.evaluation
    step: Step = {"at": write_instant(evaluation.created_at), "kind": "evaluation", "id": evaluation.id, "to": evaluation.status.value}
    return step if evaluation.assignment.run_id is None else {**step, "run_id": evaluation.assignment.run_id}


def _evaluation_moved(event: evaluations.EvaluationMoved) -> Step:
    step: Step = {"at": write_instant(event.at), "kind": "evaluation", "id": event.evaluation_id}
    if isinstance(event, evaluations.EvaluationFailed):
        return {**step, "failure_code": event.failure_code}
    if isinstance(event, evaluations.EvaluationCompleted):
        return {**step, "cost": format_money(event.cost), "passed": event.verdict.overall_passed}
    return step


def _evaluation_rated(event: evaluations.EvaluationRated) -> Step:
    return {"at": write_instant(event.at), "kind": "feedback", "id": event.evaluation_id, "is_positive": event.is_positive}


def _record(event: records.RecordEvent) -> Step:
    change = type(event).__name__.removeprefix("Record").lower()
    return {"at": write_instant(event.at), "kind": records.PLAIN[type(event.record)].noun, "id": event.record.id, "change": change}


def _workflow_created(event: workflows.WorkflowCreated) -> Step:
    workflow = event.workflow
    at = write_instant(workflow.created_at)
    return {"at": at, "kind": "comfyui_workflow", "id": workflow.id, "change": "created", "path": workflow.path}


def _workflow_moved(event: workflows.WorkflowMoved) -> Step:
    return {"at": write_instant(event.at), "kind": "comfyui_workflow", "id": event.workflow_id, "change": _WORKFLOW_CHANGES[type(event)]}


def _delivery_created(event: deliveries.DeliveryCreated) -> Step:
    delivery = event.delivery
    return {
        "at": write_instant(delivery.created_at),
        "kind": "delivery",
        "id": delivery.id,
        "to": delivery.status.value,
        "about": delivery.parent_id,
        "url": delivery.url,
        **({} if delivery.webhook_id is None else {"webhook_id": delivery.webhook_id}),
    }


def _delivery_postponed(event: deliveries.DeliveryPostponed) -> Step:
    step: Step = {"at": write_instant(event.at), "kind": "delivery", "id": event.delivery_id}
    return {**step, "change": "held back" if event.is_held_back else "postponed", "until": write_instant(event.until)}


def _delivery_let_go(event: deliveries.DeliveryLetGo) -> Step:
    return {"at": write_instant(event.at), "kind": "delivery", "id": event.delivery_id, "change": "let go"}


def _delivery_moved(event: deliveries.DeliveryMoved) -> Step:
    step: Step = {"at": write_instant(event.at), "kind": "delivery", "id": event.delivery_id}
    if isinstance(event, deliveries.AttemptStarted):
        fault = event.attempt.fault
        return {**step, "attempt": event.attempt.number, **({} if fault is None else {"fault": KIND_OF[type(fault)].name})}
    told = {"response": event.result.status_code, "error": event.result.error}
    step |= {name: value for name, value in told.items() if value is not None}
    if isinstance(event, deliveries.AttemptFailed):
        return {**step, "next_attempt_at": write_instant(event.next_attempt_at)}
    return step


def _secret_created(event: secrets.SecretCreated) -> Step:
    secret = event.secret
    return {"at": write_instant(secret.created_at), "kind": "secret", "id": secret.id, "change": "created"}


def _secret_changed(event: secrets.SecretChanged) -> Step:
    change = type(event).__name__.removeprefix("Secret").lower()
    return {"at": write_instant(event.at), "kind": "secret", "id": event.secret_id, "change": change}


def _asset(event: assets.UploadConfirmed | assets.AssetStored) -> Step:
    asset = event.asset
    at = write_instant(asset.updated_at)
    return {"at": at, "kind": "asset", "id": asset.id, "change": "stored", "mime_type": asset.content.mime_type}


def _asset_deleted(event: assets.AssetDeleted) -> Step:
    return {"at": write_instant(event.at), "kind": "asset", "id": event.asset_id, "change": "deleted"}


def _credit(event: ledger.CreditAdded) -> Step:
    return {"at": write_instant(event.at), "kind": "credit", "id": None, "amount": format_money(event.amount)}


def _rule_met(event: faults.RuleMet) -> Step:
    return {"at": write_instant(event.at), "kind": "fault", "id": event.rule_id, "fired": event.fired}


def _described(rule: faults.FaultRule) -> Step:
    kind = KIND_OF[type(rule.what)].name
    return {"what": kind} if rule.label is None else {"what": kind, "label": rule.label}


def _magic_met(event: MagicMet) -> Step:
    return {"at": write_instant(event.at), "kind": "magic", "id": event.about, "value": event.name}


def _silent(event: Event) -> None:
    return None


_WORKFLOW_CHANGES = {
    workflows.WorkflowChanged: "changed",
    workflows.WorkflowInputAdded: "input added",
    workflows.WorkflowDeleted: "deleted",
}
_STEPS = cast(
    Mapping[type, Callable[[Event], Step | None]],
    {
        runs.RunCreated: _run_created,
        **dict.fromkeys((runs.RunDispatched, runs.RunStarted, runs.RunCancelled), _run_moved),
        **dict.fromkeys((runs.RunSucceeded, runs.RunPartiallySucceeded), _run_succeeded),
        runs.RunFailed: _run_failed,
        runs.RunDelayed: _run_delayed,
        runs.RunHeld: _run_held,
        runs.RunPolled: _silent,
        runs.SlotGiven: _slot_given,
        runs.OutputHandedOver: _silent,
        runs.FeedbackGiven: _feedback,
        batches.BatchCreated: _batch_created,
        **dict.fromkeys(
            (
                batches.BatchStarted,
                batches.BatchSucceeded,
                batches.BatchPartiallySucceeded,
                batches.BatchFailed,
                batches.BatchCancelled,
            ),
            _batch_moved,
        ),
        evaluations.EvaluationSubmitted: _evaluation_submitted,
        **dict.fromkeys((evaluations.EvaluationStarted, evaluations.EvaluationCompleted, evaluations.EvaluationFailed), _evaluation_moved),
        evaluations.EvaluationRated: _evaluation_rated,
        **dict.fromkeys((records.RecordCreated, records.RecordChanged, records.RecordDeleted), _record),
        workflows.WorkflowCreated: _workflow_created,
        **dict.fromkeys((workflows.WorkflowChanged, workflows.WorkflowInputAdded, workflows.WorkflowDeleted), _workflow_moved),
        deliveries.DeliveryCreated: _delivery_created,
        deliveries.DeliveryPostponed: _delivery_postponed,
        deliveries.DeliveryLetGo: _delivery_let_go,
        **dict.fromkeys(
            (deliveries.AttemptStarted, deliveries.AttemptSucceeded, deliveries.AttemptFailed, deliveries.DeliveryExhausted),
            _delivery_moved,
        ),
        secrets.SecretCreated: _secret_created,
        **dict.fromkeys((secrets.SecretRenamed, secrets.SecretPromoted, secrets.SecretDemoted, secrets.SecretDeleted), _secret_changed),
        secrets.SecretUsed: _silent,
        assets.UploadOpened: _silent,
        assets.BytesArrived: _silent,
        assets.BytesReplaced: _silent,
        assets.UploadConfirmed: _asset,
        assets.AssetStored: _asset,
        assets.AssetDeleted: _asset_deleted,
        ledger.CreditAdded: _credit,
        ledger.ThresholdSet: _silent,
        faults.RuleAdded: _silent,
        faults.RuleRemoved: _silent,
        faults.RuleMet: _rule_met,
        MagicMet: _magic_met,
        AnswerRemembered: _silent,
        AnswerForgotten: _silent,
    },
)
