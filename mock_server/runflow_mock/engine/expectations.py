"""A world in figures, for the expectations of a scenario."""

from collections import Counter
from collections.abc import Iterable, Mapping

from runflow_mock.domain.expectations import ATTEMPTS, TOTAL, Facts, Noun
from runflow_mock.engine.store import Store


def facts_of(store: Store) -> Facts:
    """Returns how many records stand where, and what the ledger says."""
    deliveries = store.deliveries.values()
    attempts = sum(len(delivery.attempts) for delivery in deliveries)
    counts = {
        Noun.RUNS: _by_status(run.status for run in store.runs.values()),
        Noun.BATCHES: _by_status(batch.status for batch in store.batches.values()),
        Noun.EVALUATIONS: _by_status(evaluation.status for evaluation in store.evaluations.values()),
        Noun.DELIVERIES: {**_by_status(delivery.status for delivery in deliveries), ATTEMPTS: attempts},
    }
    ledger = store.ledger
    return Facts(counts, {"balance": ledger.balance, "held": ledger.held, "charged": ledger.charged})


def _by_status(statuses: Iterable[str]) -> Mapping[str, int]:
    counted = Counter(str(status) for status in statuses)
    return {**counted, TOTAL: counted.total()}
