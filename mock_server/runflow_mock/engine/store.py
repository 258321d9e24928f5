"""The store of one world: its records by id, and how each event changes them.

`Store.apply` is the only code that changes a record. Folding the events of a history over an empty store gives the same store, timers and
ledger again; so every change, also that of a counter or a schedule, follows from an event.
"""

from collections.abc import Callable, Mapping
from typing import cast

from msgspec.structs import replace

from runflow_mock.domain import batches, deliveries, faults, runs, secrets
from runflow_mock.domain.batches import Batch
from runflow_mock.domain.deliveries import Delivery
from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.events import Event
from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.idempotency import AnswerForgotten, AnswerRemembered, Remembered
from runflow_mock.domain.identity import BatchId, DeliveryId, RuleId, RunId, SecretId
from runflow_mock.domain.ledger import CreditAdded, Ledger, ThresholdSet
from runflow_mock.domain.runs import Run
from runflow_mock.domain.secrets import CallbackSecret
from runflow_mock.engine.timers import TimerQueue


class Store:
    """All state of one world. Dictionaries keep the order of creation."""

    def __init__(self) -> None:
        self.runs: dict[RunId, Run] = {}
        self.run_order: list[RunId] = []
        self.batches: dict[BatchId, Batch] = {}
        self.deliveries: dict[DeliveryId, Delivery] = {}
        self.deliveries_of: dict[str, list[DeliveryId]] = {}
        self.secrets: dict[SecretId, CallbackSecret] = {}
        self.rules: dict[RuleId, FaultRule] = {}
        self.remembered: dict[str, Remembered] = {}
        self.ledger = Ledger()
        self.timers = TimerQueue()

    def run(self, run_id: str) -> Run:
        """Returns a run, or raises `NotFound`."""
        run = self.runs.get(RunId(run_id))
        if run is None:
            raise NotFound("run", run_id)
        return run

    def batch(self, batch_id: str) -> Batch:
        """Returns a batch, or raises `NotFound`."""
        batch = self.batches.get(BatchId(batch_id))
        if batch is None:
            raise NotFound("batch", batch_id)
        return batch

    def delivery(self, delivery_id: str) -> Delivery:
        """Returns a delivery, or raises `NotFound`."""
        delivery = self.deliveries.get(DeliveryId(delivery_id))
        if delivery is None:
            raise NotFound("delivery", delivery_id)
        return delivery

    def secret(self, secret_id: str) -> CallbackSecret:
        """Returns a secret that has not been deleted, or raises `NotFound`."""
        secret = self.secrets.get(SecretId(secret_id))
        if secret is None or secret.disabled_at is not None:
            raise NotFound("callback secret", secret_id)
        return secret

    def rule(self, rule_id: str) -> FaultRule:
        """Returns a fault rule, or raises `NotFound`."""
        rule = self.rules.get(RuleId(rule_id))
        if rule is None:
            raise NotFound("fault", rule_id)
        return rule

    def deliveries_about(self, parent_id: str) -> list[Delivery]:
        """Returns the deliveries of a run or batch, oldest first."""
        return [self.deliveries[delivery_id] for delivery_id in self.deliveries_of.get(parent_id, ())]

    def apply(self, event: Event) -> str | None:
        """Changes the records as the event says, and returns the status that the record had before, if it has one."""
        return _APPLY[type(event)](self, event)


def _run_created(store: Store, event: runs.RunCreated) -> None:
    run = event.run
    store.runs[run.id] = run
    store.run_order.append(run.id)
    store.ledger.hold(run)
    assert run.due_at is not None
    store.timers.schedule(run.id, run.due_at)


