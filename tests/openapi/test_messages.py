"""Messages to customers are judged by what a user's own document says of them, under `webhooks` and under `callbacks`."""

import json
from pathlib import Path
from typing import Any

import pytest

from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.openapi.foreign_documents import in_our_form
from runflow_mock.openapi.messages import Message, Messages
from runflow_mock.openapi.shapes import contract_of
from runflow_mock.runtime.foreign_documents import Folder
from runflow_mock.testing.samples import EVENTS, sample_callback

RUN = {"type": "object", "required": ["event", "run_id"], "properties": {"event": {"type": "string"}, "run_id": {"type": "string"}}}
BATCH = {"type": "object", "required": ["batch_id"], "properties": {"batch_id": {"type": "integer"}}}
ANY = {"type": "object", "required": ["colour"]}


def operation(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {"post": {"requestBody": body, "responses": {"200": {"description": "Well."}}, **more}}


def messages(webhooks: dict[str, Any], paths: dict[str, Any] | None = None, **more: Any) -> Messages:
    given = {"openapi": "3.1.0", "info": {"title": "theirs", "version": "1"}, "paths": paths or {}, "webhooks": webhooks, **more}
    return Messages(contract_of(in_our_form(given, "own.json", Folder(Path("own.json")), may_lack_paths=True), "own.json"))


def message(event: str = "run.completed", status: int | None = None, **changed: Any) -> Message:
    sample = sample_callback(event, secret="rf_whsec_mine", seed="one")
    return Message(sample.headers, json.dumps({**sample.document, **changed}).encode(), status)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("event", EVENTS)
def test_every_sample_is_as_our_own_document_describes_it(event: str) -> None:
    assert Messages(packaged_contract()).departures(message(event)) == ()


def test_field_of_another_type_is_told_with_its_place() -> None:
    told = messages({"done": operation({**RUN, "properties": {"run_id": {"type": "integer"}}})}).departures(message())
    assert told is not None
    assert [each.partition(":")[0] for each in told] == ["body/run_id"]


def test_webhook_of_the_events_name_counts_before_others() -> None:
    both = messages({"run.completed": operation(ANY), "other": operation(RUN)})
    assert both.departures(message("run.failed")) == ()
    assert both.departures(message("run.completed")) != ()


@pytest.mark.slow(is_covering=True)
def test_message_about_another_subject_is_described_by_none() -> None:
    assert messages({"done": operation(RUN)}).departures(message("batch.failed")) is None
    assert messages({"done": operation(RUN), "batch": operation(BATCH)}).departures(message("batch.failed")) != ()


def test_callback_of_an_operation_counts_through_references() -> None:
    create = {"post": {"callbacks": {"done": {"$ref": "#/components/callbacks/Done"}}, "responses": {"200": {"description": "Well."}}}}
    parts = {
        "callbacks": {"Done": {"{$request.body#/callback_url}": operation({"$ref": "#/components/schemas/Run"})}},
        "schemas": {"Run": RUN},
    }
    described = messages({}, {"/v1/runs": create}, components=parts)
    assert described.departures(message()) == ()
    assert described.departures(message(run_id=7)) != ()


def test_header_that_is_required_and_absent_is_told() -> None:
    header = {"name": "X-Theirs", "in": "header", "required": True, "schema": {"type": "string"}}
    told = messages({"done": operation(RUN, parameters=[header])}).departures(message())
    assert told == ("header/X-Theirs: the header parameter X-Theirs is missing",)


@pytest.mark.parametrize(("status", "is_told"), [(200, False), (204, True), (None, False)])
def test_status_that_is_not_declared_is_told(status: int | None, is_told: bool) -> None:
    told = messages({"done": operation(RUN)}).undeclared_status(message(status=status))
    assert told == (f"it was answered with {status}, and own.json declares 200" if is_told else None)


def test_body_that_is_no_object_is_held_against_all() -> None:
    told = messages({"done": operation(RUN)}).departures(Message({"content-type": "application/json"}, b"[]"))
    assert told is None
    anything = messages({"done": operation(ANY)}).departures(Message({"content-type": "application/json"}, b"[]"))
    assert anything is not None
    assert len(anything) == 1


def test_message_that_cannot_be_read_describes_nothing() -> None:
    unread = {"$ref": "nowhere.yaml#/Gone"}
    assert messages({"done": unread, "other": operation(BATCH)}).departures(message()) is None
