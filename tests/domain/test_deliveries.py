from datetime import timedelta
from itertools import product

import pytest
from msgspec.structs import replace
from records import LATER, a_delivery, an_attempt
from worlds import START

from runflow_mock.domain.deliveries import (
    DELIVERY_TRANSITIONS,
    AttemptFailed,
    AttemptResult,
    AttemptStarted,
    AttemptSucceeded,
    DeliveryExhausted,
    DeliveryMoved,
    DeliveryStatus,
    RetrySchedule,
    conclude,
    describe,
    evolve,
    next_attempt_at,
)
from runflow_mock.domain.identity import BatchId
from runflow_mock.domain.machine import IllegalTransition

DELIVERY_ID = a_delivery().id
OK = AttemptResult(status_code=200, response_time_ms=3)
BROKEN = AttemptResult(status_code=500, reason="http_error")
REFUSED = AttemptResult(error="not sent", reason="host_not_allowed", refused=True)
EVENTS: tuple[DeliveryMoved, ...] = (
    AttemptStarted(DELIVERY_ID, LATER, an_attempt(2)),
    AttemptSucceeded(DELIVERY_ID, LATER, OK),
    AttemptFailed(DELIVERY_ID, LATER, BROKEN, LATER + timedelta(seconds=10)),
    DeliveryExhausted(DELIVERY_ID, LATER, BROKEN),
)
PAIRS = list(product(DELIVERY_TRANSITIONS, EVENTS))
LEGAL = [pair for pair in PAIRS if type(pair[1]) in DELIVERY_TRANSITIONS[pair[0]]]
ILLEGAL = [pair for pair in PAIRS if pair not in LEGAL]
SCHEDULE = RetrySchedule()


def _name(value: object) -> str:
    return value.value if isinstance(value, DeliveryStatus) else type(value).__name__


@pytest.mark.parametrize(("state", "event"), LEGAL, ids=_name)
def test_legal_event_leads_to_the_target_of_the_table(state: DeliveryStatus, event: DeliveryMoved) -> None:
    assert evolve(a_delivery(state, attempts=1), event).status is DELIVERY_TRANSITIONS[state][type(event)]


@pytest.mark.parametrize(("state", "event"), ILLEGAL, ids=_name)
def test_illegal_event_is_refused_and_changes_nothing(state: DeliveryStatus, event: DeliveryMoved) -> None:
    delivery = a_delivery(state, attempts=1)
    with pytest.raises(IllegalTransition, match=f"delivery {delivery.id}: {type(event).__name__} is not possible in state"):
        evolve(delivery, event)
    assert delivery == a_delivery(state, attempts=1)


def test_every_pair_of_state_and_event_is_covered() -> None:
    assert (len(LEGAL), len(ILLEGAL)) == (4, 12)
    assert list(DELIVERY_TRANSITIONS) == list(DeliveryStatus)


def test_attempt_is_added_while_it_is_under_way() -> None:
    started = evolve(a_delivery(attempts=1), EVENTS[0])
    assert started == a_delivery(DeliveryStatus.DELIVERING, attempts=2, updated_at=LATER, next_attempt_at=None)


def test_success_ends_the_delivery() -> None:
    done = evolve(a_delivery(DeliveryStatus.DELIVERING, attempts=1), EVENTS[1])
    assert done == a_delivery(
        DeliveryStatus.SUCCEEDED, attempts=(an_attempt(1, OK),), updated_at=LATER, completed_at=LATER, next_attempt_at=None
    )
    assert done.is_terminal


def test_failure_waits_for_the_next_attempt() -> None:
    waiting = evolve(a_delivery(DeliveryStatus.DELIVERING, attempts=1), EVENTS[2])
    again = LATER + timedelta(seconds=10)
    assert waiting == a_delivery(attempts=(an_attempt(1, BROKEN),), updated_at=LATER, next_attempt_at=again)
    assert not waiting.is_terminal


def test_last_failure_ends_the_delivery_with_a_reason() -> None:
    given_up = evolve(a_delivery(DeliveryStatus.DELIVERING, attempts=1), EVENTS[3])
    assert given_up.is_terminal
    assert (given_up.failure_reason, given_up.failure_detail) == ("max_attempts_exhausted", "the receiver answered 500")


def test_refused_host_is_its_own_reason() -> None:
    given_up = evolve(a_delivery(DeliveryStatus.DELIVERING, attempts=1), DeliveryExhausted(DELIVERY_ID, LATER, REFUSED))
    assert (given_up.failure_reason, given_up.failure_detail) == ("host_not_allowed", "not sent")


def test_result_belongs_to_the_last_attempt_only() -> None:
    delivery = a_delivery(DeliveryStatus.DELIVERING, attempts=2)
    assert [attempt.result for attempt in evolve(delivery, EVENTS[1]).attempts] == [None, OK]


def test_payload_never_changes() -> None:
    assert {evolve(a_delivery(state, attempts=1), event).payload for state, event in LEGAL} == {a_delivery().payload}


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_success(status: int) -> None:
    assert AttemptResult(status_code=status).is_success


@pytest.mark.parametrize("status", [None, 100, 199, 300, 302, 400, 410, 429, 500, 503])
def test_anything_else_is_failure(status: int | None) -> None:
    assert not AttemptResult(status_code=status).is_success


def test_default_schedule_waits_as_decided() -> None:
    instants = [next_attempt_at(SCHEDULE, number, START) for number in range(1, 6)]
    waits = (timedelta(seconds=10), timedelta(seconds=60), timedelta(minutes=5), timedelta(minutes=30))
    assert instants == [*(START + wait for wait in waits), None]
    assert SCHEDULE.attempts_max == 5


def test_schedule_without_waits_has_one_attempt() -> None:
    assert RetrySchedule(waits=()).attempts_max == 1
    assert next_attempt_at(RetrySchedule(waits=()), 1, START) is None


def test_success_concludes_with_success_even_at_the_last_attempt() -> None:
    assert conclude(a_delivery(DeliveryStatus.DELIVERING, attempts=5), OK, SCHEDULE, LATER) == EVENTS[1]


def test_failure_before_the_last_attempt_concludes_with_a_retry() -> None:
    again = LATER + timedelta(minutes=30)
    assert conclude(a_delivery(attempts=4), BROKEN, SCHEDULE, LATER) == AttemptFailed(DELIVERY_ID, LATER, BROKEN, again)


def test_failure_of_the_last_attempt_concludes_with_exhaustion() -> None:
    assert conclude(a_delivery(attempts=5), BROKEN, SCHEDULE, LATER) == EVENTS[3]


def test_refused_host_is_not_tried_again() -> None:
    assert conclude(a_delivery(attempts=1), REFUSED, SCHEDULE, LATER) == DeliveryExhausted(DELIVERY_ID, LATER, REFUSED)


@pytest.mark.parametrize(
    ("result", "text"),
    [(BROKEN, "the receiver answered 500"), (REFUSED, "not sent"), (AttemptResult(), "no answer")],
)
def test_description_says_what_came_of_an_attempt(result: AttemptResult, text: str) -> None:
    assert describe(result) == text


def test_delivery_belongs_to_a_run_or_a_batch() -> None:
    assert a_delivery().parent_id == a_delivery().run_id
    assert a_delivery(run_id=None, batch_id=BatchId("batch")).parent_id == "batch"
    with pytest.raises(AssertionError):
        replace(a_delivery(), run_id=None).parent_id  # noqa: B018
