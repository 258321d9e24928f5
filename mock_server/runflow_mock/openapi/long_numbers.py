"""Long numbers: those of more digits than a processor reckons with, which are compared and divided digit by digit."""

from itertools import chain

from runflow_mock.domain.documents import Json

LEAST, MOST = 1e-50, 2**63


def is_long(value: Json) -> bool:
    """Tells whether a value is such a number."""
    return isinstance(value, int | float) and bool(value) and not LEAST < abs(value) < MOST


def long_whole_numbers(value: Json) -> int:
    """Returns how many whole numbers beyond 64 bits there are in a value: where things have to differ, each is held against each."""
    count, level = 0, [value]
    while level:
        if int in set(map(type, level)):
            count += sum(1 for part in level if isinstance(part, int) and not -MOST <= part < MOST)
        held = [part.values() if isinstance(part, dict) else part for part in level if isinstance(part, dict | list)]
        level = list(chain.from_iterable(held))
    return count
