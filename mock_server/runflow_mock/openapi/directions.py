"""Directions: what a document means for requests, and what it means for answers.

A field that is `readOnly` may be required and is still never asked of a client, and one that is `writeOnly` need not be in an answer. So
each direction has a document of its own, which differs in what its schemas require and shares all the rest. Formats of numbers, which no
validator of JSON Schema knows, become limits in both, and every `pattern` is as the validator reads it; the names of `patternProperties`,
by which references lead, are so before (`matched_names`).

Source: OpenAPI, "Schema Object", readOnly and writeOnly: "If the property is in the required list, the required will take effect on the
response only", and the other way round.
"""

from collections.abc import Iterator, Set
from enum import StrEnum
from itertools import chain
from typing import Any

from runflow_mock.domain.documents import Json, list_of, object_of
from runflow_mock.openapi.parts import Part, parts_met
from runflow_mock.openapi.patterns import otherwise_matched
from runflow_mock.openapi.pointers import pointer_of, walk
from runflow_mock.openapi.replacements import with_replaced
from runflow_mock.openapi.schema_ways import BRANCHES, TOGETHER

FOLLOWED_MAX = 100
BITS = {"int32": 31, "int64": 63}
"""The formats that bound a number: by how many bits, beside its sign."""

Object = dict[str, Any]
# A schema, a word of it, and what that is in a direction.
Edit = tuple[Object, str, Json]


class Direction(StrEnum):
    """Which way a message goes, by the mark of the fields that need not be in it."""

    REQUEST = "readOnly"
    ANSWER = "writeOnly"


def towards(document: Object, direction: Direction) -> Object:
    """Returns a document for one direction, or the same one where that makes no difference."""
    graph = _Graph(document, direction)
    edits: dict[int, Object] = {}
    for schema, word, value in chain(graph.not_required(), graph.limits(), graph.patterns()):
        edits.setdefault(id(schema), dict(schema))[word] = value
    return with_replaced(document, edits)


class _Graph:
    """The schemas of a document: which field names each marks, and which schemas speak of the same value."""

    def __init__(self, document: Object, direction: Direction) -> None:
        self._document = document
        self._mark = direction.value
        self._schemas: dict[int, Object] = {}
        self._around: dict[int, list[int]] = {}
        self._collect()

    def limits(self) -> Iterator[Edit]:
        """Yields the limits that follow from formats."""
        for schema in self._schemas.values():
            bits = BITS.get(str(schema.get("format")))
            if bits is None:
                continue
            for word, limit, tighter in (("minimum", -(2**bits), max), ("maximum", 2**bits - 1, min)):
                said = schema.get(word, limit)
                yield schema, word, tighter(said, limit) if isinstance(said, int | float) else limit

    def patterns(self) -> Iterator[Edit]:
        """Yields the patterns that the validator would read otherwise, each as it has to be for it."""
        for schema in self._schemas.values():
            matched = otherwise_matched(schema)
            if matched is not None:
                yield schema, "pattern", matched

    def not_required(self) -> Iterator[Edit]:
        """Yields what is left of the names that are always required, and of those that another field requires."""
        for key, schema in self._schemas.items():
            required, depending = schema.get("required"), schema.get("dependentRequired")
            if not isinstance(required, list) and not isinstance(depending, dict):
                continue
            marked = self._marked(key)
            for word, told in (("required", required), ("dependentRequired", depending)):
                left = _without(marked, told)
                if left != told:
                    yield schema, word, left

    def _collect(self) -> None:
        for _, kind, part in parts_met(self._document):
            if kind is Part.SCHEMA:
                self._schemas[id(part)] = part
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
            for name, inner in object_of(self._schemas[each].get("properties")).items()
            if self._is_marked(inner)
        }

    def _is_marked(self, schema: Any) -> bool:
        if not isinstance(schema, dict):
            return False
        self._schemas.setdefault(id(schema), schema)
        return any(self._schemas[each].get(self._mark) is True for each in self._reached([id(schema)], self._inner))

    def _inner(self, key: int) -> list[int]:
        schema = self._schemas[key]
        found = [inner for inner in schema.get("allOf") or () if isinstance(inner, dict)] if isinstance(schema.get("allOf"), list) else []
        if isinstance(schema.get("$ref"), str):
            found.append(walk(self._document, pointer_of(schema["$ref"])))
        # A choice between one schema and null is what `nullable` beside that schema said in OpenAPI 3.0.
        forms = [form for form in list_of(schema.get("anyOf")) if form != {"type": "null"}]
        found.extend(form for form in forms if isinstance(form, dict) and len(forms) == 1)
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


def _without(names: Set[str], required: Json) -> Json:
    """Returns a list of required fields without some names, or such lists by the field that requires them."""
    if isinstance(required, dict):
        return {field: _without(names, each) for field, each in required.items()}
    return [name for name in required if name not in names] if isinstance(required, list) else required
