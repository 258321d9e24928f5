"""Requests made up from the document reach operations with slashes in their ids, and find what a schema can say."""

from collections.abc import Iterator

import pytest
from mutants import MUTANTS, Mutant

from runflow_mock.testing.in_process import InProcess
from runflow_mock.testing.suite.carriers import AppCarrier
from runflow_mock.testing.suite.documents import load_document
from runflow_mock.testing.suite.generating import PHASES, Effort, labels
from runflow_mock.testing.suite.runner import generated
from runflow_mock.testing.suite.stages import Target

FEW = Effort(examples=1, sequences=1)


@pytest.fixture(scope="module")
def app() -> Iterator[InProcess]:
    app = InProcess()
    yield app
    app.stop()


@pytest.mark.slow
def test_operation_with_slashes_in_its_id_is_reached(app: InProcess) -> None:
    tally = generated(Target(AppCarrier(app), None), load_document(None), FEW, PHASES, operations=("POST /v1/models/{model_id}/runs",))
    assert (tally.breaches, tally.errors) == ([], [])
    assert tally.answers["create_run", 201] > 5


@pytest.mark.slow
def test_planted_bug_is_found_by_generated_requests(app: InProcess) -> None:
    target = Target(Mutant(AppCarrier(app), MUTANTS["creating answers 200 in place of 201"]), None)
    tally = generated(target, load_document(None), FEW, ("examples", "coverage"), operations=("POST /v1/models/{model_id}/runs",))
    assert "status_code_conformance" in {check for check, _ in tally.broken}


def test_every_operation_has_a_label() -> None:
    assert len(labels(load_document(None))) == 88
