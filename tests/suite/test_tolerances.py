"""What the document cannot say is held against no server that refuses a made-up request; what it says is."""

import json

import pytest

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.tolerances import is_tolerated

CHECK = "positive_data_acceptance"


def refusal(*errors: tuple[list[str | int], str]) -> Answer:
    content = {"code": "VALIDATION_ERROR", "message": "…", "errors": [{"loc": loc, "msg": "…", "type": kind} for loc, kind in errors]}
    return Answer("POST", "/v1/models/runflow/background-removal/batches", 422, {}, json.dumps(content).encode())


@pytest.mark.parametrize(
    "loc", [["body", "input", "config"], ["body", "input", 6, "config"], ["body", "items", 0, "input", "config", "aspect_ratio"]]
)
def test_input_that_only_the_model_knows_may_be_refused(loc: list[str | int]) -> None:
    assert is_tolerated(CHECK, refusal((loc, "dict_type")))


@pytest.mark.parametrize(
    ("loc", "kind"),
    [
        (["body", "input", "image_url"], "string_type"),
        (["body", "input", 6, "image_url"], "string_type"),
        (["body", "input"], "dict_type"),
        (["body", "input", 6], "dict_type"),
        (["body", "metadata", "config"], "dict_type"),
        (["body", "input", "config"], "extra_forbidden"),
    ],
)
def test_input_that_the_document_describes_is_no_excuse(loc: list[str | int], kind: str) -> None:
    assert not is_tolerated(CHECK, refusal((loc, kind), (["body", "input", "config"], "dict_type")))
