"""Long numbers: those of more digits than a processor reckons with, which are compared and divided digit by digit."""

from runflow_mock.domain.documents import Json, levels_of

LEAST, MOST = 1e-50, 2**63


def is_long(value: Json) -> bool:
    """Tells whether a value is such a number."""
    return isinstance(value, int | float) and bool(value) and not LEAST < abs(value) < MOST


def long_whole_numbers(value: Json) -> int:
    """Returns how many whole numbers beyond 64 bits there are in a value: where things have to differ, each is held against each."""
    # Of many values the kinds are asked for first, so that for millions of others no line runs.
    levels = (level for level in levels_of(value) if int in set(map(type, level)))
    return sum(1 for level in levels for part in level if isinstance(part, int) and not -MOST <= part < MOST)
