"""The input fields of a model in words: one row each, for pages and Markdown alike; fields inside objects follow their object."""

from collections.abc import Iterator

import msgspec

from runflow_mock.domain.documents import Json, object_of, read_object
from runflow_mock.domain.media_fields import required_fields
from runflow_mock.domain.models import Model

_LIMITS = (
    ("minimum", "Min"),
    ("maximum", "Max"),
    ("minLength", "Min characters"),
    ("maxLength", "Max characters"),
    ("minItems", "Min items"),
    ("maxItems", "Max items"),
)


class FieldRow(msgspec.Struct, frozen=True):
    """One field: its dotted name, type, whether it is required, what it means, and its limits as (word, value) pairs."""

    name: str
    kind: str
    is_required: bool
    description: str
    limits: tuple[tuple[str, str], ...]


def field_rows(model: Model) -> tuple[FieldRow, ...]:
    """Returns the rows of a model's input, in the order of its schema."""
    return tuple(_rows(read_object(model.input_schema), ""))


def alternatives(model: Model) -> tuple[tuple[str, ...], ...]:
    """Returns the alternative sets of fields of which a run needs one; mostly there are none."""
    options = read_object(model.input_schema).get("anyOf")
    found = [required_fields(option) for option in options if isinstance(option, dict)] if isinstance(options, list) else []
    return tuple(tuple(sorted(names)) for names in found if names)


def _rows(schema: dict[str, Json], prefix: str) -> Iterator[FieldRow]:
    properties, required = schema.get("properties"), required_fields(schema)
    for name, part in object_of(properties).items():
        if isinstance(part, dict):
            kind = str(part.get("x-variable-type") or part.get("type") or "json")
            yield FieldRow(prefix + name, kind, name in required, str(part.get("description") or ""), tuple(_limits(part)))
            yield from _rows(part, f"{prefix}{name}.")


def _limits(part: dict[str, Json]) -> Iterator[tuple[str, str]]:
    if "default" in part:
        yield "Default", _text(part["default"])
    for key, word in _LIMITS:
        if key in part:
            yield word, _text(part[key])
    items = part.get("items")
    options = part.get("enum", items.get("enum") if isinstance(items, dict) else None)
    if isinstance(options, list):
        yield "Options", ", ".join(_text(option) for option in options)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
