"""Promises: what of a document is said by the fake alone, so that generated clients need no assertions, and what its sources say.

A schema marked `x-promised` names the properties that are required, and those that are not null, beyond the sources. Whoever is held
against the document and is no fake of ours is held against what the sources say.
"""

from functools import cache
from typing import Any, cast

import msgspec

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.contracts import Contract, packaged_contract

MARK = "x-promised"

Object = dict[str, Any]


def as_documented(document: Object) -> Object:
    """Returns a document without what the fake alone promises; the one given stays as it is."""
    components = document.get("components")
    schemas = components.get("schemas") if isinstance(components, dict) else None
    if not isinstance(schemas, dict):
        return document
    written = {name: _documented(schema) if isinstance(schema, dict) and MARK in schema else schema for name, schema in schemas.items()}
    return {**document, "components": {**cast("Object", components), "schemas": written}}


def _documented(schema: Object) -> Object:
    promise = msgspec.convert(schema[MARK], dict[str, list[str]])
    filled, beyond = promise.get("filled", []), promise.get("required", [])
    properties = {name: {"anyOf": [part, {"type": "null"}]} if name in filled else part for name, part in schema["properties"].items()}
    required = [name for name in schema["required"] if name not in beyond]
    kept: dict[str, Json] = {name: part for name, part in schema.items() if name not in (MARK, "required")}
    return {**kept, "properties": properties, **({"required": required} if required else {})}


@cache
def documented_contract() -> Contract:
    """Returns the contract that ships with the package as its sources have it; it is read once."""
    return Contract(as_documented(packaged_contract().document))
