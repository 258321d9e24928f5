from typing import Any

import pytest
from worlds import CALLBACK_URL, catalog, create_run, created, make_world, renderers, run_all

from runflow_mock.domain.commands import RateEvaluation, SubmitEvaluation
from runflow_mock.domain.errors import InsufficientCredits, LimitReached, NotFound
from runflow_mock.domain.evaluations import Assignment, Evaluation, EvaluationStatus, EvaluationSubmitted
from runflow_mock.domain.identity import EvaluationId, RunId
from runflow_mock.domain.records import Limits
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.engine.history import fold
from runflow_mock.engine.invariants import check
from runflow_mock.engine.world import World

ABSENT = "019b76da-a800-7000-8000-000000000000"


def submit(world: World, image_url: str = "https://cdn.example.com/a.png", **given: Any) -> Evaluation:
    assignment = Assignment(image_url=image_url, task_type="headshot", **given)
    (event,) = world.execute(SubmitEvaluation(assignment)).events
    assert isinstance(event, EvaluationSubmitted)
    return event.evaluation


def test_submission_holds_the_price_and_completion_charges_it() -> None:
    world = make_world()
    evaluation = submit(world)
    ledger = world.store.ledger
    assert (evaluation.status, ledger.held, ledger.charged) == (EvaluationStatus.PENDING, 20_000, 0)
    run_all(world)
    assert world.store.evaluation(evaluation.id).status is EvaluationStatus.COMPLETED
    assert (ledger.held, ledger.charged) == (0, 20_000)


def test_work_takes_tens_of_seconds() -> None:
    world = make_world()
    evaluation = submit(world)
    run_all(world)
    duration = world.store.evaluation(evaluation.id).duration_ms
    assert duration is not None
    assert 20_000 < duration < 47_000


@pytest.mark.parametrize("url", [f"runflow://assets/{ABSENT}", "runflow://elsewhere"])
def test_image_that_is_gone_makes_it_fail_and_costs_nothing(url: str) -> None:
    world = make_world()
    evaluation = submit(world, url)
    run_all(world)
    failed = world.store.evaluation(evaluation.id)
    assert (failed.status, failed.failure_code, world.store.ledger.charged, world.store.ledger.held) == (
        EvaluationStatus.FAILED,
        "IMAGE_UNAVAILABLE",
        0,
        0,
    )


def test_what_the_balance_does_not_cover_is_refused_and_leaves_nothing() -> None:
    world = make_world(balance="0.03")
    submit(world)
    before = world.history.encoded()
    with pytest.raises(InsufficientCredits):
        submit(world)
    assert world.history.encoded() == before


def test_full_world_takes_no_further_evaluation() -> None:
    settings = TenantSettings(name="small", limits=Limits(evaluations_max=1))
    world = World(settings, catalog(), renderers(), make_world().now)
    submit(world)
    with pytest.raises(LimitReached, match="evaluations_max is 1"):
        submit(world)


def test_image_of_a_model_is_not_evaluated_by_itself() -> None:
    world = make_world()
    run = created(world.execute(create_run("black-forest-labs/flux-2-klein-4b", {"prompt": "a shirt"})))
    run_all(world)
    assert b'"type":"image"' in (world.store.run(run.id).output or b"")
    assert not world.store.evaluations


def test_absent_run_and_evaluation_are_not_found() -> None:
    world = make_world()
    with pytest.raises(NotFound):
        submit(world, run_id=RunId(ABSENT))
    with pytest.raises(NotFound):
        world.execute(RateEvaluation(EvaluationId(ABSENT), is_positive=True, reason=None))


def test_history_folds_to_the_same_store_and_repeats_byte_for_byte() -> None:
    worlds = []
    for _ in range(2):
        world = make_world()
        run = created(world.execute(create_run()))
        evaluation = submit(world, run_id=run.id, callback_url=CALLBACK_URL)
        run_all(world)
        world.execute(RateEvaluation(evaluation.id, is_positive=False, reason="no"))
        worlds.append(world)
    first, second = worlds
    assert first.history.encoded() == second.history.encoded()
    folded = fold(first.history)
    assert (folded.evaluations, folded.evaluations_of, folded.deliveries) == (
        first.store.evaluations,
        first.store.evaluations_of,
        first.store.deliveries,
    )
    assert folded.ledger.entries == first.store.ledger.entries


def test_invariants_hold_along_the_way() -> None:
    world = make_world()
    submit(world, callback_url=CALLBACK_URL)
    submit(world, f"runflow://assets/{ABSENT}", callback_url=CALLBACK_URL)
    while world.store.timers.next_due() is not None:
        assert [each for each in check(world.store) if not each.is_held] == []
        world.fire_next()
    assert [each for each in check(world.store) if not each.is_held] == []
