"""Notes on captures: what the contract does not allow or know, by operation where that is known, and without values."""

import json
from typing import Any

import pytest
from captured import recognised
from steps import ABSENT

from runflow_mock.domain.exchanges import BODY_BYTES_MAX
from runflow_mock.kit.calibration.notes import notes_of
from runflow_mock.openapi.contracts import Contract, packaged_contract

RUN = {"id": ABSENT, "status_code": "queued", "failure_code": None, "created_at": "2026-01-01T00:00:00Z"}
JSON = {"content-type": "application/json"}


def notes(*captures: Any, contract: Contract | None = None) -> list[tuple[str, str, str]]:
    raw = {f"{index}.json": each if isinstance(each, bytes) else json.dumps(each).encode() for index, each in enumerate(captures)}
    return [(note.rule, note.where, note.message) for note in notes_of(recognised(raw), contract or packaged_contract())]


def exchange(path: str, status: int, body: Any, method: str = "GET", headers: Any = JSON) -> Any:
    return {"request": {"method": method, "path": path}, "response": {"status": status, "headers": headers, "body": body}}


def operation(schema: Any, media_type: str = "application/json", *, source: str | None = None) -> Contract:
    """A contract with one operation, which answers with this."""
    responses: Any = {"200": {"description": "ok", "content": {media_type: {"schema": schema}}}}
    paths: Any = {"/v1/runs/{id}": {"get": {"operationId": "get_run", "responses": responses}}}
    return Contract({"openapi": "3.1.0", "paths": paths}, source=source)


def test_what_is_as_the_contract_says_has_no_notes() -> None:
    error = {"code": "NOT_FOUND", "message": "no", "errors": None}
    assert notes(RUN, {"items": [], "next": None}, error, exchange(f"/v1/runs/{ABSENT}", 404, error)) == []
    assert notes(exchange(f"/v1/webhooks/{ABSENT}", 204, None, "DELETE")) == []


@pytest.mark.parametrize(
    ("capture", "where"),
    [
        ({**RUN, "odd_field": 1}, "Run: body.odd_field"),
        ({"id": ABSENT, "items_total": 0, "status_code": "failed", "odd_field": 1}, "Batch: body.odd_field"),
        ({"items": [{**RUN, "odd_field": 1}], "next": None}, "RunList: body.items.odd_field"),
        ({"id": ABSENT, "secret": "whsec_1", "plain_secret": "whsec_1", "odd_field": 1}, "CallbackSecretCreated: body.odd_field"),
        ({"code": "CONFLICT", "message": "no", "odd_field": 1}, "ErrorResponse: body.odd_field"),
        (exchange(f"/v1/runs/{ABSENT}", 200, {**RUN, "odd_field": 1}), "get_run: body.odd_field"),
    ],
)
def test_field_that_the_contract_does_not_know_is_named(capture: Any, where: str) -> None:
    assert [found for found in notes(capture) if found[0] == "unknown-field"] == [
        ("unknown-field", where, "the contract does not know this field")
    ]


def test_pages_of_what_has_no_schema_here_are_let_be() -> None:
    assert notes({"items": [{"id": ABSENT, "odd_field": 1}], "next": None}, {"items": [1], "next": None}) == []


def test_422_is_held_against_its_own_form() -> None:
    found = notes({"status": 422, "body": {"code": "VALIDATION_ERROR", "message": "no", "errors": []}})
    assert found == [("minItems", "ValidationErrorResponse: body.errors", "the value has less than 1 item")]


def test_body_that_came_compressed_is_held_against_the_contract_all_the_same() -> None:
    body = {"code": "NOT_FOUND", "message": 7, "errors": None}
    assert [rule for rule, _, _ in notes(exchange(f"/v1/runs/{ABSENT}", 404, body, headers={**JSON, "content-encoding": "br"}))] == ["type"]


def test_body_of_any_length_is_held_against_the_contract() -> None:
    body = {"code": "NOT_FOUND", "message": 7, "errors": None, "more": "x" * BODY_BYTES_MAX}
    found = [rule for rule, _, _ in notes(exchange(f"/v1/runs/{ABSENT}", 404, body), contract=packaged_contract())]
    assert sorted(found) == ["type", "unknown-field"]
    assert [rule for rule, _, _ in notes(exchange(f"/v1/runs/{ABSENT}", 404, "x" * BODY_BYTES_MAX))] == ["too-large-to-judge"]


def test_preflight_of_a_browser_is_no_call_of_the_api() -> None:
    assert notes(exchange(f"/v1/runs/{ABSENT}", 204, None, "OPTIONS")) == []


def test_body_that_is_not_looked_into_is_told() -> None:
    theirs = operation({"type": "object"}, "application/xml", source="own.yaml")
    capture = exchange(f"/v1/runs/{ABSENT}", 200, "<a/>", headers={"content-type": "application/xml"})
    assert [rule for rule, _, _ in notes(capture, contract=theirs)] == ["not-looked-into"]


def test_status_that_the_operation_does_not_declare_is_told() -> None:
    (found, *_) = notes(exchange(f"/v1/runs/{ABSENT}", 418, {"code": "TEAPOT", "message": "no"}))
    assert found == ("status", "get_run: status", "get_run does not declare the status 418")


def test_head_that_was_kept_alone_is_no_answer_without_a_body() -> None:
    assert notes(exchange("/v1/runs", 429, None)) == []
    assert notes(exchange("/v1/runs", 429, "<html>"))[0][0] == "json"


def test_name_of_a_field_that_is_forbidden_is_not_repeated() -> None:
    contract = operation({"type": "object", "properties": {"id": {}}, "additionalProperties": False})
    found = notes(exchange("/v1/runs/1", 200, {"id": 1, "rf_live_0123": 1}), contract=contract)
    assert found == [
        ("additionalProperties", "get_run: body", "there is a field that the contract forbids"),
        ("unknown-field", "get_run: body.[redacted]", "the contract does not know this field"),
    ]


def test_word_is_named_only_where_words_stand() -> None:
    word = {"enum": ["known"]}
    below = {"properties": {"x": {"properties": {"status": word}}}}
    open_to = {"type": "object", "properties": {"status": word, "name": word, "metadata": below}}
    body = {"status": "new_word", "name": "Alice", "metadata": {"x": {"status": "new_word"}}}
    found = {where: message for _, where, message in notes(exchange("/v1/runs/1", 200, body), contract=operation(open_to))}
    assert found["get_run: body.status"].startswith("new_word is none of the words that are known: ")
    assert "Alice" not in found["get_run: body.name"]
    assert "new_word" not in found["get_run: body.metadata.x.status"]
    listed = {"type": "array", "items": {"properties": {"status": word}}}
    assert notes(exchange("/v1/runs/1", 200, [{"status": "other_word"}]), contract=operation(listed))[0][2].startswith("other_word is none")
