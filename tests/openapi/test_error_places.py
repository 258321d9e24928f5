"""What is wrong is told at the name that a value has, whatever the validator makes of it."""

import json
from collections import Counter
from typing import Any

import pytest
from costs import lines_run
from exchanges import exchange
from foreign import contract

from runflow_mock.domain.findings import Severity
from runflow_mock.openapi.contract_judge import Judge
from runflow_mock.openapi.error_places import ErrorPlaces, way_in
from runflow_mock.openapi.schemas import compile_schema
from runflow_mock.wire.fields import Checker

DIGITS: Any = {"anyOf": [{"type": "string"}, {"type": "array"}]}


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"1": 1}, ("1",)),
        ({"01": 1}, ("01",)),
        ({"+1": 1}, ("+1",)),
        ({"": 1}, ("",)),
        ({"": {"01": [{"": 1}]}}, ("", "01", 0, "")),
        ({"01": "x", "1": 1}, ("1",)),
        ({"01": 1, "1": "x"}, ("01",)),
        ({"": {"a": 1}, "a": "x"}, ("", "a")),
        ([["x", 1]], (0, 1)),
    ],
)
def test_place_is_the_one_that_the_value_has(value: Any, place: Any) -> None:
    schema = compile_schema(
        {
            "$ref": "#/$defs/all",
            "$defs": {
                "all": {"not": {"type": "integer"}, "additionalProperties": {"$ref": "#/$defs/all"}, "items": {"$ref": "#/$defs/all"}}
            },
        }
    )
    assert [ErrorPlaces(value).of(error) for error in schema.iter_errors(value)] == [place]


def test_number_is_not_blamed_for_a_truth_value() -> None:
    value: Any = {"1": 1, "01": True}
    (error,) = compile_schema({"additionalProperties": {"type": "integer"}}).iter_errors(value)
    assert ErrorPlaces(value).of(error) == ("01",)


@pytest.mark.parametrize(
    ("schema", "wrong", "rules"),
    [({"type": "integer"}, "s", 1), ({"required": ["a", "b"]}, {}, 2), ({"anyOf": [{"type": "integer"}]}, "s", 1)],
)
def test_names_of_one_number_are_each_told(schema: Any, wrong: Any, rules: int) -> None:
    value = {"1": wrong, "01": wrong, "+1": wrong}
    checker = Checker({"type": "object", "additionalProperties": schema})
    told = Counter(field.loc[0] for field in checker.errors(value, ()))
    assert told == dict.fromkeys(value, rules)


def test_names_without_a_character_are_followed_once_for_all_errors() -> None:
    chain: Any = {}
    for _ in range(200):
        chain = {"": chain}
    value = {"": chain, **{f"k{number}": "x" for number in range(100)}}
    errors = list(compile_schema({"properties": {"": {}}, "additionalProperties": {"type": "integer"}}).iter_errors(value))
    places = ErrorPlaces(value)
    assert lines_run(lambda: [places.of(error) for error in errors]) < 100 * len(errors)
    assert {places.of(error) for error in errors} == {(name,) for name in value if name}


def test_way_to_a_rule_is_the_one_that_the_schema_has() -> None:
    schema: Any = {"properties": {"007": {"properties": {"": {"type": "string"}}}}}
    (error,) = compile_schema(schema).iter_errors({"007": {"": 1}})
    assert way_in(schema, error.schema_path) == ("properties", "007", "properties", "", "type")


@pytest.mark.parametrize("name", ["1", "01", "", "200"])
@pytest.mark.parametrize(
    "schema", [DIGITS, {"contains": {"const": 1}}, {"properties": {"a": {}}, "unevaluatedProperties": False, "required": ["a"]}]
)
def test_field_whose_name_is_a_number_or_nothing_is_judged(name: str, schema: Any) -> None:
    body = {"properties": {name: schema}}
    operation = {"requestBody": {"content": {"application/json": {"schema": body}}}, "responses": {"default": {"description": "Any."}}}
    judging = Judge(contract({"openapi": "3.1.0", "info": {}, "paths": {"/x": {"post": operation}}}), lambda path: None)
    sent: Any = [2] if "contains" in schema else {"b": 1}
    found = judging.judge(exchange("POST", "/x", 200, body=json.dumps({name: sent}).encode()))
    violations = [finding.loc for finding in found.request if finding.severity is Severity.VIOLATION]
    assert violations
    assert {loc[:2] for loc in violations} == {("body", name)}


@pytest.mark.parametrize("name", ["1", "01", ""])
def test_input_whose_name_is_a_number_or_nothing_is_refused_with_its_name(name: str) -> None:
    checker = Checker({"type": "object", "properties": {name: DIGITS}})
    assert [field.loc for field in checker.errors({name: 1}, ("input",))] == [("input", name)]


@pytest.mark.parametrize("name", ["1", "01", ""])
def test_keyword_that_is_not_understood_is_left_out_below_any_name(name: str) -> None:
    schema = {"properties": {name: {"type": "strin", "maxLength": 1}}}
    operation = {"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {"default": {"description": "Any."}}}
    judging = contract({"openapi": "3.1.0", "info": {}, "paths": {"/x": {"post": operation}}})
    assert [problem.place.rpartition("/schema")[2] for problem in judging.problems] == [f"/properties/{name}/type"]
    found = Judge(judging, lambda path: None).judge(exchange("POST", "/x", 200, body=json.dumps({name: "ab"}).encode()))
    assert [finding.rule for finding in found.request if finding.severity is Severity.VIOLATION] == ["maxLength"]


@pytest.mark.parametrize("version", ["3.1.0", "3.0.3"])
def test_nobody_is_held_to_a_list_of_fields_in_a_word_of_earlier_drafts(version: str) -> None:
    schema = {"dependencies": {"a": ["b"]}, "properties": {"a": {"type": "integer"}}}
    operation = {"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {"default": {"description": "Any."}}}
    judging = contract({"openapi": version, "info": {}, "paths": {"/x": {"post": operation}}})
    found = Judge(judging, lambda path: None).judge(exchange("POST", "/x", 200, body=b'{"a": "x"}'))
    assert judging.problems == ()
    assert [(finding.loc, finding.rule) for finding in found.request if finding.severity is Severity.VIOLATION] == [(("body", "a"), "type")]
