"""Readings: how many states of patterns a value takes to be looked at, so that what reading its texts costs is known before.

Theory. What a text costs by one pattern, `openapi.pattern_states` says; all texts of a value add up, and the names in it by the patterns
for names. That is counted where texts are held against patterns and nowhere else: a picture costs nothing by the pattern of a name beside
it. Where little is said in few characters, nobody looks.
"""

from collections.abc import Iterator, Mapping
from math import inf

from runflow_mock.domain.documents import Json, object_of, parts_of
from runflow_mock.openapi.combinations import LOOKS_MAX, held_against
from runflow_mock.openapi.parts import Part, parts_met
from runflow_mock.openapi.pattern_states import READ_MAX, PatternStates, states_of
from runflow_mock.openapi.pointers import pointer_of, walk

TOLD_MAX = 20
"""Of how many texts it is told that they cost too much."""

Place = tuple[str | int, ...]


class Readings:
    """What the patterns of a document, or of a schema that stands alone, cost to read texts by.

    At no more than `looks_max` parts of it for parts of a value is looked; beyond that, each text counts for every pattern.
    """

    def __init__(self, document: dict[str, Json], kind: Part = Part.DOCUMENT, looks_max: int = LOOKS_MAX) -> None:
        self._document = document
        self._looks_max = looks_max
        self._known: dict[str, PatternStates] = {}
        found = [part for _, each, part in parts_met(document, kind) if each is Part.SCHEMA]
        self._patterns = {pattern for part in found for pattern in (*_own(part), *object_of(part.get("patternProperties")))}
        # One text may be held against all of them.
        self._most = sum(self._of(pattern).most_each for pattern in self._patterns)

    @property
    def characters_free(self) -> float:
        """How many characters never cost too much, wherever they stand."""
        return READ_MAX / self._most if self._most else inf

    def costly(self, schema: Json, value: Json) -> list[Place]:
        """Returns where the texts and names stand that make reading a value cost too much: the most costly ones, some of many."""
        if not self._most or self._most * _characters(value) <= READ_MAX:
            return []
        costs: dict[int, float] = {}

        def is_costly(part: Mapping[str, Json], held: Json) -> bool:
            cost = self._cost(part, held)
            if cost:
                costs[id(held)] = costs.get(id(held), 0) + cost
            return cost > 0

        if held_against(self._document, value, is_costly, self._looks_max, schema) is None:
            costs = {id(part): self._most * len(part) for part in parts_of(value) if isinstance(part, str)}
        total, chosen = sum(costs.values()), set[int]()
        for key in sorted(costs, key=lambda each: costs[each], reverse=True):
            if total <= READ_MAX or len(chosen) == TOLD_MAX:
                break
            total -= costs[key]
            chosen.add(key)
        return [place for place, part in _placed(value, ()) if id(part) in chosen] if chosen else []

    def _cost(self, part: Mapping[str, Json], value: Json) -> float:
        if isinstance(value, str):
            return sum(self._of(pattern).cost(len(value)) for pattern in _own(part))
        if not isinstance(value, dict):
            return 0
        patterns = [*object_of(part.get("patternProperties")), *self._of_names(part)]
        return sum(self._of(pattern).cost(len(name)) for pattern in patterns for name in value)

    def _of_names(self, part: Mapping[str, Json]) -> Iterator[str]:
        """Yields the patterns that names are held against by `propertyNames`, through references; all of them behind one by a name."""
        waiting, seen = [part.get("propertyNames")], set[int]()
        while waiting:
            schema = waiting.pop()
            if not isinstance(schema, dict | list) or id(schema) in seen:
                continue
            seen.add(id(schema))
            waiting.extend(schema.values() if isinstance(schema, dict) else schema)
            reference = object_of(schema).get("$ref", object_of(schema).get("$dynamicRef"))
            if isinstance(reference, str):
                is_way = reference == "#" or reference.startswith("#/")
                waiting.append(walk(self._document, pointer_of(reference)) if is_way else None)
                yield from () if is_way else self._patterns
            yield from _own(object_of(schema))

    def _of(self, pattern: str) -> PatternStates:
        if pattern not in self._known:
            self._known[pattern] = states_of(pattern)
        return self._known[pattern]


def _own(part: Mapping[str, Json]) -> tuple[str, ...]:
    pattern = part.get("pattern")
    return (pattern,) if isinstance(pattern, str) else ()


def _characters(value: Json) -> int:
    """Returns how many characters the texts and names of a value have."""
    parts = parts_of(value)
    return sum(len(part) if isinstance(part, str) else sum(map(len, part)) for part in parts if isinstance(part, str | dict))


def _placed(value: Json, place: Place) -> Iterator[tuple[Place, Json]]:
    yield place, value
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _placed(part, (*place, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _placed(part, (*place, index))
