"""Progress by number of polls: what a poll does where a rule asks for it, and that it stands in the history."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from stories import picture
from worlds import catalog, create_batch, create_run, created, make_world, renderers, run_all

from runflow_mock.domain.commands import AddRule, CancelRun, RemoveRule, SeePoll
from runflow_mock.domain.fault_kinds import AfterPolls
from runflow_mock.domain.faults import RuleAdded
from runflow_mock.domain.identity import RunId
from runflow_mock.domain.objections import objections
from runflow_mock.domain.places import DISPATCH_EDGE, START_EDGE, Where
from runflow_mock.domain.runs import RunPolled, RunStatus
from runflow_mock.engine.history import fold
from runflow_mock.engine.polls import counts_poll, is_held
from runflow_mock.engine.world import World

ANYWHERE = Where()


def _waiting(polls: int, where: Where = ANYWHERE) -> tuple[World, RunId]:
    """A world with a rule, and a run in it that time brings no further."""
    world = make_world()
    world.execute(AddRule(where=where, what=AfterPolls(polls)))
    run_id = created(world.execute(create_run())).id
    run_all(world)
    return world, run_id


@pytest.mark.parametrize(("edge", "stays"), [(DISPATCH_EDGE, "queued"), (START_EDGE, "dispatching"), (None, "running")])
def test_run_goes_on_after_its_last_poll_and_no_sooner(edge: str | None, stays: str) -> None:
    world, run_id = _waiting(3, Where(edge=edge))
    seen = []
    for _ in range(3):
        seen.append(world.store.run(run_id).status)
        world.execute(SeePoll(run_id))
        run_all(world)
    assert (seen, world.store.run(run_id).status) == ([stays] * 3, "succeeded")


@given(polls=st.integers(1, 20), seen=st.integers(0, 25))
def test_polls_before_the_edge_count(polls: int, seen: int) -> None:
    world = make_world()
    world.execute(AddRule(where=ANYWHERE, what=AfterPolls(polls)))
    run_id = created(world.execute(create_run())).id
    for _ in range(seen):
        world.execute(SeePoll(run_id))
    run_all(world)
    assert world.store.run(run_id).is_terminal == (seen >= polls)


def test_poll_of_a_batch_is_one_of_each_item() -> None:
    world = make_world()
    world.execute(AddRule(where=Where(edge="batch.item[1]"), what=AfterPolls(2)))
    world.execute(create_batch(2))
    run_all(world)
    (batch,) = world.store.batches.values()
    first, second = (item.run_id for item in batch.items)
    assert (world.store.run(first).status, world.store.run(second).status) == ("succeeded", "running")
    assert (is_held(world.store, batch.id), is_held(world.store, first)) == (True, False)
    for _ in range(2):
        (event,) = world.execute(SeePoll(batch.id)).events
        assert isinstance(event, RunPolled)
        assert event.run_id == second
    run_all(world)
    assert world.store.batches[batch.id].status == "succeeded"


def test_nobody_counts_what_no_rule_asks_for() -> None:
    world = make_world()
    run_id = created(world.execute(create_run())).id
    assert not counts_poll(world.store, run_id)
    world.execute(AddRule(where=Where(client_ref="another"), what=AfterPolls(2)))
    assert (counts_poll(world.store, run_id), world.execute(SeePoll(run_id)).events) == (False, ())
    assert world.execute(SeePoll("nothing that is there")).events == ()


def test_run_that_waits_goes_on_by_polls_when_the_rule_is_gone() -> None:
    world, run_id = _waiting(1)
    (rule_id,) = world.store.rules
    world.execute(RemoveRule(rule_id))
    assert counts_poll(world.store, run_id)
    world.execute(SeePoll(run_id))
    run_all(world)
    assert (world.store.run(run_id).status, is_held(world.store, run_id)) == ("succeeded", False)


def test_run_that_waits_can_be_cancelled() -> None:
    world, run_id = _waiting(2)
    world.execute(CancelRun(run_id, None))
    run = world.store.run(run_id)
    assert (run.status, run.polls_awaited, is_held(world.store, run_id)) == (RunStatus.CANCELLED, None, False)
    assert world.execute(SeePoll(run_id)).events == ()


def test_run_that_waits_is_the_same_after_a_snapshot_and_a_replay() -> None:
    world, run_id = _waiting(2)
    world.execute(SeePoll(run_id))
    snapshot = world.snapshot()
    assert objections(snapshot) == []
    again = World.restore(snapshot, catalog(), renderers())
    assert vars(fold(world.history))["polls_awaited_by"] == vars(again.store)["polls_awaited_by"] == {run_id}
    for each in (world, again):
        each.execute(SeePoll(run_id))
        run_all(each)
    assert world.store.run(run_id) == again.store.run(run_id)
    assert again.store.run(run_id).status == "succeeded"


def test_runs_that_came_to_wait_in_another_order_wait_after_a_snapshot() -> None:
    world = make_world()
    world.execute(AddRule(where=Where(client_ref="held at its end"), what=AfterPolls(2)))
    world.execute(AddRule(where=Where(client_ref="held at once", edge=DISPATCH_EDGE), what=AfterPolls(2)))
    held = [created(world.execute(replace(create_run(), client_ref=ref))).id for ref in ("held at its end", "held at once")]
    run_all(world)
    again = World.restore(world.snapshot(), catalog(), renderers())
    assert [is_held(again.store, run_id) for run_id in held] == [True, True]
    assert picture(again.store) == picture(world.store)


def test_snapshot_whose_run_waits_for_polls_that_are_past_is_refused() -> None:
    world, run_id = _waiting(2)
    run = world.store.run(run_id)
    world.store.runs[run_id] = type(run)(**{name: getattr(run, name) for name in run.__struct_fields__} | {"polls": 2})
    assert "it waits for polls that are still to come" in objections(world.snapshot())[0]


def test_rule_is_met_once_though_the_run_is_asked_again() -> None:
    world = make_world()
    (added,) = world.execute(AddRule(where=ANYWHERE, what=AfterPolls(2))).events
    assert isinstance(added, RuleAdded)
    run_id = created(world.execute(create_run())).id
    run_all(world)
    for _ in range(2):
        world.execute(SeePoll(run_id))
    run_all(world)
    assert (world.store.rule(added.rule.id).matched, world.store.rule(added.rule.id).fired) == (1, 1)
