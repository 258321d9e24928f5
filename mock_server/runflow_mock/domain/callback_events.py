"""Callback events: the names under which a callback tells what has ended and how.

Source: `callbacks.payload` (runs say `run.completed`, batches `batch.succeeded`), `webhooks.events`. Inferred: `run.partial_succeeded`,
which no organization webhook hears of, and `evaluations.callback`.
"""

from collections.abc import Mapping

from runflow_mock.domain.batches import Batch, BatchStatus
from runflow_mock.domain.evaluations import Evaluation, EvaluationStatus
from runflow_mock.domain.runs import Run, RunStatus
from runflow_mock.domain.webhooks import RUN_EVENT_TYPES

RUN_EVENTS: Mapping[RunStatus, str] = {
    **{status: event_type.code for status, event_type in RUN_EVENT_TYPES.items()},
    RunStatus.PARTIAL_SUCCEEDED: "run.partial_succeeded",
}
BATCH_EVENTS: Mapping[BatchStatus, str] = {
    status: f"batch.{status}"
    for status in (BatchStatus.SUCCEEDED, BatchStatus.PARTIAL_SUCCEEDED, BatchStatus.FAILED, BatchStatus.CANCELLED)
}
EVALUATION_EVENTS: Mapping[EvaluationStatus, str] = {
    status: f"evaluation.{status}" for status in (EvaluationStatus.COMPLETED, EvaluationStatus.FAILED)
}
CANCELLATIONS = frozenset((RUN_EVENTS[RunStatus.CANCELLED], BATCH_EVENTS[BatchStatus.CANCELLED]))
CALLBACK_EVENTS: tuple[str, ...] = (*RUN_EVENTS.values(), *BATCH_EVENTS.values(), *EVALUATION_EVENTS.values())


def event_of(told: Run | Batch | Evaluation) -> str:
    """Returns the event that tells about something that has ended."""
    if isinstance(told, Run):
        return RUN_EVENTS[told.status]
    return BATCH_EVENTS[told.status] if isinstance(told, Batch) else EVALUATION_EVENTS[told.status]
