from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import LATER, a_batch

from runflow_mock.domain.batches import (
    BATCH_TRANSITIONS,
    BatchCancelled,
    BatchFailed,
    BatchMoved,
    BatchPartiallySucceeded,
    BatchStarted,
    BatchStatus,
    BatchSucceeded,
    Tally,
    announcement,
    batch_status,
    count,
    evolve,
)
from runflow_mock.domain.machine import IllegalTransition, is_terminal
from runflow_mock.domain.money import Money
from runflow_mock.domain.runs import RunStatus

BATCH_ID = a_batch().id
EVENTS: tuple[BatchMoved, ...] = (
    BatchStarted(BATCH_ID, LATER),
    BatchSucceeded(BATCH_ID, LATER),
    BatchPartiallySucceeded(BATCH_ID, LATER),
    BatchFailed(BATCH_ID, LATER),
    BatchCancelled(BATCH_ID, LATER),
)
PAIRS = list(product(BATCH_TRANSITIONS, EVENTS))
LEGAL = [pair for pair in PAIRS if type(pair[1]) in BATCH_TRANSITIONS[pair[0]]]
ILLEGAL = [pair for pair in PAIRS if pair not in LEGAL]
MEMBERS = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED)


def _name(value: object) -> str:
    return value.value if isinstance(value, BatchStatus) else type(value).__name__


def _tally(*members: RunStatus) -> Tally:
    """The tally of a batch whose members went from queued to these states."""
    tally = Tally(total=len(members), waiting=len(members))
    for status in members:
        if status is not RunStatus.QUEUED:
            tally = count(tally, RunStatus.QUEUED, status, None)
    return tally


def _expected(members: tuple[RunStatus, ...]) -> str:
    """The rule of the contract, over the members themselves and not over counters."""
    found = set(members)
    if found == {RunStatus.QUEUED}:
        return "queued"
    if found & {RunStatus.QUEUED, RunStatus.RUNNING}:
        return "running"
    if len(found) == 1:
        return members[0].value
    return "partial_succeeded" if RunStatus.SUCCEEDED in found else "failed"


@pytest.mark.parametrize(("state", "event"), LEGAL, ids=_name)
def test_legal_event_leads_to_the_target_of_the_table(state: BatchStatus, event: BatchMoved) -> None:
    assert evolve(a_batch(state), event).status is BATCH_TRANSITIONS[state][type(event)]


@pytest.mark.parametrize(("state", "event"), ILLEGAL, ids=_name)
def test_illegal_event_is_refused_and_changes_nothing(state: BatchStatus, event: BatchMoved) -> None:
    batch = a_batch(state)
    with pytest.raises(IllegalTransition, match=f"batch {batch.id}: {type(event).__name__} is not possible in state"):
        evolve(batch, event)
    assert batch == a_batch(state)


def test_every_pair_of_state_and_event_is_covered() -> None:
    assert (len(LEGAL), len(ILLEGAL)) == (7, 23)
    assert list(BATCH_TRANSITIONS) == list(BatchStatus)


def test_start_sets_only_the_start() -> None:
    assert evolve(a_batch(), EVENTS[0]) == a_batch(BatchStatus.RUNNING, started_at=LATER)


def test_end_sets_only_the_end() -> None:
    ended = evolve(a_batch(BatchStatus.RUNNING), EVENTS[2])
    assert ended == a_batch(BatchStatus.PARTIAL_SUCCEEDED, completed_at=LATER)
    assert ended.is_terminal
    assert ended.duration_ms == 1_000


def test_unfinished_batch_has_no_duration() -> None:
    assert not a_batch(BatchStatus.RUNNING).is_terminal
    assert a_batch(BatchStatus.RUNNING).duration_ms is None


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_status_follows_from_every_mixture_of_members(size: int) -> None:
    for members in product(MEMBERS, repeat=size):
        assert batch_status(_tally(*members)) == _expected(members), members


@pytest.mark.parametrize(
    ("members", "status"),
    [
        (("succeeded", "failed"), "partial_succeeded"),
        (("succeeded", "cancelled"), "partial_succeeded"),
        (("failed", "cancelled"), "failed"),
        (("cancelled", "cancelled"), "cancelled"),
        (("failed", "failed"), "failed"),
        (("cancelled", "queued"), "running"),
        (("dispatching", "queued"), "running"),
    ],
)
def test_status_of_a_mixture(members: tuple[str, ...], status: str) -> None:
    assert batch_status(_tally(*map(RunStatus, members))) == status


@pytest.mark.slow(is_covering=True)
@given(st.lists(st.sampled_from(MEMBERS), min_size=1, max_size=100))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_status_does_not_depend_on_the_order_of_members(members: list[RunStatus]) -> None:
    assert batch_status(_tally(*members)) is batch_status(_tally(*sorted(members)))


def test_ended_members_are_counted_by_their_end() -> None:
    tally = _tally(RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.RUNNING, RunStatus.QUEUED)
    assert tally == Tally(total=5, waiting=1, succeeded=1, failed=1, cancelled=1)
    assert tally.ended == 3


def test_member_stops_waiting_once() -> None:
    dispatched = count(Tally(total=1, waiting=1), RunStatus.QUEUED, RunStatus.DISPATCHING, None)
    started = count(dispatched, RunStatus.DISPATCHING, RunStatus.RUNNING, None)
    assert dispatched == started == Tally(total=1, waiting=0)


def test_cost_is_the_sum_of_what_succeeded() -> None:
    first = count(Tally(total=2, waiting=0), RunStatus.RUNNING, RunStatus.SUCCEEDED, Money(410_000))
    both = count(first, RunStatus.RUNNING, RunStatus.FAILED, Money(0))
    assert both == Tally(total=2, waiting=0, succeeded=1, failed=1, cost=Money(410_000))


def test_batch_that_agrees_with_its_members_announces_nothing() -> None:
    assert announcement(a_batch(), LATER) is None
    assert announcement(a_batch(BatchStatus.RUNNING, tally=_tally(RunStatus.RUNNING, RunStatus.FAILED)), LATER) is None


@pytest.mark.parametrize("event", EVENTS, ids=_name)
def test_batch_announces_the_state_that_its_members_give_it(event: BatchMoved) -> None:
    members = {
        BatchStarted: (RunStatus.RUNNING, RunStatus.QUEUED),
        BatchSucceeded: (RunStatus.SUCCEEDED, RunStatus.SUCCEEDED),
        BatchPartiallySucceeded: (RunStatus.SUCCEEDED, RunStatus.FAILED),
        BatchFailed: (RunStatus.FAILED, RunStatus.CANCELLED),
        BatchCancelled: (RunStatus.CANCELLED, RunStatus.CANCELLED),
    }[type(event)]
    before = BatchStatus.QUEUED if isinstance(event, BatchStarted) else BatchStatus.RUNNING
    batch = a_batch(before, tally=_tally(*members))
    assert announcement(batch, LATER) == event
    assert not is_terminal(BATCH_TRANSITIONS, before)
