"""Model inputs: the catalog's schema of each model, compiled once, and the check of what a client sends.

Only a missing required field, a wrong type and a value outside an enum or a range are errors; unknown fields are accepted. An optional
field may be null, and optional media may be empty text, by which clients mean that there is none; within an object that holds for fields
that its schema names, and a null that the schema takes is a value. Media fields take `https://`, `http://`, `data:` and `runflow://`
addresses, which are never fetched, and the id of an asset, which becomes a reference to it. All this holds at any depth: in objects, in
lists, and in lists of objects.

Source: `models.inputs`, `models.media-prefixes`, `models.empty-media`, `media.bare-asset-ids`.
"""

import re
from collections.abc import Callable, Mapping
from math import inf
from types import MappingProxyType
from typing import NamedTuple, TypeVar, cast

from runflow_mock.domain.assets import REFERENCE_PREFIX
from runflow_mock.domain.documents import Document, Json, read_document, write_document
from runflow_mock.domain.media_fields import LISTS, SINGLE, MediaFields, Object, blanks, entry_of, media_fields, required_fields
from runflow_mock.domain.models import Model
from runflow_mock.openapi.matched_schemas import check_patterns, with_matched_patterns
from runflow_mock.openapi.patterns import as_written
from runflow_mock.openapi.schemas import SchemaError, check_schema
from runflow_mock.wire.fields import Checker, Schema, Weigh
from runflow_mock.wire.problems import FieldError, Location

MEDIA_PATTERN = "^(?:https?://|data:|runflow://)"
CHECKERS_MAX = 2_000
KnownT = TypeVar("KnownT")
# Among a million entries none of the others costs a step of its own.
_WITH_FIELDS = frozenset((dict, list))
_WITH_REFERENCES = frozenset((str, list))
_ASSET_ID_CHARACTERS = 36
_ASSET_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Fields(NamedTuple):
    """The names that an object requires, those whose null counts as left out, and the same of objects in its fields, alone or in lists."""

    required: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()
    inside: Mapping[str, "Fields"] = MappingProxyType({})


class _Compiled(NamedTuple):
    """The check of a model's inputs, its fields, and those of media, if it has any."""

    checker: Checker
    fields: Fields
    media: MediaFields | None


class InputChecks:
    """The compiled input schemas of models and workflows; each is compiled when it is first used, and the oldest make room."""

    def __init__(self) -> None:
        self._checkers: dict[bytes, _Compiled] = {}

    def __len__(self) -> int:
        return len(self._checkers)

    def read(
        self, model: Model, inputs: dict[str, Json], loc: Location, sent_bytes: float = inf
    ) -> tuple[dict[str, Json], list[FieldError]]:
        """Returns the inputs of a run, with references in the place of bare asset ids, and what is wrong with them.

        They came in a body of so many bytes.
        """
        compiled = self._checkers.get(model.input_schema) or self._compile(model)
        media = compiled.media
        if media is None:
            return inputs, compiled.checker.errors(without_nulls(inputs, compiled.fields), loc, sent_bytes)
        inputs = _with_references(inputs, media)
        found = compiled.checker.errors(_without_blanks(without_nulls(inputs, compiled.fields), media), loc, sent_bytes)
        # What is told of all inputs together is told of no entry.
        if all(error.loc == loc for error in found):
            return inputs, found
        # A blank entry of a list kept its place, so that what is said about the others fits.
        blank = {(*loc, *place) for place in blanks(inputs, media)}
        return inputs, [error for error in found if error.loc not in blank]

    def together(self, model: Model, count: int, sent_bytes: int) -> Weigh:
        """Returns what weighs the inputs of so many runs that come together in a body of so many bytes."""
        compiled = self._checkers.get(model.input_schema) or self._compile(model)
        return compiled.checker.together(count, sent_bytes)

    def _compile(self, model: Model) -> _Compiled:
        schema = complete_schema(cast(Schema, read_document(model.input_schema)))
        if len(self._checkers) >= CHECKERS_MAX:
            del self._checkers[next(iter(self._checkers))]
        compiled = self._checkers[model.input_schema] = _Compiled(
            Checker(with_matched_patterns(schema)), fields_in(schema), media_fields(schema)
        )
        return compiled


def fields_in(schema: Mapping[str, Json]) -> Fields:
    """Returns what a schema of inputs says of fields and their nulls, at any depth."""
    properties, required = schema.get("properties"), required_fields(schema)
    if not isinstance(properties, dict):
        return Fields(required)
    parts = {name: entry_of(part) for name, part in properties.items() if isinstance(part, dict)}
    nullable = frozenset(name for name, part in properties.items() if name not in required and not _takes_null(part))
    return Fields(required, nullable, {name: fields_in(part) for name, part in parts.items() if "properties" in part})


