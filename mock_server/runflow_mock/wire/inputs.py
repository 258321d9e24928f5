"""Model inputs: the catalog's schema of each model, compiled once, and the check of what a client sends.

Only a missing required field, a wrong type and a value outside an enum or a range are errors; unknown fields are accepted. An optional
field may be null, and an optional media field may be empty text, by which clients mean that there is none. Media fields take `https://`,
`http://`, `data:` and `runflow://` addresses, which are never fetched, and the id of an asset, which becomes a reference to it.

Source: `models.inputs`, `models.media-prefixes`, `models.empty-media`, `media.bare-asset-ids`.
"""

import re
from typing import NamedTuple, cast

from runflow_mock.domain.assets import REFERENCE_PREFIX
from runflow_mock.domain.documents import Document, Json, read_document, write_document
from runflow_mock.domain.models import Model
from runflow_mock.openapi.schemas import SchemaError, check_schema
from runflow_mock.wire.fields import Checker, Schema
from runflow_mock.wire.problems import FieldError, Location

MEDIA_PATTERN = "^(?:https?://|data:|runflow://)"
CHECKERS_MAX = 2_000
_MEDIA = ("image", "file")
_MEDIA_LISTS = ("image_list", "file_list")
_ASSET_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class _Compiled(NamedTuple):
    """The check of a model's inputs, the names that it requires, and its media fields, if it has any."""

    checker: Checker
    required: frozenset[str]
    media: "_Media | None"


class _Media(NamedTuple):
    """The media fields of an object, by name, those that may be left out, and the objects in it that have some."""

    names: frozenset[str]
    optional: frozenset[str]
    inside: dict[str, "_Media"]


class InputChecks:
    """The compiled input schemas of models and workflows; each is compiled when it is first used, and the oldest make room."""

    def __init__(self) -> None:
        self._checkers: dict[bytes, _Compiled] = {}

    def __len__(self) -> int:
        return len(self._checkers)

    def read(self, model: Model, inputs: dict[str, Json], loc: Location) -> tuple[dict[str, Json], list[FieldError]]:
        """Returns the inputs of a run, with references in the place of bare asset ids, and what is wrong with them."""
        compiled = self._checkers.get(model.input_schema)
        if compiled is None:
            schema = complete_schema(cast(Schema, read_document(model.input_schema)))
            if len(self._checkers) >= CHECKERS_MAX:
                del self._checkers[next(iter(self._checkers))]
            compiled = self._checkers[model.input_schema] = _Compiled(Checker(schema), required_fields(schema), _media_of(schema))
        if compiled.media is not None:
            inputs = _with_references(inputs, compiled.media)
        present = without_nulls(inputs, compiled.required)
        if compiled.media is not None:
            present = without_blanks(present, compiled.media)
        return inputs, compiled.checker.errors(present, loc)


def without_nulls(inputs: dict[str, Json], required: frozenset[str]) -> dict[str, Json]:
    """Returns the inputs without the optional fields that are null: those count as left out."""
    if None not in inputs.values():
        return inputs
    return {name: value for name, value in inputs.items() if value is not None or name in required}


def without_blanks(inputs: dict[str, Json], media: _Media) -> dict[str, Json]:
    """Returns the inputs without the optional media fields that are empty text: those count as left out, at any depth."""
    present = inputs
    for name in media.optional & inputs.keys():
        if inputs[name] == "":
            present = {other: value for other, value in present.items() if other != name}
    for name in media.inside.keys() & inputs.keys():
        value = inputs[name]
        if isinstance(value, dict):
            present = {**present, name: without_blanks(value, media.inside[name])}
    return present


def required_fields(schema: Schema) -> frozenset[str]:
    """Returns the names that a schema requires."""
    names = schema.get("required")
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()


def read_input_schema(schema: Schema) -> Document:
    """Returns an input schema that a user wrote as models keep it.

    Raises:
        ValueError: it is none, or the fake will not check by it; see `openapi.schemas`.
    """
    whole = complete_schema(schema)
    try:
        check_schema(whole)
    except SchemaError as error:
        raise ValueError(f"input.{error}" if error.place else f"input: {error}") from None
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
    kind = part.get("x-variable-type")
    if kind in _MEDIA and part.get("type") == "string":
        return {**part, "pattern": MEDIA_PATTERN}
    items = part.get("items")
    if kind in _MEDIA_LISTS and isinstance(items, dict):
        return {**part, "items": {**items, "pattern": MEDIA_PATTERN}}
    return complete_schema(part)


def _media_of(schema: Schema) -> _Media | None:
    properties = schema.get("properties")
    parts = {name: part for name, part in properties.items() if isinstance(part, dict)} if isinstance(properties, dict) else {}
    names = frozenset(name for name, part in parts.items() if part.get("x-variable-type") in (*_MEDIA, *_MEDIA_LISTS))
    inside = {name: found for name, part in parts.items() if name not in names and (found := _media_of(part)) is not None}
    return _Media(names, names - required_fields(schema), inside) if names or inside else None


def _with_references(inputs: dict[str, Json], media: _Media) -> dict[str, Json]:
    """Returns the inputs with a reference wherever a media field is the id of an asset."""
    changed: dict[str, Json] = {}
    for name in media.names & inputs.keys():
        value = inputs[name]
        found = [_reference(part) for part in value] if isinstance(value, list) else _reference(value)
        if found != value:
            changed[name] = found
    for name in media.inside.keys() & inputs.keys():
        value = inputs[name]
        if isinstance(value, dict):
            changed[name] = _with_references(value, media.inside[name])
    return {**inputs, **changed} if changed else inputs


def _reference(value: Json) -> Json:
    return f"{REFERENCE_PREFIX}{value.lower()}" if isinstance(value, str) and _ASSET_ID.fullmatch(value) else value
