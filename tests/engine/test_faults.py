from datetime import timedelta
from typing import cast

import pytest
from costs import lines_run
from msgspec.structs import replace
from worlds import START, catalog, create_batch, create_run, created, make_world, renderers, run_all

from runflow_mock.domain.commands import AddRule, CancelRun, MeetRules, RemoveRule
from runflow_mock.domain.documents import Document, Json, look_up, read_document, write_document
from runflow_mock.domain.errors import LimitReached, NotFound
from runflow_mock.domain.fault_kinds import Delay, Fail, Reset, Succeed, SucceedPartially, What
from runflow_mock.domain.faults import RuleAdded, When
from runflow_mock.domain.identity import RuleId
from runflow_mock.domain.money import Money
from runflow_mock.domain.places import DISPATCH_EDGE, START_EDGE, Where
from runflow_mock.domain.runs import Failure, Run
from runflow_mock.engine.history import fold
from runflow_mock.engine.invariants import check
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


def test_rule_costs_no_more_where_many_are_in_force() -> None:
    world, where = make_world(), Where(input=Document(b'{"a":1}'))
    lines = [lines_run(lambda: _rule(world, Delay(timedelta(seconds=1)), where)) for _ in range(60)]
    assert lines[-1] <= lines[20] + 5


def test_bytes_of_places_are_those_of_the_rules_in_force() -> None:
    world, where = make_world(), Where(input=Document(b'{"a":1}'), metadata=Document(b"{}"))
    first, second = (_rule(world, Delay(timedelta(seconds=1)), where) for _ in range(2))
    world.execute(MeetRules(met={second: True}))
    assert world.store.place_bytes == 18
    world.execute(RemoveRule(rule_id=first))
    restored = World.restore(world.snapshot(), catalog(), renderers())
    assert (world.store.place_bytes, restored.store.place_bytes, fold(world.history).place_bytes) == (9, 9, 9)


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


@pytest.mark.parametrize("edge", [DISPATCH_EDGE, START_EDGE, None])
def test_delay_keeps_a_run_where_it_is_once(edge: str | None) -> None:
    world, usual = make_world(), make_world()
    usual.sequence += 1
    rule_id = _rule(world, Delay(timedelta(hours=1)), Where(edge=edge))
    late, run = _run(world), _run(usual)
    assert late.completed_at is not None
    assert run.completed_at is not None
    assert late.completed_at - run.completed_at == timedelta(hours=1)
    assert (late.status, _counts(world, rule_id)) == ("succeeded", (1, 1))


def test_delays_at_every_edge_add_up() -> None:
    world, usual = make_world(), make_world()
    usual.sequence += 3
    for edge in (DISPATCH_EDGE, START_EDGE, None):
        _rule(world, Delay(timedelta(minutes=1)), Where(edge=edge))
    late, run = _run(world), _run(usual)
    assert late.completed_at is not None
    assert run.completed_at is not None
    assert late.completed_at - run.completed_at == timedelta(minutes=3)


def test_whatever_else_happens_at_an_edge_happens_after_the_delay() -> None:
    world = make_world()
    failing = _rule(world, Fail(BROKEN), Where(edge=DISPATCH_EDGE))
    _rule(world, Delay(timedelta(hours=1)), Where(edge=DISPATCH_EDGE))
    run = _run(world)
    assert run.completed_at is not None
    assert (run.status, run.completed_at - run.created_at > timedelta(hours=1)) == ("failed", True)
    assert _counts(world, failing) == (1, 1)


def test_run_that_is_cancelled_while_delayed_ends() -> None:
    world = make_world()
    _rule(world, Delay(timedelta(hours=1)), Where(edge=DISPATCH_EDGE))
    run = created(world.execute(create_run()))
    world.fire_next()
    world.execute(CancelRun(run.id))
    assert (world.store.run(run.id).status, len(world.store.timers)) == ("cancelled", 0)


FOUR = create_run("black-forest-labs/flux-1-schnell", {"prompt": "a paper boat", "num_images": 4})


def _four_pictures(world: World) -> tuple[Run, list[Json]]:
    run_id = created(world.execute(FOUR)).id
    run_all(world)
    run = world.store.run(run_id)
    assert run.output is not None
    entries = look_up(read_document(run.output), "outputs")
    assert isinstance(entries, list)
    return run, entries


def test_partial_success_lacks_the_last_outputs_and_costs_its_part() -> None:
    world, usual = make_world(), make_world()
    usual.sequence += 1
    _rule(world, SucceedPartially(missing=1))
    (part, three), (whole, four) = _four_pictures(world), _four_pictures(usual)
    assert (part.status, part.cost_breakdown, three) == ("partial_succeeded", None, four[:3])
    assert part.cost is not None
    assert whole.cost is not None
    assert part.cost * 4 == whole.cost * 3 > 0
    assert all(invariant.is_held for invariant in check(world.store))


def test_partial_success_has_the_output_and_cost_that_are_given() -> None:
    world = make_world()
    _rule(world, SucceedPartially(output=write_document({"mine": 1}), cost=Money(7)))
    run = _run(world)
    assert (run.status, run.output, run.cost) == ("partial_succeeded", b'{"mine":1}', 7)


def test_partial_success_has_one_file_at_least_and_costs_its_part() -> None:
    world = make_world()
    _rule(world, SucceedPartially(missing=9))
    run, entries = _four_pictures(world)
    assert (run.status, run.cost, len(entries)) == ("partial_succeeded", run.held // 4, 1)


def test_partial_success_of_a_model_with_one_file_has_that_file() -> None:
    world = make_world()
    _rule(world, SucceedPartially())
    run = _run(world)
    assert (run.status, run.cost) == ("partial_succeeded", run.held)
    assert len(cast(list[Json], look_up(read_document(run.output or Document(b"{}")), "image_urls"))) == 1


def test_item_of_a_batch_never_meets_a_partial_success() -> None:
    world = make_world()
    rule_id = _rule(world, SucceedPartially())
    world.execute(create_batch(2))
    run_all(world)
    assert {run.status for run in world.store.runs.values()} == {"succeeded"}
    assert _counts(world, rule_id) == (0, 0)


@pytest.mark.parametrize("output", [None, write_document({"mine": 1})])
def test_output_says_what_the_rule_says_of_its_content(output: Document | None) -> None:
    world = make_world()
    _rule(world, Succeed(output=output, nsfw_detected=True))
    run = _run(world)
    assert run.output is not None
    assert look_up(read_document(run.output), "nsfw_detected") is True


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


def test_rules_that_a_request_has_met_are_counted() -> None:
    world = make_world()
    fired, passed = _rule(world, Reset()), _rule(world, Reset())
    world.execute(MeetRules({fired: True, passed: False}))
    assert (_counts(world, fired), _counts(world, passed)) == ((1, 1), (1, 0))


def test_rule_that_is_gone_cannot_be_met() -> None:
    world = make_world()
    rule_id = _rule(world, Reset())
    world.execute(RemoveRule(rule_id))
    with pytest.raises(NotFound, match="no fault"):
        world.execute(MeetRules({rule_id: True}))
