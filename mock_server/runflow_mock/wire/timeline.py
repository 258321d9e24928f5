"""The timeline: what happened in a world, as the control API, the log and the demo tell it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple, cast

from runflow_mock.domain import assets, batches, deliveries, evaluations, faults, ledger, records, runs, secrets, workflows
from runflow_mock.domain.documents import present
from runflow_mock.domain.events import Event
from runflow_mock.domain.fault_kinds import KIND_OF
from runflow_mock.domain.idempotency import AnswerForgotten, AnswerRemembered
from runflow_mock.domain.identity import RuleId
from runflow_mock.domain.machine import Table
from runflow_mock.domain.magic import MagicMet
from runflow_mock.domain.money import format_money
from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.wire.rows import event_in
from runflow_mock.wire.times import write_instant

Step = dict[str, object]
# What an event of the table says; of which type it is, the table's key says.
More = Callable[[Any], Step]


def represent_events(
    events: tuple[Event, ...], before: tuple[str | None, ...], rules: Mapping[RuleId, faults.FaultRule] | None = None
) -> Iterator[Step]:
    """Returns the steps of a timeline: `{at, kind, id, from, to, …}` each, in order; a rule that is among `rules` is told by its kind."""
    for event, status in zip(events, before, strict=True):
        if type(event) in _SILENT:
            continue
        kind, id_of, at_of, more = _TELLINGS[type(event)]
        if kind is None:
            kind = records.PLAIN[type(cast(records.RecordEvent, event).record)].noun
        step: Step = {"at": write_instant(at_of(event)), "kind": kind, "id": id_of(event)}
        target = _TARGETS.get(type(event))
        if target is not None:
            step["from"], step["to"] = status, target
        if more is not None:
            step |= more(event)
        if rules and type(event) is faults.RuleMet and event.rule_id in rules:
            rule = rules[event.rule_id]
            step |= present(what=KIND_OF[type(rule.what)].name, label=rule.label)
        yield step


def represent_commits(
    commits: Iterable[tuple[tuple[Event, ...], tuple[str | None, ...]]], rules: Mapping[RuleId, faults.FaultRule]
) -> Iterator[list[Step]]:
    """Returns the steps of each commit in turn; `rules` were in force before the first, and those that are gone are told as they were."""
    known = dict(rules)
    for events, before in commits:
        known |= {event.rule.id: event.rule for event in events if type(event) is faults.RuleAdded}
        yield list(represent_events(events, before, known))


def scrubbed_steps(steps: Iterable[Step], scrubber: Scrubber) -> list[Step]:
    """Returns steps without the secrets that clients have put into what is told."""
    told = list(steps)
    # All at once, and each part once: nearly always there is nothing to hide, and the many events of an advance repeat each other.
    parts = set(chain.from_iterable(map(dict.values, told)))
    if scrubber.is_clean(*[part.encode(errors="surrogatepass") for part in parts if isinstance(part, str)]):
        return told
    return [{name: scrubber.scrub_text(part) if isinstance(part, str) else part for name, part in step.items()} for step in told]


_TARGETS = {
    event: str(target)
    for table in (
        cast(Table[str], runs.RUN_TRANSITIONS),
        cast(Table[str], batches.BATCH_TRANSITIONS),
        cast(Table[str], evaluations.EVALUATION_TRANSITIONS),
        cast(Table[str], deliveries.DELIVERY_TRANSITIONS),
    )
    for row in table.values()
    for event, target in row.items()
}


class _Telling(NamedTuple):
    """How an event is told: the kind of its record, what reads the record's id and the instant, and what there is to say beside."""

    kind: str | None
    id: Callable[[Event], object]
    at: Callable[[Event], datetime]
    more: More | None


def _telling(kind: str | None, id: str | None, more: More | None = None, at: str = "at") -> _Telling:  # noqa: A002 - as in what is told
    """Returns how an event is told in which the id and the instant stand under these names.

    Plain records have no kind here, because one set of events is about all of them; what happens to the account has no id.
    """
    return _Telling(kind, (lambda event: None) if id is None else attrgetter(id), attrgetter(at), more)


def _run_created(event: runs.RunCreated) -> Step:
    run = event.run
    return {"to": run.status.value, "model": run.model, **present(batch_id=run.batch_id, sequence_index=run.sequence_index)}


def _evaluation_submitted(event: evaluations.EvaluationSubmitted) -> Step:
    return {"to": event.evaluation.status.value, **present(run_id=event.evaluation.assignment.run_id)}


def _delivery_created(event: deliveries.DeliveryCreated) -> Step:
    delivery = event.delivery
    # Who waits for another event than comes learns it here.
    told = present(event=event_in(delivery), webhook_id=delivery.webhook_id)
    return {"to": delivery.status.value, "about": delivery.parent_id, "url": delivery.url, **told}


def _attempt_started(event: deliveries.AttemptStarted) -> Step:
    fault = event.attempt.fault
    return {"attempt": event.attempt.number, **present(fault=None if fault is None else KIND_OF[type(fault)].name)}


def _attempt_ended(event: deliveries.AttemptSucceeded | deliveries.AttemptFailed | deliveries.DeliveryExhausted) -> Step:
    told = present(response=event.result.status_code, error=event.result.error)
    return {**told, "next_attempt_at": write_instant(event.next_attempt_at)} if isinstance(event, deliveries.AttemptFailed) else told


def _change_of(noun: str) -> More:
    """Returns what tells the change that the name of an event is made of: `SecretRenamed` of a secret is renamed."""
    return lambda event: {"change": type(event).__name__.removeprefix(noun).lower()}


