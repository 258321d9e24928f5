"""Requests held against small documents of users: what the standard allows is held, and what it does not is told."""

import json
from typing import Any

import pytest
from exchanges import exchange
from foreign import contract

from runflow_mock.domain.findings import Finding, Findings, Severity
from runflow_mock.openapi.contract_judge import Judge
from runflow_mock.openapi.directions import Direction

JSON = "application/json"
ANY = {"responses": {"default": {"description": "Any."}}}
WHOLE = {"type": "integer"}


def judged(document: dict[str, Any], method: str, target: str, body: bytes = b"", content_type: str = JSON) -> Findings:
    headers = {"content-type": content_type} if body else {}
    sent = exchange(method, target, 200, answer=None, body=body or None, headers=headers)
    return Judge(contract(document), lambda path: None).judge(sent)


def wrong(found: Findings) -> list[Finding]:
    return [finding for finding in found.request if finding.severity is Severity.VIOLATION]


def taking(schema: Any, *, content_type: str = JSON, version: str = "3.1.0", encoding: Any = None, **parts: Any) -> dict[str, Any]:
    """A document with one operation that takes a body."""
    media = {"schema": schema, **({} if encoding is None else {"encoding": encoding})}
    operation = {**ANY, "requestBody": {"required": True, "content": {content_type: media}}}
    return {"openapi": version, "info": {}, "paths": {"/x": {"post": operation}}, **parts}


def rows(table: list[tuple[str, Any, list[Any], list[Any]]]) -> list[Any]:
    return [
        pytest.param(given, sent, is_right, id=f"{name}-{'right' if is_right else 'wrong'}-{number}")
        for name, given, right, bad in table
        for is_right, values in ((True, right), (False, bad))
        for number, sent in enumerate(values)
    ]


SCHEMAS: list[tuple[str, Any, list[Any], list[Any]]] = [
    ("propertyNames", {"propertyNames": {"pattern": "^a"}}, [{"ab": 1}, {}], [{"b": 1}]),
    ("propertyNames inside", {"items": {"propertyNames": {"enum": ["a"]}}}, [[{"a": 1}]], [[{"b": 1}]]),
    ("contains", {"contains": {"const": 1}, "maxContains": 2}, [[1, 2], [1, 1]], [[2], [1, 1, 1]]),
    ("dependentSchemas", {"dependentSchemas": {"a": {"required": ["b"]}}}, [{"b": 1}, {"a": 1, "b": 1}], [{"a": 1}]),
    (
        "schemas under dependencies, a word of earlier drafts",
        {"properties": {"c": {"$ref": "#/paths/~1x/post/requestBody/content/application~1json/schema/dependencies/a"}}}
        | {"dependencies": {"a": {"type": "object", "required": ["b"]}}},
        [{"a": 1}, {"a": 1, "c": {"b": 1}}],
        [{"c": {}}],
    ),
    ("unevaluatedProperties", {"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False}, [{"a": 1}], [{"b": 1}]),
    ("prefixItems", {"prefixItems": [WHOLE, {}], "items": False}, [[1, "a"], [1]], [["a"], [1, 2, 3]]),
    ("a dot, which takes no end of a line", {"pattern": r"^a.b[.]\.$"}, ["axb..", "a\x85b.."], ["a\rb..", "a\u2028b..", "a\nb..", "axbx."]),
    ("a dot that takes all", {"pattern": "^(?s:a.b)$"}, ["a\rb"], ["ab"]),
    ("a dot behind a bracket and a word", {"pattern": r"^\(?abs.$"}, ["(absx"], ["(abs\r"]),
    ("a dot beside what looks ahead", {"pattern": "^(?=a).$"}, ["a"], ["b"]),
    ("what leads back to alternatives", {"pattern": r"^(a|b)\1$"}, ["aa", "bb"], ["ab", "a"]),
    ("what leads back to one of several names", {"pattern": r"^(?<q>'|\"|)x\k<q>$"}, ["'x'", '"x"', "x"], ["'x", "'x\""]),
    ("what leads to a group in another alternative", {"pattern": r"^(?:(a)|b\1c)+$"}, ["bc", "abc", "abca"], ["abac", "bac"]),
    ("a schema that is false", {"properties": {"a": False}}, [{"b": 1}], [{"a": 1}]),
]


@pytest.mark.parametrize(("schema", "sent", "is_right"), rows(SCHEMAS))
def test_body_is_held_against_every_keyword(schema: Any, sent: Any, is_right: bool) -> None:
    assert (not wrong(judged(taking(schema), "POST", "/x", json.dumps(sent).encode()))) is is_right


PLACED = {"properties": {"a": {"type": "integer"}, "b": {"properties": {"c": WHOLE}}}, "required": ["a"]}


@pytest.mark.parametrize(
    ("sent", "places"),
    [
        ({"b": {}}, [(("body", "a"), "required")]),
        ({"a": 1, "b": {"c": "x"}}, [(("body", "b", "c"), "type")]),
        ({"a": 1, "x": 1}, [(("body",), "unevaluatedProperties")]),
        ({"b": {}, "x": 1}, [(("body", "a"), "required"), (("body",), "unevaluatedProperties")]),
    ],
)
def test_field_that_is_described_is_not_unexpected_because_another_rule_was_broken(sent: Any, places: Any) -> None:
    schema = {"allOf": [{"$ref": "#/components/schemas/P"}], "unevaluatedProperties": False}
    document = taking(schema, components={"schemas": {"P": PLACED}})
    assert [(each.loc, each.rule) for each in wrong(judged(document, "POST", "/x", json.dumps(sent).encode()))] == places


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {}}, "if": {"properties": {"b": {"const": 1}}}, "then": {"required": ["a"]}},
        {"properties": {"a": {}}, "dependentSchemas": {"a": {"properties": {"b": {}}}}},
        {"properties": {"a": {}}, "if": {"$ref": "#/components/schemas/P"}},
    ],
)
def test_field_that_a_condition_names_is_known(schema: Any) -> None:
    document = taking(schema, components={"schemas": {"P": {"properties": {"b": {}}}}})
    assert judged(document, "POST", "/x", b'{"a": 1, "b": 1}').request == ()
    assert [each.loc for each in judged(document, "POST", "/x", b'{"a": 1, "c": 1}').request] == [("body", "c")]


