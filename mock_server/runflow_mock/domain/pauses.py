"""Pauses: whether those between the tries of a call that keeps failing grow.

Theory. Pauses grow in many ways: exponentially, by a step, up to a cap, at once and then growing, or drawn at random below a bound that
grows. They do not where nothing of the kind can be meant: there are no pauses, they are all the same, or they only shrink. What varies
otherwise is no verdict. What is measured is never shorter than the pause that was made, so that no pause is no pause for certain; that
pauses are the same or shrink is as certain as the machine is quiet, and so is that they grow, where they do so by little.

Source: `limits.backoff`.
"""

from collections.abc import Sequence
from itertools import pairwise

from runflow_mock.domain.verdicts import GROW_LITTLE, INTERVAL_SECONDS_MIN, UNCLEAR_PAUSES, UP_AND_DOWN, WITHOUT_PAUSE

# Pauses grow by so much, besides a noise of so many seconds; those that differ by no more than a share are the same.
GROWTH_MIN, NOISE_SECONDS = 1.2, 0.05
# A machine that is busy, and wakes nobody late, may have made less than that of pauses that are all the same.
CLEAR_GROWTH_MIN = 1.5
STEP_MIN, SHRUNK_MAX = 1.05, 0.6
SAME_OF_TWO, SAME_OF_MORE, SAME_SECONDS = 1.03, 1.12, 0.01
SWING_MIN = 1.5
# Among so many pauses none is as short as the others by chance: what they differ by is the noise of making a request.
ALIKE_OF = 4
# A busy machine may lengthen one interval in so many beyond what counts as none.
ABSENT_OF = 4


def do_grow(pauses: Sequence[float]) -> bool | None:
    """Tells whether pauses are those of a client that backs off; nothing where they vary so that it cannot be told."""
    first, later = pauses[0], pauses[1:]
    if _are_absent(pauses) or _do_swing(pauses):
        return False
    if _middle(later) > max(first * GROWTH_MIN + NOISE_SECONDS, 2 * NOISE_SECONDS):
        return True
    if len(later) > 1 and all(after > before * STEP_MIN for before, after in pairwise(pauses)):
        return True
    same = SAME_OF_TWO if len(pauses) == 2 else SAME_OF_MORE
    alike = NOISE_SECONDS if len(pauses) >= ALIKE_OF else SAME_SECONDS
    if max(pauses) <= max(min(pauses) * same, min(pauses) + alike):
        return False
    shrinks = len(later) > 1 and pauses[-1] <= first * SHRUNK_MAX and all(after <= before * STEP_MIN for before, after in pairwise(pauses))
    return False if shrinks else None


def kind_of(pauses: Sequence[float]) -> str | None:
    """Returns what is to be said of pauses besides how long they were."""
    is_growing = do_grow(pauses)
    kinds = (
        (WITHOUT_PAUSE, _are_absent(pauses)),
        (UP_AND_DOWN, _do_swing(pauses)),
        (UNCLEAR_PAUSES, is_growing is None),
        (GROW_LITTLE, is_growing is True and _grow_little(pauses)),
    )
    return next((kind for kind, counts in kinds if counts), None)


def _are_absent(pauses: Sequence[float]) -> bool:
    """Whether there are no pauses at all: those that were made were no longer than what was measured."""
    return sum(pause >= INTERVAL_SECONDS_MIN for pause in pauses) <= len(pauses) // ABSENT_OF


def _do_swing(pauses: Sequence[float]) -> bool:
    """Whether pauses go up and down again, each time to the same: nobody draws that."""
    if len(pauses) < ALIKE_OF:
        return False
    low, high = sorted((pauses[::2], pauses[1::2]), key=max)
    is_alike = all(max(turn) <= max(min(turn) * SAME_OF_MORE, min(turn) + NOISE_SECONDS) for turn in (low, high))
    return is_alike and min(high) >= max(low) * SWING_MIN


def _grow_little(pauses: Sequence[float]) -> bool:
    """Whether pauses that grow may be those of a client that makes them all the same, on a machine that has lengthened the later ones."""
    return _middle(pauses[1:]) <= pauses[0] * CLEAR_GROWTH_MIN + 2 * NOISE_SECONDS


def _middle(pauses: Sequence[float]) -> float:
    """The pause in the middle, or the shorter one of the two that are there."""
    from statistics import median_low

    return median_low(pauses)
