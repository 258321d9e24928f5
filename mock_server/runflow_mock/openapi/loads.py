"""Loads: how many rules a schema holds against a value at most, so that what a value costs is known before it is held against them.

Theory. A value meets the rules of some parts of the schema: those that speak of the same value add up, and of those that speak of different
fields or items the most counts. So a value at some depth costs no more than the load of the schema at that depth. What takes longer than a
comparison, a pattern or a fraction of which a number must be a multiple, counts as many rules.

Few rules read a text: the others are as fast with a picture of 70 MB as with a word. So those that do are counted apart as well, and they
alone are held against a long text, or a long name, once for each piece of it. In the same way those that look at numbers are counted apart
for the numbers of more digits than a processor reckons with, which are few, and those that compare numbers with others that are listed for
numbers without and with a point.

Items that have to differ are compared by what they are hashed to, and only whole numbers of that many digits each with each other.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, zip_longest
from math import isqrt
from typing import NamedTuple

from runflow_mock.domain.documents import Json, list_of, object_of
from runflow_mock.openapi.combinations import BY_FIELD, LISTS, SAME_VALUE
from runflow_mock.openapi.comparisons import Levels, fractions_of, inside_of, long_numbers_of, sum_of_levels, whole_numbers_of
from runflow_mock.openapi.long_numbers import LEAST, MOST, long_whole_numbers
from runflow_mock.openapi.schemas import REFERENCES, Schema, anchors_in, resolve

PATTERN = 50
"""As many rules as a text of a few hundred characters takes to be held against a pattern or a format."""
FRACTION = 50
"""As many as it takes to divide a number by one that is not whole."""
WHOLE = 20
"""As many as it takes to divide one that is not written as a whole number by one that is."""
LONG_FRACTION, LONG_WHOLE, LONG_BOUND, LONG_TYPE = 500, 100, 60, 20
"""How many more the same, a limit and a type take where the number has many digits: `1e308` by `0.01` is a division of hundreds."""
PAIR = 40
"""As many as it takes to tell two whole numbers of many digits apart."""
LONG_DIGITS = 19
"""How many digits a whole number of many has at least: beyond 64 bits."""
PIECE = 8_192
"""How many characters of long texts are held against one rule that reads them in the time of a short text."""


class Load(NamedTuple):
    """How many rules are held against values, how many of them read the texts and names there, and how many more numbers take by kind."""

    rules: Levels
    readers: Levels
    long_numbers: Levels
    whole_numbers: Levels
    fractions: Levels
    compares_items: bool = False


_NUMBERS, _CONTAINERS = (int, float), (dict, list)
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_UNEVALUATED = ("unevaluatedItems", "unevaluatedProperties")
_EACH_INSIDE = ("items", "contains", "additionalProperties", "propertyNames", *_UNEVALUATED)


def load_of(schema: Schema) -> Load:
    """Returns the load of a schema whose references lead to an end."""
    kinds: tuple[Callable[[Schema], Levels], ...] = (_own, _reading, _reckoning, whole_numbers_of, fractions_of)
    counts = [_Loads(schema, kind).of(schema) for kind in kinds]
    compares = any(_Loads(schema, lambda part: (part.get("uniqueItems") is True,)).of(schema))
    # Where nothing is held against what lies deeper, nobody has to look there.
    depth = max((depth for each in counts for depth, count in enumerate(each, 1) if count), default=0)
    rules, readers, long_numbers, whole_numbers, fractions = ((*each, *[0] * depth)[:depth] for each in counts)
    return Load(rules, readers, long_numbers, whole_numbers, fractions, compares)


def bytes_never_too_much(load: Load, most: int) -> int:
    """Returns how long a JSON text may be for nobody to have to look into its value: at that length nothing in it `is_too_much`.

    Each byte counts as a value, as a piece of a long text and as a long number at once, of which it is never more than one. The same holds
    of all values in the text together.
    """
    levels = (load.rules, load.readers, load.long_numbers, load.whole_numbers, load.fractions)
    for_each = most // (2 if load.compares_items else 1) // max(1, sum(max(each, default=0) for each in levels))
    return min(for_each, LONG_DIGITS * isqrt(most // (2 * PAIR))) if load.compares_items else for_each


def is_too_much(load: Load, value: Json, most: int) -> bool:
    """Tells whether holding a value against a schema may take more than so many rules."""
    return weight_of(load, value, most) > most


def weight_of(load: Load, value: Json, most: int) -> int:
    """Returns how many rules it may take to hold a value against a schema; of what is beyond `most`, no more is counted."""
    # Everything that is sent comes by here. Of many values the kinds are asked for first, so that for millions of numbers no line runs.
    weight, level, names = 0, [value], 0
    levels = (load.rules, load.readers, load.long_numbers, load.whole_numbers, load.fractions)
    for rules, readers, long_numbers, whole_numbers, fractions in zip(*levels, strict=True):
        weight += rules * len(level)
        if weight > most or not level:
            break
        kinds = set(map(type, level))
        characters, inner, names = names, list[Json](), 0
        if readers and str in kinds:
            characters += sum(len(part) for part in level if isinstance(part, str))
        if long_numbers and not kinds.isdisjoint(_NUMBERS):
            weight += long_numbers * sum(1 for part in level if isinstance(part, _NUMBERS) and part and not LEAST < abs(part) < MOST)
        if whole_numbers or fractions:
            counts = Counter(map(type, level))
            weight += whole_numbers * counts[int] + fractions * counts[float]
        if not kinds.isdisjoint(_CONTAINERS):
            for part in level:
                if isinstance(part, dict):
                    names += sum(map(len, part))
                    inner += part.values()
                elif isinstance(part, list):
                    inner += part
        weight += readers * (characters // PIECE)
        level = inner
    return weight + PAIR * long_whole_numbers(value) ** 2 if load.compares_items and weight <= most else weight


class _Loads:
    """The rules that count in the parts of one schema, each part looked at once.

    `own` returns how many of them a part has for the value itself, and for each value in it that it does not describe.
    """

    def __init__(self, root: Schema, own: Callable[[Schema], Levels]) -> None:
        self._root = root
        self._count = own
        self._anchors: Mapping[str, Json] = anchors_in(root)
        self._known: dict[int, Levels] = {}

    def of(self, part: Json) -> Levels:
        """Returns how many count at each depth of a part of the schema."""
        if not isinstance(part, dict):
            return ()
        if id(part) not in self._known:
            load = sum_of_levels(self._count(part), (0, *self._inside(part)), *map(self.of, self._of_same_value(part)))
            # What is not evaluated is found by holding each value inside against all that speaks of the whole.
            is_asked = any(word in part for word in _UNEVALUATED)
            self._known[id(part)] = sum_of_levels(load, (0, load[0])) if is_asked else load
        return self._known[id(part)]

    def _of_same_value(self, part: Schema) -> Iterator[Json]:
        for word in REFERENCES:
            reference = part.get(word)
            if isinstance(reference, str):
                yield resolve(self._root, reference, self._anchors, word)
        for word in LISTS:
            yield from list_of(part.get(word))
        yield from (part.get(word) for word in SAME_VALUE)
        for word in BY_FIELD:
            yield from object_of(part.get(word)).values()

    def _inside(self, part: Schema) -> Levels:
        by_pattern = object_of(part.get("patternProperties")).values()
        each = [self.of(part.get(word)) for word in _EACH_INSIDE]
        some = [self._most(object_of(part.get("properties")).values()), self._most(list_of(part.get("prefixItems")))]
        return sum_of_levels(*each, *some, *map(self.of, by_pattern))

    def _most(self, parts: Iterable[Json]) -> Levels:
        return tuple(map(max, zip_longest(*map(self.of, parts), fillvalue=0)))


def _own(part: Schema) -> Levels:
    """Returns how many rules a schema has itself, without those inside it."""
    needed = (object_of(part.get(word)).values() for word in ("dependentRequired", "dependencies"))
    named = sum(len(list_of(names)) for names in chain.from_iterable(needed))
    listed = sum(len(list_of(part.get(word))) for word in ("enum", "required")) + len(object_of(part.get("properties")))
    count = len(part) + named + listed + _dividing(part) + _reading(part)[0]
    return sum_of_levels((count, _of_names(part)), inside_of(part))


def _dividing(part: Schema) -> int:
    divisor = part.get("multipleOf")
    if not isinstance(divisor, int | float):
        return 0
    is_fraction = isinstance(divisor, float) and not divisor.is_integer()
    return WHOLE if not is_fraction else LONG_FRACTION if divisor < LEAST else FRACTION


def _reckoning(part: Schema) -> Levels:
    types, dividing = part.get("type"), _dividing(part)
    is_typed = not {"number", "integer"}.isdisjoint(map(str, types if isinstance(types, list) else (types,)))
    bounds = LONG_BOUND * sum(word in part for word in _BOUNDS)
    dividing_long = 0 if not dividing else LONG_WHOLE if dividing == WHOLE else LONG_FRACTION
    return sum_of_levels((bounds + LONG_TYPE * is_typed + dividing_long,), long_numbers_of(part))


def _of_names(part: Schema) -> int:
    return PATTERN * len(object_of(part.get("patternProperties")))


def _reading(part: Schema) -> Levels:
    # Items that have to differ are read as far as they are alike.
    inside = _of_names(part) + PATTERN * ("uniqueItems" in part)
    return PATTERN * sum(word in part for word in ("pattern", "format")), inside