def test_null_is_allowed_by_all_that_stands_beside_nullable() -> None:
    part = {"type": "object", "nullable": True, "allOf": [{"$ref": "#/components/schemas/P"}]}
    document = taking({"properties": {"p": part}}, version="3.0.3", components={"schemas": {"P": {"type": "object", "required": ["a"]}}})
    found = [[each.loc for each in wrong(judged(document, "POST", "/x", sent))] for sent in (b'{"p": null}', b'{"p": {}}', b'{"p": 1}')]
    assert found == [[], [("body", "p", "a")], [("body", "p")]]


NULLABLE: dict[str, Any] = {
    "beside it": {"allOf": [{"$ref": "#/components/schemas/P"}]},
    "beside it and a type": {"type": "object", "allOf": [{"$ref": "#/components/schemas/P"}]},
    "beside a reference": {"$ref": "#/components/schemas/P"},
}


@pytest.mark.parametrize("mark", ["readOnly", "writeOnly"])
@pytest.mark.parametrize("is_inside", [False, True], ids=["on the field", "on its schema"])
@pytest.mark.parametrize("field", NULLABLE.values(), ids=NULLABLE.keys())
def test_field_of_one_direction_that_may_be_null_is_not_asked_of_the_other(field: Any, is_inside: bool, mark: str) -> None:
    whole = {"required": ["n", "owner"], "properties": {"owner": {**field, "nullable": True, **({} if is_inside else {mark: True})}}}
    schemas = {"P": {"type": "object", **({mark: True} if is_inside else {})}, "T": whole}
    judging = contract(taking(whole, version="3.0.3", components={"schemas": schemas}))
    allowing = [each for each in Direction if judging.allows(("components", "schemas", "T"), {"n": 1}, each)]
    assert allowing == [Direction(mark)]
    assert all(judging.allows(("components", "schemas", "T"), {"n": 1, "owner": None}, each) for each in Direction)


def test_nobody_relies_on_our_filters_at_operations_that_are_not_ours() -> None:
    asking = {**ANY, "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}]}
    document = {"openapi": "3.1.0", "info": {}, "paths": {"/items": {"get": asking}, "/v1/runs": {"get": asking}}}
    assert [len(judged(document, "GET", f"{path}?q=a:b").request) for path in ("/items", "/v1/runs")] == [0, 1]


def test_message_about_a_name_does_not_repeat_it() -> None:
    found = wrong(judged(taking({"propertyNames": {"maxLength": 3}}), "POST", "/x", b'{"secret": 1}'))
    assert [(each.rule, "secret" in each.message) for each in found] == [("propertyNames", False)]


def test_message_about_a_pattern_has_it_as_it_was_written() -> None:
    (found,) = wrong(judged(taking({"pattern": r"^.\.[.]$"}), "POST", "/x", b'"a"'))
    assert found.message == r'the value does not match "^.\.[.]$"'


def reading(*paths: str, schema: Any = WHOLE) -> dict[str, Any]:
    """A document with these paths, each with one parameter `p` if any."""
    own = {"parameters": [{"name": "p", "in": "path", "required": True, "schema": schema}]}
    return {"openapi": "3.1.0", "info": {}, "paths": {path: {"get": {**ANY, **(own if "{p}" in path else {})}} for path in paths}}


PATHS: list[tuple[str, Any, list[Any], list[Any]]] = [
    ("a slash in a value", reading("/a/{p}", schema={"const": "x/y"}), ["/a/x%2Fy", "/a/x%2fy"], ["/a/x/y", "/a/x%252Fy"]),
    ("a slash in a value or a longer path", reading("/a/{p}", "/a/{p}/c"), ["/a/5", "/a/5/c", "/a%2F5"], ["/a/x%2Fc", "/a/5%2Fd"]),
    ("a path that is written encoded", reading("/a%20b/{p}"), ["/a%20b/5"], ["/a%20b/x", "/a%2520b/5"]),
    ("the fixed path before the open one", reading("/a/{p}", "/a/b"), ["/a/b", "/a/5"], ["/a/c", "/a/b/"]),
    ("two parameters of one segment", reading("/a/{p}:go"), ["/a/5:go", "/a/5%3Ago"], ["/a/5", "/a/x:go"]),
]


@pytest.mark.parametrize(("document", "sent", "is_right"), rows(PATHS))
def test_path_leads_where_the_document_says(document: Any, sent: str, is_right: bool) -> None:
    assert (not wrong(judged(document, "GET", sent))) is is_right
