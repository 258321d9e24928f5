"""Comparisons: what it takes to compare a value with those that a schema lists, in rules as `openapi.loads` counts them.

Theory. A value is compared with each that `enum` or `const` lists, and what lies in it with what lies at the same place there. So a
value at some depth meets one value of that depth in each that is listed, and of those the one that takes longest counts. Texts are told
apart at once, and so are whole numbers of a processor's length, unless they lie in something; other numbers are compared as fractions.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import NamedTuple

from runflow_mock.domain.documents import Json, levels_of, list_of
from runflow_mock.openapi.long_numbers import is_long

COMPARED = 50
"""As many rules as it takes to compare two numbers as fractions."""
LONG_COMPARED = 500
"""As many where one of them has hundreds of digits."""
WHOLE_INSIDE = 5
"""As many as it takes to compare whole numbers that lie in lists or objects."""
_LONG_BITS = 1_024
"""How long a whole number of hundreds of digits is; what takes several times as long to write takes as many times as long squared."""

Levels = tuple[int, ...]
"""How many rules are held against a value itself, against any one value in it, against any one in those, and so on."""


class Comparisons(NamedTuple):
    """What it takes to compare a value with all that one part of a schema lists, at each depth, by what is compared."""

    inside: Levels
    whole_numbers: Levels
    fractions: Levels
    long_numbers: Levels

    def rules(self, value: Json) -> int:
        """Returns how many rules comparing this value takes at most."""
        total = 0
        for level, inside, whole, fraction, long in zip(levels_of(value), *self, strict=False):
            kinds = Counter(map(type, level))
            total += inside * len(level) + whole * kinds[int] + fraction * kinds[float] + (long and long * sum(map(_length, level)))
        return total


def comparisons_of(part: dict[str, Json]) -> Comparisons:
    """Returns what it takes to compare values with those that a part of a schema lists itself."""
    return Comparisons(inside_of(part), whole_numbers_of(part), fractions_of(part), long_numbers_of(part))


def inside_of(part: dict[str, Json]) -> Levels:
    """Returns what comparing takes for anything that lies in a value."""
    return _sum_of_most(part, _of_anything)


def whole_numbers_of(part: dict[str, Json]) -> Levels:
    """Returns how much more for numbers without a point."""
    return _sum_of_most(part, _of_whole)


def fractions_of(part: dict[str, Json]) -> Levels:
    """Returns how much more for numbers with one."""
    return _sum_of_most(part, _of_fraction)


def long_numbers_of(part: dict[str, Json]) -> Levels:
    """Returns how much more for numbers of many digits, beside what they take as others do."""
    return _sum_of_most(part, _of_long)


def sum_of_levels(*levels: Levels) -> Levels:
    """Returns what several come to together at each depth."""
    return tuple(map(sum, zip_longest(*levels, fillvalue=0)))


def _sum_of_most(part: dict[str, Json], cost: Callable[[Json, int], int]) -> Levels:
    return sum_of_levels(
        *(tuple(max(cost(each, depth) for each in level) for depth, level in enumerate(levels_of(listed))) for listed in _listed(part))
    )


def _listed(part: dict[str, Json]) -> Iterator[Json]:
    yield from list_of(part.get("enum"))
    if "const" in part:
        yield part["const"]


def _of_anything(listed: Json, depth: int) -> int:
    return int(depth > 0)


def _of_whole(listed: Json, depth: int) -> int:
    is_short = type(listed) is int and not is_long(listed)
    return (WHOLE_INSIDE if depth else 0) if is_short else _of_fraction(listed, depth)


def _of_fraction(listed: Json, depth: int) -> int:
    return LONG_COMPARED if is_long(listed) else COMPARED if type(listed) in (int, float) else 0


def _of_long(listed: Json, depth: int) -> int:
    return LONG_COMPARED if type(listed) in (int, float) else 0


def _length(value: Json) -> int:
    if not is_long(value):
        return 0
    return 1 + (value.bit_length() // _LONG_BITS) ** 2 if isinstance(value, int) else 1
