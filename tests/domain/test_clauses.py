from datetime import timedelta
from typing import Any

import pytest
from costs import lines_run
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace
from worlds import START

from runflow_mock.domain.clauses import Clause, JournalSubject, Progress, verify, verify_sequence
from runflow_mock.domain.documents import write_document
from runflow_mock.domain.misses import Difference
from runflow_mock.domain.places import Look, Room, Subject, Where


def seen(name: str, *labels: str, status: int = 201, at: float = 0.0, **headers: str) -> JournalSubject:
    looks = tuple(Look(Subject(client_ref=label)) for label in labels or ("a",))
    return JournalSubject(id=name, at=START + timedelta(seconds=at), looks=looks, status=status, headers=headers)


def of(label: str, **more: Any) -> Clause:
    return Clause(where=Where(client_ref=label), **more)


JOURNAL = [seen("1", "a", at=0), seen("2", "b", at=1, key="k"), seen("3", "a", status=404, at=5)]


@pytest.mark.parametrize(
    ("clause", "matched"),
    [
        (of("a"), ("1", "3")),
        (of("a", at_least=2, at_most=2), ("1", "3")),
        (of("c", at_least=0, at_most=0), ()),
        (of("a", status="201"), ("1",)),
        (of("a", status="4xx"), ("3",)),
        (of("b", headers={"key": "k"}), ("2",)),
        (of("b", headers={"key": "*"}), ("2",)),
        (of("a", headers={"key": None}), ("1", "3")),
        (of("a", within=timedelta(seconds=5)), ("1", "3")),
    ],
)
def test_clause_holds_with_what_it_took(clause: Clause, matched: tuple[str, ...]) -> None:
    verified = verify(clause, JOURNAL)
    assert (verified.holds, verified.matched, verified.message) == (True, matched, None)


def test_document_is_read_once_for_all_clauses_as_long_as_there_is_room() -> None:
    document, other = write_document({"a": [1]}), Where(input=write_document({"a": [2]}))
    looks = tuple(Look(Subject(input=document), room) for room in (None, Room(len(document)), Room(len(document) - 1), Room(0)))
    told = []
    for look in looks:
        entry = replace(JOURNAL[0], looks=(look,))
        values = [verify(Clause(where=other), [entry]).nearest for _ in range(2)]
        told.append([each.differences[0].seen for each in values if each is not None])
    assert [(one, two) == ([1], [1]) for one, two in told] == [True] * 4
    assert [one is two for one, two in told] == [True, True, False, False]


@pytest.mark.parametrize(
    ("clause", "told"),
    [
        (of("c"), "0 exchanges fitted, at least 1 must"),
        (of("b", at_least=2), "1 exchange fitted, at least 2 must"),
        (of("a", at_least=0, at_most=1), "2 exchanges fitted, at most 1 may"),
        (of("a", within=timedelta(seconds=4.9)), "from the first to the last 5.000 s went by, at most 4.900 s may"),
    ],
)
def test_clause_that_does_not_hold_says_why(clause: Clause, told: str) -> None:
    verified = verify(clause, JOURNAL)
    assert (verified.holds, verified.message) == (False, told)


@pytest.mark.slow(is_covering=True)
def test_clauses_that_follow_one_another_look_no_further_than_they_need() -> None:
    """A hundred of them looked at the whole journal each: at 16 MB of it for eight seconds."""
    entries = [seen(str(number)) for number in range(1_000)]
    assert verify_sequence([of("a")] * 100, entries).holds
    assert lines_run(lambda: verify_sequence([of("a")] * 100, entries)) < lines_run(lambda: verify(of("a"), entries))


def test_nearest_miss_says_what_differs() -> None:
    verified = verify(of("b", status="500", headers={"key": "other"}), JOURNAL)
    assert verified.nearest is not None
    assert verified.nearest.id == "2"
    assert verified.nearest.differences == (Difference("status", "500", 201), Difference("headers.key", "other", "k"))


def test_what_fitted_is_no_miss() -> None:
    verified = verify(of("a", at_least=3), JOURNAL)
    assert verified.nearest is not None
    assert verified.nearest.id == "2"


