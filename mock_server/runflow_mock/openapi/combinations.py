"""Combinations: how much work it is to hold a value against a schema, found out before it is done.

A schema of a thousand bytes may stand for a million combinations (`anyOf` of two that are each `anyOf` of two …), and a validator tries
them one by one. Counting them takes one look at each schema for each value inside, because what was counted once is known.
"""

from collections.abc import Callable
from itertools import islice
from math import inf
from typing import Any

from runflow_mock.domain.documents import list_of, object_of, parts_of
from runflow_mock.openapi.comparisons import Comparisons, comparisons_of
from runflow_mock.openapi.long_numbers import is_long, long_whole_numbers
from runflow_mock.openapi.pointers import MISSING, pointer_of, walk

COMBINATIONS_MAX = 20_000
# Beside that so many for each look that is not one look again: long lists are no combinations.
COMBINATIONS_PER_LOOK = 20
LONG_DIVISION = 500
"""As many combinations as it takes to divide a number of hundreds of digits."""
RULES_PER_COMBINATION = 25
"""How many of the rules in which `openapi.comparisons` counts take as long as one combination."""
DEPTH_MAX = 250
LOOKS_MAX = 200_000

SAME_VALUE = ("not", "if", "then", "else")
LISTS = ("allOf", "anyOf", "oneOf")
BY_FIELD = ("dependentSchemas", "dependencies")
"""What holds schemas of the same value: one, a list, or by fields; the last is of earlier drafts, and the compiler reads it too."""
# What says nothing by itself, or nothing of a value.
_NEVER_BROKEN = frozenset(
    (
        *("$ref", "allOf", "if", "then", "else", "properties", "patternProperties", "items", "prefixItems", "dependentSchemas", "required"),
        *("dependentRequired", "propertyNames", "title", "description", "default", "example", "examples", "deprecated", "readOnly"),
        *("writeOnly", "discriminator", "xml", "externalDocs", "$defs", "definitions", "$comment", "nullable"),
    )
)


class TooMuch(Exception):
    """More combinations than are tried."""


