"""Verify: what a test says about the journal, answered with yes, or with no and the nearest miss.

A journal may have hundreds of thousands of items of batches, each of which is looked at: others have their turn meanwhile.
"""

from asyncio import sleep, to_thread
from math import inf

from msgspec.structs import replace

from runflow_mock.domain.clauses import JournalSubject, Verified
from runflow_mock.domain.places import Look, Room, Subject
from runflow_mock.engine.journal import size_of
from runflow_mock.runtime.judging import READ_STEP_EXCHANGES, STEP_BYTES
from runflow_mock.web.calls import Answer, Call, answer, scrubbed
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.completions import completion
from runflow_mock.web.control.faults import names_in
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.routing import Operation
from runflow_mock.wire.clauses import Statement, decode_statement, represent_verified
from runflow_mock.wire.journal_subjects import subject_of

SUBJECTS_AT_ONCE = 200
READ_BYTES_MAX = 4 * 1024 * 1024
"""How many bytes of documents are read once for all clauses, and kept so long; what is beyond them each clause reads."""
BYTES_OF_SUBJECT = 4_096
"""So many bytes of a request take as long as one subject more."""


async def verify(call: Call) -> Answer:
    """POST /_mock/verify {"operation": "create_run", "count": 1}: 200 when the journal shows it, 409 with the nearest miss when not."""
    tenant_of(call)
    statement = decode_statement(call.body, names_in(call))
    verified = await checked(statement, await subjects_in(call))
    # What the world adds to a request is as the client has sent it.
    return scrubbed(call, answer(represent_verified(verified), 200 if verified.holds else 409))


async def subjects_in(call: Call, up_to: float = inf) -> list[JournalSubject]:
    """Returns the journal of this call's tenant, up to the exchange of a number, as clauses see it."""
    complete, found, since, room = completion(call), list[JournalSubject](), 0, Room(READ_BYTES_MAX)
    said, journal = dict[tuple[Subject, ...], tuple[Look, ...]](), call.caller.journal
    for exchange in await call.runtime.judgings.read(call.caller):
        if exchange.number > up_to:
            break
        if since >= SUBJECTS_AT_ONCE:
            await sleep(0)
            since = 0
        if not journal.is_up_to_date(exchange):
            since += SUBJECTS_AT_ONCE // READ_STEP_EXCHANGES + SUBJECTS_AT_ONCE * size_of(exchange) // STEP_BYTES
        subject = subject_of(journal.up_to_date(exchange), complete, room)
        subjects = tuple(look.subject for look in subject.looks)
        found.append(replace(subject, looks=said.setdefault(subjects, subject.looks)))
        since += len(subjects) + len(exchange.request_body) // BYTES_OF_SUBJECT
    return found


async def checked(statement: Statement, entries: list[JournalSubject]) -> Verified:
    """Returns whether a statement is true of exchanges; where it is about many subjects, a thread finds out."""
    is_long = sum(len(entry.looks) for entry in entries) > SUBJECTS_AT_ONCE
    return await to_thread(statement.check, entries) if is_long else statement.check(entries)


OPERATIONS: tuple[Operation[ControlHandler], ...] = (Operation("POST", "/_mock/verify", verify),)
