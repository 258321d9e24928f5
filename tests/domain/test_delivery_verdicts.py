import pytest
from msgspec.structs import replace
from records import a_delivery, an_attempt, nth_id

from runflow_mock.domain.deliveries import AttemptResult, Delivery
from runflow_mock.domain.delivery_verdicts import DeliveryVerdict, verdict_on
from runflow_mock.domain.identity import DeliveryId


def answered(number: int, *statuses: int | None) -> Delivery:
    """The n-th delivery, with an attempt for each status; one without is under way."""
    results = [None if status is None else AttemptResult(status_code=status) for status in statuses]
    attempts = tuple(an_attempt(place, result) for place, result in enumerate(results, 1))
    return replace(a_delivery(attempts=attempts), id=DeliveryId(nth_id(number)))


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ((), None),
        ((None,), None),
        ((200,), DeliveryVerdict.DELIVERED),
        ((200, 200), DeliveryVerdict.DELIVERED),
        ((500,), DeliveryVerdict.FAILING),
        ((500, 500), DeliveryVerdict.STILL_FAILING),
        ((500, 200), DeliveryVerdict.FIXED),
        ((200, 500), DeliveryVerdict.REGRESSED),
        ((200, 500, None), DeliveryVerdict.REGRESSED),
    ],
)
def test_verdict_compares_the_last_two_answers(statuses: tuple[int | None, ...], verdict: DeliveryVerdict | None) -> None:
    delivery = answered(1, *statuses)
    assert verdict_on(delivery, [delivery]) == verdict


def test_delivery_is_compared_with_what_came_before_it_and_not_after() -> None:
    before, mine, after = answered(1, 500), answered(2, 200), answered(3, 500)
    assert verdict_on(mine, [before, mine, after]) is DeliveryVerdict.FIXED


def test_delivery_that_is_not_among_those_of_its_record_comes_after_them() -> None:
    assert verdict_on(answered(2, 200), [answered(1, 500), answered(3, 200)]) is DeliveryVerdict.FIXED
