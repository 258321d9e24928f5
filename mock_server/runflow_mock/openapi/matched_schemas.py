"""Matched schemas: a schema that stands alone, of a model of a user, with its patterns as the validator reads them."""

from typing import Any

from runflow_mock.openapi.matched_names import with_matched_names
from runflow_mock.openapi.parts import Part, parts_met
from runflow_mock.openapi.patterns import as_matched
from runflow_mock.openapi.replacements import with_replaced

Object = dict[str, Any]


def with_matched_patterns(schema: Object) -> Object:
    """Returns a copy of a schema whose patterns mean to the validator what they mean by ECMA-262, or the same one where they do already."""
    named = with_matched_names(schema, Part.SCHEMA)
    replacements: dict[int, Object] = {}
    for _, _, part in parts_met(named, Part.SCHEMA):
        pattern = part.get("pattern")
        if isinstance(pattern, str) and (matched := as_matched(pattern)) != pattern:
            replacements[id(part)] = {**part, "pattern": matched}
    return with_replaced(named, replacements)
