from collections import Counter
from collections.abc import Callable
from typing import get_args

import pytest
from worlds import CALLBACK_URL, create_batch, create_run, created, make_world, run_all

from runflow_mock.domain import commands, events, runs
from runflow_mock.domain.batches import BatchStarted
from runflow_mock.domain.commands import CancelRun
from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.identity import RunId
from runflow_mock.domain.machine import IllegalTransition
from runflow_mock.domain.runs import RunStatus
from runflow_mock.engine.applying import APPLY, apply
from runflow_mock.engine.handlers import COMMAND_HANDLERS, REACTIONS
from runflow_mock.engine.store import Store
from runflow_mock.engine.views import InOrder


@pytest.mark.parametrize(
    ("find", "noun"),
    [(Store.run, "run"), (Store.batch, "batch"), (Store.delivery, "delivery"), (Store.secret, "callback secret"), (Store.rule, "fault")],
)
def test_what_is_absent_is_not_found(find: Callable[[Store, str], object], noun: str) -> None:
    with pytest.raises(NotFound) as caught:
        find(Store(), "no")
    assert (caught.value.noun, caught.value.identifier) == (noun, "no")


def test_every_event_has_a_way_to_change_the_store() -> None:
    assert set(APPLY) == set(get_args(events.Event))


def test_every_command_has_a_handler() -> None:
    assert set(COMMAND_HANDLERS) == set(get_args(commands.Command))


def test_only_known_events_have_reactions() -> None:
    assert set(REACTIONS) <= set(get_args(events.Event))


def test_event_that_its_record_cannot_take_is_a_bug() -> None:
    world = make_world()
    run_id = created(world.execute(create_run())).id
    with pytest.raises(IllegalTransition, match=f"run {run_id}"):
        apply(world.store, runs.RunStarted(run_id, world.now, world.now))
    world.execute(create_batch(1))
    batch_id = next(iter(world.store.batches))
    apply(world.store, BatchStarted(batch_id, world.now))
    with pytest.raises(IllegalTransition, match=f"batch {batch_id}"):
        apply(world.store, BatchStarted(batch_id, world.now))


def test_records_stand_in_the_order_of_creation() -> None:
    world = make_world()
    for _ in range(3):
        world.execute(create_run())
    assert world.store.run_order == list(world.store.runs) == sorted(world.store.runs)


def test_numbers_by_status_are_those_of_the_records() -> None:
    world = make_world()
    for number in range(3):
        world.execute(create_run(callback_url=CALLBACK_URL if number else None))
    store, seen = world.store, set()
    while store.timers:
        world.fire_next()
        seen.add((store.runs_open, store.deliveries_open))
        assert store.runs_by_status == Counter(run.status for run in store.runs.values())
        assert store.deliveries_by_status == Counter(delivery.status for delivery in store.deliveries.values())
        assert store.runs_open == sum(not run.is_terminal for run in store.runs.values())
        assert store.deliveries_open == sum(not delivery.is_terminal for delivery in store.deliveries.values())
    assert {(3, 0), (0, 2)} <= seen


def test_store_knows_which_models_are_at_work_and_when_they_last_were() -> None:
    world = make_world()
    run_id = created(world.execute(create_run())).id
    store, seen = world.store, set()
    while store.timers:
        world.fire_next()
        run = store.runs[run_id]
        seen.add(run.status)
        assert store.at_work == ({run.model: 1} if run.dispatched_at is not None and not run.is_terminal else {})
        assert store.last_at_work == ({run.model: run.completed_at} if run.is_terminal else {})
    assert seen == {RunStatus.DISPATCHING, RunStatus.RUNNING, RunStatus.SUCCEEDED}


def test_run_that_is_cancelled_before_it_is_sent_was_never_at_work() -> None:
    world = make_world()
    run_id = created(world.execute(create_run())).id
    world.execute(CancelRun(run_id, None))
    assert (world.store.at_work, world.store.last_at_work) == ({}, {})


def test_deliveries_about_a_parent_are_oldest_first() -> None:
    world = make_world()
    run_id = created(world.execute(create_run(callback_url=CALLBACK_URL))).id
    assert world.store.deliveries_about(run_id) == []
    run_all(world)
    assert world.store.deliveries_about(run_id) == list(world.store.deliveries.values())


def test_view_is_a_sequence_in_order_without_a_copy() -> None:
    order, records = [RunId("b"), RunId("a")], {RunId("a"): 1, RunId("b"): 2}
    view = InOrder(order, records)
    assert (list(view), view[0], view[-1], view[1:], len(view)) == ([2, 1], 2, 1, [1], 2)
    order.append(RunId("a"))
    records[RunId("a")] = 9
    assert list(view) == [2, 9, 9]
