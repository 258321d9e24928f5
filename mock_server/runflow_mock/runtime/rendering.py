"""What freezes the payloads of callbacks as a dialect writes them."""

from runflow_mock.domain.dialects import Dialect
from runflow_mock.engine.moment import Renderers
from runflow_mock.wire.callbacks import render_batch_payload, render_evaluation_payload, render_run_payload


def renderers_of(dialect: Dialect) -> Renderers:
    """Returns what freezes payloads as a dialect writes them."""
    return Renderers(
        run=lambda run: render_run_payload(run, dialect),
        batch=lambda batch, store: render_batch_payload(batch, store.runs, dialect),
        evaluation=lambda evaluation: render_evaluation_payload(evaluation, dialect),
        dates_attempts=dialect.dates_attempts,
    )
