"""Walks along schemas: which named records stand where in a content, and what a document says of each of their properties.

A schema may be put together of references, `allOf`, `anyOf` and `oneOf`; what is read here is their union, since a walk asks what a part
is called and where its properties are described, and not whether it is valid.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec

from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.pointers import Pointer

COMPONENTS = ("components", "schemas")
DEPTH_MAX = 12
SPARSE = "Sparse"
"""Begins the name of a record of which lists may show some fields only."""
Way = tuple[str | int, ...]
"""The steps from the top of a content to a part of it."""
_NESTING = (dict, list)


class Described(msgspec.Struct, frozen=True, dict=True):
    """What a document says of a part: where it stands, the names of its schemas, the outermost first, its properties and its items."""

    place: Pointer = ()
    names: tuple[str, ...] = ()
    properties: Mapping[str, Pointer] = {}
    items: Pointer | None = None

    @cached_property
    def name(self) -> str:
        """The name by which the part is known, whole or in part, or nothing."""
        return self.names[0].removeprefix(SPARSE) if self.names else ""


class Part(msgspec.Struct, frozen=True):
    """One part of a content: the way to it, its value, and what it is."""

    way: Way
    value: Any
    described: Described


class SchemaWalk:
    """Walks through contents by the schemas of one document, which are read once."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._described: dict[Pointer, Described] = {}

    def described(self, pointer: Pointer) -> Described:
        """Returns what stands at a pointer."""
        known = self._described.get(pointer)
        if known is None:
            names: list[str] = []
            properties: dict[str, Pointer] = {}
            items = self._gather(pointer, names, properties, 0)
            known = self._described[pointer] = Described(self._contract.follow(pointer)[0], tuple(names), properties, items)
        return known

    def objects(self, pointer: Pointer, value: Any, way: Way = ()) -> Iterator[Part]:
        """Returns every object that the schema describes, from the outside in."""
        if isinstance(value, dict):
            described = self.described(pointer)
            yield Part(way, value, described)
            for name, inner in value.items():
                if isinstance(inner, _NESTING) and name in described.properties:
                    yield from self.objects(described.properties[name], inner, (*way, name))
        elif isinstance(value, list):
            items = self.described(pointer).items
            if items is not None:
                for index, inner in enumerate(value):
                    if isinstance(inner, _NESTING):
                        yield from self.objects(items, inner, (*way, index))

    def _gather(self, pointer: Pointer, names: list[str], properties: dict[str, Pointer], depth: int) -> Pointer | None:
        """Adds what a schema and those that it is made of say; returns where its items are described."""
        if depth > DEPTH_MAX:
            return None
        pointer, schema = self._contract.follow(pointer)
        if pointer[: len(COMPONENTS)] == COMPONENTS and len(pointer) == len(COMPONENTS) + 1 and pointer[-1] not in names:
            names.append(pointer[-1])
        items = (*pointer, "items") if isinstance(schema.get("items"), dict) else None
        for word in ("allOf", "anyOf", "oneOf"):
            branches = schema.get(word)
            for index in range(len(branches) if isinstance(branches, list) else 0):
                found = self._gather((*pointer, word, str(index)), names, properties, depth + 1)
                items = items or found
        own = schema.get("properties")
        for name in own if isinstance(own, dict) else ():
            # A list says last of what its records are; the page that it is made of does not know.
            properties[name] = (*pointer, "properties", name)
        return items
