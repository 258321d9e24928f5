"""Values from texts: what the text of a parameter or a form stands for, given the schema of the value.

A text alone does not say whether `10` is a number. Every reading that the schema speaks of is tried, and the first that it allows counts;
where it allows none, the first reading is what is told to be wrong.
"""

import math
import re
from collections.abc import Iterator, Sequence
from typing import cast

import msgspec

from runflow_mock.domain.documents import Json, object_of, try_document
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.parameters import ANYTHING
from runflow_mock.openapi.pointers import Pointer

READINGS_MAX = 16
DEPTH_MAX = 16

Node = str | list["Node"] | dict[str, "Node"]
"""Texts, as they are put together before anybody knows their types."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Json] = {"true": True, "false": False}


def value_of(contract: Contract, schema: Pointer, nodes: Sequence[Node]) -> Json:
    """Returns the value that texts stand for; `nodes` are the forms in which they may be put together, the most likely one first."""
    return _first_allowed(contract, schema, _all_readings(contract, schema, nodes))


def has_allowed_reading(contract: Contract, schema: Pointer, nodes: Sequence[Node]) -> bool:
    """Tells whether a schema allows the value that texts stand for."""
    return any(contract.allows(schema, value) for value in _all_readings(contract, schema, nodes)[:READINGS_MAX])


def _all_readings(contract: Contract, schema: Pointer, nodes: Sequence[Node]) -> list[Json]:
    return [reading for node in nodes for reading in _readings(contract, schema, node, 0)]


def _first_allowed(contract: Contract, schema: Pointer, readings: list[Json]) -> Json:
    return next((value for value in readings[:READINGS_MAX] if contract.allows(schema, value)), readings[0])


def _readings(contract: Contract, schema: Pointer, node: Node, depth: int) -> list[Json]:
    """Returns what texts may stand for, the most particular reading first; there is always one."""
    ways = contract.ways(schema)
    types = contract.types(schema)
    if depth > DEPTH_MAX:
        return [cast("Json", node)]
    if isinstance(node, dict):
        listed = _as_list(node) if "array" in types else None
        found = [] if listed is None else _lists(contract, ways, listed, depth)
        return [*found, *_objects(contract, ways, node, depth)]
    if isinstance(node, list):
        found = _lists(contract, ways, node, depth) if "array" in types else []
        return found or _readings(contract, schema, node[-1] if node else "", depth + 1)
    found = list(_scalars(node, types))
    if types & {"array", "object"} and schema != ANYTHING:
        found = [*_from_json(node, types), *(_lists(contract, ways, [node], depth) if "array" in types else []), *found]
    return found or [node]


def _scalars(text: str, types: frozenset[str]) -> Iterator[Json]:
    if types & {"integer", "number"} and _NUMBER.fullmatch(text) and len(text) < 400 and math.isfinite(float(text)):
        value = msgspec.json.decode(text)
        yield int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
    if "boolean" in types and text.lower() in _WORDS:
        yield _WORDS[text.lower()]
    if "string" in types or not types & {"null"} or text not in ("", "null"):
        yield text
    if "null" in types and text in ("", "null"):
        yield None


def _from_json(text: str, types: frozenset[str]) -> Iterator[Json]:
    """Yields an object or a list that stands in a text as JSON."""
    if text[:1] not in ("{", "["):
        return
    value = try_document(text)
    if value is not None and ("object" if isinstance(value, dict) else "array") in types:
        yield value


def _lists(contract: Contract, ways: Sequence[Pointer], nodes: list[Node], depth: int) -> list[Json]:
    """Returns a list for each way in which its items are described."""
    forms = [way for way in ways if {"items", "prefixItems"} & contract.at(way).keys()] or [ANYTHING]
    found: list[Json] = []
    for way in forms[:READINGS_MAX]:
        schemas = [_item(contract, way, index) for index in range(len(nodes))]
        pairs = zip(schemas, nodes, strict=True)
        found.append([_first_allowed(contract, schema, _readings(contract, schema, node, depth + 1)) for schema, node in pairs])
    return found


def _item(contract: Contract, way: Pointer, index: int) -> Pointer:
    part = contract.at(way)
    prefixed = part.get("prefixItems")
    if isinstance(prefixed, list) and index < len(prefixed):
        return (*way, "prefixItems", str(index))
    return (*way, "items") if isinstance(part.get("items"), dict) else ANYTHING


def _objects(contract: Contract, ways: Sequence[Pointer], node: dict[str, Node], depth: int) -> list[Json]:
    """Returns an object whose fields are read as the first schema says that allows them."""
    found: dict[str, Json] = {}
    for name, inner in node.items():
        schemas = [(*way, "properties", name) for way in ways if name in object_of(contract.at(way).get("properties"))]
        schemas = schemas or [
            (*way, "additionalProperties") for way in ways if isinstance(contract.at(way).get("additionalProperties"), dict)
        ]
        read = [(schema, _readings(contract, schema, inner, depth + 1)) for schema in schemas[:READINGS_MAX] or [ANYTHING]]
        values = [_first_allowed(contract, schema, readings) for schema, readings in read]
        allowed = (value for (schema, _), value in zip(read, values, strict=True) if contract.allows(schema, value))
        found[name] = next(allowed, values[0])
    return [found]


def _as_list(node: dict[str, Node]) -> list[Node] | None:
    """Returns a list that was written as an object: `a[]=1`, or `a[0]=1`."""
    if set(node) == {""}:
        inner = node[""]
        return inner if isinstance(inner, list) else [inner]
    return list(node.values()) if node and all(name.isdecimal() for name in node) else None
