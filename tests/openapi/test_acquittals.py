"""What is acquitted at a glance, and what is left to those who look closely."""

from typing import Any

import pytest
from exchanges import CREATE, RUN, RUN_ID, SHIRT, create, exchange

from runflow_mock.domain.exchanges import BODY_BYTES_MAX, REDACTED, Exchange
from runflow_mock.openapi.acquittals import is_beyond_doubt
from runflow_mock.openapi.contracts import Contract, packaged_contract
from runflow_mock.openapi.violations import request_findings

JSON = {"content-type": "application/json"}


def is_acquitted(sent: Exchange, contract: Contract | None = None) -> bool:
    """Whether an exchange is acquitted at a glance; what is, has no violation for those who look closely either."""
    judge = contract or packaged_contract()
    addressed = judge.address(sent.path, sent.method)
    assert addressed is not None
    declared = judge.operation(addressed.path, sent.method)
    assert declared is not None
    acquitted = is_beyond_doubt(judge, addressed, declared, sent)
    assert not (acquitted and any(finding.severity == "violation" for finding in request_findings(judge, addressed, declared, sent)))
    return acquitted


@pytest.mark.parametrize(
    "sent",
    [
        create(),
        create(402),
        exchange("POST", CREATE, 201, body={**SHIRT, "client_reff": 1}),
        exchange("POST", CREATE, 201, body=SHIRT, headers={"idempotency-key": "sha256:0123", "x-organization-id": RUN_ID}),
        exchange("POST", CREATE, 201, body=SHIRT, headers={"content-type": "application/json; charset=utf-8"}),
        exchange("GET", RUN),
        exchange("GET", f"{RUN}?add_signature=true&verbose=1"),
        exchange("GET", "/v1/runs?limit=5&status=failed"),
        exchange("GET", RUN, body={"nobody": "reads it"}),
    ],
    ids=lambda sent: f"{sent.method} {sent.target[:60]}",
)
def test_usual_request_is_acquitted_at_a_glance(sent: Exchange) -> None:
    assert is_acquitted(sent)


@pytest.mark.parametrize(
    "sent",
    [
        create(422),
        exchange("POST", CREATE, 201, body={}),
        exchange("POST", CREATE, 201, body=None),
        exchange("POST", CREATE, 201, body=b"{oops"),
        exchange("POST", CREATE, 201, body=b"\xef\xbb\xbf{}"),
        exchange("POST", CREATE, 201, body=b'"' + b"x" * BODY_BYTES_MAX + b'"'),
        exchange("POST", CREATE, 201, body=SHIRT, headers={"content-type": "text/plain"}),
        exchange("POST", CREATE, 201, body=SHIRT, headers={**JSON, "content-encoding": "gzip"}),
        exchange("GET", "/v1/runs/7"),
        exchange("GET", "/v1/runs?limit=0"),
    ],
)
def test_what_is_wrong_or_unusual_is_left_to_those_who_look_closely(sent: Exchange) -> None:
    assert not is_acquitted(sent)


@pytest.mark.parametrize(
    ("declared", "sent"),
    [
        ({"parameters": [{"in": "header", "name": "X-Who", "required": True, "schema": {}}]}, {}),
        ({"parameters": [{"in": "query", "name": "who", "required": True, "schema": {}}]}, {}),
        ({"parameters": [{"in": "query", "name": "who", "required": True, "schema": {}}]}, {"target": "/v1/a?b=1"}),
        ({"parameters": [{"in": "query", "name": "who", "schema": {}, "allowEmptyValue": True}]}, {"target": "/v1/a?who="}),
        ({"parameters": [{"in": "query", "name": "who", "schema": {"type": "object"}, "style": "deepObject"}]}, {"target": "/v1/a?who=1"}),
        ({"parameters": [{"in": "query", "name": "who", "schema": {}}]}, {"target": f"/v1/a?who={REDACTED}"}),
        ({"parameters": [{"in": "query", "name": "who", "content": {"application/json": {}}}]}, {"target": "/v1/a?who={"}),
        ({"parameters": [{"in": "querystring", "name": "all", "content": {"application/json": {}}}]}, {"target": "/v1/a?{"}),
        ({"parameters": [{"in": "cookie", "name": "who", "schema": {}}]}, {}),
        ({"security": [{"key": []}]}, {}),
    ],
    ids=str,
)
def test_what_is_unusual_in_a_document_is_left_to_those_who_look_closely(declared: dict[str, Any], sent: dict[str, Any]) -> None:
    document: Any = {
        "openapi": "3.2.0",
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
        "paths": {"/v1/a": {"get": {**declared, "responses": {"default": {}}}}},
    }
    assert not is_acquitted(exchange("GET", **{"target": "/v1/a", **sent}), Contract(document, source="own.json"))


def test_body_that_is_a_sequence_is_left_to_those_who_look_closely() -> None:
    body = {"content": {"application/json": {"itemSchema": {"type": "string"}}}}
    document: Any = {"openapi": "3.2.0", "paths": {"/v1/a": {"post": {"requestBody": body, "responses": {"default": {}}}}}}
    assert not is_acquitted(exchange("POST", "/v1/a", 200, body=[], headers=JSON), Contract(document))
