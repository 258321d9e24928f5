from collections.abc import Callable, Sequence

import pytest
from costs import lines_run
from msgspec.structs import replace
from worlds import START

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.engine.journal import FIELD_BYTES, TARGET_BYTES_USUAL, Journal, JournalSpace, size_of


def _exchange(number: int, size: int = 10) -> Exchange:
    return Exchange(
        id=str(number),
        number=number,
        at=START,
        wall=0.0,
        operation="get_run",
        method="GET",
        target="/v1/runs",
        request_headers=(),
        request_body=b"",
        status=200,
        response_headers=(),
        response_body=b"x" * size,
        elapsed_ms=1.0,
    )


def _kept(journal: Journal) -> list[int]:
    return [exchange.number for exchange in journal.as_read()]


def test_oldest_exchange_makes_room_and_is_counted() -> None:
    journal = Journal(2, 1_000)
    for number in range(1, 4):
        journal.record(_exchange(number))
    assert (_kept(journal), len(journal), journal.total, journal.dropped) == ([2, 3], 2, 3, 1)


def test_bytes_are_bounded_one_below_and_one_above() -> None:
    for limit, kept in ((20, [2, 3]), (19, [3]), (9, [])):
        journal = Journal(10, limit)
        for number in range(1, 4):
            journal.record(_exchange(number))
        assert _kept(journal) == kept


def test_cleared_journal_is_as_new() -> None:
    journal = Journal(10, 20)
    journal.record(_exchange(1, 20))
    journal.clear()
    assert (_kept(journal), journal.total, journal.dropped) == ([], 0, 0)
    journal.record(_exchange(2, 20))
    assert _kept(journal) == [2]


class Noted:
    """Keeps what is shown of all journals."""

    def __init__(self) -> None:
        self.used = 0
        self.met = 0

    def show(self, used: int) -> None:
        self.used = used

    def meet(self) -> None:
        self.met += 1


def test_heads_and_long_targets_count_as_bodies_do() -> None:
    headed = replace(_exchange(1), request_headers=((b"a", b"x" * 500),), response_headers=((b"b", b"y" * 300),))
    assert size_of(headed) == 10 + 802 + 2 * FIELD_BYTES
    assert size_of(replace(_exchange(1), target="/" + "a" * (TARGET_BYTES_USUAL + 99))) == 10 + 100
    journal = Journal(10, 2_000)
    for number in range(1, 4):
        journal.record(replace(headed, number=number))
    assert _kept(journal) == [3]


def test_journals_of_one_space_have_their_bytes_together_and_the_largest_makes_room() -> None:
    gauge = Noted()
    space = JournalSpace(100, gauge)
    large, small = Journal(100, 1_000, space=space), Journal(100, 1_000, space=space)
    for number in range(1, 9):
        large.record(_exchange(number))
    small.record(_exchange(1, 20))
    assert (_kept(large), gauge.used, gauge.met) == ([1, 2, 3, 4, 5, 6, 7, 8], 100, 0)
    small.record(_exchange(2, 10))
    assert (_kept(large), _kept(small), gauge.used, gauge.met) == ([5, 6, 7, 8], [1, 2], 70, 1)


def _lines_of_making_room(journals: int) -> int:
    space = JournalSpace(journals * 40, Noted())
    kept = [Journal(100, 1_000, space=space) for _ in range(journals)]
    for number in range(1, 5):
        for journal in kept:
            journal.record(_exchange(number))
    lines = lines_run(space.make_room)
    assert sum(journal.size for journal in kept) == journals * 36
    return lines


def test_room_among_many_journals_costs_as_much_as_there_are_and_no_more() -> None:
    few, many = map(_lines_of_making_room, (40, 160))
    assert many < 6 * few


def test_journals_of_a_space_without_room_forget_all_that_they_can() -> None:
    space = JournalSpace(0, Noted())
    journals = [Journal(100, 1_000, space=space) for _ in range(2)]
    for journal in journals:
        for number in range(1, 4):
            journal.record(_exchange(number))
    space.count(1)
    space.make_room()
    assert [(len(journal), journal.size) for journal in journals] == [(0, 0)] * 2


def test_journal_that_is_gone_or_cleared_gives_its_bytes_back() -> None:
    gauge = Noted()
    space = JournalSpace(100, gauge)
    journal = Journal(100, 1_000, space=space)
    journal.record(_exchange(1))
    journal.clear()
    assert gauge.used == 0
    journal.record(_exchange(1))
    del journal
    assert gauge.used == 0


