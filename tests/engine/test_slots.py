"""The concurrency cap: excess waits in line, in order of creation, and a free slot goes to the first."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from stories import picture
from worlds import START, catalog, create_batch, create_run, created, make_world, renderers, run_all

from runflow_mock.domain.commands import AddRule, CancelBatch, CancelRun
from runflow_mock.domain.fault_kinds import Fail
from runflow_mock.domain.identity import RunId
from runflow_mock.domain.places import DISPATCH_EDGE, Where
from runflow_mock.domain.runs import RunCancelled, RunFailed, RunSucceeded
from runflow_mock.engine.history import fold
from runflow_mock.engine.invariants import check
from runflow_mock.engine.world import World

MODEL = "runflow/background-removal"
OTHER = create_run("google/veo3.1/fast", {"prompt": "a paper boat", "duration": "4s"})


def capped(**concurrency: int) -> World:
    """A world in which a model has a cap; `model` stands for the usual one, `every` for all."""
    names = {"model": MODEL, "every": "*"}
    capped_settings = replace(make_world(balance="1000.00").settings, concurrency={names[name]: cap for name, cap in concurrency.items()})
    return World(capped_settings, catalog(), renderers(), START)


def statuses(world: World) -> list[str]:
    return [run.status.value for run in world.store.runs.values()]


def ends(world: World) -> list[RunId]:
    """Fires everything and returns the runs in the order in which they end."""
    run_all(world)
    events = (event for entry in world.history for event in entry.events)
    return [event.run_id for event in events if isinstance(event, RunSucceeded | RunFailed | RunCancelled)]


def test_without_a_cap_nobody_waits() -> None:
    world = make_world()
    world.execute(create_batch(5))
    assert (len(world.store.timers), world.store.lines, world.store.slots_taken) == (5, {}, {})


def test_excess_stays_queued_and_follows_in_order_of_creation() -> None:
    world = capped(model=1)
    runs = [created(world.execute(create_run())).id for _ in range(3)]
    assert (len(world.store.timers), list(world.store.lines[MODEL])) == (1, runs[1:])
    for _ in range(2):
        world.fire_next()
    assert statuses(world) == ["running", "queued", "queued"]
    assert ends(world) == runs
    assert (world.store.lines, world.store.slots_taken) == ({}, {})


def test_first_in_line_gets_the_slot_at_the_instant_at_which_it_becomes_free() -> None:
    world = capped(model=1)
    first, second = (created(world.execute(create_run())).id for _ in range(2))
    run_all(world)
    assert world.store.run(second).dispatched_at == world.store.run(first).completed_at


def test_slot_of_a_failed_run_goes_on() -> None:
    world = capped(model=1)
    world.execute(AddRule(where=Where(edge=DISPATCH_EDGE), what=Fail()))
    runs = [created(world.execute(create_run())).id for _ in range(3)]
    assert ends(world) == runs
    assert statuses(world) == ["failed"] * 3


def test_slot_of_a_cancelled_run_goes_on() -> None:
    world = capped(model=1)
    first, second = (created(world.execute(create_run())).id for _ in range(2))
    world.execute(CancelRun(first))
    assert (world.store.run(second).has_slot, world.store.lines) == (True, {})


def test_run_that_is_cancelled_while_it_waits_leaves_the_line() -> None:
    world = capped(model=1)
    first, second, third = (created(world.execute(create_run())).id for _ in range(3))
    world.execute(CancelRun(second))
    assert (list(world.store.lines[MODEL]), world.store.run(third).has_slot) == ([third], False)
    assert ends(world) == [second, first, third]


def test_batch_keeps_its_order_within_the_cap() -> None:
    world = capped(model=2)
    world.execute(create_batch(5))
    runs = list(world.store.runs)
    assert [world.store.runs[run_id].has_slot for run_id in runs] == [True, True, False, False, False]
    dispatched = ends(world) and sorted(runs, key=lambda run_id: (world.store.runs[run_id].dispatched_at or START, run_id))
    assert dispatched[2:] == runs[2:]
    assert statuses(world) == ["succeeded"] * 5


def test_cancelled_batch_gives_no_slot_to_its_own_items() -> None:
    world = capped(model=1)
    world.execute(create_batch(4))
    outcome = world.execute(CancelBatch(next(iter(world.store.batches))))
    assert "SlotGiven" not in {type(event).__name__ for event in outcome.events}
    assert (statuses(world), world.store.lines, world.store.slots_taken) == (["cancelled"] * 4, {}, {})


def test_models_do_not_wait_for_each_other() -> None:
    world = capped(every=1)
    for _ in range(2):
        world.execute(create_run())
        world.execute(OTHER)
    assert [run.has_slot for run in world.store.runs.values()] == [True, True, False, False]


def test_cap_of_a_model_comes_before_the_one_of_all() -> None:
    world = capped(every=1, model=2)
    for _ in range(2):
        world.execute(create_run())
        world.execute(OTHER)
    assert [run.has_slot for run in world.store.runs.values()] == [True, True, True, False]


def test_restored_world_keeps_its_lines() -> None:
    world = capped(every=1)
    for _ in range(2):
        world.execute(create_run())
        world.execute(OTHER)
    world.execute(create_run())
    again = World.restore(world.snapshot(), catalog(), renderers())
    assert picture(again.store) == picture(world.store)
    assert ends(again) == ends(world)


@pytest.mark.slow(is_covering=True)
@given(st.lists(st.tuples(st.sampled_from(["run", "batch", "cancel", "fire"]), st.integers(0, 9)), max_size=40), st.integers(1, 3))
@settings(max_examples=50, deadline=None)
def test_no_model_ever_runs_more_than_its_cap(story: list[tuple[str, int]], cap: int) -> None:
    world = capped(every=cap)
    for verb, number in story:
        if verb == "run":
            world.execute(create_run() if number % 2 else OTHER)
        elif verb == "batch":
            world.execute(create_batch(1 + number % 4))
        elif verb == "cancel" and world.store.run_order:
            world.execute(CancelRun(world.store.run_order[number % len(world.store.run_order)]))
        elif world.store.timers.next_due() is not None:
            world.fire_next()
        assert all(invariant.is_held for invariant in check(world.store, world.settings.concurrency))
    assert picture(fold(world.history)) == picture(world.store)
    run_all(world)
    assert {run.is_terminal for run in world.store.runs.values()} <= {True}
    assert (world.store.lines, world.store.slots_taken) == ({}, {})