class Counter:
    """Counts for the schemas of one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        # With the part that it is of, so that no other can come to have its identity.
        self._comparisons: dict[int, tuple[dict[str, Any], Comparisons]] = {}

    def is_too_much(self, schema: Any, value: Any) -> bool:
        """Tells whether a value is too much work for a schema."""
        counting = _Count(self._document, self._weigh)
        try:
            total = counting.count(schema, value, 0)
        except TooMuch:
            return True
        return total > COMBINATIONS_MAX and total > COMBINATIONS_PER_LOOK * (counting.looks + sum(1 for _ in parts_of(value)))

    def _weigh(self, schema: dict[str, Any], value: Any) -> int:
        weight = LONG_DIVISION if "multipleOf" in schema and is_long(value) else 1
        if schema.get("uniqueItems") is True and isinstance(value, list):
            weight += long_whole_numbers(value) ** 2
        if not isinstance(value, str) and ("enum" in schema or "const" in schema):
            known = self._comparisons.get(id(schema))
            if known is None:
                known = self._comparisons[id(schema)] = (schema, comparisons_of(schema))
            weight += known[1].rules(value) // RULES_PER_COMBINATION
        return weight


class Copies:
    """Counts how many values are copied to tell what is wrong with a value: each error holds a copy of the one that it is about.

    With an `error_size` each error weighs so many values more; what takes more than `looks_max` looks to count is too much.
    """

    def __init__(self, document: dict[str, Any], value: Any, *, error_size: int = 0, looks_max: int = LOOKS_MAX) -> None:
        self._error_size = error_size
        self._sizes = _sizes_in(value)
        self._counting = _Count(document, self._weigh, looks_max)

    def most(self, schema: Any, value: Any) -> float:
        """Returns how many that are for the value, or for a part of it, where nothing is as a schema says."""
        try:
            return self._counting.count(schema, value, 0)
        except TooMuch:
            return inf

    def _weigh(self, schema: dict[str, Any], value: Any) -> int:
        _refuse_unknown(schema)
        errors = len(schema.keys() - _NEVER_BROKEN) + len(list_of(schema.get("required")))
        errors += sum(len(list_of(names)) for names in object_of(schema.get("dependentRequired")).values())
        errors += len(object_of(value)) if "propertyNames" in schema else 0
        # Each error of an enumeration holds a copy of that as well.
        return errors * (self._error_size + self._sizes.get(id(value), 1)) + len(list_of(schema.get("enum")))


def held_against(
    document: dict[str, Any], value: Any, is_meant: Callable[[dict[str, Any], Any], bool], looks_max: int, root: Any = None
) -> set[int] | None:
    """Returns the identities of those parts of a value that are held against a schema that is meant; nothing where that takes too long.

    The value is held against the document itself, or against a schema in it.
    """
    found = set[int]()

    def look(schema: dict[str, Any], part: Any) -> int:
        _refuse_unknown(schema)
        if is_meant(schema, part):
            found.add(id(part))
        return 0

    try:
        _Count(document, look, looks_max).count(document if root is None else root, value, 0)
    except TooMuch:
        return None
    return found


def _refuse_unknown(schema: dict[str, Any]) -> None:
    """Raises for a reference of which it is not known what it leads to."""
    if "$dynamicRef" in schema or str(schema.get("$ref", "#"))[:2] not in ("#", "#/"):
        raise TooMuch


def _sizes_in(value: Any) -> dict[int, int]:
    """Returns how many values each list and object in a value is, itself included."""
    sizes: dict[int, int] = {}
    for part in reversed([part for part in parts_of(value) if isinstance(part, dict | list)]):
        sizes[id(part)] = 1 + sum(sizes.get(id(inner), 1) for inner in (part.values() if isinstance(part, dict) else part))
    return sizes


def _once(schema: dict[str, Any], value: Any) -> int:
    return 1


class _Count:
    """Counts how often schemas are held against values, each time with its weight."""

    def __init__(self, document: dict[str, Any], weigh: Callable[[dict[str, Any], Any], int] = _once, looks_max: int = LOOKS_MAX) -> None:
        self._document = document
        self._looks_max = looks_max
        self._weigh = weigh
        self._known: dict[tuple[int, int], int] = {}

    @property
    def looks(self) -> int:
        """How many schemas were looked at for how many values."""
        return len(self._known)

    def count(self, schema: Any, value: Any, depth: int) -> int:
        """Returns how often a schema and those inside it are held against a value and those inside it."""
        if not isinstance(schema, dict):
            return 1
        key = (id(schema), id(value))
        known = self._known.get(key)
        if known is not None:
            return known
        if depth > DEPTH_MAX or self.looks > self._looks_max:
            raise TooMuch
        # A schema that leads to itself for the same value is tried no second time.
        self._known[key] = 1
        total = self._weigh(schema, value) + self._of_same(schema, value, depth + 1) + self._of_inner(schema, value, depth + 1)
        self._known[key] = total
        return total

    def _of_same(self, schema: dict[str, Any], value: Any, depth: int) -> int:
        total = 0
        if isinstance(schema.get("$ref"), str):
            target = walk(self._document, pointer_of(schema["$ref"]))
            total += 0 if target is MISSING else self.count(target, value, depth)
        for word in LISTS:
            for form in list_of(schema.get(word)):
                total += self.count(form, value, depth)
        for word in SAME_VALUE:
            if word in schema:
                total += self.count(schema[word], value, depth)
        for word in BY_FIELD:
            for form in object_of(schema.get(word)).values():
                total += self.count(form, value, depth)
        return total

    def _of_inner(self, schema: dict[str, Any], value: Any, depth: int) -> int:
        if isinstance(value, dict):
            return self._of_fields(schema, value, depth)
        if not isinstance(value, list):
            return 0
        total, forms = 0, list_of(schema.get("prefixItems"))
        for form, item in zip(forms, value, strict=False):
            total += self.count(form, item, depth)
        for word, first in (("items", len(forms)), ("contains", 0), ("unevaluatedItems", 0)):
            if isinstance(schema.get(word), dict):
                total += sum(self.count(schema[word], item, depth) for item in islice(value, first, None))
        return total

    def _of_fields(self, schema: dict[str, Any], value: dict[str, Any], depth: int) -> int:
        known, patterns = object_of(schema.get("properties")), object_of(schema.get("patternProperties"))
        total = sum(self.count(known[name], value[name], depth) for name in known.keys() & value.keys())
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            total += sum(self.count(others, inner, depth) for name, inner in value.items() if name not in known)
        for form in (*patterns.values(), schema.get("unevaluatedProperties")):
            if isinstance(form, dict):
                total += sum(self.count(form, inner, depth) for inner in value.values())
        return total
