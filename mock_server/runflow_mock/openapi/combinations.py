"""Combinations: how much work it is to hold a value against a schema, found out before it is done.

A schema of a thousand bytes may stand for a million combinations (`anyOf` of two that are each `anyOf` of two …), and a validator tries
them one by one. Counting them takes one look at each schema for each value inside, because what was counted once is known.
"""

from typing import Any

from runflow_mock.domain.documents import list_of, object_of, parts_of
from runflow_mock.openapi.pointers import MISSING, pointer_of, walk

COMBINATIONS_MAX = 20_000
# Beside that so many for each look that is not one look again: long lists are no combinations.
COMBINATIONS_PER_LOOK = 20
DEPTH_MAX = 250
LOOKS_MAX = 200_000

_SAME_VALUE = ("not", "if", "then", "else")
_LISTS = ("allOf", "anyOf", "oneOf")


class TooMuch(Exception):
    """More combinations than are tried."""


class Counter:
    """Counts for the schemas of one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def is_too_much(self, schema: Any, value: Any) -> bool:
        """Tells whether a value is too much work for a schema."""
        counting = _Count(self._document)
        try:
            total = counting.count(schema, value, 0)
        except TooMuch:
            return True
        return total > COMBINATIONS_MAX and total > COMBINATIONS_PER_LOOK * (counting.looks + sum(1 for _ in parts_of(value)))


class _Count:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
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
        if depth > DEPTH_MAX or self.looks > LOOKS_MAX:
            raise TooMuch
        # A schema that leads to itself for the same value is tried no second time.
        self._known[key] = 1
        total = 1 + self._of_same(schema, value, depth + 1) + self._of_inner(schema, value, depth + 1)
        self._known[key] = total
        return total

    def _of_same(self, schema: dict[str, Any], value: Any, depth: int) -> int:
        total = 0
        if isinstance(schema.get("$ref"), str):
            target = walk(self._document, pointer_of(schema["$ref"]))
            total += 0 if target is MISSING else self.count(target, value, depth)
        for word in _LISTS:
            for form in list_of(schema.get(word)):
                total += self.count(form, value, depth)
        for word in _SAME_VALUE:
            if word in schema:
                total += self.count(schema[word], value, depth)
        for form in object_of(schema.get("dependentSchemas")).values():
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
        for word, items in (("items", value[len(forms) :]), ("contains", value), ("unevaluatedItems", value)):
            if isinstance(schema.get(word), dict):
                total += sum(self.count(schema[word], item, depth) for item in items)
        return total

    def _of_fields(self, schema: dict[str, Any], value: dict[str, Any], depth: int) -> int:
        known, patterns = object_of(schema.get("properties")), object_of(schema.get("patternProperties"))
        total = 0
        for name, inner in value.items():
            if name in known:
                total += self.count(known[name], inner, depth)
            elif isinstance(schema.get("additionalProperties"), dict):
                total += self.count(schema["additionalProperties"], inner, depth)
            for form in patterns.values():
                total += self.count(form, inner, depth)
            if isinstance(schema.get("unevaluatedProperties"), dict):
                total += self.count(schema["unevaluatedProperties"], inner, depth)
        return total
