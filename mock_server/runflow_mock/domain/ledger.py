"""The ledger: what an organization has, what is set aside, and every movement.

Theory. Admission compares the projected cost with `balance - held`; what is admitted is held. A run or evaluation that ends releases its
hold, and if it succeeded its cost is charged. The balance falls at the charge, never at the hold.

Source: `credits.admission`, `credits.only-success-is-paid`. Inferred: that holds exist, and that they are made at creation.
"""

from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.evaluations import Evaluation
from runflow_mock.domain.identity import BatchId, EvaluationId, RunId
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
    evaluation_id: EvaluationId | None = None


class CreditAdded(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The balance was raised (or, with a negative amount, lowered) from outside."""

    at: datetime
    amount: Money


class ThresholdSet(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The organization wants to be warned below this balance."""

    at: datetime
    threshold: Money | None


LedgerEvent = CreditAdded | ThresholdSet

# What is held for and charged.
Work = Run | Evaluation


class Ledger(msgspec.Struct, kw_only=True):
    """Balance, holds and entries of one world, folded from its events."""

    balance: Money
    held: Money
    charged: Money
    threshold: Money | None
    updated_at: datetime | None
    entries: list[Entry]

    @classmethod
    def new(cls) -> "Ledger":
        """Returns the ledger of a world that has just begun."""
        return cls(balance=ZERO, held=ZERO, charged=ZERO, threshold=None, updated_at=None, entries=[])

    @property
    def available(self) -> Money:
        """What admission may still promise."""
        return Money(self.balance - self.held)

    def copy(self) -> "Ledger":
        """Returns a ledger of its own with the same figures and entries."""
        return replace(self, entries=self.entries.copy())

    def credit(self, event: CreditAdded) -> None:
        """Books a change of the balance from outside."""
        self.balance = Money(self.balance + event.amount)
        self.updated_at = event.at
        self.entries.append(Entry(event.at, EntryKind.CREDIT, event.amount))

    def warn_below(self, event: ThresholdSet) -> None:
        """Keeps the threshold of the low-balance warning."""
        self.threshold = event.threshold
        self.updated_at = event.at

    def hold(self, work: Work) -> None:
        """Sets the projected cost of new work aside."""
        self.held = Money(self.held + work.held)
        self._enter(work, work.created_at, EntryKind.HOLD, work.held)

    def settle(self, work: Work) -> None:
        """Releases the hold of work that has ended and charges what it cost."""
        assert work.completed_at is not None
        assert work.cost is not None
        self.held = Money(self.held - work.held)
        self._enter(work, work.completed_at, EntryKind.RELEASE, work.held)
        if work.cost > 0:
            self.balance = Money(self.balance - work.cost)
            self.charged = Money(self.charged + work.cost)
            self.updated_at = work.completed_at
            self._enter(work, work.completed_at, EntryKind.CHARGE, work.cost)

    def _enter(self, work: Work, at: datetime, kind: EntryKind, amount: Money) -> None:
        # What is free moves nothing, and a statement has no line for it.
        if not amount:
            return
        if isinstance(work, Run):
            self.entries.append(Entry(at, kind, amount, work.id, work.batch_id))
        else:
            self.entries.append(Entry(at, kind, amount, evaluation_id=work.id))
