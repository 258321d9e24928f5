"""Where a user's document judges: the client by it, as far as it goes, and what the fake does otherwise is the fake's."""

import json
from copy import deepcopy
from typing import Any

import pytest
import yaml
from exchanges import RUN_ID, SHIRT, exchange
from foreign import OWN, OWN_YAML, contract

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import NO_FINDINGS, Severity
from runflow_mock.openapi.contract_judge import Judge
from runflow_mock.openapi.contracts import Contract, packaged_contract
from runflow_mock.openapi.shapes import paired

CREATE = "/v1/models/runflow/background-removal/runs"
FORMS = (json.dumps(OWN), yaml.safe_dump(OWN), OWN_YAML)


KEY = {"authorization": "Bearer [redacted]"}


def own(text: str = FORMS[0]) -> Contract:
    return contract(text, "own.yaml")


JUDGE = Judge(own(), lambda path: None)


def told(judged: Exchange) -> tuple[list[str], list[str]]:
    """What is held against the client, and what against the fake."""
    findings = JUDGE.judge(judged)
    return [finding.message for finding in findings.violations], [finding.message for finding in findings.ours]


@pytest.mark.parametrize("text", FORMS, ids=("json", "yaml", "below the server's path"))
@pytest.mark.parametrize("model", ["runflow/background-removal", "google/veo/fast", "one%2Ftwo"])
def test_model_of_any_depth_is_found_whatever_its_parameters_are_called(text: str, model: str) -> None:
    findings = Judge(own(text), lambda path: None).judge(
        exchange("POST", f"/v1/models/{model}/runs", 201, body=SHIRT, answer={"id": "x"}, headers=KEY)
    )
    assert findings.operation == "startRun"


@pytest.mark.parametrize("text", FORMS)
def test_both_documents_mean_the_same_operations(text: str) -> None:
    theirs, ours = paired(own(text), packaged_contract())
    assert set(theirs) == {"POST /v1/models/{+}/runs", "GET /v1/runs/{}"} < set(ours)


def test_parameters_span_slashes_only_where_ours_do() -> None:
    path = "/v1/comfyui-workflows/{owner}/{slug}/runs"
    other = contract({"openapi": "3.1.0", "paths": {path: {"get": {}}}})
    assert (other.spanning_of(path), own().spanning_of("/v1/models/{owner}/{slug}/runs")) == (frozenset(), frozenset({"slug"}))


def test_request_is_judged_by_the_users_document() -> None:
    judged = exchange("POST", CREATE, 201, body={**SHIRT, "input": 3}, answer={"id": RUN_ID}, headers=KEY)
    assert told(judged) == (['the value is not of type "object"'], [])


def test_answer_that_the_users_document_does_not_allow_is_ours() -> None:
    clients, ours = told(exchange(answer={"id": RUN_ID}, headers=KEY))
    assert (clients, ours) == ([], ["the fake's answer does not fit own.yaml: the field is required"])


def test_refusal_of_what_the_users_document_allows_is_ours() -> None:
    refusal = {"code": "x", "message": "no", "errors": [{"loc": ["body", "metadata"], "type": "type", "msg": "must be an object"}]}
    clients, ours = told(exchange("POST", CREATE, 422, body={**SHIRT, "metadata": 3}, answer=refusal, headers=KEY))
    assert clients == []
    assert [message.partition(":")[0] for message in ours] == ["the fake refused body.metadata, which own.yaml allows"]


def test_refusal_of_what_no_document_can_say_stays_the_clients() -> None:
    refusal = {"code": "x", "message": "no", "errors": [{"loc": ["body", "input", "image_url"], "type": "missing", "msg": "is missing"}]}
    assert told(exchange("POST", CREATE, 422, body={"input": {}}, answer=refusal, headers=KEY)) == (["is missing"], [])


def test_operation_that_the_users_document_does_not_describe_is_not_judged() -> None:
    for judged in (
        exchange("GET", "/v1/runs?limit=0", 401, headers=KEY),
        exchange("POST", "/v1/runs/7/callback-redeliveries", 404, headers=KEY),
    ):
        (finding,) = JUDGE.judge(judged).request
        assert (finding.severity, finding.rule) == (Severity.NOTE, "undescribed")
        assert finding.message.startswith("own.yaml does not describe ")


def test_operation_that_only_the_users_document_has_is_ours_to_serve() -> None:
    document = deepcopy(OWN)
    document["paths"]["/v1/weather"] = {"get": {"responses": {"200": {"description": "Sun."}}}}
    findings = Judge(contract(document, "own.yaml"), lambda path: None).judge(exchange("GET", "/v1/weather", 404, headers=KEY))
    assert (findings.violations, findings.ours[0].message) == ((), "the fake does not serve GET /v1/weather of own.yaml")


def test_path_that_neither_document_has_leads_nowhere() -> None:
    assert told(exchange("GET", "/weather/today/again", 404)) == (["own.yaml has no path /weather/today/again"], [])
    assert JUDGE.judge(exchange("GET", "/llms.txt", operation="llms")) == NO_FINDINGS


def test_reliances_are_seen_whatever_the_operations_are_called() -> None:
    judged = exchange("POST", "/v1/models/a/b/batches", 201, body={"items": []}, operation="create_model_batch", headers=KEY)
    operation = {"operationId": "startBatch", "responses": {"201": {}}}
    document: Any = {"openapi": "3.1.0", "paths": {"/v1/models/{owner}/{slug}/batches": {"post": operation}}}
    findings = Judge(contract(document, "own.yaml"), lambda path: None).judge(judged)
    assert [finding.rule for finding in findings.of(Severity.RELIANCE)] == ["batch-body"]


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "strin"}, "/type: type is not understood"),
        ({"pattern": "("}, "/pattern: pattern '(' is no regular expression that is understood"),
        ({"$ref": "#/components/schemas/Gone"}, ": $ref '#/components/schemas/Gone' leads nowhere"),
        ({"$ref": 5}, ": $ref is not a text"),
    ],
)
def test_schema_that_is_none_is_told_before_anything_is_judged(schema: object, place: str) -> None:
    content = {"application/json": {"schema": schema}}
    document: Any = {"openapi": "3.1.0", "paths": {"/x": {"get": {"responses": {"200": {"content": content}}}}}}
    (problem,) = contract(document).problems
    assert str(problem).startswith(f"own.json: #/paths/~1x/get/responses/200/content/application~1json/schema{place}")