def _run_moved(store: Store, event: runs.RunMoved) -> str:
    before = store.runs[event.run_id]
    after = runs.evolve(before, event)
    store.runs[after.id] = after
    if after.due_at is not None:
        store.timers.schedule(after.id, after.due_at)
    else:
        store.timers.cancel(after.id)
        store.ledger.settle(after)
    if after.batch_id is not None:
        batch = store.batches[after.batch_id]
        tally = batches.count(batch.tally, before.status, after.status, after.cost)
        store.batches[batch.id] = replace(batch, tally=tally)
    return before.status


def _feedback_given(store: Store, event: runs.FeedbackGiven) -> None:
    run = store.runs[event.run_id]
    store.runs[run.id] = replace(run, feedback_is_positive=event.is_positive, feedback_reason=event.reason)


def _batch_created(store: Store, event: batches.BatchCreated) -> None:
    store.batches[event.batch.id] = event.batch


def _batch_moved(store: Store, event: batches.BatchMoved) -> str:
    before = store.batches[event.batch_id]
    store.batches[before.id] = batches.evolve(before, event)
    return before.status


def _delivery_created(store: Store, event: deliveries.DeliveryCreated) -> None:
    delivery = event.delivery
    store.deliveries[delivery.id] = delivery
    store.deliveries_of.setdefault(delivery.parent_id, []).append(delivery.id)
    assert delivery.next_attempt_at is not None
    store.timers.schedule(delivery.id, delivery.next_attempt_at)


def _delivery_moved(store: Store, event: deliveries.DeliveryMoved) -> str:
    before = store.deliveries[event.delivery_id]
    delivery = deliveries.evolve(before, event)
    store.deliveries[delivery.id] = delivery
    if delivery.next_attempt_at is not None:
        store.timers.schedule(delivery.id, delivery.next_attempt_at)
    return before.status


def _secret_created(store: Store, event: secrets.SecretCreated) -> None:
    store.secrets[event.secret.id] = event.secret


def _secret_changed(store: Store, event: secrets.SecretChanged) -> None:
    store.secrets[event.secret_id] = secrets.evolve(store.secrets[event.secret_id], event)


def _credit_added(store: Store, event: CreditAdded) -> None:
    store.ledger.credit(event)


def _threshold_set(store: Store, event: ThresholdSet) -> None:
    store.ledger.warn_below(event)


def _rule_added(store: Store, event: faults.RuleAdded) -> None:
    store.rules[event.rule.id] = event.rule


def _rule_met(store: Store, event: faults.RuleMet) -> None:
    store.rules[event.rule_id] = faults.evolve(store.rules[event.rule_id], event)


def _rule_removed(store: Store, event: faults.RuleRemoved) -> None:
    del store.rules[event.rule_id]


def _answer_remembered(store: Store, event: AnswerRemembered) -> None:
    store.remembered[event.remembered.place] = event.remembered


def _answer_forgotten(store: Store, event: AnswerForgotten) -> None:
    del store.remembered[event.place]


_APPLY = cast(
    Mapping[type, Callable[[Store, Event], str | None]],
    {
        runs.RunCreated: _run_created,
        runs.RunDispatched: _run_moved,
        runs.RunStarted: _run_moved,
        runs.RunSucceeded: _run_moved,
        runs.RunPartiallySucceeded: _run_moved,
        runs.RunFailed: _run_moved,
        runs.RunCancelled: _run_moved,
        runs.FeedbackGiven: _feedback_given,
        batches.BatchCreated: _batch_created,
        batches.BatchStarted: _batch_moved,
        batches.BatchSucceeded: _batch_moved,
        batches.BatchPartiallySucceeded: _batch_moved,
        batches.BatchFailed: _batch_moved,
        batches.BatchCancelled: _batch_moved,
        deliveries.DeliveryCreated: _delivery_created,
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
        CreditAdded: _credit_added,
        ThresholdSet: _threshold_set,
        faults.RuleAdded: _rule_added,
        faults.RuleMet: _rule_met,
        faults.RuleRemoved: _rule_removed,
        AnswerRemembered: _answer_remembered,
        AnswerForgotten: _answer_forgotten,
    },
)
