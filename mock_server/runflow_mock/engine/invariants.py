"""Invariants of a world that must hold after every commit; the control API shows them with the ledger."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import msgspec

from runflow_mock.domain.batches import batch_status
from runflow_mock.domain.deliveries import DeliveryStatus
from runflow_mock.domain.evaluations import EvaluationStatus
from runflow_mock.domain.ledger import EntryKind, Work
from runflow_mock.domain.money import format_money
from runflow_mock.domain.runs import RunStatus
from runflow_mock.engine.slots import cap_of
from runflow_mock.engine.store import Store

NO_CAPS: Mapping[str, int] = {}
WITHIN_CAPS = "no model runs more than its cap"


class Invariant(msgspec.Struct, frozen=True):
    """One rule, and the evidence against it if it does not hold."""

    name: str
    evidence: str | None

    @property
    def is_held(self) -> bool:
        """Whether nothing speaks against it."""
        return self.evidence is None


def check(store: Store, concurrency: Mapping[str, int] = NO_CAPS) -> tuple[Invariant, ...]:
    """Returns every invariant with its verdict; `concurrency` are the caps of the tenant's settings."""
    verdicts = (Invariant(name, next(find(store), None)) for name, find in _CHECKS.items())
    return (*verdicts, Invariant(WITHIN_CAPS, next(_over_their_caps(store, concurrency), None)))


def _works(store: Store) -> Iterator[Work]:
    yield from store.runs.values()
    yield from store.evaluations.values()


def _charges_equal_costs(store: Store) -> Iterator[str]:
    charges = sum(entry.amount for entry in store.ledger.entries if entry.kind is EntryKind.CHARGE)
    costs = sum(work.cost or 0 for work in _works(store))
    if charges != costs:
        yield f"charges are {charges} micro-dollars, costs {costs}"


def _balance_adds_up(store: Store) -> Iterator[str]:
    sign = {EntryKind.CREDIT: 1, EntryKind.CHARGE: -1}
    expected = sum(entry.amount * sign.get(entry.kind, 0) for entry in store.ledger.entries)
    if expected != store.ledger.balance:
        yield f"the entries lead to {expected} micro-dollars, the balance is {store.ledger.balance}"


def _holds_belong_to_unfinished_work(store: Store) -> Iterator[str]:
    held = sum(work.held for work in _works(store) if not work.is_terminal)
    if held != store.ledger.held:
        yield f"unfinished runs and evaluations hold {held} micro-dollars, the ledger {store.ledger.held}"


def _what_failed_is_free(store: Store) -> Iterator[str]:
    for run in store.runs.values():
        # A run that was cancelled after a provider had it is charged what was held for it, and no more.
        limit = run.held if run.status is RunStatus.CANCELLED and run.dispatched_at is not None else 0
        if run.status in (RunStatus.FAILED, RunStatus.CANCELLED) and run.cost is not None and run.cost > limit:
            yield f"run {run.id} is {run.status} and cost {format_money(run.cost)}"
    for evaluation in store.evaluations.values():
        if evaluation.status is EvaluationStatus.FAILED and evaluation.cost:
            yield f"evaluation {evaluation.id} is failed and cost {format_money(evaluation.cost)}"


def _batch_follows_members(store: Store) -> Iterator[str]:
    for batch in store.batches.values():
        members = Counter(store.runs[item.run_id].status for item in batch.items)
        ended = sum(members[status] for status in (RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED))
        if batch.status is not batch_status(batch.tally) or ended != batch.tally.ended:
            yield f"batch {batch.id} is {batch.status} with members {dict(members)}"


def _batch_cost_is_sum(store: Store) -> Iterator[str]:
    for batch in store.batches.values():
        costs = sum(store.runs[item.run_id].cost or 0 for item in batch.items)
        if costs != batch.tally.cost:
            yield f"batch {batch.id} cost {batch.tally.cost} micro-dollars, its items {costs}"


def _one_automatic_delivery(store: Store) -> Iterator[str]:
    callbacks = (delivery for delivery in store.deliveries.values() if delivery.webhook_id is None)
    automatic = Counter(delivery.parent_id for delivery in callbacks if delivery.is_automatic)
    for parent_id, count in automatic.items():
        if count > 1:
            yield f"{parent_id} has {count} automatic deliveries"
    ended: list[str] = [run.id for run in store.runs.values() if run.is_terminal and run.callback_url and run.batch_id is None]
    ended += [batch.id for batch in store.batches.values() if batch.is_terminal and batch.callback_url]
    ended += [each.id for each in store.evaluations.values() if each.is_terminal and each.callback_url]
    for parent_id in ended:
        if not automatic[parent_id]:
            yield f"{parent_id} has ended without a delivery"


def _webhooks_hear_once(store: Store) -> Iterator[str]:
    told = (delivery for delivery in store.deliveries.values() if delivery.webhook_id and delivery.is_automatic)
    heard = Counter((delivery.webhook_id, delivery.parent_id) for delivery in told)
    for (webhook_id, run_id), count in heard.items():
        if count > 1:
            yield f"webhook {webhook_id} has {count} deliveries about {run_id}"


def _one_end_of_delivery(store: Store) -> Iterator[str]:
    for delivery in store.deliveries.values():
        ended = delivery.status in (DeliveryStatus.SUCCEEDED, DeliveryStatus.FAILED)
        if ended != delivery.is_terminal or len(delivery.attempts) > delivery.attempts_max:
            yield f"delivery {delivery.id} is {delivery.status} after {len(delivery.attempts)} attempts"


def _over_their_caps(store: Store, concurrency: Mapping[str, int]) -> Iterator[str]:
    under_way = Counter(run.model for run in store.runs.values() if run.status in (RunStatus.DISPATCHING, RunStatus.RUNNING))
    for model, count in under_way.items():
        cap = cap_of(concurrency, model)
        if cap is not None and count > cap:
            yield f"{count} runs of {model} are under way, its cap is {cap}"


_CHECKS: Mapping[str, Callable[[Store], Iterator[str]]] = {
    "the sum of charges equals the sum of costs": _charges_equal_costs,
    "the balance follows from the entries": _balance_adds_up,
    "holds belong to unfinished runs and evaluations": _holds_belong_to_unfinished_work,
    "what failed, or was cancelled before a provider had it, costs nothing": _what_failed_is_free,
    "a batch's status follows from its members": _batch_follows_members,
    "a batch's cost is the sum of its items": _batch_cost_is_sum,
    "a finished run, batch or evaluation has one automatic delivery": _one_automatic_delivery,
    "a webhook hears of a run once": _webhooks_hear_once,
    "a delivery ends once, within its attempts": _one_end_of_delivery,
}
