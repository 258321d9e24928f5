"""Expectations: what a scenario says must be true once its story has been told.

Theory. The world is summed up as facts: how many records stand where, and what the ledger says. An expectation names one noun and gives
figures for it; it holds when every figure does. What is not named is not asked about.

The API knows nothing of this: it is the kit's own vocabulary.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from runflow_mock.domain.batches import BatchStatus
from runflow_mock.domain.clauses import Verified
from runflow_mock.domain.deliveries import DeliveryStatus
from runflow_mock.domain.documents import Document
from runflow_mock.domain.evaluations import EvaluationStatus
from runflow_mock.domain.money import Money
from runflow_mock.domain.runs import RunStatus


class Noun(StrEnum):
    """What an expectation is about."""

    RUNS = "runs"
    BATCHES = "batches"
    EVALUATIONS = "evaluations"
    DELIVERIES = "deliveries"
    LEDGER = "ledger"
    REQUESTS = "requests"


TOTAL = "total"
ATTEMPTS = "attempts"

COUNTED: Mapping[Noun, tuple[str, ...]] = {
    Noun.RUNS: (*RunStatus, TOTAL),
    Noun.BATCHES: (*BatchStatus, TOTAL),
    Noun.EVALUATIONS: (*EvaluationStatus, TOTAL),
    Noun.DELIVERIES: (*DeliveryStatus, TOTAL, ATTEMPTS),
}
AMOUNTS = ("balance", "held", "charged")


class Span(msgspec.Struct, frozen=True):
    """How many there must be."""

    at_least: int = 0
    at_most: int | None = None

    def holds(self, seen: int) -> bool:
        """Tells whether so many are right."""
        return seen >= self.at_least and (self.at_most is None or seen <= self.at_most)


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that must be true: figures of a noun, or for requests a clause that the journal is asked about."""

    label: str | None = None
    noun: Noun
    counts: dict[str, Span] = {}
    amounts: dict[str, Money] = {}
    clause: Document | None = None


class Facts(msgspec.Struct, frozen=True):
    """A world in figures."""

    counts: Mapping[Noun, Mapping[str, int]]
    amounts: Mapping[str, Money]


class Checked(msgspec.Struct, frozen=True):
    """An expectation held against the facts or the journal: whether it is true, and what was found of what it asked about."""

    expectation: Expectation
    held: bool
    counts: Mapping[str, int] = {}
    amounts: Mapping[str, Money] = {}
    verified: Verified | None = None


def check(expectation: Expectation, facts: Facts) -> Checked:
    """Returns an expectation about figures with what was found."""
    counts = {name: facts.counts.get(expectation.noun, {}).get(name, 0) for name in expectation.counts}
    amounts = {name: facts.amounts[name] for name in expectation.amounts}
    held = all(span.holds(counts[name]) for name, span in expectation.counts.items()) and amounts == expectation.amounts
    return Checked(expectation, held, counts, amounts)