def _takes_null(schema: Json) -> bool:
    """Whether null is a value to a schema; references are not followed."""
    if not isinstance(schema, dict):
        return schema is True
    kinds, values = schema.get("type", "null"), schema.get("enum", [schema.get("const")])
    is_taken = "null" in kinds if isinstance(kinds, (str, list)) else False
    is_taken = is_taken and isinstance(values, list) and None in values and "$ref" not in schema
    ways = [schema[word] for word in ("anyOf", "oneOf") if word in schema]
    if not all(isinstance(way, list) and any(map(_takes_null, way)) for way in ways):
        return False
    every = schema.get("allOf", [])
    return is_taken and isinstance(every, list) and all(map(_takes_null, every))


def without_nulls(inputs: Object, fields: Fields) -> Object:
    """Returns the inputs without the fields whose null counts as left out: here also of names that the schema does not know."""
    if None in inputs.values():
        inputs = {name: value for name, value in inputs.items() if value is not None or name in fields.required}
    return _with_objects(inputs, fields)


def _object_without_nulls(value: Object, fields: Fields) -> Object:
    if None in value.values():
        value = {name: part for name, part in value.items() if part is not None or name not in fields.nullable}
    return _with_objects(value, fields)


def _with_objects(inputs: Object, fields: Fields) -> Object:
    within = fields.inside.keys() & inputs.keys()
    if not within:
        return inputs
    return {**inputs, **{name: _in_objects(inputs[name], fields.inside[name], _object_without_nulls) for name in within}}


def _without_blanks(inputs: Object, media: MediaFields) -> Object:
    """Returns the inputs without the optional media fields that are empty text; the entries of lists stay."""
    if not media.inside and "" not in inputs.values():
        return inputs
    present = {name: value for name, value in inputs.items() if value != "" or name not in media.optional}
    for name in media.inside.keys() & inputs.keys():
        present[name] = _in_objects(inputs[name], media.inside[name], _without_blanks)
    return present


def read_input_schema(schema: Schema) -> Document:
    """Returns an input schema that a user wrote as models keep it.

    Raises:
        ValueError: it is none, or the fake will not check by it; see `openapi.schemas`.
    """
    whole = complete_schema(schema)
    try:
        check_patterns(whole)
        check_schema(with_matched_patterns(whole))
    except SchemaError as error:
        raise ValueError(as_written(f"input.{error}" if error.place else f"input: {error}")) from None
    return write_document(whole)


def complete_schema(schema: Schema) -> Schema:
    """Returns an input schema of the catalog with the pattern that every media field has."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return schema
    return {**schema, "properties": {name: _with_pattern(part) for name, part in properties.items()}}


def _with_pattern(part: Json) -> Json:
    if not isinstance(part, dict):
        return part
    kind, items = part.get("x-variable-type"), part.get("items")
    if kind in SINGLE and part.get("type") == "string":
        return {**part, "pattern": MEDIA_PATTERN}
    if kind in LISTS and isinstance(items, dict):
        return {**part, "items": {**items, "pattern": MEDIA_PATTERN}}
    return complete_schema({**part, "items": _with_pattern(items)} if isinstance(items, dict) else part)


def _with_references(inputs: Object, media: MediaFields) -> Object:
    """Returns the inputs with a reference wherever a media field is the id of an asset."""
    changed: Object = {}
    for name in media.names & inputs.keys():
        found = _reference(inputs[name])
        if found != inputs[name]:
            changed[name] = found
    for name in media.inside.keys() & inputs.keys():
        changed[name] = _in_objects(inputs[name], media.inside[name], _with_references)
    return {**inputs, **changed} if changed else inputs


def _in_objects(value: Json, known: KnownT, change: Callable[[Object, KnownT], Object]) -> Json:
    """Returns an object changed, or a list with the objects in it changed; anything else as it is."""
    if isinstance(value, list):
        return value if _WITH_FIELDS.isdisjoint(map(type, value)) else [_in_objects(entry, known, change) for entry in value]
    return change(value, known) if isinstance(value, dict) else value


def _reference(value: Json) -> Json:
    if isinstance(value, list):
        if _WITH_REFERENCES.isdisjoint(map(type, value)):
            return value
        # A call for each text takes four times as long as asking for its length.
        return [entry if isinstance(entry, str) and len(entry) != _ASSET_ID_CHARACTERS else _reference(entry) for entry in value]
    return f"{REFERENCE_PREFIX}{value.lower()}" if isinstance(value, str) and _ASSET_ID.fullmatch(value) else value
