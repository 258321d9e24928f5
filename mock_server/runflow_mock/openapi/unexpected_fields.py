"""Unexpected fields: what `unevaluatedProperties` says of a value that breaks other rules as well.

A schema that is not kept describes nothing: to the one around it all fields are then unexpected that are described there. That tells
nobody more than the broken rule does, and those fields are left out. What is described on other ways alone, as in a form that the value
does not have, stays unexpected.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import jsonschema_rs

from runflow_mock.domain.documents import Json, list_of, object_of
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.directions import Direction
from runflow_mock.openapi.error_places import ErrorPlaces, way_in
from runflow_mock.openapi.forms import CHOICES, Forms
from runflow_mock.openapi.pointers import Pointer
from runflow_mock.openapi.schema_ways import BRANCHES, WAYS_MAX
from runflow_mock.openapi.schemas import CompiledSchema, compile_schema

UNEXPECTED = "unevaluatedProperties"

Steps = tuple[str | int, ...]
# Where something is wrong with a value, and the way on which its schema was found there.
Broken = tuple[Steps, Steps]

# How many steps lead from a schema to another one of the same value, by the first of them.
_STEPS = {"$ref": 1, **dict.fromkeys(BRANCHES, 1), **dict.fromkeys(("allOf", "dependentSchemas", *CHOICES), 2)}


class UnexpectedFields:
    """The fields of one value that nothing describes."""

    def __init__(self, contract: Contract, direction: Direction, value: Json) -> None:
        self._contract = contract
        self._direction = direction
        self._value = value
        self._places = ErrorPlaces(value)

    def told(self, errors: Iterable[jsonschema_rs.ValidationError]) -> Iterator[tuple[jsonschema_rs.ValidationError, str | None]]:
        """Yields the errors that tell something of the value, each with what it says where that is less than the validator says.

        A validator holds `unevaluatedProperties` after the rest of a schema. So what else the schema found in a value stands last among
        what was told before, and one entry for each way from the schema will do for those around it.
        """
        before: list[Broken] = []
        for error in errors:
            place, way = tuple(error.instance_path), tuple(error.evaluation_path)
            if way[-1:] != (UNEXPECTED,):
                before.append((place, way))
                yield error, None
                continue
            broken = _taken(before, place, way[:-1])
            before.extend((place, (*way[:-1], *steps)) for steps in broken)
            names = [str(name) for name in error.kind.as_dict()["unexpected"]] if broken else []
            rest = self._without_described(names, error, broken)
            if not broken or rest:
                before.append((place, way))
                yield error, _says(rest) if len(rest) < len(names) else None

    def _without_described(self, names: list[str], error: jsonschema_rs.ValidationError, broken: Iterable[Steps]) -> list[str]:
        """Returns those of the unexpected fields that are described on none of the ways from a schema on which a rule was broken."""
        schema, value = way_in(self._contract.towards(self._direction), error.schema_path)[:-1], self._value
        for step in self._places.of(error):
            value = value[step]  # type: ignore[index]
        known, patterns = set[str](), dict[str, None]()
        for part in self._parts([way for steps in broken for way in self._ways(schema, steps, value)], object_of(value)):
            if any(part.get(word, False) is not False for word in ("additionalProperties", UNEXPECTED)):
                return []
            known |= object_of(part.get("properties")).keys()
            patterns |= dict.fromkeys(object_of(part.get("patternProperties")))
        matchers = [matcher(pattern) for pattern in patterns]
        return [name for name in names if name not in known and all(each.is_valid({name: 0}) for each in matchers)]

    def _ways(self, schema: Pointer, steps: Steps, value: Json) -> Iterator[Pointer]:
        """Yields the ways to what describes a value beyond the schema itself, by the first steps from it."""
        if steps == ("$ref",):
            yield self._contract.follow(schema)[0]
        elif len(steps) == 1 and steps[0] in CHOICES:
            yield from self._forms(schema, str(steps[0]), value)
        elif steps:
            yield (*schema, *map(str, steps))

    def _parts(self, ways: list[Pointer], value: dict[str, Json]) -> Iterator[dict[str, Json]]:
        """Yields the schemas that describe a value, from some on: of those to choose from the ones that it has, or is meant to have."""
        seen = set[Pointer]()
        while ways and len(seen) < WAYS_MAX:
            way = ways.pop()
            if way in seen:
                continue
            seen.add(way)
            part = self._contract.at(way)
            yield part
            ways.extend(self._next(way, part, value))

    def _next(self, way: Pointer, part: dict[str, Json], value: dict[str, Json]) -> Iterator[Pointer]:
        if isinstance(part.get("$ref"), str):
            yield self._contract.follow(way)[0]
        yield from ((*way, "allOf", str(index)) for index in range(len(list_of(part.get("allOf")))))
        yield from ((*way, "dependentSchemas", name) for name in object_of(part.get("dependentSchemas")) if name in value)
        if "if" in part:
            is_kept = self._allows((*way, "if"), value)
            yield from ((*way, word) for word in (("if", "then") if is_kept else ("else",)))
        for word in CHOICES:
            yield from self._forms(way, word, value)

    def _forms(self, schema: Pointer, word: str, value: Json) -> Iterator[Pointer]:
        forms = Forms(self._contract, schema, word, value)
        fitting = [form for form in forms.all if self._allows(form, value)]
        meant = None if fitting else forms.meant()
        yield from fitting or (forms.all if meant is None else (meant,))

    def _allows(self, schema: Pointer, value: Json) -> bool:
        validator = self._contract.validator(schema, self._direction)
        return validator is None or validator.is_valid(value)


def _taken(before: list[Broken], place: Steps, way: Steps) -> set[Steps]:
    """Takes off what a schema at the end of a way found in the value at a place; returns the first steps from it to what was broken."""
    found = set[Steps]()
    while before and before[-1][0][: len(place)] == place and before[-1][1][: len(way)] == way:
        rest = before.pop()[1][len(way) :]
        found.add(rest[: _STEPS.get(str(rest[0]), 0)])
    return found


def _says(names: list[str]) -> str:
    listed = ", ".join(f"'{name}'" for name in names)
    return f"Unevaluated properties are not allowed ({listed} {'was' if len(names) == 1 else 'were'} unexpected)"


@lru_cache(maxsize=1024)
def matcher(pattern: str) -> CompiledSchema:
    """Returns a schema that allows no name which a pattern matches."""
    return compile_schema({"patternProperties": {pattern: False}})
