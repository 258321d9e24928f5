from datetime import timedelta
from itertools import product

import pytest
from arrows import arrows
from records import LATER, a_run
from worlds import START

from runflow_mock.domain.documents import Document
from runflow_mock.domain.identity import BatchId, RunId
from runflow_mock.domain.machine import IllegalTransition, Table, is_terminal
from runflow_mock.domain.money import Money
from runflow_mock.domain.runs import (
    RUN_IN_BATCH_TRANSITIONS,
    RUN_TRANSITIONS,
    Failure,
    Run,
    RunCancelled,
    RunDispatched,
    RunFailed,
    RunMoved,
    RunPartiallySucceeded,
    RunStarted,
    RunStatus,
    RunSucceeded,
    evolve,
    transitions_of,
)

RUN_ID = a_run().id
AT = LATER + timedelta(seconds=1)
DUE = AT + timedelta(seconds=5)
OUTPUT = Document(b'{"outputs":[]}')
BATCH = BatchId("a batch")
EVENTS: tuple[RunMoved, ...] = (
    RunDispatched(RUN_ID, AT, DUE),
    RunStarted(RUN_ID, AT, DUE),
    RunSucceeded(RUN_ID, AT, OUTPUT, Money(270_000)),
    RunPartiallySucceeded(RUN_ID, AT, OUTPUT, Money(100_000)),
    RunFailed(RUN_ID, AT, Failure()),
    RunCancelled(RUN_ID, AT, "audit"),
)
TABLES = ((None, RUN_TRANSITIONS), (BATCH, RUN_IN_BATCH_TRANSITIONS))
PAIRS = [(batch_id, table, state, event) for batch_id, table in TABLES for state, event in product(table, EVENTS)]
LEGAL = [pair for pair in PAIRS if type(pair[3]) in pair[1][pair[2]]]
ILLEGAL = [pair for pair in PAIRS if type(pair[3]) not in pair[1][pair[2]]]


def _name(value: object) -> str:
    return value.value if isinstance(value, RunStatus) else type(value).__name__


@pytest.mark.parametrize(("batch_id", "table", "state", "event"), LEGAL, ids=_name)
def test_legal_event_leads_to_the_target_of_the_table(
    batch_id: BatchId | None, table: Table[RunStatus], state: RunStatus, event: RunMoved
) -> None:
    moved = evolve(a_run(state, batch_id=batch_id), event)
    assert moved.status is table[state][type(event)]
    assert moved.is_terminal is is_terminal(table, moved.status)


@pytest.mark.parametrize(("batch_id", "table", "state", "event"), ILLEGAL, ids=_name)
def test_illegal_event_is_refused_and_changes_nothing(
    batch_id: BatchId | None, table: Table[RunStatus], state: RunStatus, event: RunMoved
) -> None:
    run = a_run(state, batch_id=batch_id)
    with pytest.raises(IllegalTransition, match=f"run {run.id}: {type(event).__name__} is not possible in state"):
        evolve(run, event)
    assert run == a_run(state, batch_id=batch_id)


def test_every_pair_of_state_and_event_is_covered() -> None:
    assert (len(LEGAL), len(ILLEGAL)) == (10 + 9, 32 + 27)


def test_every_status_is_a_state_of_the_table() -> None:
    assert list(RUN_TRANSITIONS) == list(RunStatus)


def test_run_in_batch_differs_by_partial_success_only() -> None:
    assert arrows(RUN_TRANSITIONS) - arrows(RUN_IN_BATCH_TRANSITIONS) == {("running", "partial_succeeded")}
    assert arrows(RUN_IN_BATCH_TRANSITIONS) < arrows(RUN_TRANSITIONS)
    assert set(RUN_TRANSITIONS) - set(RUN_IN_BATCH_TRANSITIONS) == {RunStatus.PARTIAL_SUCCEEDED}


def test_batch_membership_chooses_the_table() -> None:
    assert transitions_of(a_run()) is RUN_TRANSITIONS
    assert transitions_of(a_run(batch_id=BATCH)) is RUN_IN_BATCH_TRANSITIONS


def test_dispatch_keeps_the_instant_and_the_next_due_one() -> None:
    assert evolve(a_run(), EVENTS[0]) == a_run(status=RunStatus.DISPATCHING, dispatched_at=AT, due_at=DUE)


def test_start_keeps_the_instant_and_the_next_due_one() -> None:
    run = a_run(RunStatus.DISPATCHING)
    assert evolve(run, EVENTS[1]) == a_run(RunStatus.RUNNING, started_at=AT, due_at=DUE, expected_at=DUE)


@pytest.mark.parametrize("event", EVENTS[2:4], ids=_name)
def test_success_keeps_output_and_cost(event: RunMoved) -> None:
    assert isinstance(event, RunSucceeded | RunPartiallySucceeded)
    expected = RUN_TRANSITIONS[RunStatus.RUNNING][type(event)]
    assert evolve(a_run(RunStatus.RUNNING), event) == a_run(expected, completed_at=AT, output=OUTPUT, cost=event.cost)


def test_failed_run_costs_nothing_and_says_why() -> None:
    expected = a_run(RunStatus.FAILED, completed_at=AT, failure=Failure(), cost=Money(0))
    assert evolve(a_run(RunStatus.RUNNING), EVENTS[4]) == expected


def test_cancelled_run_costs_nothing() -> None:
    assert evolve(a_run(RunStatus.RUNNING), EVENTS[5]) == a_run(RunStatus.CANCELLED, completed_at=AT, cost=Money(0))


@pytest.mark.parametrize("event", EVENTS, ids=_name)
def test_event_leaves_the_record_it_was_given(event: RunMoved) -> None:
    state = next(state for state, row in RUN_TRANSITIONS.items() if type(event) in row)
    run = a_run(state)
    evolve(run, event)
    assert run == a_run(state)


def test_duration_is_known_at_the_end_only() -> None:
    assert a_run(RunStatus.RUNNING).duration_ms is None
    ended: Run = a_run(RunStatus.SUCCEEDED, completed_at=START + timedelta(milliseconds=1_234))
    assert ended.duration_ms == 1_234


def test_records_cannot_be_changed_in_place() -> None:
    run = a_run()
    with pytest.raises(AttributeError):
        run.id = RunId("another")  # type: ignore[misc]
