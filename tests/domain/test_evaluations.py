import json
from itertools import product
from pathlib import Path

import pytest
from arrows import arrows
from msgspec.structs import replace
from records import LATER, ORG, SEED, nth_id
from worlds import START

from runflow_mock.domain.evaluations import (
    EVALUATION_TRANSITIONS,
    JOB_CLASSES,
    STANDARD,
    Assignment,
    Evaluation,
    EvaluationCompleted,
    EvaluationFailed,
    EvaluationMoved,
    EvaluationRated,
    EvaluationStarted,
    EvaluationStatus,
    evolve,
    rate,
)
from runflow_mock.domain.identity import EvaluationId
from runflow_mock.domain.judges import deliberate
from runflow_mock.domain.ledger import Entry, EntryKind, Ledger
from runflow_mock.domain.machine import IllegalTransition
from runflow_mock.domain.money import ZERO, Money

ID = EvaluationId(nth_id(1))
VERDICT = deliberate(SEED)
EVENTS: tuple[EvaluationMoved, ...] = (
    EvaluationStarted(ID, LATER, LATER),
    EvaluationCompleted(ID, LATER, VERDICT, STANDARD.price),
    EvaluationFailed(ID, LATER, "IMAGE_UNAVAILABLE"),
)
PAIRS = list(product(EVALUATION_TRANSITIONS, EVENTS))
LEGAL = [pair for pair in PAIRS if type(pair[1]) in EVALUATION_TRANSITIONS[pair[0]]]
ILLEGAL = [pair for pair in PAIRS if pair not in LEGAL]


def an_evaluation(status: EvaluationStatus = EvaluationStatus.RUNNING) -> Evaluation:
    return Evaluation(
        id=ID,
        org_id=ORG,
        assignment=Assignment(image_url="https://cdn.example.com/a.png", task_type="headshot"),
        status=status,
        held=STANDARD.price,
        created_at=START,
        updated_at=START,
        due_at=LATER,
    )


def _name(value: object) -> str:
    return value.value if isinstance(value, EvaluationStatus) else type(value).__name__


@pytest.mark.parametrize(("state", "event"), LEGAL, ids=_name)
def test_legal_event_leads_to_the_target_of_the_table(state: EvaluationStatus, event: EvaluationMoved) -> None:
    assert evolve(an_evaluation(state), event).status is EVALUATION_TRANSITIONS[state][type(event)]


@pytest.mark.parametrize(("state", "event"), ILLEGAL, ids=_name)
def test_illegal_event_is_refused(state: EvaluationStatus, event: EvaluationMoved) -> None:
    with pytest.raises(IllegalTransition, match=f"evaluation {ID}: {type(event).__name__} is not possible in state"):
        evolve(an_evaluation(state), event)


def test_every_pair_of_state_and_event_is_covered() -> None:
    assert (len(LEGAL), len(ILLEGAL)) == (3, 9)
    assert list(EVALUATION_TRANSITIONS) == list(EvaluationStatus)


def test_table_is_the_one_of_the_contract() -> None:
    contract = json.loads((Path(__file__).parents[2] / "contracts" / "state_machines.json").read_text())["evaluation"]
    assert arrows(EVALUATION_TRANSITIONS) == {(source, target) for source, target in contract["transitions"]}
    assert {status.value for status, row in EVALUATION_TRANSITIONS.items() if not row} == set(contract["terminal"])


def test_start_sets_the_time_of_the_end() -> None:
    pending = an_evaluation(EvaluationStatus.PENDING)
    assert evolve(pending, EVENTS[0]) == replace(pending, status=EvaluationStatus.RUNNING, updated_at=LATER, due_at=LATER)


def test_completion_carries_the_verdict_and_its_cost() -> None:
    done = evolve(an_evaluation(), EVENTS[1])
    assert (done.verdict, done.cost, done.failure_code, done.due_at) == (VERDICT, STANDARD.price, None, None)
    assert (done.is_terminal, done.duration_ms) == (True, 1000)


def test_failure_has_a_code_and_costs_nothing() -> None:
    failed = evolve(an_evaluation(), EVENTS[2])
    assert (failed.verdict, failed.cost, failed.failure_code) == (None, ZERO, "IMAGE_UNAVAILABLE")


def test_unfinished_evaluation_has_no_duration() -> None:
    assert an_evaluation().duration_ms is None
    assert not an_evaluation().is_terminal


def test_rating_leaves_the_state_and_can_be_taken_back() -> None:
    rated = rate(an_evaluation(), EvaluationRated(ID, LATER, is_positive=True, reason="yes"))
    assert rated == replace(an_evaluation(), updated_at=LATER, feedback_is_positive=True, feedback_reason="yes")
    assert rate(rated, EvaluationRated(ID, START, is_positive=None, reason=None)) == an_evaluation()


def test_standard_is_the_only_job_class() -> None:
    assert list(JOB_CLASSES) == [STANDARD.code] == [STANDARD.id]


def test_ledger_holds_and_charges_for_evaluations() -> None:
    ledger = Ledger.new()
    ledger.hold(an_evaluation())
    assert (ledger.balance, ledger.held) == (ZERO, STANDARD.price)
    ledger.settle(evolve(an_evaluation(), EVENTS[1]))
    assert (ledger.balance, ledger.held, ledger.charged) == (Money(-STANDARD.price), ZERO, STANDARD.price)
    assert ledger.entries == [
        Entry(at, kind, STANDARD.price, evaluation_id=ID)
        for at, kind in ((START, EntryKind.HOLD), (LATER, EntryKind.RELEASE), (LATER, EntryKind.CHARGE))
    ]
