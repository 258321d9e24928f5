"""Checks values against JSON Schemas and says what is wrong in the API's words: `{loc, msg, type}` for every field.

The checking is done by `jsonschema-rs`; the project's tests hold it against `jsonschema`, the reference implementation.

Source: `errors.fields` (the shape, and `missing` with its text). Inferred: the words for everything else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from math import inf, isqrt
from typing import TYPE_CHECKING, cast

from runflow_mock.domain.documents import Json, list_of
from runflow_mock.openapi.beginnings import beginning_of, weight_of
from runflow_mock.openapi.combinations import Copies
from runflow_mock.openapi.error_places import ErrorPlaces, way_in
from runflow_mock.openapi.loads import PAIR, Load, bytes_never_too_much, is_too_much, load_of
from runflow_mock.openapi.loads import weight_of as weight_of_rules
from runflow_mock.openapi.long_numbers import long_whole_numbers
from runflow_mock.openapi.parts import Part
from runflow_mock.openapi.patterns import as_written
from runflow_mock.openapi.pointers import walk
from runflow_mock.openapi.readings import Readings
from runflow_mock.openapi.schemas import (
    ERROR_SIZE,
    LOOKS_MAX,
    TRIED_CHARACTERS_MAX,
    CompiledSchema,
    Schema,
    TooManyErrors,
    compile_schema,
    parts_in,
)
from runflow_mock.wire.problems import FieldError, Location, invalid

if TYPE_CHECKING:
    import jsonschema_rs

__all__ = ["Checker", "Schema", "Weigh"]

HELD_MAX = 10_000_000
"""How many rules may be held against all parts of a value together; see `openapi.loads`."""
HELD_EACH_MAX = 5_000
"""How many more where several values come together, for each of them: as many as making its run takes."""
COPIED_MAX = 200_000
"""How many values may be copied to say what is wrong with one that was sent; see `openapi.beginnings`."""
EVALUATED_MAX = 100_000
"""How many parts of a value may be held against how many of a schema to find out how much is wrong."""
COUNTED_MAX = 50_000
"""How much of a value is looked through for how much of it may be wrong at all; a workflow of a thousand nodes is 20,000."""
BEGINNING_MIN = 16

Weigh = Callable[[Json], tuple[str, str] | None]
"""Weighs one more of several values, and returns what to say where it takes too long together with those before it."""


class Checker:
    """One schema, compiled when it is first used: a server that was never sent a body has no need of the compiler."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    @cached_property
    def _compiled(self) -> CompiledSchema:
        return compile_schema(self._schema)

    def check(self, body: Json) -> None:
        """Raises the 422 for a body that is not as the schema says."""
        errors = self.errors(body, ("body",))
        if errors:
            raise invalid(*errors)

    def errors(self, value: Json, loc: Location, sent_bytes: float = inf) -> list[FieldError]:
        """Returns what is wrong with a value that stands at `loc`; nothing is the normal case and costs least.

        The value came in a JSON text of so many bytes: of a short one nothing is weighed.
        """
        if sent_bytes > self._bytes_never_too_much and is_too_much(self._load, value, HELD_MAX):
            return [FieldError(loc, *self._too_much([value], _TOO_MUCH))]
        if sent_bytes > self._bytes_never_too_long:
            costly = self._compiled.long_texts(value) or self._readings.costly(self._schema, value)
            if costly:
                return [FieldError((*loc, *place), *_TOO_COSTLY) for place in costly]
        if self._compiled.is_valid(value):
            return []
        places = ErrorPlaces(value)
        return [field for error in self._broken(value) for field in self._explain(error, places, loc)] or [FieldError(loc, *_TOO_LARGE)]

    def together(self, count: int, sent_bytes: int) -> Weigh:
        """Returns what weighs so many values together that came in so many bytes: each of them may pass, and all still take too long."""
        if sent_bytes <= self._bytes_never_too_much:
            return lambda _: None
        values, left = list[Json](), HELD_MAX + HELD_EACH_MAX * count

        def weigh(value: Json) -> tuple[str, str] | None:
            nonlocal left
            values.append(value)
            left -= weight_of_rules(self._load, value, left)
            return self._too_much(values, _TOO_MUCH_TOGETHER) if left < 0 else None

        return weigh

    def _too_much(self, values: Sequence[Json], otherwise: tuple[str, str]) -> tuple[str, str]:
        pairs = sum(long_whole_numbers(value) ** 2 for value in values) if self._load.compares_items else 0
        return _TOO_MANY_LONG if PAIR * pairs > HELD_MAX else otherwise

    @cached_property
    def _readings(self) -> Readings:
        return Readings(self._schema, Part.SCHEMA, LOOKS_MAX)

    @cached_property
    def _bytes_never_too_long(self) -> float:
        return min(TRIED_CHARACTERS_MAX, self._readings.characters_free)

    @cached_property
    def _load(self) -> Load:
        return load_of(self._schema)

    @cached_property
    def _bytes_never_too_much(self) -> int:
        return bytes_never_too_much(self._load, HELD_MAX)

    @cached_property
    def _parts(self) -> int:
        return parts_in(self._schema)

    def _broken(self, value: Json) -> "Iterator[jsonschema_rs.ValidationError]":
        """Returns what is wrong with a value, or with its beginning where copies of all that is wrong would take too long."""
        # Every part of a value costs a step, of which a body may have millions: all that weigh more than this are told alike.
        weight = weight_of(value, EVALUATED_MAX)
        if self._parts * weight * weight <= COPIED_MAX:
            return self._compiled.iter_errors(value)
        # Of a large part of which a schema says little, however long that is elsewhere, little can be wrong.
        if weight <= COUNTED_MAX:
            copies = Copies(self._schema, value, error_size=ERROR_SIZE, looks_max=COPIED_MAX // ERROR_SIZE)
            if copies.most(self._schema, value) <= COPIED_MAX:
                return self._compiled.iter_errors(value)
        if self._parts * weight <= EVALUATED_MAX:
            with suppress(TooManyErrors):
                return self._compiled.explained(value, COPIED_MAX)
        beginning = beginning_of(value, max(BEGINNING_MIN, isqrt(COPIED_MAX // self._parts)))
        places = ErrorPlaces(beginning.value)
        return (error for error in self._compiled.iter_errors(beginning.value) if beginning.shows(error, places))

    def _explain(self, error: "jsonschema_rs.ValidationError", places: ErrorPlaces, loc: Location) -> Iterator[FieldError]:
        place = (*loc, *places.of(error))
        kind, details = error.kind.name, error.kind.as_dict()
        if kind == "required":
            yield FieldError((*place, str(details["property"])), "field required", "missing")
        elif kind == "anyOf":
            yield self._alternatives(error, place)
        else:
            explain = _EXPLANATIONS.get(kind)
            message, word = (error.message[:200], "value_error") if explain is None else explain(details, error.message)
            yield FieldError(place, message, word)

    def _alternatives(self, error: "jsonschema_rs.ValidationError", place: Location) -> FieldError:
        options = list_of(walk(self._schema, way_in(self._schema, error.schema_path)))
        required = [option["required"] for option in options if isinstance(option, dict) and set(option) == {"required"}]
        if len(required) < len(options):
            return FieldError(place, "Input fits none of the allowed forms", "union_error")
        forms = " or ".join(" with ".join(str(name) for name in names) for names in required if isinstance(names, list))
        first = required[0][0] if isinstance(required[0], list) and required[0] else ""
        return FieldError((*place, str(first)), f"field required: {forms}", "missing")


_TOO_MUCH = ("Input is too large to be held against all that its schema says", "value_cost")
_TOO_MUCH_TOGETHER = ("Inputs are together too large to be held against all that their schema says: send fewer at once", "value_cost")
_TOO_MANY_LONG = ("Input has too many whole numbers beyond 64 bits beside items that have to differ (`uniqueItems`)", "value_cost")
_TOO_COSTLY = ("Input takes too long to be held against the pattern of this field", "string_pattern_cost")
_TOO_LARGE = ("Input is not as its schema says, and too large to say where", "value_error")
Details = Mapping[str, object]
Explain = Callable[[Details, str], tuple[str, str]]


def _type(details: Details, message: str) -> tuple[str, str]:
    types = [name for name in cast(list[str], details["types"]) if name != "null"]
    name = types[0] if types else "null"
    return f"Input should be a valid {_TYPE_WORDS.get(name, name)}", f"{_TYPE_CODES.get(name, name)}_type"


def _enum(details: Details, message: str) -> tuple[str, str]:
    shown = ", ".join(repr(option) for option in cast(list[object], details["options"]))
    return f"Input should be one of {shown}", "enum"


def _limit(text: str, word: str) -> Explain:
    return lambda details, message: (text.format(details["limit"]), word)


def _pattern(details: Details, message: str) -> tuple[str, str]:
    if "pattern" not in details:
        return _TOO_COSTLY
    return f"Input should match {as_written(str(details['pattern']))}", "string_pattern_mismatch"


_TYPE_WORDS = {"object": "object", "array": "list"}
_TYPE_CODES = {"object": "dict", "array": "list", "integer": "int", "boolean": "bool", "number": "float"}
_EXPLANATIONS: Mapping[str, Explain] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _limit("Input should be greater than or equal to {}", "greater_than_equal"),
    "maximum": _limit("Input should be less than or equal to {}", "less_than_equal"),
    "minLength": _limit("Input should have at least {} characters", "string_too_short"),
    "maxLength": _limit("Input should have at most {} characters", "string_too_long"),
    "minItems": _limit("Input should have at least {} items", "too_short"),
    "maxItems": _limit("Input should have at most {} items", "too_long"),
}
