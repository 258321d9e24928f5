"""Beginnings: as much of a large value as can be explained, and where the rest of it is missing.

What is wrong with a value is told with a copy of each part that something is wrong with, however often that is the same part: an object of
three thousand names, each of which breaks a rule, is copied three thousand times. So of a large value a beginning is explained, outer parts
before inner ones, and whatever the parts that are missing might have changed is not said.
"""

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from runflow_mock.domain.documents import Json, object_of, parts_of
from runflow_mock.openapi.error_places import ErrorPlaces
from runflow_mock.openapi.pointers import walk
from runflow_mock.openapi.schemas import NAMED

if TYPE_CHECKING:
    import jsonschema_rs

Place = tuple[str | int, ...]

TEXT_WEIGHT = 256
"""How many characters of a text weigh as much as a number."""
# What these say is asked only of a value that is, or is not, as something else says.
_CONDITIONAL = frozenset(("then", "else", "dependentSchemas"))


class Beginning(NamedTuple):
    """A part of a value: the value itself without what lies at or in the places that were cut."""

    value: Json
    whole: Json
    cut: tuple[Place, ...]

    def shows(self, error: "jsonschema_rs.ValidationError", places: ErrorPlaces) -> bool:
        """Tells whether what is wrong with the beginning, where all its errors have their places, is wrong with the whole as well."""
        if self.cut and _is_conditional(error.evaluation_path):
            return False
        place, rule = places.of(error), error.kind.name
        if rule == "required":
            return error.kind.as_dict()["property"] not in object_of(walk(self.whole, tuple(map(str, place))))
        return rule == "type" or all(each[: len(place)] != place for each in self.cut)


def _is_conditional(way: Sequence[str | int]) -> bool:
    """Tells whether the way to a rule, through what is referred to, leads through a condition."""
    steps = iter(way)
    for step in steps:
        if step in _CONDITIONAL:
            return True
        if step in NAMED:
            next(steps, None)
    return False


def weight_of(value: Json, most: int) -> int:
    """Returns how much there is to copy of a value; once that is beyond `most`, no more is counted."""
    weight = 0
    for part in parts_of(value):
        weight += _own_weight(part)
        # Whatever lies in a list or an object, each of it weighs something: nobody looks at the entries of a list that is too long.
        least = weight + len(part) if isinstance(part, list | dict) else weight
        if least > most:
            return least
    return weight


def beginning_of(value: Json, weight_max: int) -> Beginning:
    """Returns the outer parts of a value that weigh no more together; lists and objects lose their last parts, long texts all."""
    left, cut = weight_max, list[Place]()
    waiting = deque[tuple[Json, Json, Place]]()

    def begun(part: Json, place: Place) -> Json:
        nonlocal left
        left -= _own_weight(part)
        if left < 0 and isinstance(part, str):
            cut.append(place)
            return ""
        if not isinstance(part, dict | list):
            return part
        made: Json = {} if isinstance(part, dict) else []
        waiting.append((part, made, place))
        return made

    result = begun(value, ())
    while waiting:
        source, made, place = waiting.popleft()
        for name, part in source.items() if isinstance(source, dict) else enumerate(source) if isinstance(source, list) else ():
            if left <= 0:
                cut.append(place)
                break
            if isinstance(made, dict):
                made[str(name)] = begun(part, (*place, name))
            elif isinstance(made, list):
                made.append(begun(part, (*place, name)))
    return Beginning(result, value, tuple(cut))


def _own_weight(part: Json) -> int:
    return 1 + len(part) // TEXT_WEIGHT if isinstance(part, str) else 1