def test_batch_fits_when_one_of_its_items_does() -> None:
    batch = seen("batch", "x", "y", "z")
    assert verify(of("y"), [batch]).holds
    assert not verify(of("w"), [batch]).holds


def test_sequence_takes_one_after_the_other() -> None:
    verified = verify_sequence([of("a"), of("b"), of("a")], JOURNAL)
    assert (verified.holds, verified.matched) == (True, ("1", "2", "3"))


def test_step_may_ask_for_several() -> None:
    assert verify_sequence([of("a", at_least=2)], JOURNAL).matched == ("1", "3")
    assert verify_sequence([of("a", at_least=2), of("b")], JOURNAL).step == 2


def test_sequence_in_the_wrong_order_names_the_step_and_what_came_too_early() -> None:
    verified = verify_sequence([of("b"), of("a"), of("b")], JOURNAL)
    assert (verified.holds, verified.step, verified.matched) == (False, 3, ("2", "3"))
    assert verified.message == "step 3: 0 exchanges fitted after the step before, at least 1 must; 2 fits but came too early"


def test_sequence_may_have_to_be_quick() -> None:
    assert verify_sequence([of("a"), of("a")], JOURNAL, timedelta(seconds=5)).holds
    assert verify_sequence([of("a"), of("a")], JOURNAL, timedelta(seconds=4)).message is not None


def test_empty_journal_has_no_nearest() -> None:
    assert (verify(of("a"), []).holds, verify(of("a"), []).nearest) == (False, None)


LABELS = st.sampled_from(["a", "b", "c"])
SPANS = st.tuples(LABELS, st.integers(0, 3), st.none() | st.integers(0, 2))
CLAUSES = SPANS.map(lambda span: of(span[0], at_least=span[1], at_most=None if span[2] is None else span[1] + span[2]))
MOMENTS = st.lists(st.tuples(st.floats(0, 10), LABELS), max_size=8).map(sorted)
ENTRIES = MOMENTS.map(lambda moments: [seen(f"e{number}", label, at=at) for number, (at, label) in enumerate(moments)])
WITHIN = st.none() | st.builds(lambda seconds: timedelta(seconds=seconds), st.integers(0, 8))


@pytest.mark.slow(is_covering=True)
@given(clause=CLAUSES, entries=ENTRIES, within=WITHIN)
@example(clause=of("a", at_least=2), entries=[seen("e0", "a"), seen("e1", "b"), seen("e2", "a", at=3.0)], within=timedelta(seconds=2))
def test_progress_comes_where_verifying_comes(clause: Clause, entries: list[JournalSubject], within: timedelta | None) -> None:
    clause = replace(clause, within=within)
    progress = Progress((clause,), is_sequence=False)
    for number, entry in enumerate(entries, 1):
        progress.take(entry)
        assert progress.holds == verify(clause, entries[:number]).holds


@pytest.mark.slow(is_covering=True)
@given(labels=st.lists(st.tuples(LABELS, st.integers(1, 2)), min_size=1, max_size=3), entries=ENTRIES, within=WITHIN)
@example(labels=[("a", 1), ("b", 1)], entries=[seen("e0", "a"), seen("e1", "b", at=3.0)], within=timedelta(seconds=2))
def test_progress_of_a_sequence_comes_where_verifying_comes(
    labels: list[tuple[str, int]], entries: list[JournalSubject], within: timedelta | None
) -> None:
    clauses = tuple(of(label, at_least=least) for label, least in labels)
    progress = Progress(clauses, is_sequence=True, within=within)
    for number, entry in enumerate(entries, 1):
        progress.take(entry)
        assert progress.holds == verify_sequence(clauses, entries[:number], within).holds


@pytest.mark.parametrize("clause", [of("c"), of("c", at_least=0, at_most=0), of("a", at_least=500), of("a", headers={"key": "k"})])
def test_what_exchanges_say_alike_is_compared_once(clause: Clause) -> None:
    """A thousand expectations of a thousand requests took 21 seconds of processor time."""

    def lines(count: int) -> int:
        entries = [replace(JOURNAL[0], id=str(number)) for number in range(count)]
        return lines_run(lambda: verify(clause, entries))

    lines(100)
    assert lines(400) - lines(100) < 300 * 12
