"""Security of a user's document: a request brings a credential of the form that is asked for, whatever its value is."""

from typing import Any

import pytest
from exchanges import exchange
from foreign import contract

from runflow_mock.domain.exchanges import without_credentials, without_values
from runflow_mock.domain.findings import Finding
from runflow_mock.openapi.contract_judge import Judge

SECRET = "c29tZTpzZWNyZXQ="
SCHEMES: dict[str, Any] = {
    "basic": {"type": "http", "scheme": "Basic"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "own": {"type": "http", "scheme": "Token"},
    "head": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "asked": {"type": "apiKey", "in": "query", "name": "api_key"},
    "baked": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "named": {"type": "apiKey", "in": "header", "name": "Authorization"},
    "flows": {"type": "oauth2", "flows": {}},
    "open": {"type": "openIdConnect", "openIdConnectUrl": "https://x.example/"},
    "certificate": {"type": "mutualTLS"},
    "elsewhere": {"$ref": "#/components/securitySchemes/head"},
    "lost": {"$ref": "#/components/securitySchemes/nowhere"},
    "odd": {"type": "apiKey", "in": "body", "name": "k"},
    "odder": {"type": "telepathy"},
}
BEARER, BASIC = {"authorization": f"Bearer {SECRET}"}, {"authorization": f"Basic {SECRET}"}
NOTHING: dict[str, str] = {}
ABSENT: Any = object()


def document(own: Any, whole: Any = ABSENT, version: str = "3.1.0") -> dict[str, Any]:
    operation = {"responses": {"default": {"description": "Any."}}, **({} if own is ABSENT else {"security": own})}
    parts = {} if whole is ABSENT else {"security": whole}
    return {"openapi": version, "info": {}, "paths": {"/x": {"get": operation}}, "components": {"securitySchemes": SCHEMES}, **parts}


def found(given: dict[str, Any], headers: dict[str, str], target: str = "/x") -> tuple[Finding, ...]:
    """What is found in a request as the journal keeps it."""
    judging = contract(given)
    given_headers = [(name.encode(), value.encode()) for name, value in headers.items()]
    names = frozenset(name.encode() for name in judging.credentials("header"))
    sent, asked = without_credentials(given_headers, judging.cookies, names), without_values(target, judging.credentials("query"))
    return Judge(judging, lambda path: None).judge(exchange("GET", asked, 200, request_headers=sent)).request


def rules(told: tuple[Finding, ...]) -> list[str]:
    return [finding.rule for finding in told]


def test_missing_credential_is_told_with_its_place_and_every_way_in() -> None:
    (told,) = found(document([{"head": [], "asked": []}, {"bearer": []}]), NOTHING)
    assert (told.loc, told.rule) == (("header", "Authorization"), "security")
    assert told.message.endswith("needed: X-Key in the header (head) and api_key in the query (asked), or Authorization: bearer (bearer)")


RIGHT: list[tuple[Any, dict[str, str], str]] = [
    ([{"bearer": []}], BEARER, "/x"),
    ([{"bearer": []}], {"authorization": f"bearer  {SECRET}"}, "/x"),
    ([{"basic": []}], BASIC, "/x"),
    ([{"own": []}], {"authorization": f"Token {SECRET}"}, "/x"),
    ([{"head": []}], {"x-key": SECRET}, "/x"),
    ([{"elsewhere": []}], {"x-key": SECRET}, "/x"),
    ([{"#/components/securitySchemes/head": []}], {"x-key": SECRET}, "/x"),
    ([{"asked": []}], NOTHING, f"/x?api_key={SECRET}"),
    ([{"baked": []}], {"cookie": f"a=b; sid={SECRET}"}, "/x"),
    ([{"named": []}], {"authorization": SECRET}, "/x"),
    ([{"named": []}], BEARER, "/x"),
    ([{"flows": ["read", "write"]}], BEARER, "/x"),
    ([{"flows": []}], {"authorization": f"DPoP {SECRET}"}, "/x"),
    ([{"open": []}], BEARER, "/x"),
    ([], NOTHING, "/x"),
    ([{}], NOTHING, "/x"),
    ([{"bearer": []}, {}], NOTHING, "/x"),
    ([{"bearer": []}, {"asked": []}], NOTHING, f"/x?api_key={SECRET}"),
    ([{"bearer": []}, {"asked": []}], BEARER, f"/x?api_key={SECRET}"),
    ([{"bearer": [], "asked": []}], BEARER, f"/x?api_key={SECRET}"),
    ([{"certificate": []}, {"bearer": []}], BEARER, "/x"),
]


@pytest.mark.parametrize(("asked", "headers", "target"), RIGHT)
def test_request_with_what_is_asked_for_is_held(asked: Any, headers: dict[str, str], target: str) -> None:
    assert found(document(asked), headers, target) == ()


WRONG: list[tuple[Any, dict[str, str], str]] = [
    ([{"bearer": []}], BASIC, "/x"),
    ([{"bearer": []}], {"authorization": SECRET}, "/x"),
    ([{"bearer": []}], {"authorization": "Bearer"}, "/x"),
    ([{"bearer": []}], {"authorization": "Bearer two words"}, "/x"),
    ([{"bearer": []}], NOTHING, f"/x?bearer={SECRET}"),
    ([{"basic": []}], BEARER, "/x"),
    ([{"basic": []}], {"authorization": "Basic user:secret"}, "/x"),
    ([{"basic": []}], {"authorization": "Basic c2VjcmV0"}, "/x"),
    ([{"own": []}], BEARER, "/x"),
    ([{"own": []}], NOTHING, "/x"),
    ([{"head": []}], NOTHING, "/x"),
    ([{"head": []}], {"x-key": ""}, "/x"),
    ([{"head": []}], NOTHING, f"/x?X-Key={SECRET}"),
    ([{"asked": []}], {"api_key": SECRET}, "/x"),
    ([{"asked": []}], NOTHING, "/x?api_key="),
    ([{"baked": []}], {"cookie": "sidd=1"}, "/x"),
    ([{"baked": []}], {"cookie": "sid="}, "/x"),
    ([{"baked": []}], NOTHING, "/x"),
    ([{"flows": []}], BASIC, "/x"),
    ([{"open": []}], NOTHING, "/x"),
    ([{"bearer": [], "asked": []}], BEARER, "/x"),
    ([{"bearer": [], "certificate": []}], NOTHING, "/x"),
]


@pytest.mark.parametrize(("asked", "headers", "target"), WRONG)
def test_request_without_what_is_asked_for_is_told(asked: Any, headers: dict[str, str], target: str) -> None:
    told = found(document(asked), headers, target)
    assert "security" in rules(told)
    assert not [finding for finding in told if SECRET in finding.message]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0", "3.2.0"])
def test_requirements_of_the_document_count_where_the_operation_has_none(version: str) -> None:
    assert rules(found(document(ABSENT, [{"bearer": []}], version), NOTHING)) == ["security"]
    assert found(document([], [{"bearer": []}], version), NOTHING) == ()
    assert rules(found(document([{"head": []}], [{"bearer": []}], version), BEARER)) == ["security"]


@pytest.mark.parametrize("asked", [[{"certificate": []}], [{"certificate": [], "bearer": []}], [{"certificate": []}, {"head": []}]])
def test_certificate_of_a_client_is_told_and_not_judged(asked: Any) -> None:
    assert rules(found(document(asked), BEARER)) == ["not-judged"]


@pytest.mark.parametrize("asked", [[{"nobody": []}], [{"lost": []}], [{"odd": []}], [{"odder": []}], ["bearer"], {"bearer": []}])
def test_requirement_that_cannot_be_understood_is_told_with_its_place_and_held_against_nobody(asked: Any) -> None:
    told = found(document(asked), NOTHING)
    assert {"not-understood"} <= set(rules(told)) <= {"not-understood", "not-judged"}
    assert [problem.place for problem in contract(document(asked)).problems]


def test_key_in_the_query_is_no_unknown_parameter() -> None:
    assert found(document([{"asked": []}, {}]), NOTHING, "/x?api_key=1") == ()


def test_no_value_of_a_credential_is_kept() -> None:
    judging = contract(document([{"head": [], "asked": []}]))
    sent = [(b"x-key", SECRET.encode()), (b"x-other", b"1"), (b"authorization", b"Basic " + SECRET.encode())]
    names = frozenset(name.encode() for name in judging.credentials("header"))
    kept = without_credentials(sent, judging.cookies, names)
    assert kept == ((b"x-key", b"[redacted]"), (b"x-other", b"1"), (b"authorization", b"Basic [redacted]"))
    assert without_values(f"/x?a=1&api%5Fkey={SECRET}&api_key=&b", judging.credentials("query")) == "/x?a=1&api%5Fkey=[redacted]&api_key=&b"


def test_credential_that_is_a_parameter_as_well_is_judged_by_its_presence_alone() -> None:
    given = document([{"asked": []}])
    given["paths"]["/x"]["get"]["parameters"] = [{"name": "api_key", "in": "query", "required": True, "schema": {"maxLength": 3}}]
    assert rules(found(given, NOTHING, f"/x?api_key={SECRET}")) == ["not-kept"]
    assert rules(found(given, NOTHING)) == ["required"]
