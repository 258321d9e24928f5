from datetime import timedelta

import pytest
from msgspec.structs import replace
from worlds import START, catalog, create_batch, create_run, created, make_world, renderers, run_all

from runflow_mock.domain.commands import AddRule, RemoveRule
from runflow_mock.domain.documents import write_document
from runflow_mock.domain.errors import LimitReached, NotFound
from runflow_mock.domain.fault_kinds import Fail, Succeed, What
from runflow_mock.domain.faults import RuleAdded, When
from runflow_mock.domain.identity import RuleId
from runflow_mock.domain.money import Money
from runflow_mock.domain.places import DISPATCH_EDGE, START_EDGE, Where
from runflow_mock.domain.runs import Failure, Run
from runflow_mock.engine.world import World

BROKEN = Failure(code="TIMEOUT", message="The provider did not finish in time.", stage="execution")
ANYWHERE = Where()
ALWAYS = When()


def _rule(world: World, what: What, where: Where = ANYWHERE, when: When = ALWAYS) -> RuleId:
    (event,) = world.execute(AddRule(where=where, what=what, when=when)).events
    assert isinstance(event, RuleAdded)
    return event.rule.id


def _run(world: World) -> Run:
    run_id = created(world.execute(create_run())).id
    run_all(world)
    return world.store.run(run_id)


def _counts(world: World, rule_id: RuleId) -> tuple[int, int]:
    return world.store.rule(rule_id).matched, world.store.rule(rule_id).fired


@pytest.mark.parametrize(("edge", "dispatched", "started"), [(DISPATCH_EDGE, False, False), (START_EDGE, True, False), (None, True, True)])
def test_run_fails_at_the_edge_of_the_rule(edge: str | None, dispatched: bool, started: bool) -> None:
    world = make_world()
    _rule(world, Fail(BROKEN), Where(edge=edge))
    run = _run(world)
    assert (run.status, run.failure, run.output, run.cost) == ("failed", BROKEN, None, 0)
    assert (run.dispatched_at is not None, run.started_at is not None) == (dispatched, started)


def test_result_of_a_rule_replaces_the_models_own() -> None:
    world = make_world()
    output = write_document({"image_urls": ["https://cdn.example.com/mine.webp"]})
    _rule(world, Succeed(output=output, duration=timedelta(seconds=42), cost=Money(5)))
    run = _run(world)
    assert run.started_at is not None
    assert (run.output, run.cost, run.cost_breakdown) == (output, 5, None)
    assert run.completed_at == run.started_at + timedelta(seconds=42)


def test_what_a_rule_leaves_out_is_the_models_own() -> None:
    world = make_world()
    _rule(world, Succeed())
    other = make_world()
    other.sequence += 1
    assert _run(world) == _run(other)


def test_running_time_of_a_rule_is_read_without_counting_it() -> None:
    world = make_world()
    rule_id = _rule(world, Succeed(duration=timedelta(seconds=5)))
    world.execute(create_run())
    for _ in range(2):
        world.fire_next()
    assert _counts(world, rule_id) == (0, 0)
    world.fire_next()
    assert _counts(world, rule_id) == (1, 1)


def test_rule_fires_as_often_as_it_says() -> None:
    world = make_world()
    rule_id = _rule(world, Fail(), when=When(times=2))
    assert [_run(world).status for _ in range(4)] == ["failed", "failed", "succeeded", "succeeded"]
    assert _counts(world, rule_id) == (4, 2)


def test_item_of_a_batch_is_a_place() -> None:
    world = make_world()
    _rule(world, Fail(), Where(edge="batch.item[1]"))
    world.execute(create_batch(3))
    run_all(world)
    assert [run.status for run in world.store.runs.values()] == ["succeeded", "failed", "succeeded"]


def test_rule_that_is_removed_no_longer_fires() -> None:
    world = make_world()
    rule_id = _rule(world, Fail())
    world.execute(RemoveRule(rule_id))
    assert _run(world).status == "succeeded"
    with pytest.raises(NotFound, match="no fault"):
        world.execute(RemoveRule(rule_id))


def test_number_of_rules_is_limited() -> None:
    settings = make_world().settings
    world = World(replace(settings, limits=replace(settings.limits, rules_max=1)), catalog(), renderers(), START)
    rule_id = _rule(world, Fail())
    with pytest.raises(LimitReached, match="rules_max is 1"):
        _rule(world, Fail())
    world.execute(RemoveRule(rule_id))
    assert _rule(world, Fail()) != rule_id
