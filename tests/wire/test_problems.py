import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow_mock.domain import errors
from runflow_mock.domain.dialects import BUNDLES
from runflow_mock.domain.errors import DomainError
from runflow_mock.domain.filters import QueryError
from runflow_mock.domain.money import Money
from runflow_mock.resources import data_folder
from runflow_mock.wire.problems import (
    FieldError,
    Problem,
    internal_error,
    invalid,
    method_not_allowed,
    problem_of,
    represent_problem,
    too_large,
    unauthorized,
    usual_problem,
)

SAMPLES: list[tuple[DomainError, int, str, str | None]] = [
    (errors.NotFound("batch", "x"), 404, "NOT_FOUND", None),
    (errors.ModelNotFound("a/b", None), 404, "NOT_FOUND", None),
    (errors.ModelNotBatchable("a/b"), 422, "VALIDATION_ERROR", "value_error"),
    (errors.InsufficientCredits(projected=Money(2), available=Money(1)), 402, "INSUFFICIENT_CREDITS", None),
    (errors.NotTerminal("run", "x", "queued"), 422, "VALIDATION_ERROR", "not_terminal"),
    (errors.CallbackUrlMissing("run", "x"), 422, "VALIDATION_ERROR", "missing_callback_url"),
    (errors.DeliveryInFlight("batch", "x", "y"), 422, "VALIDATION_ERROR", "conflict"),
    (errors.SecretIsCurrent("x"), 422, "VALIDATION_ERROR", "value_error"),
    (errors.Outdated("balance"), 409, "CONFLICT", None),
    (errors.KeyReused("k"), 409, "CONFLICT", None),
    (errors.LimitReached("runs_max", 3), 503, "SERVICE_UNAVAILABLE", None),
    (QueryError("q", "no"), 422, "VALIDATION_ERROR", "value_error"),
]


@pytest.mark.parametrize(("error", "status", "code", "kind"), SAMPLES, ids=lambda value: type(value).__name__)
def test_refusal_has_its_status_code_and_kind(error: DomainError, status: int, code: str, kind: str | None) -> None:
    found = problem_of(error, BUNDLES["seed"])
    assert (found.status, found.code) == (status, code)
    assert [field.type for field in found.fields or ()] == ([] if kind is None else [kind])


def test_every_code_is_in_the_catalogue_of_errors() -> None:
    entries = json.loads((data_folder("contracts") / "errors.json").read_text())["http"]
    known = {(entry["status"], code) for entry in entries for code in (entry["code"], *entry.get("dialects", {}).values())}
    for dialect in BUNDLES.values():
        for error in (*(sample[0] for sample in SAMPLES), errors.NotFound("run", "x")):
            found = problem_of(error, dialect)
            assert (found.status, found.code) in known


def test_body_is_flat_with_null_or_a_list() -> None:
    assert represent_problem(internal_error()) == {"code": "INTERNAL_ERROR", "message": internal_error().message, "errors": None}
    assert represent_problem(invalid(FieldError(("body", 0), "no", "x"))) == {
        "code": "VALIDATION_ERROR",
        "message": "Request validation failed",
        "errors": [{"loc": ["body", 0], "msg": "no", "type": "x"}],
    }


def test_headers_that_http_asks_for_are_there() -> None:
    assert unauthorized("no").headers == {"WWW-Authenticate": "Bearer"}
    assert method_not_allowed("PUT", ["GET", "POST"]).headers == {"Allow": "GET, POST"}
    assert too_large(7).status == 413


@given(noun=st.sampled_from(["run", "batch"]), identifier=st.text("ab\n\"'é", max_size=300))
def test_message_holds_at_most_a_part_of_what_was_sent(noun: str, identifier: str) -> None:
    found = problem_of(errors.NotFound(noun, identifier), BUNDLES["seed"])
    assert isinstance(found, Problem)
    assert len(found.message) < 120


@pytest.mark.parametrize("dialect", BUNDLES)
def test_usual_problem_of_a_status_has_a_code_of_the_catalogue(dialect: str) -> None:
    catalogue = json.loads((data_folder("contracts") / "errors.json").read_bytes())["http"]
    for status in {entry["status"] for entry in catalogue}:
        codes = {entry["code"] for entry in catalogue if entry["status"] == status}
        codes |= {code for entry in catalogue if entry["status"] == status for code in entry.get("dialects", {}).values()}
        problem = usual_problem(status, BUNDLES[dialect])
        assert (problem.status, problem.code in codes) == (status, True), status
