"""The JSON Schema of a scenario, for editors and other tools: put together from the very types and tables by which scenarios are read.

It is a little wider than the reader, which also knows the catalog, the operations of the API and what fits together.
"""

from typing import Any

import msgspec

from runflow_mock.domain.expectations import AMOUNTS, COUNTED, Noun
from runflow_mock.domain.fault_kinds import KINDS
from runflow_mock.wire.catalog import WireModel
from runflow_mock.wire.clauses import WireClause, WireSequence
from runflow_mock.wire.expectations import SPAN
from runflow_mock.wire.fault_kinds import schema_of
from runflow_mock.wire.faults import WirePlace, WireWhen
from runflow_mock.wire.scenarios import ENTRIES_MAX, OWN_KEYS, STORY_MAX, UNUSED
from runflow_mock.wire.stubs import WireStub
from runflow_mock.wire.tenants import SETTINGS, WireTenant

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_SEVERAL = {"type": "array", "maxItems": ENTRIES_MAX}
_DURATION = {"type": ["string", "number"], "examples": ["90s", "10m", 90]}


def scenario_schema() -> Schema:
    """Returns the schema."""
    types = (WireTenant, WirePlace, WireWhen, WireStub, WireClause, WireSequence, WireModel)
    _, parts = msgspec.json.schema_components(types, schema_hook=_anything, ref_template="#/$defs/{name}")
    settings = parts.pop("WireTenant")["properties"]
    own: Schema = {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,63}$", "description": "of the file when left out"},
        "story": {"type": "string", "maxLength": STORY_MAX, "description": "what happens, for people"},
        "models": {**_SEVERAL, "items": _model(parts.pop("WireModel"))},
        "durations": {"type": "object", "description": "running times by model", "additionalProperties": _either_or_range()},
        "faults": {**_SEVERAL, "description": "fault rules, asked in this order", "items": _rule()},
        "stubs": {**_SEVERAL, "description": "this input gives this output; asked after the faults", "items": _ref("WireStub")},
        "expectations": {**_SEVERAL, "description": "what must be true in the end", "items": {"oneOf": [_expected(noun) for noun in Noun]}},
        "unused": {"enum": list(UNUSED), "description": "whether a rule that never fires is an error"},
        "history": {"type": "object", "description": "what happened where this was written; runflow-mock replay repeats it"},
    }
    assert tuple(own) == OWN_KEYS
    return {
        "$schema": DIALECT,
        "title": "A scenario of runflow-mock",
        "type": "object",
        "properties": {**own, **{name: settings[name] for name in SETTINGS}},
        "additionalProperties": False,
        "$defs": {name: parts[name] for name in sorted(parts)},
    }


def _anything(kind: type) -> Schema:
    """Returns the schema of a part that may be any JSON."""
    assert kind is object
    return {"description": "any JSON"}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _rule() -> Schema:
    return {
        "type": "object",
        "properties": {
            "label": {"type": "string", "description": "what the rule is for; shown when it never fires"},
            "where": _ref("WirePlace"),
            "what": {"oneOf": [schema_of(kind) for kind in KINDS]},
            "when": _ref("WireWhen"),
        },
        "required": ["what"],
        "additionalProperties": False,
    }


def _model(whole: Schema) -> Schema:
    """Returns the schema of a model of which all but the id may be left out."""
    return {**whole, "description": "what differs from the catalog's model, or a whole new one", "required": ["id"]}


def _either_or_range() -> Schema:
    return {"anyOf": [_DURATION, {"type": "array", "items": _DURATION, "minItems": 2, "maxItems": 2}]}


def _expected(noun: Noun) -> Schema:
    return {
        "type": "object",
        "properties": {"label": {"type": "string"}, noun.value: _figures(noun)},
        "required": [noun.value],
        "additionalProperties": False,
    }


def _figures(noun: Noun) -> Schema:
    if noun is Noun.REQUESTS:
        return {"anyOf": [_ref("WireClause"), _ref("WireSequence")]}
    count = {"type": "integer", "minimum": 0}
    span = {"type": "object", "properties": dict.fromkeys(SPAN, count), "minProperties": 1, "additionalProperties": False}
    names = AMOUNTS if noun is Noun.LEDGER else COUNTED[noun]
    figure = {"type": "string", "examples": ["9.730000"]} if noun is Noun.LEDGER else {"anyOf": [count, span]}
    return {"type": "object", "properties": {str(name): figure for name in names}, "minProperties": 1, "additionalProperties": False}
