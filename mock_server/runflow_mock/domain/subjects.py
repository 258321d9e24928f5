"""Subjects: the one place where what rules are held against is made, from a record or from what a request says.

A record says the same of itself wherever it passes: at an edge, at its creation, when its callback leaves, when a request names it.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from runflow_mock.domain.batches import Batch
from runflow_mock.domain.documents import Document
from runflow_mock.domain.evaluations import Evaluation
from runflow_mock.domain.places import FINISH_EDGES, Subject
from runflow_mock.domain.runs import Run

Facts = Mapping[str, str | Document | None]


def facts_of(record: Run | Batch | Evaluation) -> Facts:
    """Returns what is to be said about a record, in the words of places."""
    if isinstance(record, Run):
        return {
            "model": record.model,
            "client_ref": record.client_ref,
            "input": record.input,
            "metadata": record.metadata,
            "run_id": record.id,
            "batch_id": record.batch_id,
        }
    if isinstance(record, Batch):
        return {"model": record.model, "metadata": record.metadata, "batch_id": record.id}
    return {"client_ref": record.assignment.client_ref, "run_id": record.assignment.run_id}


def record_subject(record: Run | Batch | Evaluation, edge: str, *, callback: str | None = None, model: str | None = None) -> Subject:
    """Returns a record at an edge that is the usual one of its family; `model` is that of a record that does not know its own."""
    subject = Subject(edges=(edge,), callback=callback, model=model)
    return replace(subject, **facts_of(record))


def run_subject(run: Run, edges: tuple[str, ...]) -> Subject:
    """Returns a run at the edges that it is about to pass."""
    if FINISH_EDGES[0] in edges and run.sequence_index is not None:
        edges = (*edges, f"batch.item[{run.sequence_index}]")
    return replace(Subject(edges=edges, is_usual=FINISH_EDGES[0] in edges), **facts_of(run))


def request_subject(method: str, path: str, operation: str | None, facts: Facts | None = None, *, edges: tuple[str, ...] = ()) -> Subject:
    """Returns a request; `facts` are those of the record that its path names, or what it asks for."""
    subject = Subject(edges=edges, method=method, path=path, operation=operation)
    return replace(subject, **facts) if facts else subject
