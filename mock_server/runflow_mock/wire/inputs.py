"""Model inputs: the catalog's schema of each model, compiled once, and the check of what a client sends.

Only a missing required field, a wrong type and a value outside an enum or a range are errors; unknown fields are accepted. An optional
field may be null. Media fields take `https://`, `http://`, `data:` and `runflow://` addresses, which are never fetched.

Source: `models.inputs`, `models.media-prefixes`.
"""

from typing import cast

from runflow_mock.domain.documents import Document, Json, read_document, write_document
from runflow_mock.domain.models import Model
from runflow_mock.openapi.schemas import SchemaError, check_schema
from runflow_mock.wire.fields import Checker, Schema
from runflow_mock.wire.problems import FieldError, Location

MEDIA_PATTERN = "^(?:https?://|data:|runflow://)"
CHECKERS_MAX = 2_000
_MEDIA = ("image", "file")
_MEDIA_LISTS = ("image_list", "file_list")


class InputChecks:
    """The compiled input schemas of models and workflows; each is compiled when it is first used, and the oldest make room."""

    def __init__(self) -> None:
        self._checkers: dict[bytes, tuple[Checker, frozenset[str]]] = {}

    def __len__(self) -> int:
        return len(self._checkers)

    def errors(self, model: Model, inputs: dict[str, Json], loc: Location) -> list[FieldError]:
        """Returns what is wrong with the inputs of a run."""
        compiled = self._checkers.get(model.input_schema)
        if compiled is None:
            schema = complete_schema(cast(Schema, read_document(model.input_schema)))
            if len(self._checkers) >= CHECKERS_MAX:
                del self._checkers[next(iter(self._checkers))]
            compiled = self._checkers[model.input_schema] = (Checker(schema), required_fields(schema))
        checker, required = compiled
        return checker.errors(without_nulls(inputs, required), loc)


def without_nulls(inputs: dict[str, Json], required: frozenset[str]) -> dict[str, Json]:
    """Returns the inputs without the optional fields that are null: those count as left out."""
    if None not in inputs.values():
        return inputs
    return {name: value for name, value in inputs.items() if value is not None or name in required}


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
    return part
