"""Pauses: whether those between the tries of a call that keeps failing grow.

Theory. Pauses grow in many ways: exponentially, by a step, up to a cap, at once and then growing, each as long as the two before it
together, or drawn at random below a bound that grows. They do not where nothing of the kind can be meant: there are no pauses, they are all
the same, or they only shrink. What varies otherwise is no verdict.

What is measured is never shorter than the pause that was made, so that no pause is no pause for certain. A machine lengthens some and not
others: that pauses are the same, shrink or grow by little is as certain as it is quiet. Of several calls of one client the shortest pause
at each place is nearest to what it makes there.

Source: `limits.backoff`. Inferred: the figures.
"""

from collections.abc import Sequence
from itertools import pairwise

from runflow_mock.domain.verdicts import INTERVAL_SECONDS_MIN, UNCLEAR_PAUSES, UP_AND_DOWN, WITHOUT_PAUSE

Pauses = Sequence[float]
# Pauses grow by so much, besides a noise of so many seconds; those that differ by no more than a share are the same.
GROWTH_MIN, NOISE_SECONDS = 1.2, 0.05
# No busy machine makes that of pauses that are all the same.
CLEAR_GROWTH_MIN, CLEAR_SECONDS_MIN = 1.5, 0.1
STEP_MIN, SHRUNK_MAX = 1.05, 0.6
SAME_OF_TWO, SAME_OF_MORE, SAME_SECONDS = 1.03, 1.12, 0.01
SWING_MIN = 1.5
# Among so many pauses none is as short as the others by chance: what they differ by is the noise of making a request.
ALIKE_OF = 4
# A busy machine may lengthen one interval in so many beyond what counts as none.
ABSENT_OF = 4
# As short as a pause was in so many calls it was meant to be: once, a machine may have lengthened it.
SHOWN_BY_MIN = 2


def do_grow(pauses: Pauses) -> bool | None:
    """Tells whether pauses are those of a client that backs off; nothing where they vary so that it cannot be told."""
    first, later = pauses[0], pauses[1:]
    if _are_absent(pauses) or _do_swing(pauses):
        return False
    if _is_longer(_middle(later), first) or _climb(pauses):
        return True
    same = SAME_OF_TWO if len(pauses) == 2 else SAME_OF_MORE
    alike = NOISE_SECONDS if len(pauses) >= ALIKE_OF else SAME_SECONDS
    if max(pauses) <= max(min(pauses) * same, min(pauses) + alike):
        return False
    shrinks = len(later) > 1 and pauses[-1] <= first * SHRUNK_MAX and all(after <= before * STEP_MIN for before, after in pairwise(pauses))
    return False if shrinks else None


def grow_clearly(pauses: Pauses) -> bool:
    """Tells whether pauses grow by more than a busy machine makes of those that are all the same."""
    return do_grow(pauses) is True and _middle(pauses[1:]) > pauses[0] * CLEAR_GROWTH_MIN + CLEAR_SECONDS_MIN


def grow_in_time(shortest: Pauses) -> bool:
    """Tells whether the shortest pauses of several calls grow, be it late: the first ones may be the same, or there may be none."""
    return _climb(shortest) or any(_is_longer(later, shortest[0]) for later in shortest[1:])


def shortest_of(calls: Sequence[Pauses], shown_by: int = SHOWN_BY_MIN) -> list[float]:
    """Returns the shortest pause at each place that so many calls have come to."""
    places = range(max(map(len, calls), default=0))
    shown = ([pauses[place] for pauses in calls if len(pauses) > place] for place in places)
    return [min(pauses) for pauses in shown if len(pauses) >= shown_by]


def kind_of(pauses: Pauses) -> str | None:
    """Returns what is to be said of pauses besides how long they were."""
    if _are_absent(pauses):
        return WITHOUT_PAUSE
    if _do_swing(pauses):
        return UP_AND_DOWN
    return UNCLEAR_PAUSES if do_grow(pauses) is None else None


def _middle(pauses: Pauses) -> float:
    """The pause in the middle, or the shorter one of the two that are there."""
    # It brings much with it that no server needs to start.
    from statistics import median_low

    return median_low(pauses)


def _is_longer(later: float, first: float) -> bool:
    return later > max(first * GROWTH_MIN + NOISE_SECONDS, 2 * NOISE_SECONDS)


def _climb(pauses: Pauses) -> bool:
    """Whether each of several pauses is longer than the one before."""
    return len(pauses) > 2 and all(after > before * STEP_MIN for before, after in pairwise(pauses))


def _are_absent(pauses: Pauses) -> bool:
    """Whether there are no pauses at all: those that were made were no longer than what was measured."""
    return sum(pause >= INTERVAL_SECONDS_MIN for pause in pauses) <= len(pauses) // ABSENT_OF


def _do_swing(pauses: Pauses) -> bool:
    """Whether pauses go up and down again, each time to the same: nobody draws that."""
    if len(pauses) < ALIKE_OF:
        return False
    low, high = sorted((pauses[::2], pauses[1::2]), key=max)
    is_alike = all(max(turn) <= max(min(turn) * SAME_OF_MORE, min(turn) + NOISE_SECONDS) for turn in (low, high))
    return is_alike and min(high) >= max(low) * SWING_MIN
