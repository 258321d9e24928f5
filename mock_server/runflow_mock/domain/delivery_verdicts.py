"""What an attempt says beside the one before it: whether a receiver was mended, broke, or is still broken.

The attempts that are compared tell of the same record to the same listener, whichever deliveries they belong to.
"""

from collections.abc import Iterable
from enum import StrEnum

from runflow_mock.domain.deliveries import Delivery


class DeliveryVerdict(StrEnum):
    """How the latest attempt compares with the one before."""

    DELIVERED = "delivered"
    FIXED = "fixed"
    REGRESSED = "regressed"
    FAILING = "failing"
    STILL_FAILING = "still_failing"


# Did the attempt before succeed (nothing where there was none), and did the latest?
_VERDICTS: dict[tuple[bool | None, bool], DeliveryVerdict] = {
    (None, True): DeliveryVerdict.DELIVERED,
    (True, True): DeliveryVerdict.DELIVERED,
    (False, True): DeliveryVerdict.FIXED,
    (True, False): DeliveryVerdict.REGRESSED,
    (None, False): DeliveryVerdict.FAILING,
    (False, False): DeliveryVerdict.STILL_FAILING,
}


def verdict_on(delivery: Delivery, about_the_same: Iterable[Delivery]) -> DeliveryVerdict | None:
    """Returns the verdict on a delivery's latest answered attempt, or nothing before one was answered.

    `about_the_same` are the deliveries that tell of the same record, oldest first, this one among them.
    """
    outcomes: list[bool] = []
    for earlier in about_the_same:
        outcomes += [attempt.result.is_success for attempt in earlier.attempts if attempt.result is not None]
        if earlier.id == delivery.id:
            break
    answered = sum(attempt.result is not None for attempt in delivery.attempts)
    if not answered:
        return None
    return _VERDICTS[outcomes[-2] if len(outcomes) > 1 else None, outcomes[-1]]
