"""Directions: what a document means for requests, and what it means for answers.

A field that is `readOnly` may be required and is still never asked of a client, and one that is `writeOnly` need not be in an answer. So
each direction has a document of its own, which differs in what its schemas require and shares all the rest. Formats of numbers, which no
validator of JSON Schema knows, become limits in both, and every `pattern` is as the validator reads it; the names of `patternProperties`,
by which references lead, are so before (`matched_names`).

Source: OpenAPI, "Schema Object", readOnly and writeOnly: "If the property is in the required list, the required will take effect on the
response only", and the other way round.
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from typing import Any

from runflow_mock.domain.documents import Json, list_of, object_of
from runflow_mock.openapi.parts import Part, parts_met
from runflow_mock.openapi.patterns import as_matched
from runflow_mock.openapi.pointers import Pointer, pointer_of, walk
from runflow_mock.openapi.schema_ways import BRANCHES, TOGETHER

FOLLOWED_MAX = 100
BITS = {"int32": 31, "int64": 63}
"""The formats that bound a number: by how many bits, beside its sign."""

Object = dict[str, Any]


class Direction(StrEnum):
    """Which way a message goes, by the mark of the fields that need not be in it."""

    REQUEST = "readOnly"
    ANSWER = "writeOnly"


def towards(document: Object, direction: Direction) -> Object:
    """Returns a document for one direction, or the same one where that makes no difference."""
    graph = _Graph(document, direction)
    edits = dict(chain(graph.not_required(), graph.limits(), graph.patterns()))
    return _edited(document, edits) if edits else document


class _Graph:
    """The schemas of a document: which field names each marks, and which schemas speak of the same value."""

    def __init__(self, document: Object, direction: Direction) -> None:
        self._document = document
        self._mark = direction.value
        self._schemas: dict[int, tuple[Pointer, Object]] = {}
        self._around: dict[int, list[int]] = {}
        self._collect()

    def limits(self) -> Iterator[tuple[Pointer, Json]]:
        """Yields the ways to limits that follow from formats, each with what it is."""
        for pointer, schema in self._schemas.values():
            bits = BITS.get(str(schema.get("format")))
            if bits is None:
                continue
            for word, limit, tighter in (("minimum", -(2**bits), max), ("maximum", 2**bits - 1, min)):
                said = schema.get(word, limit)
                yield (*pointer, word), tighter(said, limit) if isinstance(said, int | float) else limit

    def patterns(self) -> Iterator[tuple[Pointer, Json]]:
        """Yields the ways to patterns that the validator would read otherwise, each as it has to be for it."""
        for pointer, schema in self._schemas.values():
            pattern = schema.get("pattern")
            if isinstance(pattern, str) and (matched := as_matched(pattern)) != pattern:
                yield (*pointer, "pattern"), matched

    def not_required(self) -> Iterator[tuple[Pointer, Json]]:
        """Yields the ways to lists of required fields, each with what is left of it."""
        for key, (pointer, schema) in self._schemas.items():
            for way, required in _lists_of_required(schema):
                marked = self._marked(key)
                left = [name for name in required if name not in marked]
                if len(left) < len(required):
                    yield (*pointer, *way), left

    def _collect(self) -> None:
        for pointer, kind, part in parts_met(self._document):
            if kind is Part.SCHEMA:
                self._schemas[id(part)] = (pointer, part)
                self._link(part)

    def _link(self, schema: Object) -> None:
        """Notes which schemas a schema is put together of."""
        lists = (list_of(schema.get(word)) for word in TOGETHER)
        alone = [schema[word] for word in BRANCHES if word in schema]
        for inner in (*chain(*lists), *alone, *object_of(schema.get("dependentSchemas")).values()):
            self._around.setdefault(id(inner), []).append(id(schema))
        if isinstance(schema.get("$ref"), str):
            target = walk(self._document, pointer_of(schema["$ref"]))
            self._around.setdefault(id(target), []).append(id(schema))

    def _marked(self, key: int) -> frozenset[str]:
        """Returns the fields that are marked in a schema, in what it is put together of, and in what is put together of it."""
        found: set[str] = set()
        for around in self._reached([key], lambda each: self._around.get(each, [])):
            found |= self._own_marks(around)
        return frozenset(found)

    def _own_marks(self, key: int) -> set[str]:
        return {
            name
            for each in self._reached([key], self._inner)
            for name, inner in object_of(self._schemas[each][1].get("properties")).items()
            if self._is_marked(inner)
        }

    def _is_marked(self, schema: Any) -> bool:
        if not isinstance(schema, dict):
            return False
        self._schemas.setdefault(id(schema), ((), schema))
        return any(self._schemas[each][1].get(self._mark) is True for each in self._reached([id(schema)], self._inner))

    def _inner(self, key: int) -> list[int]:
        schema = self._schemas[key][1]
        found = [inner for inner in schema.get("allOf") or () if isinstance(inner, dict)] if isinstance(schema.get("allOf"), list) else []
        if isinstance(schema.get("$ref"), str):
            found.append(walk(self._document, pointer_of(schema["$ref"])))
        return [id(inner) for inner in found if id(inner) in self._schemas]

    @staticmethod
    def _reached(start: list[int], following: Any) -> list[int]:
        found: dict[int, None] = {}
        waiting = list(start)
        while waiting and len(found) < FOLLOWED_MAX:
            key = waiting.pop()
            if key not in found:
                found[key] = None
                waiting.extend(following(key))
        return list(found)


def _lists_of_required(schema: Object) -> Iterator[tuple[Pointer, list[Json]]]:
    """Yields the names that a schema requires, always or where another field is there; `if` requires nothing."""
    if isinstance(schema.get("required"), list):
        yield ("required",), schema["required"]
    for name, required in object_of(schema.get("dependentRequired")).items():
        if isinstance(required, list):
            yield ("dependentRequired", name), required


def _edited(document: Object, edits: dict[Pointer, Json]) -> Object:
    """Returns a copy of a document with other values at some places; what is on no way there is shared."""
    copied: dict[int, Any] = {}
    result = dict(document)
    copied[id(document)] = result
    for pointer, value in edits.items():
        part: Any = result
        original: Any = document
        for word in pointer[:-1]:
            key: Any = int(word) if isinstance(original, list) else word
            original = original[key]
            if id(original) not in copied:
                copied[id(original)] = list(original) if isinstance(original, list) else dict(original)
            part[key] = copied[id(original)]
            part = part[key]
        part[pointer[-1]] = value
    return result
