"""Matched schemas: a schema that stands alone, of a model of a user, with its patterns as the validator reads them."""

from collections.abc import Iterator
from typing import Any

from runflow_mock.openapi.matched_names import with_matched_names
from runflow_mock.openapi.parts import Part, parts_met
from runflow_mock.openapi.pattern_sizes import MODEL_SIZE_MAX, ModelSizes
from runflow_mock.openapi.patterns import otherwise_matched
from runflow_mock.openapi.pointers import Pointer
from runflow_mock.openapi.replacements import with_replaced
from runflow_mock.openapi.schemas import SchemaError

Object = dict[str, Any]


def with_matched_patterns(schema: Object) -> Object:
    """Returns a copy of a schema whose patterns mean to the validator what they mean by ECMA-262, or the same one where they do already."""
    named = with_matched_names(schema, Part.SCHEMA, MODEL_SIZE_MAX)
    replacements: dict[int, Object] = {}
    for _, _, part in parts_met(named, Part.SCHEMA):
        matched = otherwise_matched(part, MODEL_SIZE_MAX)
        if matched is not None:
            replacements[id(part)] = {**part, "pattern": matched}
    return with_replaced(named, replacements)


def check_patterns(schema: Object) -> None:
    """Raises for patterns that would take too long, or too much memory, to be compiled.

    Raises:
        SchemaError: see above.
    """
    sizes = ModelSizes()
    for pointer, pattern in _patterns(schema):
        refusal = sizes.refusal(pattern)
        if refusal is not None:
            raise SchemaError(".".join(pointer)[:200], refusal)


def _patterns(schema: Object) -> Iterator[tuple[Pointer, str]]:
    for pointer, _, part in parts_met(schema, Part.SCHEMA):
        pattern, named = part.get("pattern"), part.get("patternProperties")
        if isinstance(pattern, str):
            yield (*pointer, "pattern"), pattern
        if isinstance(named, dict):
            yield from (((*pointer, "patternProperties"), name) for name in named)
