"""The invariants hold in a world, and each is found broken when the store is damaged behind the world's back."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from records import ORG, nth_id
from worlds import CALLBACK_URL, START, create_batch, create_run, created, make_world, run_all

from runflow_mock.domain.batches import BatchStatus
from runflow_mock.domain.commands import CancelRun
from runflow_mock.domain.deliveries import DeliveryStatus
from runflow_mock.domain.evaluations import Assignment, Evaluation, EvaluationStatus
from runflow_mock.domain.identity import DeliveryId, EvaluationId, RunId, WebhookId
from runflow_mock.domain.ledger import CreditAdded
from runflow_mock.domain.money import Money
from runflow_mock.domain.runs import RunStatus
from runflow_mock.engine.invariants import check
from runflow_mock.engine.store import Store

CAPS = {"*": 1}


def _store() -> Store:
    """A finished batch, a cancelled run and a queued one, each with a callback."""
    world = make_world(callback_secret="rf_whsec_first")
    world.execute(create_batch(2, callback_url=CALLBACK_URL))
    world.execute(CancelRun(created(world.execute(create_run(callback_url=CALLBACK_URL))).id))
    run_all(world)
    world.execute(create_run(callback_url=CALLBACK_URL))
    return world.store


def _broken(store: Store) -> list[str]:
    return [invariant.name for invariant in check(store, CAPS) if not invariant.is_held]


def _change_batch(store: Store, **changes: object) -> None:
    ((batch_id, batch),) = store.batches.items()
    store.batches[batch_id] = replace(batch, **changes)


def _copy_delivery(store: Store, **changes: object) -> None:
    delivery = next(iter(store.deliveries.values()))
    store.deliveries[DeliveryId("copy")] = replace(delivery, **changes)


def _lose_deliveries(store: Store) -> None:
    store.deliveries.clear()


def _book_a_cost(store: Store) -> None:
    store.ledger.balance = Money(store.ledger.balance - 1)


def _credit_twice(store: Store) -> None:
    first = store.ledger.entries[0]
    store.ledger.credit(CreditAdded(first.at, first.amount))
    store.ledger.entries.pop()


def _hold_more(store: Store) -> None:
    store.ledger.held = Money(store.ledger.held + 1)


def _charge_for_nothing(store: Store) -> None:
    run = next(run for run in store.runs.values() if run.status == "cancelled")
    store.runs[run.id] = replace(run, cost=Money(5))


def _end_without_instant(store: Store) -> None:
    delivery = next(iter(store.deliveries.values()))
    store.deliveries[delivery.id] = replace(delivery, status=DeliveryStatus.SUCCEEDED)


def _tell_a_webhook_twice(store: Store) -> None:
    delivery = next(iter(store.deliveries.values()))
    for number in range(2):
        copy = DeliveryId(f"copy {number}")
        store.deliveries[copy] = replace(delivery, id=copy, webhook_id=WebhookId("webhook"))


def _run_beyond_the_cap(store: Store) -> None:
    queued = next(run for run in store.runs.values() if run.status == "queued")
    for number in range(2):
        copy = RunId(f"copy {number}")
        store.runs[copy] = replace(queued, id=copy, status=RunStatus.RUNNING, held=Money(0))


DAMAGES: dict[str, tuple[Callable[[Store], None], set[str]]] = {
    "balance": (_book_a_cost, {"the balance follows from the entries"}),
    "credit": (_credit_twice, {"the balance follows from the entries"}),
    "hold": (_hold_more, {"holds belong to unfinished runs and evaluations"}),
    "cost": (
        _charge_for_nothing,
        {"what failed, or was cancelled before a provider had it, costs nothing", "the sum of charges equals the sum of costs"},
    ),
    "status": (lambda store: _change_batch(store, status=BatchStatus.FAILED), {"a batch's status follows from its members"}),
    "batch cost": (
        lambda store: _change_batch(store, tally=replace(next(iter(store.batches.values())).tally, cost=Money(1))),
        {"a batch's cost is the sum of its items"},
    ),
    "two deliveries": (_copy_delivery, {"a finished run, batch or evaluation has one automatic delivery"}),
    "no delivery": (_lose_deliveries, {"a finished run, batch or evaluation has one automatic delivery"}),
    "webhook": (_tell_a_webhook_twice, {"a webhook hears of a run once"}),
    "cap": (_run_beyond_the_cap, {"no model runs more than its cap"}),
    "end": (_end_without_instant, {"a delivery ends once, within its attempts"}),
}


def test_every_invariant_holds_in_a_world() -> None:
    assert _broken(_store()) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found(damage: str) -> None:
    store = _store()
    break_it, expected = DAMAGES[damage]
    break_it(store)
    assert set(_broken(store)) == expected


def test_every_invariant_has_a_damage_that_breaks_it() -> None:
    assert set().union(*(expected for _, expected in DAMAGES.values())) == {invariant.name for invariant in check(_store())}


def test_evidence_names_the_record() -> None:
    store = _store()
    _charge_for_nothing(store)
    evidence = [invariant.evidence for invariant in check(store) if not invariant.is_held]
    assert any(text and text.endswith("is cancelled and cost 0.000005") for text in evidence)


def test_more_attempts_than_allowed_are_found() -> None:
    store = _store()
    delivery = next(iter(store.deliveries.values()))
    store.deliveries[delivery.id] = replace(delivery, attempts_max=0)
    assert _broken(store) == ["a delivery ends once, within its attempts"]


def test_evaluation_that_failed_is_free() -> None:
    store, name = _store(), "what failed, or was cancelled before a provider had it, costs nothing"
    failed = Evaluation(
        id=EvaluationId(nth_id(1)),
        org_id=ORG,
        assignment=Assignment(image_url="https://a.example/a.png", task_type="headshot"),
        status=EvaluationStatus.FAILED,
        held=Money(0),
        cost=Money(0),
        created_at=START,
        updated_at=START,
        completed_at=START,
    )
    store.evaluations[failed.id] = failed
    assert name not in _broken(store)
    store.evaluations[failed.id] = replace(failed, cost=Money(1))
    assert name in _broken(store)
