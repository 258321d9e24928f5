"""What is wrong with a value is told where it is wrong, in bounded time, and of the form that is meant."""

from typing import Any

import pytest
from foreign import contract

from runflow_mock.domain.findings import Location
from runflow_mock.openapi.explanations import FINDINGS_MAX, schema_findings

T = ("components", "schemas", "T")
MANY = {f"other{number}": number for number in range(4_000)}
BRANCHES = [
    {"properties": {"items": {"items": {"properties": {"n": {"type": "integer"}, "s": {"maxLength": 0}}}}, "kind": {"const": kind}}}
    for kind in range(10)
]


def told(schema: Any, value: Any, **schemas: Any) -> list[tuple[Location, str, str]]:
    """What is told of a value, without the place of the whole."""
    judging = contract({"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "components": {"schemas": {"T": schema, **schemas}}})
    return [(found.loc[1:], found.rule, found.message) for found in schema_findings(judging, T, value, ("body",))]


def places(schema: Any, value: Any, **schemas: Any) -> list[tuple[Location, str]]:
    return [(loc, rule) for loc, rule, _ in told(schema, value, **schemas)]


def names(count: int) -> list[str]:
    return [f"name{number}" for number in range(count)]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("count", [26, 400])
def test_each_missing_name_beside_thousands_of_values_is_told(count: int) -> None:
    """Each error of the validator holds a copy of its value: 3,000 names beside 20,000 values took 38 seconds and ten gigabytes."""
    expected = [((name,), "required") for name in names(min(count, FINDINGS_MAX))]
    assert places({"required": names(count)}, MANY) == expected
    assert places({"dependentRequired": {"other1": names(count), "gone": ["z"]}}, MANY) == expected
    assert places({"allOf": [{"required": [name]} for name in names(count)]}, MANY) == expected
    assert places({"$ref": "#/components/schemas/R"}, MANY, R={"required": names(count)}) == expected
    assert places({"if": {"type": "object"}, "then": {"required": names(count)}, "else": False}, MANY) == expected
    assert places({"if": {"type": "array"}, "then": False, "else": {"required": names(count)}}, MANY) == expected
    assert places({"if": {"type": "object"}, "else": False, "required": names(count)}, MANY) == expected


def test_each_field_of_a_large_value_is_told_where_it_is() -> None:
    dear = {"required": names(300)}
    value = {"a": MANY, "b1": MANY, "c": [MANY, MANY], "d": MANY, **MANY}
    assert places({"properties": {"a": dear, "x": dear}}, value)[0] == (("a", "name0"), "required")
    assert places({"patternProperties": {"^b[0-9]$": dear}}, value)[0] == (("b1", "name0"), "required")
    assert places({"properties": {"c": {"items": dear}}}, value)[0] == (("c", 0, "name0"), "required")
    assert places({"properties": {"c": {"prefixItems": [{}, dear]}}}, value)[0] == (("c", 1, "name0"), "required")
    assert places({"dependentSchemas": {"a": dear, "x": dear}}, value)[0] == (("name0",), "required")
    rest = {"additionalProperties": dear, "patternProperties": {"^(other|b|c)": {}}, "properties": {"a": {}}}
    assert places(rest, value)[0] == (("d", "name0"), "required")


def test_what_a_large_value_is_by_itself_is_told_beside_what_is_in_it() -> None:
    dear = {"required": names(300), "type": "object", "maxProperties": 7, "additionalProperties": False, "patternProperties": {"^o": {}}}
    assert ((), "maxProperties") in places({**dear, "required": names(60)}, MANY)
    odd = places({"propertyNames": {"maxLength": 3}}, MANY)
    assert (len(odd), odd[0]) == (FINDINGS_MAX, (("other0",), "propertyNames"))
    many = list(range(1_000))
    dear_items = {"items": {"enum": [str(number) for number in range(5_000)]}}
    assert places({**dear_items, "contains": {"type": "string"}}, many)[-1] == ((99,), "enum")
    assert places({"not": {"type": "object"}, "anyOf": [{"required": [name]} for name in names(300)]}, MANY) == [
        ((), "anyOf"),
        ((), "not"),
    ]


def test_what_only_the_whole_of_a_schema_says_of_a_large_value_is_told_of_the_whole() -> None:
    dear = {"anyOf": [{"required": [name]} for name in ("other0", *names(300))], "unevaluatedProperties": False}
    assert told(dear, MANY) == [((), "schema", "it is not as its schema says; it is too large to tell where")]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("word", ["oneOf", "anyOf", "allOf"])
def test_errors_of_all_forms_of_a_large_value_are_bounded(word: str) -> None:
    found = places({word: BRANCHES}, {"items": [{"n": "x", "s": "x"}] * 2_000})
    assert 0 < len(found) <= 4_000


def test_a_large_value_has_too_many_forms() -> None:
    dear = {"oneOf": [{"type": "object"}, {"maxProperties": 9_000}, *({"required": [name]} for name in names(300))]}
    assert told(dear, MANY) == [((), "oneOf", "the value has more than one of the forms that exclude each other")]


def test_thousands_of_errors_about_small_values_are_told_one_by_one() -> None:
    found = places({"items": {"type": "integer"}}, ["x"] * 5_000)
    assert (len(found), found[-1]) == (5_000, ((4_999,), "type"))


@pytest.mark.parametrize(
    ("schema", "value", "says"),
    [
        ({"contains": {"type": "string"}}, [1], "0 of its items are as some must be; at least 1 have to"),
        ({"contains": {"type": "string"}, "minContains": 2}, ["a"], "1 of its items are as some must be; at least 2 have to"),
        ({"contains": {"type": "string"}, "maxContains": 1}, ["a", "b"], "2 of its items are as some must be; 1 to 1 have to"),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, "its name is not as its schema says: maxLength"),
        ({"properties": {"a": False}}, {"a": 1}, "nothing is allowed here"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "x", "the value is of none of the types integer, null"),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {}, "needs a or b"),
        ({"oneOf": [{}, True]}, {}, "the value has more than one of the forms that exclude each other"),
    ],
)
def test_message_says_what_would_be_right(schema: Any, value: Any, says: str) -> None:
    assert [message for _, _, message in told(schema, value)] == [says]
