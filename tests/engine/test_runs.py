from datetime import timedelta
from itertools import pairwise

import pytest
from msgspec.structs import replace
from worlds import START, catalog, create_run, created, make_world, renderers, run_all

from runflow_mock.domain.commands import CancelRun, GiveFeedback
from runflow_mock.domain.documents import Json, read_object
from runflow_mock.domain.errors import InsufficientCredits, LimitReached, ModelNotFound, NotFound
from runflow_mock.domain.identity import RunId, fraction_in
from runflow_mock.domain.instants import DURATION_MAX
from runflow_mock.domain.money import ZERO, Money
from runflow_mock.domain.runs import RunCancelled, RunDispatched, RunStarted, RunStatus, RunSucceeded
from runflow_mock.engine.runs import DISPATCH_SECONDS, QUEUE_SECONDS
from runflow_mock.engine.world import World

DYVER: Json = {"image_url": "https://cdn.example.com/a.jpg", "config": {"elements": ["tag_removal", "background_removal"]}}


def test_new_run_is_queued_with_nothing_but_a_hold() -> None:
    run = created(make_world().execute(create_run()))
    assert (run.status, run.output, run.cost, run.held, run.created_at) == (RunStatus.QUEUED, None, None, 270_000, START)
    assert run.due_at is not None
    assert timedelta(milliseconds=50) <= run.due_at - START <= timedelta(milliseconds=250)


def test_run_goes_through_every_state_by_itself() -> None:
    world = make_world()
    run = created(world.execute(create_run()))
    moves = [type(event) for outcome in run_all(world) for event in outcome.events]
    assert moves == [RunDispatched, RunStarted, RunSucceeded]
    ended = world.store.run(run.id)
    assert (ended.status, ended.cost, ended.completed_at) == (RunStatus.SUCCEEDED, 270_000, world.now)


def test_outcome_tells_the_status_before_each_event() -> None:
    world = make_world()
    world.execute(create_run())
    assert [outcome.before for outcome in run_all(world)] == [("queued",), ("dispatching",), ("running",)]


def test_running_time_falls_into_the_range_of_the_model() -> None:
    world = make_world()
    run_id = created(world.execute(create_run())).id
    run_all(world)
    run = world.store.run(run_id)
    assert run.started_at is not None
    assert run.completed_at is not None
    assert timedelta(seconds=1.1) <= run.completed_at - run.started_at <= timedelta(seconds=1.7)


def test_how_long_a_run_lasts_stands_in_its_id() -> None:
    world = make_world()
    run_id = created(world.execute(create_run())).id
    run_all(world)
    run = world.store.run(run_id)
    instants = (run.created_at, run.dispatched_at, run.started_at, run.completed_at)
    lasted = [round((end - begin).total_seconds(), 3) for begin, end in pairwise(filter(None, instants))]
    ranges = (QUEUE_SECONDS, DISPATCH_SECONDS, world.catalog.get(run.model).run_seconds)
    parts = [low + (high - low) * fraction_in(run_id, part) for part, (low, high) in enumerate(ranges)]
    assert lasted == [round(seconds, 3) for seconds in parts]


def test_speed_divides_the_running_time() -> None:
    slow = make_world()
    fast = World(replace(slow.settings, speed=10.0), catalog(), renderers(), START)
    spans = []
    for world in (slow, fast):
        world.execute(create_run())
        run_all(world)
        spans.append(world.now - START)
    assert abs(spans[0] / 10 - spans[1]) < timedelta(milliseconds=3)


@pytest.mark.parametrize(("speed", "lasting"), [(1_000_000.0, timedelta(milliseconds=3)), (1e-12, 3 * DURATION_MAX)])
def test_no_step_is_shorter_than_a_millisecond_or_longer_than_any_duration(speed: float, lasting: timedelta) -> None:
    world = World(replace(make_world().settings, speed=speed), catalog(), renderers(), START)
    world.execute(create_run())
    run_all(world)
    assert world.now - START == lasting


def test_instants_are_whole_milliseconds() -> None:
    world = make_world()
    world.execute(create_run("runflow/dyver-removal", DYVER))
    assert [outcome.at.microsecond % 1_000 for outcome in run_all(world)] == [0, 0, 0]


