"""What OpenAPI 3.2 has beside 3.1: further methods, a query described as a whole, cookies as they are, the document's own address."""

from typing import Any

import pytest
from exchanges import exchange
from foreign import contract

from runflow_mock.domain.findings import Severity
from runflow_mock.openapi.contract_judge import Judge
from runflow_mock.openapi.foreign_documents import DocumentError

ANY = {"responses": {"default": {"description": "Any."}}}
BODY = {**ANY, "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Asked"}}}}}
ASKED = {"Asked": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}}


def document(item: Any, version: str = "3.2.0", **parts: Any) -> dict[str, Any]:
    return {"openapi": version, "info": {}, "paths": {"/x": item, "/y": {"get": ANY}}, "components": {"schemas": ASKED}, **parts}


def rules(given: dict[str, Any], method: str = "GET", target: str = "/x", **sent: Any) -> list[str]:
    found = Judge(contract(given), lambda path: None).judge(exchange(method, target, 200, **sent)).request
    return [finding.rule for finding in found if finding.severity is Severity.VIOLATION]


def parameter(**said: Any) -> dict[str, Any]:
    return document({"get": {**ANY, "parameters": [{"name": "q", **said}]}})


OTHERS = document({"query": BODY, "additionalOperations": {"COPY": BODY, "Look": ANY}, "get": ANY})


@pytest.mark.parametrize("method", ["QUERY", "COPY"])
def test_operation_of_a_further_method_is_judged(method: str) -> None:
    assert rules(OTHERS, method, body={"a": 1}) == []
    assert rules(OTHERS, method, body={"a": "1"}) == ["type"]
    assert rules(OTHERS, method) == ["required"]


@pytest.mark.parametrize(("method", "expected"), [("Look", []), ("LOOK", ["method"]), ("copy", ["method"]), ("MOVE", ["method"])])
def test_methods_of_other_names_are_as_they_are_written(method: str, expected: list[str]) -> None:
    assert rules(OTHERS, method) == expected


def test_operations_of_further_methods_have_names_servers_and_references() -> None:
    item = {"additionalOperations": {"COPY": {**ANY, "operationId": "copyIt", "servers": [{"url": "/v2"}]}}, "get": ANY}
    given = document(item)
    given["paths"]["/y"]["get"] = {"$ref": "#/paths/~1x/additionalOperations/COPY"}
    judging = contract(given)
    assert [(each.id, each.method, each.path) for each in judging.operations] == [
        ("GET /x", "GET", "/x"),
        ("COPY /v2/x", "COPY", "/v2/x"),
        ("GET /v2/y", "GET", "/v2/y"),
    ]


@pytest.mark.parametrize("name", ["get", "POST", "Parameters", "$ref"])
def test_method_that_is_a_field_of_the_path_is_told(name: str) -> None:
    judging = contract(document({"additionalOperations": {name: ANY}}))
    assert [problem.place for problem in judging.problems] == [f"#/paths/~1x/additionalOperations/{name}"]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.1"])
@pytest.mark.parametrize(("field", "value"), [("query", ANY), ("additionalOperations", {"COPY": ANY})])
def test_further_methods_in_an_older_document_are_told(version: str, field: str, value: Any) -> None:
    judging = contract(document({field: value}, version))
    assert [problem.place for problem in judging.problems] == [f"#/paths/~1x/{field}"]
    assert [operation.id for operation in judging.operations] == ["GET /y"]


def test_document_of_further_methods_alone_holds_operations() -> None:
    given = {"openapi": "3.2.0", "info": {}, "paths": {"/x": {"additionalOperations": {"COPY": ANY}}}}
    assert rules(given, "COPY") == []
    with pytest.raises(DocumentError):
        contract({**given, "openapi": "3.1.0"})


FORM = {"application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/Asked"}}}
JSON = {"application/json": {"schema": {"$ref": "#/components/schemas/Asked"}}}


@pytest.mark.parametrize(
    ("content", "query", "expected"),
    [
        (FORM, "?a=1&b=2", []),
        (FORM, "?a=x", ["type"]),
        (FORM, "?b=1", ["required"]),
        (FORM, "", ["required"]),
        (JSON, "?%7B%22a%22%3A1%7D", []),
        (JSON, "?%7B%22a%22%3A%221%22%7D", ["type"]),
        (JSON, "?a=1", ["json"]),
        ({"application/json": {}}, "?1", []),
        ({"application/jsonpath": {"schema": {"type": "string"}}}, "?%24.a", []),
        ({"text/plain": {"schema": {"type": "string", "maxLength": 2}}}, "?abc", ["maxLength"]),
    ],
)
def test_query_that_is_described_as_a_whole_is_judged(content: Any, query: str, expected: list[str]) -> None:
    assert rules(parameter(**{"in": "querystring", "required": True, "content": content}), target=f"/x{query}") == expected


def test_query_that_is_described_as_a_whole_may_be_absent_and_has_no_unknown_names() -> None:
    given = parameter(**{"in": "querystring", "content": FORM})
    assert rules(given) == []
    assert Judge(contract(given), lambda path: None).judge(exchange("GET", "/x?a=1&b=2", 200)).request == ()


@pytest.mark.parametrize(("version", "said"), [("3.1.0", {"content": FORM}), ("3.2.0", {"schema": {}})])
def test_query_as_a_whole_where_it_cannot_be_is_told(version: str, said: Any) -> None:
    given = document({"get": {**ANY, "parameters": [{"name": "q", "in": "querystring", **said}]}}, version)
    assert [problem.place.rpartition("/")[0] for problem in contract(given).problems] == ["#/paths/~1x/get/parameters/0"]


@pytest.mark.parametrize(
    ("schema", "sent", "expected"),
    [
        ({"type": "integer"}, "q=1", []),
        ({"type": "integer"}, "q=x", ["type"]),
        ({"const": "a%20b"}, "q=a%20b", []),
        ({"type": "array", "items": {"type": "integer"}}, "q=1; q=2", []),
        ({"type": "array", "items": {"type": "integer"}}, "q=1; q=x", ["type"]),
        ({"type": "object", "properties": {"r": {"type": "integer"}}}, "r=1", []),
        ({"type": "object", "properties": {"r": {"type": "integer"}}}, "r=x", ["type"]),
    ],
)
def test_cookie_in_the_style_of_cookies_is_judged(schema: Any, sent: str, expected: list[str]) -> None:
    given = parameter(**{"in": "cookie", "style": "cookie", "schema": schema, "required": True})
    assert rules(given, headers={"cookie": sent}) == expected


def test_reference_by_the_documents_own_address_leads_into_it() -> None:
    schema = {"$ref": "https://api.example/own.json#/components/schemas/Asked"}
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    given = document({"post": {**ANY, "requestBody": body}}, **{"$self": "https://api.example/own.json"})
    assert contract(given).problems == ()
    assert rules(given, "POST", body={"a": "x"}) == ["type"]
