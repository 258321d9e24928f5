"""Subjects that only a store can tell: the record that a path or a subject names, and what a delivery tells about."""

from collections.abc import Iterable

from msgspec.structs import replace

from runflow_mock.domain.batches import Batch
from runflow_mock.domain.callback_events import event_of
from runflow_mock.domain.deliveries import Delivery
from runflow_mock.domain.evaluations import Evaluation
from runflow_mock.domain.identity import BatchId, EvaluationId, RunId
from runflow_mock.domain.places import CALLBACK_EDGE, Subject
from runflow_mock.domain.runs import Run
from runflow_mock.domain.subjects import Facts, facts_of, record_subject
from runflow_mock.engine.store import Store


def facts_at(store: Store, ids: Iterable[str]) -> Facts:
    """Returns what is to be said about the first run, batch or evaluation among these ids, or nothing when there is none."""
    for record_id in ids:
        identifier = record_id.lower()
        record = (
            store.runs.get(RunId(identifier)) or store.batches.get(BatchId(identifier)) or store.evaluations.get(EvaluationId(identifier))
        )
        if record is not None:
            return facts_of(record)
    return {}


def with_record(store: Store, subject: Subject) -> Subject:
    """Returns a request with what is known of the run or batch that it names; a request that names none stays as it is."""
    run = None if subject.run_id is None else store.runs.get(RunId(subject.run_id))
    record = run or (None if subject.batch_id is None else store.batches.get(BatchId(subject.batch_id)))
    return subject if record is None else replace(subject, **facts_of(record))


def told_by(store: Store, delivery: Delivery) -> Run | Batch | Evaluation:
    """Returns what a delivery tells about."""
    if delivery.run_id is not None:
        return store.runs[delivery.run_id]
    if delivery.batch_id is not None:
        return store.batches[delivery.batch_id]
    assert delivery.evaluation_id is not None
    return store.evaluations[delivery.evaluation_id]


def callback_subject(store: Store, told: Run | Batch | Evaluation) -> Subject:
    """Returns the callback about a record; an evaluation has the model of the run that it judges."""
    run_id = told.assignment.run_id if isinstance(told, Evaluation) else None
    return record_subject(told, CALLBACK_EDGE, callback=event_of(told), model=None if run_id is None else store.runs[run_id].model)
