from worlds import START

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.engine.journal import Journal


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
    return [exchange.number for exchange in journal]


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