def test_journal_that_has_left_keeps_its_exchanges_and_gives_no_more_room() -> None:
    gauge = Noted()
    space = JournalSpace(100, gauge)
    left, other = (Journal(100, 1_000, space=space) for _ in range(2))
    left.record(_exchange(1))
    left.leave()
    assert gauge.used == 0
    left.record(_exchange(2))
    other.record(_exchange(1))
    used = gauge.used
    assert used == other.size > 0
    space.make_room()
    assert (len(left), gauge.used) == (2, other.size)
    left.leave()
    assert gauge.used == other.size


class Seen:
    """A gauge that remembers."""

    def __init__(self) -> None:
        self.shown: list[int] = []
        self.met = 0

    def show(self, used: int) -> None:
        self.shown.append(used)

    def meet(self) -> None:
        self.met += 1


def test_space_without_room_and_without_exchanges_gives_up() -> None:
    gauge = Seen()
    space = JournalSpace(0, gauge)
    space.count(10)
    space.make_room()
    journal = Journal(10, 100, space=space)
    space.make_room()
    assert (gauge.met, len(journal), space.count(0)) == (2, 0, True)


def test_what_is_asked_for_is_scrubbed_and_nothing_later() -> None:
    scrubber = Scrubber(["a-secret-text"])
    journal = Journal(10, 10_000, scrubber)
    for number in range(1, 6):
        journal.record(replace(_exchange(number), request_body=b"a-secret-text"))
    assert [each.number for each in journal.oldest_after(0, 2)] == [1, 2]
    assert [each.request_body == b"a-secret-text" for each in journal.as_they_came(9)] == [False, False, True, True, True]
    assert [each.number for each in journal.oldest_after(3, 9)] == [4, 5]
    assert journal.oldest_after(5, 9) == ()


def _journal_that_was_read(scrubber: Scrubber, exchanges: int = 5) -> Journal:
    journal = Journal(exchanges, 100_000, scrubber)
    for number in range(1, exchanges + 1):
        journal.record(replace(_exchange(number), request_body=b"a-secret-text, another-text"))
    assert {each.request_body for each in journal.as_read()} == {b"a-secret-text, another-text"}
    return journal


WAYS: dict[str, Callable[[Journal], Sequence[Exchange]]] = {
    "all": lambda journal: journal.latest(len(journal)),
    "latest": lambda journal: journal.latest(2),
    "oldest": lambda journal: journal.oldest_after(0, 2),
    "a piece": lambda journal: journal.piece(4, 2),
    "one": lambda journal: [journal.up_to_date(journal.as_read()[3])],
}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_read_before_a_secret_was_known_shows_it_no_more(way: str) -> None:
    scrubber = Scrubber()
    journal = _journal_that_was_read(scrubber)
    scrubber.learn("a-secret-text")
    assert {each.request_body for each in WAYS[way](journal)} == {b"redacted*****, another-text"}
    scrubber.learn("another-text")
    assert {each.request_body for each in WAYS[way](journal)} == {b"redacted*****, redacted****"}


def test_only_what_is_shown_is_scrubbed_again() -> None:
    scrubber = Scrubber()
    journal = _journal_that_was_read(scrubber)
    scrubber.learn("a-secret-text")
    assert [each.number for each in journal.oldest_after(1, 2)] == [2, 3]
    assert not journal.look_through(9, 10_000)
    assert [b"redacted" in each.request_body for each in journal.as_read()] == [False, True, True, False, False]
    journal.record(replace(_exchange(6), request_body=b"a-secret-text"))
    assert b"redacted" in journal.as_read()[-1].request_body
    assert [journal.is_up_to_date(each) for each in journal.as_read()] == [True, True, False, False, True]


def test_what_is_read_costs_the_same_however_much_was_read_before_a_secret_was_known() -> None:
    def lines(exchanges: int) -> int:
        scrubber = Scrubber()
        journal = _journal_that_was_read(scrubber, exchanges)
        scrubber.learn("a-secret-text")
        return lines_run(lambda: (journal.look_through(2, 10_000), journal.oldest_after(0, 2), journal.latest(2)))

    lines(2)  # What masks documents is loaded with the first that it masks.
    assert lines(200) == lines(20)


