"""Schema rules: what a schema says beside types, values, limits and fields, each rule as a text that is the same for equal rules.

Such a rule is a condition, or the form of a text. Whether another one allows less or more nobody can tell from its words: it is only known
to be new, gone or another one.
"""

from collections.abc import Iterator, Mapping

import msgspec

from runflow_mock.domain.documents import Json, list_of, object_of
from runflow_mock.openapi.contracts import Contract, Object
from runflow_mock.openapi.parts import FIELDS, Holds, Part

DEPTH_MAX, PARTS_MAX = 8, 5_000
"""How deep a rule is read, and how many schemas of it: one that leads to itself has no end. What is beyond says nothing."""

RULES: Mapping[str, tuple[str, ...]] = {
    "not": ("not",),
    "if": ("if", "then", "else"),
    "contains": ("contains", "minContains", "maxContains"),
    "propertyNames": ("propertyNames",),
    "dependentRequired": ("dependentRequired",),
    "dependentSchemas": ("dependentSchemas",),
    "dependencies": ("dependencies",),
    "unevaluatedItems": ("unevaluatedItems",),
    "contentEncoding": ("contentEncoding",),
    "contentMediaType": ("contentMediaType",),
    "contentSchema": ("contentSchema",),
}
"""Each rule, and the keywords that say it together."""
_SILENT = frozenset(("title", "description", "example", "examples", "deprecated", "externalDocs", "xml", "$comment", "default"))
_SETS = frozenset(("required", "type", "enum"))
_SCHEMAS = FIELDS[Part.SCHEMA]


def rules_of(contract: Contract, schema: Object) -> Mapping[str, str]:
    """Returns the rules of a schema by their names."""
    said = ((name, {word: schema[word] for word in words if word in schema}) for name, words in RULES.items())
    return {name: written(_Reading(contract).read(rule, 0)) for name, rule in said if name in rule}


def written(value: Json) -> str:
    """Returns a value as a text that is the same for equal values: to JSON Schema, 1 and 1.0 are one number."""
    return msgspec.json.encode(_with_plain_numbers(value), order="sorted").decode()


def _in_order(values: list[Json]) -> list[Json]:
    return list[Json](sorted(map(written, values)))


def _with_plain_numbers(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _with_plain_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_plain_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _Reading:
    """Reads one rule with what it refers to in its place: by that alone two of them are no two rules."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._left = PARTS_MAX

    def read(self, schema: Json, depth: int) -> Json:
        """Returns what a schema says."""
        if not isinstance(schema, dict):
            return schema
        reference = schema.get("$ref")
        if isinstance(reference, str):
            rest = {word: inner for word, inner in schema.items() if word != "$ref"}
            target, own = self.read(self._contract.resolve(reference), depth), self.read(rest, depth)
            return {"allOf": [target, own]} if own else target
        self._left -= 1
        return dict(self._words(schema, depth)) if depth <= DEPTH_MAX and self._left > 0 else {}

    def _words(self, schema: Object, depth: int) -> Iterator[tuple[str, Json]]:
        for word, said in schema.items():
            holds = _SCHEMAS.get(word, (None, None))[0]
            if word in _SILENT or word.startswith("x-"):
                continue
            if holds is Holds.NAMED:
                yield word, {name: self.read(inner, depth + 1) for name, inner in object_of(said).items()}
            elif holds is Holds.LIST and isinstance(said, list):
                yield word, [self.read(inner, depth + 1) for inner in said]
            elif holds is Holds.ONE:
                yield word, self.read(said, depth + 1)
            elif word == "dependentRequired":
                yield word, {name: _in_order(list_of(names)) for name, names in object_of(said).items()}
            else:
                yield word, _in_order(said) if word in _SETS and isinstance(said, list) else said
