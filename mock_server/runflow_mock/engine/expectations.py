"""A world in figures, for the expectations of a scenario."""

from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

from runflow_mock.domain.expectations import ATTEMPTS, TOTAL, Facts, Noun
from runflow_mock.engine.store import Store

StatusT = TypeVar("StatusT", bound=str)


def facts_of(store: Store) -> Facts:
    """Returns how many records stand where, and what the ledger says."""
    attempts = sum(len(delivery.attempts) for delivery in store.deliveries.values())
    counts = {
        Noun.RUNS: _with_total(store.runs_by_status),
        Noun.BATCHES: _with_total(Counter(batch.status for batch in store.batches.values())),
        Noun.EVALUATIONS: _with_total(Counter(evaluation.status for evaluation in store.evaluations.values())),
        Noun.DELIVERIES: {**_with_total(store.deliveries_by_status), ATTEMPTS: attempts},
    }
    ledger = store.ledger
    return Facts(counts, {"balance": ledger.balance, "held": ledger.held, "charged": ledger.charged})


def _with_total(counts: Mapping[StatusT, int]) -> Mapping[str, int]:
    return {**{str(status): count for status, count in counts.items()}, TOTAL: sum(counts.values())}
