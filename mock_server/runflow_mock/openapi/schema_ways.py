"""Ways of schemas: all schemas that speak of the same value, through references and whatever else puts a schema together.

Each is met once, so that it takes as long as there are schemas, however many ways lead to them.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from runflow_mock.domain.documents import Json, list_of
from runflow_mock.openapi.pointers import Pointer

TOGETHER = ("allOf", "anyOf", "oneOf")
BRANCHES = ("then", "else")
WAYS_MAX = 1_000
ANY_TYPE = frozenset(("string", "number", "integer", "boolean", "array", "object", "null"))

# What only values of a type can have; a schema with one of them and without a type means this type.
IMPLIED = {
    **dict.fromkeys(("properties", "additionalProperties", "patternProperties", "required"), "object"),
    **dict.fromkeys(("items", "prefixItems", "minItems", "maxItems"), "array"),
    **dict.fromkeys(("pattern", "minLength", "maxLength"), "string"),
}
# A truth value is a number to Python, and so it comes first.
_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
)


class Document(Protocol):
    """What schemas are looked up in."""

    def follow(self, pointer: Pointer) -> tuple[Pointer, dict[str, Json]]:
        """Returns a part and the way to it, through references."""

    def at(self, pointer: Pointer) -> dict[str, Json]:
        """Returns the object at the end of a way."""


def ways_of(document: Document, schema: Pointer) -> tuple[Pointer, ...]:
    """Returns the ways to a schema and to all that speak of the same value."""
    if not schema:
        return ()
    found: dict[Pointer, None] = {}
    waiting = [schema]
    while waiting and len(found) < WAYS_MAX:
        way = waiting.pop()
        if way in found:
            continue
        found[way] = None
        part = document.at(way)
        # Read from the back, so that they come in the order in which they stand there.
        waiting.extend(reversed(list(_next(document, way, part))))
    return tuple(found)


def _next(document: Document, way: Pointer, part: dict[str, Json]) -> Iterator[Pointer]:
    if isinstance(part.get("$ref"), str):
        target = document.follow(way)[0]
        if target != way:
            yield target
    for word in TOGETHER:
        parts = part.get(word)
        yield from ((*way, word, str(index)) for index in range(len(parts) if isinstance(parts, list) else 0))
    yield from ((*way, word) for word in BRANCHES if isinstance(part.get(word), dict))


def types_of(parts: Iterable[dict[str, Json]]) -> frozenset[str]:
    """Returns the types of which schemas of one value speak; any where they speak of none."""
    known = tuple(parts)
    implied = {IMPLIED[word] for part in known if part.get("type") is None for word in part if word in IMPLIED}
    return said_types(known) | implied or ANY_TYPE


def said_types(parts: Iterable[dict[str, Json]]) -> frozenset[str]:
    """Returns the types that schemas of one value name, or have values of: what is of another is not as they say."""
    found: set[str] = set()
    for part in parts:
        said = part.get("type")
        found.update(map(str, said) if isinstance(said, list) else [str(said)] if said is not None else [])
        found.update(map(type_of, [*list_of(part.get("enum")), *([part["const"]] if "const" in part else [])]))
    return frozenset(found) & ANY_TYPE


def type_of(value: Json) -> str:
    """Returns the type of a value, by the name that schemas have for it."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "null")
