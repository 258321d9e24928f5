import ast
from typing import Any

import pytest
from records import ORG, a_batch, a_run, nth_id
from sources import modules, nodes
from worlds import START

from runflow_mock.domain.batches import Batch
from runflow_mock.domain.evaluations import STANDARD, Assignment, Evaluation
from runflow_mock.domain.identity import EvaluationId, RunId
from runflow_mock.domain.places import ADMISSION_EDGE, Subject
from runflow_mock.domain.runs import Run
from runflow_mock.domain.subjects import facts_of, record_subject, request_subject, run_subject

EVALUATION = Evaluation(
    id=EvaluationId(nth_id(1)),
    org_id=ORG,
    assignment=Assignment(run_id=RunId(nth_id(2)), image_url="https://a.example/a.png", task_type="headshot", client_ref="a"),
    held=STANDARD.price,
    created_at=START,
    updated_at=START,
)


@pytest.mark.parametrize("record", [a_run(), a_batch(), EVALUATION], ids=["run", "batch", "evaluation"])
def test_record_says_the_same_wherever_it_passes(record: Run | Batch | Evaluation) -> None:
    facts: dict[str, Any] = dict(facts_of(record))
    assert record_subject(record, ADMISSION_EDGE) == Subject(edges=(ADMISSION_EDGE,), **facts)
    assert request_subject("GET", "/v1", "get", facts) == Subject(method="GET", path="/v1", operation="get", **facts)


def test_run_at_an_edge_says_what_the_run_says() -> None:
    run = a_run()
    facts: dict[str, Any] = dict(facts_of(run))
    assert run_subject(run, ("an edge",)) == Subject(edges=("an edge",), is_usual=False, **facts)


@pytest.mark.slow(is_covering=True)
def test_subjects_are_made_in_one_place() -> None:
    places = {
        path
        for path, module in modules().items()
        for node in nodes(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Subject"
    }
    assert places == {"domain/subjects.py"}
