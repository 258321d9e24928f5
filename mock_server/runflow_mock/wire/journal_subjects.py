"""Journal subjects: exchanges of the journal in the vocabulary of places, as fault rules and clauses are held against them."""

from collections.abc import Callable
from urllib.parse import unquote

from msgspec.structs import replace

from runflow_mock.domain.clauses import JournalSubject
from runflow_mock.domain.documents import Document, Json, write_object
from runflow_mock.domain.exchanges import Exchange, redact_headers
from runflow_mock.domain.places import ADMISSION_EDGE, CREATED_EDGE, Look, Room, Subject
from runflow_mock.domain.poll_hygiene import CREATES
from runflow_mock.domain.subjects import request_subject
from runflow_mock.openapi.request_facts import RequestFacts, read_facts

Complete = Callable[[Subject], Subject]
"""Adds to what a request says what the world knows: the path under which runs keep its model, and the record that it names."""


def subject_of(exchange: Exchange, complete: Complete, room: Room) -> JournalSubject:
    """Returns an exchange as clauses see it."""
    return JournalSubject(
        id=exchange.id,
        at=exchange.at,
        looks=tuple(Look(subject, room) for subject in subjects_of(exchange, complete)),
        status=exchange.status,
        headers={name.lower(): value for name, value in redact_headers(exchange.request_headers).items()},
    )


def subjects_of(exchange: Exchange, complete: Complete) -> tuple[Subject, ...]:
    """Returns what rules and clauses see in an exchange: one subject, or one for each item of a batch."""
    facts = read_facts(exchange)
    known = {
        "model": facts.model,
        "metadata": write_object(facts.body.get("metadata")),
        "run_id": facts.run_id or facts.text("run_id"),
        "batch_id": facts.batch_id,
    }
    edges = (ADMISSION_EDGE, CREATED_EDGE) if exchange.operation in CREATES else ()
    plain = request_subject(exchange.method, unquote(exchange.path), exchange.operation, known, edges=edges)
    items = _items(facts) or [(None, facts.text("client_ref"))]
    return tuple(complete(replace(plain, input=inputs, client_ref=label)) for inputs, label in items)


def _items(facts: RequestFacts) -> list[tuple[Document | None, str | None]]:
    """The inputs in a request, each with the label that stands beside it, or in it where a batch is flat."""
    found = []
    for loc, inputs in facts.inputs:
        holder: Json = dict(facts.body)
        for step in loc[1:3] if len(loc) > 2 else ():
            holder = holder[step] if isinstance(holder, dict | list) else None  # type: ignore[index]
        label = holder.get("client_ref") if isinstance(holder, dict) else None
        found.append((write_object(dict(inputs)), label if isinstance(label, str) else None))
    return found
