"""Loads: how many rules a schema holds against a value at most, so that what a value costs is known before it is held against them.

Theory. A value meets the rules of some parts of the schema: those that speak of the same value add up, and of those that speak of different
fields or items the most counts. So a value at some depth costs no more than the load of the schema at that depth. What takes longer than a
comparison, a pattern or a fraction of which a number must be a multiple, counts as many rules.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest

from runflow_mock.domain.documents import Json, list_of, object_of
from runflow_mock.openapi.schemas import REFERENCES, Schema, anchors_in, resolve

PATTERN = 50
"""As many rules as a text of a few hundred characters takes to be held against a pattern or a format."""
FRACTION = 500
"""As many as it may take to divide by a number that is not whole: `1e308` by `0.01` is a division of hundreds of digits."""
TEXT_WEIGHT = 256
"""How many characters count as one value."""

Load = tuple[int, ...]
"""How many rules are held against a value itself, against any one value in it, against any one in those, and so on."""

_SAME_VALUE = ("not", "if", "then", "else")
_ALTERNATIVES = ("allOf", "anyOf", "oneOf")
_UNEVALUATED = ("unevaluatedItems", "unevaluatedProperties")
_EACH_INSIDE = ("items", "contains", "additionalProperties", "propertyNames", *_UNEVALUATED)


def load_of(schema: Schema) -> Load:
    """Returns the load of a schema whose references lead to an end."""
    return _Loads(schema).of(schema)


def is_too_much(load: Load, value: Json, most: int) -> bool:
    """Tells whether holding a value against a schema may take more than so many rules; long texts and names count as several values."""
    # Plain loops: everything that is sent comes by here, and generators would cost three times as much as what they look at.
    level = [value]
    for rules in load:
        weight, inner = len(level), list[Json]()
        for part in level:
            if isinstance(part, str):
                weight += len(part) // TEXT_WEIGHT
            elif isinstance(part, dict):
                for name in part:
                    weight += len(name) // TEXT_WEIGHT
                inner += part.values()
            elif isinstance(part, list):
                inner += part
        most -= rules * weight
        if most < 0 or not inner:
            break
        level = inner
    return most < 0


class _Loads:
    """The loads of the parts of one schema, each found out once."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._anchors: Mapping[str, Json] = anchors_in(root)
        self._known: dict[int, Load] = {}

    def of(self, part: Json) -> Load:
        """Returns the load of a part of the schema."""
        if not isinstance(part, dict):
            return ()
        if id(part) not in self._known:
            load = _sum((_own(part), *self._inside(part)), *map(self.of, self._of_same_value(part)))
            # What is not evaluated is found by holding each value inside against all that speaks of the whole.
            is_asked = any(word in part for word in _UNEVALUATED)
            self._known[id(part)] = _sum(load, (0, load[0])) if is_asked else load
        return self._known[id(part)]

    def _of_same_value(self, part: Schema) -> Iterator[Json]:
        for word in REFERENCES:
            reference = part.get(word)
            if isinstance(reference, str):
                yield resolve(self._root, reference, self._anchors, word)
        for word in _ALTERNATIVES:
            yield from list_of(part.get(word))
        yield from (part.get(word) for word in _SAME_VALUE)
        yield from object_of(part.get("dependentSchemas")).values()

    def _inside(self, part: Schema) -> Load:
        by_pattern = object_of(part.get("patternProperties")).values()
        each = [self.of(part.get(word)) for word in _EACH_INSIDE]
        some = [self._most(object_of(part.get("properties")).values()), self._most(list_of(part.get("prefixItems")))]
        return _sum(*each, *some, *map(self.of, by_pattern), (PATTERN * len(by_pattern),))

    def _most(self, parts: Iterable[Json]) -> Load:
        return tuple(map(max, zip_longest(*map(self.of, parts), fillvalue=0)))


def _sum(*loads: Load) -> Load:
    return tuple(map(sum, zip_longest(*loads, fillvalue=0)))


def _own(part: Schema) -> int:
    """Returns how many rules a schema has itself, without those inside it."""
    named = sum(len(list_of(names)) for names in object_of(part.get("dependentRequired")).values())
    listed = sum(len(list_of(part.get(word))) for word in ("enum", "required")) + len(object_of(part.get("properties")))
    slow = PATTERN * sum(word in part for word in ("pattern", "format"))
    divisor = part.get("multipleOf", 1)
    return len(part) + named + listed + slow + (FRACTION if isinstance(divisor, float) and not divisor.is_integer() else 0)
