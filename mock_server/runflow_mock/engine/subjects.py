"""Subjects: what is to be said about the records that a request names, in the vocabulary of places."""

from msgspec.structs import replace

from runflow_mock.domain.identity import BatchId, RunId
from runflow_mock.domain.places import Subject
from runflow_mock.engine.store import Store


def with_record(store: Store, subject: Subject) -> Subject:
    """Returns a request with what is known of the run or batch that it names; a request that names none stays as it is."""
    run = None if subject.run_id is None else store.runs.get(RunId(subject.run_id))
    if run is not None:
        about = {"model": run.model, "client_ref": run.client_ref, "input": run.input, "metadata": run.metadata, "batch_id": run.batch_id}
        return replace(subject, **about)
    batch = None if subject.batch_id is None else store.batches.get(BatchId(subject.batch_id))
    return subject if batch is None else replace(subject, model=batch.model, metadata=batch.metadata)
