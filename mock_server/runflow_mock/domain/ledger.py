"""The ledger: what an organization has, what is set aside, and every movement.

Theory. Admission compares the projected cost with `balance - held`; what is admitted is held. A run that ends releases its hold, and if
it succeeded its cost is charged. The balance falls at the charge, never at the hold.

Source: `credits.admission`, `credits.only-success-is-paid`. Inferred: that holds exist, and that they are made at creation.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from runflow_mock.domain.identity import BatchId, RunId
from runflow_mock.domain.money import ZERO, Money
from runflow_mock.domain.runs import Run


class EntryKind(StrEnum):
    """What a movement is."""

    CREDIT = "credit"
    HOLD = "hold"
    CHARGE = "charge"
    RELEASE = "release"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One movement; amounts are positive except that of a credit that takes away."""

    at: datetime
    kind: EntryKind
    amount: Money
    run_id: RunId | None = None
    batch_id: BatchId | None = None


class CreditAdded(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The balance was raised (or, with a negative amount, lowered) from outside."""

    at: datetime
    amount: Money


class ThresholdSet(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The organization wants to be warned below this balance."""

    at: datetime
    threshold: Money | None


LedgerEvent = CreditAdded | ThresholdSet


class Ledger:
    """Balance, holds and entries of one world, folded from its events."""

    def __init__(self) -> None:
        self.balance = ZERO
        self.held = ZERO
        self.charged = ZERO
        self.threshold: Money | None = None
        self.updated_at: datetime | None = None
        self.entries: list[Entry] = []

    @property
    def available(self) -> Money:
        """What admission may still promise."""
        return Money(self.balance - self.held)

    def credit(self, event: CreditAdded) -> None:
        """Books a change of the balance from outside."""
        self.balance = Money(self.balance + event.amount)
        self.updated_at = event.at
        self.entries.append(Entry(event.at, EntryKind.CREDIT, event.amount))

    def warn_below(self, event: ThresholdSet) -> None:
        """Keeps the threshold of the low-balance warning."""
        self.threshold = event.threshold
        self.updated_at = event.at

    def hold(self, run: Run) -> None:
        """Sets the projected cost of a new run aside."""
        self.held = Money(self.held + run.held)
        self._enter(run, run.created_at, EntryKind.HOLD, run.held)

    def settle(self, run: Run) -> None:
        """Releases the hold of a run that has ended and charges what it cost."""
        assert run.completed_at is not None
        assert run.cost is not None
        self.held = Money(self.held - run.held)
        self._enter(run, run.completed_at, EntryKind.RELEASE, run.held)
        if run.cost > 0:
            self.balance = Money(self.balance - run.cost)
            self.charged = Money(self.charged + run.cost)
            self.updated_at = run.completed_at
            self._enter(run, run.completed_at, EntryKind.CHARGE, run.cost)

    def _enter(self, run: Run, at: datetime, kind: EntryKind, amount: Money) -> None:
        if amount:
            self.entries.append(Entry(at, kind, amount, run.id, run.batch_id))
