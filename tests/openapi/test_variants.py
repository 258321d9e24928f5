"""Operations that a document describes at several paths, which differ in a query, a fragment or names alone."""

from typing import Any

import pytest
from exchanges import exchange
from foreign import contract

from runflow_mock.domain.findings import Severity
from runflow_mock.openapi.answers import answer_findings
from runflow_mock.openapi.violations import document_findings

JSON = "application/json"


def operation(streams: bool, answer: str = "integer") -> dict[str, Any]:
    asked = {"type": "object", "properties": {"stream": {"const": streams}}}
    answers = {"description": "Well.", "content": {JSON: {"schema": {"type": answer}}}}
    return {"requestBody": {"content": {JSON: {"schema": asked}}}, "responses": {"200": answers}}


def judged(paths: Any, path: str = "/v1/runs", answer: Any = 1, **sent: Any) -> list[tuple[str, Severity]]:
    judging = contract({"openapi": "3.1.0", "servers": [{"url": "https://api.example.com/v1"}], "paths": paths})
    assert any("a path has neither" in problem.says or "the same path" in problem.says for problem in judging.problems)
    asked = exchange("POST", path, 200, answer=answer, **sent)
    addressed = judging.address(asked.path, "POST")
    assert addressed is not None
    declared = judging.operation(addressed.path, "POST")
    assert declared is not None
    found = [*document_findings(judging, addressed, declared, asked), *answer_findings(judging, declared, asked)]
    return [(finding.rule, finding.severity) for finding in found]


BOTH = {"/runs": {"post": operation(False)}, "/runs#stream": {"post": operation(True, "string")}}


def test_what_the_plain_path_allows_is_held() -> None:
    assert judged(BOTH, body={"stream": False}) == []


@pytest.mark.parametrize("sent", [{"body": {"stream": True}}, {"body": {"stream": False}, "answer": "text"}])
def test_what_the_plain_path_refuses_may_be_right_by_another_description(sent: Any) -> None:
    assert judged(BOTH, **sent) == [("not-judged", Severity.NOTE)]


def test_plain_path_of_another_method_is_judged_as_ever() -> None:
    paths = {**BOTH, "/runs#stream": {"get": operation(True)}}
    assert judged(paths, body={"stream": True}) == [("const", Severity.VIOLATION)]


@pytest.mark.parametrize("other", [{}, {"servers": [{"url": "/v2"}]}])
def test_operation_that_is_only_described_with_a_query_is_not_judged(other: Any) -> None:
    paths = {"/health": {"get": {}}, "/runs?do=it": {**other, "post": operation(True)}, "x-note?": {}, "/list?a": []}
    target = "/v2/runs?do=it" if other else "/v1/runs?do=it"
    assert judged(paths, target, body={"stream": 7}) == [("not-understood", Severity.NOTE)]
    own = {"/health": {"get": {}}, "/runs?do=it": {"post": {**operation(True), **other}}}
    assert judged(own, target, body={"stream": 7}) == [("not-understood", Severity.NOTE)]


def test_same_path_with_other_names_is_told_and_may_be_meant() -> None:
    paths = {"/runs/{id}": {"post": operation(False)}, "/runs/{name}": {"post": operation(True), "get": operation(True)}}
    assert judged(paths, "/v1/runs/7", body={"stream": True}) == [("not-judged", Severity.NOTE)]
    assert judged(paths, "/v1/runs/7", body={"stream": False}) == []
    told = [str(problem) for problem in contract({"openapi": "3.1.0", "paths": paths}).problems]
    assert told == [
        "own.json: #/paths/~1runs~1{id}/post: /runs/{name} is the same path with other names",
        "own.json: #/paths/~1runs~1{name}/post: /runs/{id} is the same path with other names",
    ]


def test_same_path_below_another_server_is_another_path() -> None:
    below = {"servers": [{"url": "/v2"}], "post": operation(True)}
    paths = {"/runs/{id}": {"post": operation(False)}, "/runs/{name}": below, "/runs#stream": {}}
    assert judged(paths, "/v1/runs/7", body={"stream": True}) == [("const", Severity.VIOLATION)]
