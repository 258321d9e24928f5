"""Loads: how many rules a schema holds against a value at most, so that what a value costs is known before it is held against them.

Theory. A value meets the rules of some parts of the schema: those that speak of the same value add up, and of those that speak of different
fields or items the most counts. So a value at some depth costs no more than the load of the schema at that depth. What takes longer than a
comparison, a pattern or a fraction of which a number must be a multiple, counts as many rules.

Few rules read a text: the others are as fast with a picture of 70 MB as with a word. So those that do are counted apart as well, and they
alone are held against a long text, or a long name, once for each piece of it. In the same way fractions are counted apart for the numbers
that take long to divide, which are few.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, zip_longest
from typing import NamedTuple

from runflow_mock.domain.documents import Json, list_of, object_of
from runflow_mock.openapi.combinations import BY_FIELD, LISTS, SAME_VALUE
from runflow_mock.openapi.schemas import REFERENCES, Schema, anchors_in, resolve

PATTERN = 50
"""As many rules as a text of a few hundred characters takes to be held against a pattern or a format."""
FRACTION = 50
"""As many as it takes to divide a number of some fifty digits at most by one that is not whole."""
LONG_FRACTION = 500
"""As many as it may take where one of them has more: `1e308` by `0.01` is a division of hundreds of digits."""
DIGITS_MAX = 50
PIECE = 8_192
"""How many characters of long texts are held against one rule that reads them in the time of a short text."""

Levels = tuple[int, ...]
"""How many rules are held against a value itself, against any one value in it, against any one in those, and so on."""


class Load(NamedTuple):
    """How many rules are held against values, how many of them read the texts and names there, and how many divide by a fraction."""

    rules: Levels
    readers: Levels
    fractions: Levels


_LEAST, _MOST = 10.0**-DIGITS_MAX, 10.0**DIGITS_MAX
_UNEVALUATED = ("unevaluatedItems", "unevaluatedProperties")
_EACH_INSIDE = ("items", "contains", "additionalProperties", "propertyNames", *_UNEVALUATED)


def load_of(schema: Schema) -> Load:
    """Returns the load of a schema whose references lead to an end."""
    return Load(
        rules=_Loads(schema, _own, _of_names).of(schema),
        readers=_Loads(schema, _reading, _reading_inside).of(schema),
        fractions=_Loads(schema, _dividing, lambda _: 0).of(schema),
    )


def bytes_never_too_much(load: Load, most: int) -> int:
    """Returns how long a JSON text may be for nobody to have to look into its value: at that length nothing in it `is_too_much`.

    Each byte counts as a value, as a piece of a long text and as a long number at once, of which it is never more than one.
    """
    return most // max(1, max(load.rules, default=0) + max(load.readers, default=0) + LONG_FRACTION * max(load.fractions, default=0))


def is_too_much(load: Load, value: Json, most: int) -> bool:
    """Tells whether holding a value against a schema may take more than so many rules."""
    # Plain loops: everything that is sent comes by here, and generators would cost three times as much as what they look at.
    level, names = [value], 0
    for rules, readers, fractions in zip(*load, strict=True):
        characters, inner, names, long = names, list[Json](), 0, 0
        for part in level:
            if isinstance(part, str):
                characters += len(part)
            elif isinstance(part, dict):
                for name in part:
                    names += len(name)
                inner += part.values()
            elif isinstance(part, list):
                inner += part
            elif part and not _LEAST < abs(part) < _MOST:
                long += 1
        most -= rules * len(level) + readers * (characters // PIECE) + fractions * LONG_FRACTION * long
        if most < 0 or not inner:
            break
        level = inner
    return most < 0


class _Loads:
    """The rules that count in the parts of one schema, each part looked at once.

    `own` returns how many of them a part has for the value itself, and `inside` how many for each value in it that it does not describe.
    """

    def __init__(self, root: Schema, own: Callable[[Schema], int], inside: Callable[[Schema], int]) -> None:
        self._root = root
        self._count = own
        self._count_inside = inside
        self._anchors: Mapping[str, Json] = anchors_in(root)
        self._known: dict[int, Levels] = {}

    def of(self, part: Json) -> Levels:
        """Returns how many count at each depth of a part of the schema."""
        if not isinstance(part, dict):
            return ()
        if id(part) not in self._known:
            load = _sum((self._count(part), *self._inside(part)), *map(self.of, self._of_same_value(part)))
            # What is not evaluated is found by holding each value inside against all that speaks of the whole.
            is_asked = any(word in part for word in _UNEVALUATED)
            self._known[id(part)] = _sum(load, (0, load[0])) if is_asked else load
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
        return _sum(*each, *some, *map(self.of, by_pattern), (self._count_inside(part),))

    def _most(self, parts: Iterable[Json]) -> Levels:
        return tuple(map(max, zip_longest(*map(self.of, parts), fillvalue=0)))


def _sum(*levels: Levels) -> Levels:
    return tuple(map(sum, zip_longest(*levels, fillvalue=0)))


def _own(part: Schema) -> int:
    """Returns how many rules a schema has itself, without those inside it."""
    needed = (object_of(part.get(word)).values() for word in ("dependentRequired", "dependencies"))
    named = sum(len(list_of(names)) for names in chain.from_iterable(needed))
    listed = sum(len(list_of(part.get(word))) for word in ("enum", "required")) + len(object_of(part.get("properties")))
    divisor = part.get("multipleOf")
    slow = LONG_FRACTION if isinstance(divisor, float) and divisor < _LEAST else FRACTION * _dividing(part)
    return len(part) + named + listed + slow + _reading(part)


def _dividing(part: Schema) -> int:
    divisor = part.get("multipleOf")
    return int(isinstance(divisor, float) and not divisor.is_integer())


def _of_names(part: Schema) -> int:
    return PATTERN * len(object_of(part.get("patternProperties")))


def _reading(part: Schema) -> int:
    return PATTERN * sum(word in part for word in ("pattern", "format"))


def _reading_inside(part: Schema) -> int:
    # Items that have to differ are read as far as they are alike.
    return _of_names(part) + PATTERN * ("uniqueItems" in part)
