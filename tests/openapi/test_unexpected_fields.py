"""What `unevaluatedProperties` says beside other broken rules: each field that nothing describes, and none that something does."""

from functools import partial
from typing import Any

import pytest
from costs import lines_run
from foreign import contract

from runflow_mock.domain.findings import Location
from runflow_mock.openapi.explanations import schema_findings

T = ("components", "schemas", "T")
PLACED = {"properties": {"a": {"type": "integer"}, "b": {"properties": {"c": {"type": "integer"}}}}, "required": ["a"]}
CLOSED = {"allOf": [{"$ref": "#/components/schemas/P"}], "unevaluatedProperties": False}
KINDS: dict[str, Any] = {
    "oneOf": [
        {"properties": {"k": {"const": 1}, "x": {}}, "required": ["k"]},
        {"properties": {"k": {"const": 2}, "y": {"type": "integer"}}, "required": ["k"]},
    ],
    "properties": {"n": {"type": "integer"}},
}
OWN = {**KINDS, "unevaluatedProperties": False}
AROUND = {"allOf": [KINDS], "unevaluatedProperties": False}
WAITING = {"required": ["q"]}


def told(schema: Any, value: Any) -> list[tuple[Location, str]]:
    """Where something is wrong with a value, and what is told of fields that are unexpected."""
    schemas = {"T": schema, "P": PLACED}
    judging = contract({"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "components": {"schemas": schemas}})
    found = schema_findings(judging, T, value, ("body",))
    return [(each.loc[1:], each.message[39:] if each.rule == "unevaluatedProperties" else each.rule) for each in found]


X = ((), "('x' was unexpected)")
XY = ((), "('x', 'y' were unexpected)")


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (CLOSED, {"b": {}}, [(("a",), "required")]),
        (CLOSED, {"a": 1, "x": 1}, [X]),
        (CLOSED, {"b": {}, "x": 1}, [(("a",), "required"), X]),
        (CLOSED, {"b": {}, "x": 1, "y": 1}, [(("a",), "required"), XY]),
        (CLOSED, {"a": 1, "b": {"c": "no"}, "x": 1}, [(("b", "c"), "type"), X]),
        ({"properties": {"l": {"items": CLOSED}}}, {"l": [{"b": {}}, {"a": 1, "x": 1}]}, [(("l", 0, "a"), "required"), (("l", 1), X[1])]),
        (OWN, {"k": 2, "x": 1, "n": "no"}, [(("n",), "type"), X]),
        (OWN, {"k": 2, "y": "no", "x": 1}, [(("y",), "type"), X]),
        (OWN, {"k": 2, "y": 1, "n": "no"}, [(("n",), "type")]),
        (AROUND, {"k": 2, "x": 1, "n": "no"}, [(("n",), "type"), X]),
        (AROUND, {"k": 2, "y": 1, "n": "no"}, [(("n",), "type")]),
        (AROUND, {"k": 2, "y": "no", "x": 1}, [(("y",), "type"), X]),
    ],
)
def test_fields_are_unexpected_that_no_broken_schema_describes(schema: Any, value: Any, expected: Any) -> None:
    assert told(schema, value) == expected


@pytest.mark.parametrize(
    ("describing", "names"),
    [
        ({"patternProperties": {"^[xy]$": {}}}, "xy"),
        ({"patternProperties": {"^y$": {}}}, "y"),
        ({"additionalProperties": {}}, "xy"),
        ({"if": {"properties": {"y": {}}}, "then": {"properties": {"x": {}}}}, "xy"),
        ({"if": False, "then": {"properties": {"x": {}}}, "else": {"properties": {"y": {}}}}, "y"),
        ({"dependentSchemas": {"x": {"properties": {"y": {}}}, "z": {"properties": {"x": {}}}}}, "y"),
        ({"anyOf": [{"properties": {"x": {}}, "required": ["z"]}, {"properties": {"y": {}}}]}, "y"),
        ({"allOf": [{"$ref": "#/components/schemas/T/allOf/0"}, {"properties": {"x": {}, "y": {}}}]}, "xy"),
    ],
)
def test_whatever_describes_a_field_in_a_broken_schema_counts(describing: Any, names: str) -> None:
    schema = {"allOf": [{**describing, **WAITING}], "unevaluatedProperties": False}
    rest = {"xy": [], "y": [X], "": [XY]}[names]
    assert told(schema, {"x": 1, "y": 1}) == [(("q",), "required"), *rest]


def test_field_that_is_unexpected_below_makes_none_above_unexpected() -> None:
    schema = {"allOf": [{"properties": {"a": {}, "n": {"unevaluatedProperties": False}}}], "unevaluatedProperties": False}
    assert told(schema, {"a": 1, "n": {"x": 1}}) == [(("n",), X[1])]


@pytest.mark.parametrize("item", [{"b": {}}, {"a": 1, "x": 1}], ids=["another rule", "this rule"])
def test_cost_of_unexpected_fields_grows_with_their_number(item: Any) -> None:
    """To look for the others of each of 6,000 errors among all took half a minute."""
    few, many = (lines_run(partial(told, {"items": CLOSED}, [item] * count)) for count in (50, 200))
    assert many < 5 * few
