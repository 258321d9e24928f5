"""Laws of records ask of a server what the contract says, and no more."""

import json
from typing import Any

import pytest

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.laws import LAWS
from runflow_mock.kit.suite.memories import Memory

FAILED = {
    "id": "019b76da-a800-7000-8abc-0123456789ab",
    "status_code": "failed",
    "cost": None,
    "output": None,
    "failure_code": "UPSTREAM_FAILED",
    "failure_message": "The provider could not process this input.",
    "failure_stage_code": "execution",
    "completed_at": "2026-01-01T00:00:00.000Z",
}


@pytest.mark.parametrize(("name", "is_right"), [("failure_code", False), ("failure_message", False), ("failure_stage_code", True)])
def test_failed_run_says_why_and_where_it_failed_if_that_is_known(name: str, is_right: bool) -> None:
    told = [
        list(LAWS["ends_as_it_says"](Answer("GET", f"/v1/runs/{FAILED['id']}", 200, {}, json.dumps(record).encode()), Memory()))
        for record in (FAILED, {**FAILED, name: None})
    ]
    assert [not found for found in told] == [True, is_right]


def test_objects_of_an_answer_are_gathered_once_and_without_what_a_caller_has_put_there() -> None:
    """`verify` holds each answer against some sixty laws: what several of them look at is not looked for again."""
    inner: dict[str, Any] = {"b": {"c": {"d": {"id": "5"}}}}
    item = {"id": "3", "output": {"id": "4"}}
    record = {"id": "1", "metadata": {"id": "2"}, "items": [[item]], "inner": inner}
    answer = Answer("GET", "/v1/runs/1", 200, {}, json.dumps(record).encode())
    assert answer.objects == (record, item, inner, inner["b"], inner["b"]["c"])
    assert answer.objects is answer.objects
    assert answer.evidence is answer.evidence


@pytest.mark.parametrize("name", ["environment", "models", "custom_nodes", "graph", "resources", "outputs"])
def test_what_a_caller_says_of_a_workflow_is_none_of_the_records(name: str) -> None:
    said: dict[str, Any] = {"last_used_at": 718871044395}
    workflow = {"id": FAILED["id"], "workflow_json": {}, name: [said] if name == "outputs" else {"x": said}}
    answer = Answer("POST", "/v1/comfyui-workflows", 201, {}, json.dumps(workflow).encode())
    assert list(LAWS["time_in_order"](answer, Memory())) == []


def test_input_attributes_are_none_of_the_records() -> None:
    answer = Answer("GET", "/v1/evaluations", 200, {}, json.dumps({"items": [{"input_attributes": {"created_at": 1}}]}).encode())
    assert list(LAWS["time_in_order"](answer, Memory())) == []