def test_what_has_left_since_it_was_read_is_scrubbed_as_well() -> None:
    scrubber = Scrubber()
    journal = _journal_that_was_read(scrubber)
    read = journal.as_read()[0]
    journal.clear()
    scrubber.learn("a-secret-text")
    assert journal.up_to_date(read).request_body == b"redacted*****, another-text"
    journal.record(replace(_exchange(1), request_body=b"a-secret-text"))
    assert journal.latest(1)[0].request_body == b"redacted*****"


def test_what_is_asked_for_as_it_came_is_not_scrubbed() -> None:
    scrubber = Scrubber()
    scrubber.learn("a-secret-text")
    journal = Journal(10, 10_000, scrubber)
    for number in range(1, 4):
        journal.record(replace(_exchange(number), request_body=b"a-secret-text"))
    assert [(each.number, each.request_body) for each in journal.raw_after(1, 9)] == [(2, b"a-secret-text"), (3, b"a-secret-text")]
    assert [each.number for each in journal.raw_after(0, 9, bytes_max=1)] == [1]
    assert not [each for each in journal.latest(3) if each.request_body == b"a-secret-text"]


def test_journal_that_has_dropped_some_begins_with_what_is_left() -> None:
    journal = Journal(2, 1_000)
    for number in range(1, 6):
        journal.record(_exchange(number))
    assert [each.number for each in journal.oldest_after(1, 1)] == [each.number for each in journal.raw_after(1, 1)] == [4]
    assert [each.number for each in journal.latest(5)] == [4, 5]


def test_exchange_that_came_after_the_latest_secret_is_scrubbed_once() -> None:
    scrubber = Scrubber()
    journal = _journal_that_was_read(scrubber)
    scrubber.learn("a-secret-text")
    journal.latest(1)
    for number in range(6, 9):
        journal.record(replace(_exchange(number), request_body=b"another-text"))
    read = journal.oldest_after(0, 9)
    assert [each.number for each in read] == [4, 5, 6, 7, 8]
    assert all(before is after for before, after in zip(read, journal.latest(5), strict=True))
    scrubber.learn("another-text")
    assert b"another-text" not in b"".join(each.request_body for each in journal.latest(5))


SECRET = "a-secret-text"


def _journal_that_was_read_after_a_clearing(scrubber: Scrubber) -> tuple[Journal, Exchange]:
    """Returns a journal in which another exchange has the number and the id of one that somebody has read before, and that one."""
    journal = Journal(10, 10_000, scrubber)
    journal.record(replace(_exchange(1), request_body=SECRET.encode()))
    (before,) = journal.as_read()
    journal.clear()
    journal.record(replace(_exchange(1), request_body=b"another", wall=1.0))
    journal.as_read()
    return journal, before


def test_exchange_of_before_a_clearing_is_none_that_has_its_number_and_id_since() -> None:
    scrubber = Scrubber()
    journal, before = _journal_that_was_read_after_a_clearing(scrubber)
    assert (journal.holds(before), journal.holds(journal.as_read()[0])) == (False, True)
    scrubber.learn(SECRET)
    assert not journal.is_up_to_date(before)
    assert journal.up_to_date(before).request_body == b"redacted*****"
    assert journal.up_to_date(journal.as_read()[0]).request_body == b"another"
    assert journal.up_to_date(before).request_body == b"redacted*****"
    assert not journal.is_up_to_date(before)


def test_exchange_that_somebody_else_had_scrubbed_again_goes_out_without_its_secret() -> None:
    scrubber = Scrubber()
    journal = _journal_that_was_read(scrubber)
    before = journal.as_read()[0]
    scrubber.learn(SECRET)
    here = journal.up_to_date(before)
    assert (journal.is_up_to_date(here), journal.is_up_to_date(before)) == (True, False)
    assert journal.up_to_date(before) == here
    assert journal.holds(before)


def test_exchange_that_nobody_has_read_is_scrubbed_before_it_is_shown() -> None:
    scrubber = Scrubber([SECRET])
    journal = Journal(10, 10_000, scrubber)
    came = replace(_exchange(1), request_body=SECRET.encode())
    journal.record(came)
    assert not journal.is_up_to_date(came)
    assert journal.up_to_date(came).request_body == b"redacted*****"
    assert journal.holds(journal.latest(1)[0])
