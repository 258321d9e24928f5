"""Schemas that stand for more combinations than anybody can try take no time; everything else is judged."""

from typing import Any

import pytest
from exchanges import exchange
from foreign import contract
from hypothesis import given, settings
from hypothesis import strategies as st

from runflow_mock.domain.findings import Severity
from runflow_mock.kit.drift.document_drifts import DocumentComparison
from runflow_mock.openapi.combinations import COMBINATIONS_MAX, Counter
from runflow_mock.openapi.contract_judge import Judge

REF = "#/components/schemas/S{}"


def doubling(levels: int, word: str, last: dict[str, Any] | None = None) -> dict[str, Any]:
    """Schemas of which each is put together of the one before, twice, in slightly different words."""
    found: dict[str, Any] = {"S0": last or {"type": "integer"}}
    for level in range(1, levels + 1):
        before = {"$ref": REF.format(level - 1)}
        found[f"S{level}"] = {word: [before, {"allOf": [before], "title": "again"}]}
    return found


def document(levels: int, word: str, last: dict[str, Any] | None = None) -> dict[str, Any]:
    schema = {"$ref": REF.format(levels)}
    operation = {
        "parameters": [{"name": "p", "in": "query", "schema": schema}],
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"default": {"content": {"application/json": {"schema": schema}}}},
    }
    schemas = doubling(levels, word, last)
    return {"openapi": "3.1.0", "paths": {"/v1/runs": {"post": operation}}, "components": {"schemas": schemas}}


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("word", ["anyOf", "oneOf", "allOf"])
@pytest.mark.parametrize("value", ["x", {"a": {"b": 1}}, [[1], "x"]])
def test_too_many_combinations_are_told_and_not_tried(word: str, value: Any) -> None:
    judge = Judge(contract(document(80, word)), lambda path: None)
    findings = judge.judge(exchange("POST", "/v1/runs?p=x", 200, body=value, answer=value))
    assert findings.violations == ()
    assert [(finding.loc, finding.rule) for finding in findings.of(Severity.NOTE)][:2] == [
        (("query", "p"), "too-much-to-judge"),
        (("body",), "too-much-to-judge"),
    ]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("word", ["anyOf", "allOf"])
def test_as_many_as_can_be_tried_are_tried(word: str) -> None:
    judge = Judge(contract(document(7, word)), lambda path: None)
    findings = judge.judge(exchange("POST", "/v1/runs?p=x", 200, body="x"))
    assert {finding.loc for finding in findings.violations} == {("query", "p"), ("body",)}


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("word", ["anyOf", "oneOf", "allOf"])
@pytest.mark.parametrize(
    "last",
    [
        {"type": "integer"},
        {"properties": {"a": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "array"}]}}},
        {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    ],
)
def test_comparison_with_itself_finds_nothing_in_bounded_time(word: str, last: dict[str, Any]) -> None:
    one, other = contract(document(60, word, last)), contract(document(60, word, last))
    assert list(DocumentComparison(one, other).drifts()) == []


def test_schema_that_branches_into_itself_is_bounded_by_the_value() -> None:
    """Two ways for each level of a value: as many combinations as two to the power of its depth."""
    tree = {"anyOf": [{"items": {"$ref": "#/T"}, "maxItems": 0}, {"items": {"$ref": "#/T"}, "minItems": 1}]}
    deep: Any = "x"
    for _ in range(40):
        deep = [deep]
    assert Counter({"T": tree}).is_too_much(tree, deep)
    assert not Counter({"T": tree}).is_too_much(tree, [["x"]])


@pytest.mark.slow(is_covering=True)
@settings(max_examples=10)  # each is long
@given(length=st.integers(COMBINATIONS_MAX, COMBINATIONS_MAX + 5_000))
def test_long_list_is_no_combination(length: int) -> None:
    schema = {"items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}
    assert not Counter({}).is_too_much(schema, [0] * length)


@pytest.mark.slow(is_covering=True)
def test_long_list_of_objects_is_no_combination() -> None:
    schema = {"items": {"properties": {"a": {"type": "integer"}, "b": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}}
    assert not Counter({}).is_too_much(schema, [{"a": index, "b": None} for index in range(9_000)])


@pytest.mark.parametrize(
    ("schema", "number", "is_too_much"),
    [
        ({"items": {"multipleOf": 0.01}}, 19.99, False),
        ({"items": {"multipleOf": 0.01}}, 1e308, True),
        ({"items": {"multipleOf": 0.01}}, "1e308", False),
        ({"uniqueItems": True}, 2**64, True),
        ({"uniqueItems": True}, {"a": [2**64]}, True),
        ({"uniqueItems": True}, 1e300, False),
        ({"uniqueItems": False}, 2**64, False),
        ({"items": {"enum": [index + 0.5 for index in range(200)]}}, 0.25, True),
        ({"items": {"enum": [index + 0.5 for index in range(3)]}}, 0.25, False),
        ({"items": {"enum": [*range(200)]}}, 0.25, True),
        ({"items": {"enum": [*range(600)]}}, 7, False),
        ({"items": {"enum": [str(index) for index in range(600)]}}, "7", False),
        ({"items": {"enum": [0.5] * 200}}, "0.25", False),
        ({"items": {"enum": [2**64, 2**65]}}, 2**64, True),
        ({"items": {"const": [0.5] * 100}}, [0.5] * 100, False),
        ({"items": {"enum": [[0.5] * 100] * 50}}, [0.5] * 100, True),
    ],
)
def test_numbers_of_many_digits_count_as_what_they_cost(schema: dict[str, Any], number: Any, is_too_much: bool) -> None:
    assert Counter({}).is_too_much(schema, [number] * 1_000) is is_too_much


def test_ordinary_list_of_listed_fractions_is_judged() -> None:
    """Holding 300 halves against 30 takes 6 ms; it was told as too much."""
    schema = {"items": {"enum": [index + 0.5 for index in range(30)]}}
    assert not Counter({}).is_too_much(schema, [index % 30 + 0.5 for index in range(300)])


def test_text_that_is_too_much_for_a_pattern_is_told_and_the_rest_is_judged() -> None:
    wide = {"anyOf": [{"type": "string", "pattern": "[01]*1" + "[01]" * 40 + "x"}]}
    judge = Judge(contract(document(0, "anyOf", wide)), lambda path: None)
    findings = judge.judge(exchange("POST", "/v1/runs?p=x", 200, body="0" * 60_000))
    assert [finding.loc for finding in findings.violations] == [("query", "p")]
    assert [(finding.loc, finding.rule) for finding in findings.of(Severity.NOTE)] == [(("body",), "too-much-to-judge")]
