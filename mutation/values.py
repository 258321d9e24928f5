"""Other values: for a value in an answer one that its schema allows as well, so that no look at the schema alone tells the two apart."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from runflow_mock.kit.suite.memories import packaged_walk
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.openapi.directions import Direction
from runflow_mock.openapi.parameters import ANYTHING
from runflow_mock.openapi.pointers import Pointer

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
MONEY = re.compile(r"-?\d+\.\d+")
A_UUID = "019b76da-a800-7000-8abc-0123456789ab"
AN_INSTANT = "2026-01-01T00:00:01.000Z"
# What stands in for nothing, by the type that the schema allows beside it.
FOR_NULL = {"string": "other", "integer": 7, "number": 0.5, "boolean": True, "array": [], "object": {"other": 1}}


def other_value(value: Any, pointer: Pointer) -> Any:
    """Returns another value of the same place, or the value itself where the schema leaves no other."""
    for candidate in _candidates(value, pointer):
        if candidate != value and fits(pointer, candidate):
            return candidate
    return value


def fits(pointer: Pointer, value: Any) -> bool:
    """Tells whether a schema allows a value."""
    return pointer == ANYTHING or packaged_contract().allows(pointer, value, Direction.ANSWER)


def _candidates(value: Any, pointer: Pointer) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, float):
        yield from (value / 2, value + 0.5)
    elif isinstance(value, str):
        yield from enumerated(pointer)
        yield from _texts(value)
    elif value is None:
        yield from (A_UUID, AN_INSTANT, "0.500000", *enumerated(pointer), *(FOR_NULL[name] for name in _types(pointer)))
    elif isinstance(value, list):
        yield []
    elif isinstance(value, dict):
        yield {"other": 1}


def _texts(value: str) -> Iterator[str]:
    if UUID.fullmatch(value):
        yield value[:-1] + ("0" if value[-1] != "0" else "1")
    elif INSTANT.fullmatch(value):
        zone = "Z" if value.endswith("Z") else "+00:00"
        moved = datetime.fromisoformat(value) + timedelta(seconds=1)
        yield moved.isoformat(timespec="milliseconds").replace("+00:00", zone)
    elif MONEY.fullmatch(value):
        yield str(Decimal(value) + Decimal("0.01"))
    elif "://" in value:
        head, dot, tail = value.rpartition(".")
        yield f"{head}x{dot}{tail}" if dot else f"{value}x"
    yield f"{value}x"
    yield value[:-1]


def enumerated(pointer: Pointer) -> list[Any]:
    """Returns the values that a schema lists, through everything that it is made of."""
    return [value for schema in schemas(pointer) for value in (schema.get("enum") or ()) if value is not None]


def _types(pointer: Pointer) -> list[str]:
    found: list[str] = []
    for schema in schemas(pointer):
        told = schema.get("type")
        found += [told] if isinstance(told, str) else [str(name) for name in told or ()]
    return [name for name in dict.fromkeys(found) if name in FOR_NULL]


def schemas(pointer: Pointer, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Returns a schema and those that it is made of."""
    if pointer == ANYTHING or depth > 8:
        return
    pointer, schema = packaged_contract().follow(pointer)
    yield dict(schema)
    for word in ("anyOf", "oneOf", "allOf"):
        parts = schema.get(word)
        for index in range(len(parts) if isinstance(parts, list) else 0):
            yield from schemas((*pointer, word, str(index)), depth + 1)


def property_pointer(pointer: Pointer, name: str) -> Pointer:
    """Returns where a property of an object is described, or `ANYTHING`."""
    return ANYTHING if pointer == ANYTHING else packaged_walk().described(pointer).properties.get(name, ANYTHING)


def required_in(pointer: Pointer, depth: int = 0) -> frozenset[str]:
    """Returns what an object must have, through everything that its schema is made of at once."""
    if pointer == ANYTHING:
        return frozenset()
    pointer, schema = packaged_contract().follow(pointer)
    required = schema.get("required")
    own = frozenset(str(name) for name in required) if isinstance(required, list) else frozenset()
    parts = schema.get("allOf")
    for number in range(len(parts) if isinstance(parts, list) and depth < 8 else 0):
        own |= required_in((*pointer, "allOf", str(number)), depth + 1)
    return own


def items_pointer(pointer: Pointer) -> Pointer:
    """Returns where the items of a list are described, or `ANYTHING`."""
    return ANYTHING if pointer == ANYTHING else packaged_walk().described(pointer).items or ANYTHING
