from datetime import timedelta

import pytest
from msgspec.structs import replace
from records import LATER, a_run
from worlds import START

from runflow_mock.domain.identity import BatchId
from runflow_mock.domain.ledger import CreditAdded, Entry, EntryKind, Ledger, ThresholdSet
from runflow_mock.domain.money import ZERO, Money
from runflow_mock.domain.runs import RunStatus

PRICE = Money(270_000)


def _ledger(balance: int = 1_000_000) -> Ledger:
    ledger = Ledger.new()
    ledger.credit(CreditAdded(START, Money(balance)))
    return ledger


def _figures(ledger: Ledger) -> tuple[int, int, int, int]:
    return ledger.balance, ledger.held, ledger.charged, ledger.available


def test_new_ledger_is_empty() -> None:
    assert _figures(Ledger.new()) == (0, 0, 0, 0)
    assert Ledger.new().entries == []


def test_credit_raises_the_balance() -> None:
    assert _figures(_ledger()) == (1_000_000, 0, 0, 1_000_000)
    assert _ledger().entries == [Entry(START, EntryKind.CREDIT, Money(1_000_000))]


def test_negative_credit_lowers_the_balance() -> None:
    ledger = _ledger()
    ledger.credit(CreditAdded(LATER, Money(-1_500_000)))
    assert _figures(ledger) == (-500_000, 0, 0, -500_000)
    assert ledger.updated_at == LATER


def test_hold_lowers_what_is_available_and_not_the_balance() -> None:
    ledger = _ledger()
    ledger.hold(a_run())
    assert _figures(ledger) == (1_000_000, 270_000, 0, 730_000)
    assert ledger.updated_at == START


def test_success_releases_the_hold_and_charges_the_cost() -> None:
    ledger = _ledger()
    ledger.hold(a_run())
    ledger.settle(a_run(RunStatus.SUCCEEDED, cost=Money(100_000)))
    assert _figures(ledger) == (900_000, 0, 100_000, 900_000)
    assert ledger.updated_at == LATER


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.CANCELLED])
def test_what_did_not_succeed_is_released_and_free(status: RunStatus) -> None:
    ledger = _ledger()
    ledger.hold(a_run())
    ledger.settle(a_run(status, cost=ZERO))
    assert _figures(ledger) == (1_000_000, 0, 0, 1_000_000)
    assert [entry.kind for entry in ledger.entries] == ["credit", "hold", "release"]
    assert ledger.updated_at == START


def test_entries_name_run_and_batch() -> None:
    ledger = Ledger.new()
    run = a_run(RunStatus.SUCCEEDED, batch_id=BatchId("batch"), cost=PRICE)
    ledger.hold(run)
    ledger.settle(run)
    assert ledger.entries == [
        Entry(START, EntryKind.HOLD, PRICE, run.id, BatchId("batch")),
        Entry(LATER, EntryKind.RELEASE, PRICE, run.id, BatchId("batch")),
        Entry(LATER, EntryKind.CHARGE, PRICE, run.id, BatchId("batch")),
    ]


def test_free_run_leaves_no_entry() -> None:
    ledger = Ledger.new()
    run = a_run(RunStatus.SUCCEEDED, held=ZERO, cost=ZERO)
    ledger.hold(run)
    ledger.settle(run)
    assert ledger.entries == []


def test_unfinished_run_cannot_be_settled() -> None:
    with pytest.raises(AssertionError):
        _ledger().settle(a_run(cost=PRICE))
    with pytest.raises(AssertionError):
        _ledger().settle(replace(a_run(), completed_at=LATER, cost=None))


def test_threshold_is_kept_and_can_be_taken_away() -> None:
    ledger = _ledger()
    ledger.warn_below(ThresholdSet(LATER, Money(5_000_000)))
    assert (ledger.threshold, ledger.updated_at) == (5_000_000, LATER)
    ledger.warn_below(ThresholdSet(LATER + timedelta(seconds=1), None))
    assert ledger.threshold is None
    assert _figures(ledger) == (1_000_000, 0, 0, 1_000_000)