def _until(change: str, until: str) -> More:
    return lambda event: {"change": change, "until": write_instant(getattr(event, until))}


def _is_positive(event: Any) -> Step:
    return {"is_positive": event.is_positive}


def _cost(event: Any) -> Step:
    return {"cost": format_money(event.cost)}


def _stored(event: Any) -> Step:
    return {"change": "stored", "mime_type": event.asset.content.mime_type}


_RUN, _BATCH, _EVALUATION = _telling("run", "run_id"), _telling("batch", "batch_id"), _telling("evaluation", "evaluation_id")
_DELIVERY, _WORKFLOW = _telling("delivery", "delivery_id"), _telling("comfyui_workflow", "workflow_id")
_SECRET = _telling("secret", "secret_id", _change_of("Secret"))
_RECORD = _telling(None, "record.id", _change_of("Record"))
_ENDED = _DELIVERY._replace(more=_attempt_ended)

_TELLINGS: Mapping[type, _Telling] = {
    runs.RunCreated: _telling("run", "run.id", _run_created, at="run.created_at"),
    runs.RunDispatched: _RUN,
    runs.RunStarted: _RUN,
    runs.RunCancelled: _RUN,
    runs.RunSucceeded: _RUN._replace(more=_cost),
    runs.RunPartiallySucceeded: _RUN._replace(more=_cost),
    runs.RunFailed: _RUN._replace(more=lambda event: {"failure_code": event.failure.code}),
    runs.RunDelayed: _RUN._replace(more=_until("delayed", "due_at")),
    runs.RunHeld: _RUN._replace(more=lambda event: {"change": "waits for polls", "polls": event.polls}),
    runs.SlotGiven: _RUN._replace(more=lambda event: {"change": "slot given"}),
    runs.FeedbackGiven: _telling("feedback", "run_id", _is_positive),
    batches.BatchCreated: _telling(
        "batch",
        "batch.id",
        lambda event: {"to": event.batch.status.value, "model": event.batch.model, "items": event.batch.tally.total},
        at="batch.created_at",
    ),
    batches.BatchStarted: _BATCH,
    batches.BatchSucceeded: _BATCH,
    batches.BatchPartiallySucceeded: _BATCH,
    batches.BatchFailed: _BATCH,
    batches.BatchCancelled: _BATCH,
    evaluations.EvaluationSubmitted: _telling("evaluation", "evaluation.id", _evaluation_submitted, at="evaluation.created_at"),
    evaluations.EvaluationStarted: _EVALUATION,
    evaluations.EvaluationCompleted: _EVALUATION._replace(more=lambda event: {**_cost(event), "passed": event.verdict.overall_passed}),
    evaluations.EvaluationFailed: _EVALUATION._replace(more=lambda event: {"failure_code": event.failure_code}),
    evaluations.EvaluationRated: _telling("feedback", "evaluation_id", _is_positive),
    records.RecordCreated: _RECORD,
    records.RecordChanged: _RECORD,
    records.RecordDeleted: _RECORD,
    workflows.WorkflowCreated: _telling(
        "comfyui_workflow",
        "workflow.id",
        lambda event: {"change": "created", "path": event.workflow.path},
        at="workflow.created_at",
    ),
    workflows.WorkflowChanged: _WORKFLOW._replace(more=lambda event: {"change": "changed"}),
    workflows.WorkflowInputAdded: _WORKFLOW._replace(more=lambda event: {"change": "input added"}),
    workflows.WorkflowDeleted: _WORKFLOW._replace(more=lambda event: {"change": "deleted"}),
    deliveries.DeliveryCreated: _telling("delivery", "delivery.id", _delivery_created, at="delivery.created_at"),
    deliveries.DeliveryPostponed: _DELIVERY._replace(
        more=lambda event: _until("held back" if event.is_held_back else "postponed", "until")(event)
    ),
    deliveries.DeliveryLetGo: _DELIVERY._replace(more=lambda event: {"change": "let go"}),
    deliveries.AttemptStarted: _DELIVERY._replace(more=_attempt_started),
    deliveries.AttemptSucceeded: _ENDED,
    deliveries.AttemptFailed: _ENDED,
    deliveries.DeliveryExhausted: _ENDED,
    secrets.SecretCreated: _telling("secret", "secret.id", _change_of("Secret"), at="secret.created_at"),
    secrets.SecretRenamed: _SECRET,
    secrets.SecretPromoted: _SECRET,
    secrets.SecretDemoted: _SECRET,
    secrets.SecretDeleted: _SECRET,
    assets.UploadConfirmed: _telling("asset", "asset.id", _stored, at="asset.updated_at"),
    assets.AssetStored: _telling("asset", "asset.id", _stored, at="asset.updated_at"),
    assets.AssetDeleted: _telling("asset", "asset_id", lambda event: {"change": "deleted"}),
    ledger.CreditAdded: _telling("credit", None, lambda event: {"amount": format_money(event.amount)}),
    faults.RuleMet: _telling("fault", "rule_id", lambda event: {"fired": event.fired}),
    MagicMet: _telling("magic", "about", lambda event: {"value": event.name}),
}
# What happens to these is told by what follows from it, or is no business of a timeline.
_SILENT = frozenset(
    (
        *(runs.RunPolled, runs.OutputHandedOver, secrets.SecretUsed, assets.UploadOpened, assets.BytesArrived, assets.BytesReplaced),
        *(ledger.ThresholdSet, faults.RuleAdded, faults.RuleRemoved, AnswerRemembered, AnswerForgotten),
    )
)
