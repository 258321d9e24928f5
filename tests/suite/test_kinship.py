"""What belongs together agrees: a run and its error, a batch and its items, an attempt and its delivery, a step and its run."""

import json

import pytest

from runflow_mock.kit.suite.agreements import records_agree
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.laws import LAWS
from runflow_mock.kit.suite.laws_of_ends import deliveries_go_on_or_end, judges_at_the_end
from runflow_mock.kit.suite.laws_of_parts import steps_make_their_run
from runflow_mock.kit.suite.laws_of_twins import says_it_alike
from runflow_mock.kit.suite.memories import Law, Memory

RUN, OTHER = "019b76da-a800-7000-8abc-0123456789ab", "019b76da-a800-7000-8abc-0123456789ac"
TEN, TWELVE = "2026-01-01T00:00:10.000Z", "2026-01-01T00:00:12.000Z"
Told = dict[str, object]


def says(law: Law, *told: tuple[str, object]) -> list[str]:
    """What a law says of answers to readings, of which the first ones are known by then."""
    memory, found = Memory(), list[str]()
    for path, body in told:
        answer = Answer("GET", path, 200, {}, json.dumps(body).encode(), moment=1)
        memory.look_at(answer)
        assert list(records_agree(answer, memory)) == []
        found += law(answer, memory)
    return found


@pytest.mark.parametrize(
    ("error", "code", "breaches"),
    [
        ({"code": "TIMEOUT", "message": "It took too long."}, "TIMEOUT", 0),
        ({"code": "OTHER", "message": "It took too long."}, "TIMEOUT", 1),
        ({"message": "It took too long."}, "TIMEOUT", 0),
        ({"code": "OTHER"}, None, 0),
        (None, "TIMEOUT", 0),
    ],
)
def test_run_fails_for_one_code(error: object, code: object, breaches: int) -> None:
    run = {"id": RUN, "status_code": "failed", "failure_code": code, "error": error}
    assert len(says(says_it_alike, (f"/v1/runs/{RUN}", run))) == breaches


@pytest.mark.parametrize(
    ("state", "succeeded", "cancelled", "breaches"), [("queued", 1, 0, 1), ("queued", 0, 1, 0), ("queued", 0, 0, 0), ("running", 1, 0, 0)]
)
def test_batch_of_which_an_item_has_succeeded_does_not_wait(state: str, succeeded: int, cancelled: int, breaches: int) -> None:
    counters = {"items_total": 3, "items_succeeded": succeeded, "items_failed": 0, "items_cancelled": cancelled}
    assert len(says(LAWS["counters_add_up"], (f"/v1/batches/{RUN}", {"id": RUN, "status_code": state, **counters}))) == breaches


@pytest.mark.parametrize(("made", "tried", "breaches"), [(TEN, TWELVE, 0), (TEN, TEN, 0), (TWELVE, TEN, 1), (None, TEN, 0), (TEN, None, 0)])
@pytest.mark.parametrize("path", [f"/v1/runs/{RUN}/callback", f"/v1/webhooks/{OTHER}/deliveries"])
def test_attempt_is_not_made_before_its_delivery(path: str, made: object, tried: object, breaches: int) -> None:
    delivery = {"id": RUN, "created_at": made, "attempts": [{"id": OTHER, "attempt_number": 1, "created_at": tried}]}
    body: object = [delivery] if path.endswith("callback") else {"items": [delivery], "next": None}
    assert len(says(deliveries_go_on_or_end, (path, body))) == breaches


@pytest.mark.parametrize(
    ("step", "breaches"),
    [
        ({"created_at": TEN, "completed_at": TWELVE, "duration_ms": 2000}, 0),
        ({"created_at": TEN, "completed_at": TWELVE, "duration_ms": 500}, 0),
        ({"created_at": TEN, "completed_at": TWELVE, "duration_ms": 2500}, 1),
        ({"created_at": TEN, "completed_at": None, "duration_ms": 2500}, 0),
        ({"created_at": "2026-01-01T00:00:10Z", "completed_at": "2026-01-01T00:00:11Z", "duration_ms": 1900}, 0),
        ({"created_at": "2026-01-01T00:00:10Z", "completed_at": "2026-01-01T00:00:11Z", "duration_ms": 2100}, 1),
        ({"created_at": TEN, "completed_at": "2026-01-01T00:00:11Z", "duration_ms": 1900}, 1),
        ({"created_at": "2026-01-01T00:00:01.000Z"}, 1),
    ],
)
def test_step_is_made_and_lasts_within_its_run(step: Told, breaches: int) -> None:
    run = {"id": RUN, "status_code": "running", "created_at": TEN, "completed_at": None}
    steps = {"items": [{"id": OTHER, "run_id": RUN, **step}], "next": None}
    assert len(says(steps_make_their_run, (f"/v1/runs/{RUN}", run), (f"/v1/runs/{RUN}/node-runs", steps))) == breaches


@pytest.mark.parametrize(
    ("more", "breaches"),
    [
        ({"created_at": TWELVE}, 0),
        ({"created_at": "2026-01-01T00:00:01.000Z"}, 1),
        ({"created_at": TWELVE, "parent_evaluation_id": RUN}, 0),
        ({"created_at": TWELVE, "parent_evaluation_id": OTHER}, 1),
    ],
)
def test_evaluation_is_made_after_its_run_and_is_not_its_own_parent(more: Told, breaches: int) -> None:
    evaluation = {"id": OTHER, "run_id": RUN, **more}
    told = ((f"/v1/runs/{RUN}", {"id": RUN, "created_at": TEN}), (f"/v1/evaluations/{OTHER}", evaluation))
    assert len(says(judges_at_the_end, *told)) == breaches
