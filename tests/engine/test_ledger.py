from datetime import timedelta

import pytest
from worlds import START, create_run, make_world, run_all

from runflow_mock.domain.commands import AddCredit, AddRule, SetThreshold
from runflow_mock.domain.errors import Outdated
from runflow_mock.domain.fault_kinds import Fail, Succeed
from runflow_mock.domain.ledger import CreditAdded, ThresholdSet
from runflow_mock.domain.money import Money
from runflow_mock.domain.places import Where
from runflow_mock.engine.world import World


def _figures(world: World) -> tuple[int, int, int]:
    return world.store.ledger.balance, world.store.ledger.held, world.store.ledger.charged


def _kinds(world: World) -> list[str]:
    return [entry.kind.value for entry in world.store.ledger.entries]


def test_new_world_starts_with_its_balance() -> None:
    assert _figures(make_world(balance="10.00")) == (10_000_000, 0, 0)


def test_balance_falls_at_the_charge_and_not_at_the_hold() -> None:
    world = make_world()
    world.execute(create_run())
    assert _figures(world) == (10_000_000, 270_000, 0)
    run_all(world)
    assert _figures(world) == (9_730_000, 0, 270_000)
    assert _kinds(world) == ["credit", "hold", "release", "charge"]


def test_failed_run_is_not_paid_for() -> None:
    world = make_world()
    world.execute(AddRule(where=Where(), what=Fail()))
    world.execute(create_run())
    run_all(world)
    assert _figures(world) == (10_000_000, 0, 0)
    assert _kinds(world) == ["credit", "hold", "release"]


@pytest.mark.parametrize("cost", [0, 1_000, 900_000])
def test_charge_is_the_cost_and_not_the_hold(cost: int) -> None:
    world = make_world()
    world.execute(AddRule(where=Where(), what=Succeed(cost=Money(cost))))
    world.execute(create_run())
    run_all(world)
    assert _figures(world) == (10_000_000 - cost, 0, cost)


def test_credit_can_be_given_and_taken_from_outside() -> None:
    world = make_world(balance="1.00")
    assert world.execute(AddCredit(Money(-3_000_000))).events == (CreditAdded(START, Money(-3_000_000)),)
    assert _figures(world) == (-2_000_000, 0, 0)


def test_threshold_is_kept_and_taken_back() -> None:
    world = make_world()
    for threshold in (Money(5_000_000), None):
        assert world.execute(SetThreshold(threshold)).events == (ThresholdSet(START, threshold),)
        assert world.store.ledger.threshold == threshold


def test_threshold_needs_the_instant_of_the_latest_change_if_one_is_given() -> None:
    world = make_world()
    world.move_to(START + timedelta(seconds=1))
    world.execute(SetThreshold(Money(1), START))
    with pytest.raises(Outdated, match="the balance has changed meanwhile"):
        world.execute(SetThreshold(Money(2), START))
    world.execute(SetThreshold(Money(3), world.now))
    assert world.store.ledger.threshold == 3
