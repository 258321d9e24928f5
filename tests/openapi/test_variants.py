"""Operations that a document describes at several paths, which differ in a query, a fragment or names alone."""

from typing import Any

import pytest
from exchanges import exchange
from foreign import contract

from runflow_mock.domain.findings import Severity
from runflow_mock.openapi.answers import answer_findings
from runflow_mock.openapi.contract_judge import Judge
from runflow_mock.openapi.violations import document_findings

JSON = "application/json"


def operation(streams: bool, answer: str = "integer") -> dict[str, Any]:
    asked = {"type": "object", "properties": {"stream": {"const": streams}}}
    answers = {"description": "Well.", "content": {JSON: {"schema": {"type": answer}}}}
    return {"requestBody": {"content": {JSON: {"schema": asked}}}, "responses": {"200": answers}}


def judged(
    paths: Any, path: str = "/v1/runs", answer: Any = 1, *, method: str = "POST", status: int = 200, version: str = "3.1.0", **sent: Any
) -> list[tuple[str, Severity]]:
    judging = contract({"openapi": version, "servers": [{"url": "https://api.example.com/v1"}], "paths": paths})
    assert any("a path has neither" in problem.says or "the same path" in problem.says for problem in judging.problems)
    asked = exchange(method, path, status, answer=answer, **sent)
    addressed = judging.address(asked.path, method)
    assert addressed is not None
    declared = judging.operation(addressed.path, method)
    assert declared is not None
    found = [*document_findings(judging, addressed, declared, asked), *answer_findings(judging, declared, asked)]
    return [(finding.rule, finding.severity) for finding in found]


BOTH = {"/runs": {"post": operation(False)}, "/runs#stream": {"post": operation(True, "string")}}


def test_what_the_plain_path_allows_is_held() -> None:
    assert judged(BOTH, body={"stream": False}) == []


@pytest.mark.parametrize("sent", [{"body": {"stream": True}}, {"body": {"stream": False}, "answer": "text"}])
def test_what_the_plain_path_refuses_may_be_right_by_another_description(sent: Any) -> None:
    assert judged(BOTH, **sent) == [("not-judged", Severity.NOTE)]


def test_status_that_the_plain_path_does_not_declare_may_be_declared_by_another_description() -> None:
    late = {**operation(True), "responses": {"202": {"description": "Later."}}}
    assert judged({"/runs": {"post": operation(False)}, "/runs#late": {"post": late}}, status=202) == [("not-judged", Severity.NOTE)]


def test_credentials_that_the_plain_path_asks_for_may_not_be_by_another_description() -> None:
    schemes = {"components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}}
    paths = {"/runs": {"post": {**operation(False), "security": [{"key": []}]}}, "/runs#open": {"post": operation(False)}}
    judge = Judge(contract({"openapi": "3.1.0", "paths": paths, **schemes}), lambda path: None)
    found = judge.judge(exchange("POST", "/runs", 200, answer=1, body={"stream": False}, told={"content-type": JSON})).request
    assert [(finding.rule, finding.severity) for finding in found] == [("not-judged", Severity.NOTE)]


def test_what_neither_request_nor_answer_was_judged_by_is_told_once() -> None:
    judge = Judge(contract({"openapi": "3.1.0", "paths": BOTH}), lambda path: None)
    found = judge.judge(exchange("POST", "/runs", 200, answer="text", body={"stream": True}, told={"content-type": JSON})).request
    assert [finding.rule for finding in found] == ["not-judged"]


def test_further_methods_are_described_at_several_paths_as_well() -> None:
    item, other = ({"additionalOperations": {"COPY": operation(streams)}} for streams in (False, True))
    sent: Any = {"method": "COPY", "version": "3.2.0", "body": {"stream": True}}
    assert judged({"/runs": item, "/runs#b": other}, **sent) == [("not-judged", Severity.NOTE)]
    assert judged({"/x": {"get": {}}, "/runs#b": other}, **sent) == [("not-understood", Severity.NOTE)]


def test_what_is_no_path_describes_none() -> None:
    paths = {"/runs": {"post": operation(False)}, "runs?x": {"post": operation(True)}, "x-own#note": {"post": operation(True)}}
    judging = contract({"openapi": "3.1.0", "paths": paths})
    assert list(judging.paths) == ["/runs"]
    assert [str(problem) for problem in judging.problems] == ["own.json: #/paths/runs?x: a path begins with /"]


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