def test_pipeline_costs_its_elements_and_shows_every_stage() -> None:
    world = make_world()
    run_id = created(world.execute(create_run("runflow/dyver-removal", DYVER))).id
    run_all(world)
    run = world.store.run(run_id)
    assert run.cost == 410_000
    urls = read_object(run.output)["image_urls"]
    assert isinstance(urls, list)
    assert [str(url).partition("?")[0].rpartition("/")[2] for url in urls] == [
        "tag_remover_00001_.webp",
        "bg_remover_00001_.webp",
        "result_00001_.webp",
    ]


@pytest.mark.parametrize("moves", [0, 1, 2])
def test_run_can_be_cancelled_from_every_state_in_progress(moves: int) -> None:
    world = make_world()
    run_id = created(world.execute(create_run())).id
    for _ in range(moves):
        world.fire_next()
    cost = world.store.run(run_id).held if moves else ZERO
    assert world.execute(CancelRun(run_id, "audit")).events == (RunCancelled(run_id, world.now, "audit", cost),)
    assert world.store.run(run_id).status is RunStatus.CANCELLED
    assert world.store.timers.next_due() is None


def test_cancelling_a_finished_run_gives_no_events() -> None:
    world = make_world()
    run_id = created(world.execute(create_run())).id
    run_all(world)
    assert world.execute(CancelRun(run_id)).events == ()


def test_unknown_run_is_not_found() -> None:
    for command in (CancelRun(RunId("no")), GiveFeedback(RunId("no"), is_positive=True, reason=None)):
        with pytest.raises(NotFound, match="no run no"):
            make_world().execute(command)


@pytest.mark.parametrize("moves", [0, 3])
def test_feedback_is_taken_in_any_state_and_can_be_taken_back(moves: int) -> None:
    world = make_world()
    run_id = created(world.execute(create_run())).id
    for _ in range(moves):
        world.fire_next()
    before = world.store.run(run_id)
    world.execute(GiveFeedback(run_id, is_positive=False, reason="blurred"))
    assert world.store.run(run_id) == replace(before, feedback_is_positive=False, feedback_reason="blurred")
    world.execute(GiveFeedback(run_id, is_positive=None, reason=None))
    assert world.store.run(run_id) == before


def test_unknown_model_is_refused() -> None:
    with pytest.raises(ModelNotFound) as caught:
        make_world().execute(create_run("runflow/backgroud-removal"))
    assert caught.value.nearest == "runflow/background-removal"


def test_run_under_an_alias_carries_the_long_id() -> None:
    run = created(make_world().execute(create_run("flux-pro/kontext", {"prompt": "x", "image_url": "https://a/b.png"})))
    assert run.model == "black-forest-labs/flux-pro/kontext"


@pytest.mark.parametrize(("balance", "admitted"), [("0.27", 1), ("0.269999", 0), ("0.54", 2), ("0.80", 2)])
def test_projected_cost_must_fit_into_what_the_holds_leave(balance: str, admitted: int) -> None:
    world = make_world(balance=balance)
    for _ in range(admitted):
        world.execute(create_run())
    with pytest.raises(InsufficientCredits) as caught:
        world.execute(create_run())
    assert caught.value.projected == 270_000
    assert caught.value.available == world.store.ledger.available


def test_free_run_is_admitted_without_credit() -> None:
    free: Json = {"image_url": "https://a/b.png", "config": {"elements": []}}
    assert created(make_world(balance="-1.00").execute(create_run("runflow/dyver-removal", free))).held == Money(0)


def test_number_of_runs_is_limited() -> None:
    settings = make_world().settings
    world = World(replace(settings, limits=replace(settings.limits, runs_max=1)), catalog(), renderers(), START)
    world.execute(create_run())
    with pytest.raises(LimitReached, match="runs_max is 1"):
        world.execute(create_run())


def test_world_does_not_move_past_a_timer_and_never_back() -> None:
    world = make_world()
    world.execute(create_run())
    due = world.store.timers.next_due()
    assert due is not None
    with pytest.raises(AssertionError, match="fire it first"):
        world.move_to(due)
    world.move_to(due - timedelta(milliseconds=1))
    world.move_to(START)
    assert world.now == due - timedelta(milliseconds=1)


def test_representation_of_a_world_is_its_figures() -> None:
    world = make_world()
    world.execute(create_run())
    assert repr(world) == "<World test at 2026-01-01T00:00:00+00:00 [runs: 1 | batches: 0 | timers: 1 | balance: 10000000]>"
