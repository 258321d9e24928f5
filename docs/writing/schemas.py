"""JSON Schema in words: what a value must be, and the rows of an object's fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def rows_of(schema: Schema) -> Iterator[tuple[str, str, str]]:
    """Yields name, what it must be, and meaning of each field; what is required is in bold."""
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield (f"**`{name}`**" if name in required else f"`{name}`", kind_of(field), str(field.get("description", "")))


def kind_of(schema: Schema) -> str:
    """Returns what a value must be, in a few words."""
    if "$ref" in schema:
        return f"`{name_of(schema['$ref'].rpartition('/')[2])}`"
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            kinds = [kind_of(one) for one in schema[word] if one != {"type": "null"}]
            return " or ".join(kinds) if len(kinds) <= 4 else f"one of {len(kinds)} kinds"
    given = schema.get("type")
    kinds = [_kind(str(kind), schema) for kind in (given if isinstance(given, list) else [given] if given else [])]
    return (" or ".join(kinds) or "any JSON") + _limits(schema)


def name_of(part: str) -> str:
    """Returns the name of a part as people know it."""
    return part.removeprefix("_").removeprefix("Wire")


def _kind(kind: str, schema: Schema) -> str:
    if kind == "array" and "items" in schema and schema["items"]:
        return f"list of {kind_of(schema['items'])}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object, each {kind_of(schema['additionalProperties'])}"
    if kind == "object" and schema.get("properties"):
        return "{" + ", ".join(f"{name}{'' if name in schema.get('required', ()) else '?'}" for name in schema["properties"]) + "}"
    if kind == "string" and "format" in schema:
        return str(schema["format"])
    return kind


def _limits(schema: Schema) -> str:
    parts = []
    for word, says in (("minimum", "at least"), ("exclusiveMinimum", "above"), ("maximum", "at most"), ("minLength", "at least")):
        if word in schema:
            parts.append(f"{says} {schema[word]}" + (" characters" if word == "minLength" else ""))
    if "default" in schema and schema["default"] not in ([], {}, "", None):
        parts.append(f"default `{json.dumps(schema['default'])}`")
    return f" ({', '.join(parts)})" if parts else ""
