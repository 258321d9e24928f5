"""Verify: what a test says about the journal, answered with yes, or with no and the nearest miss."""

from msgspec.structs import replace

from runflow_mock.domain.clauses import JournalSubject
from runflow_mock.domain.errors import ModelNotFound
from runflow_mock.domain.places import Subject
from runflow_mock.engine.subjects import with_record
from runflow_mock.engine.targets import find_target
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.faults import names_in
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.routing import Operation
from runflow_mock.wire.clauses import decode_statement, represent_verified
from runflow_mock.wire.journal_subjects import Complete, subject_of


async def verify(call: Call) -> Answer:
    """POST /_mock/verify {"operation": "create_run", "count": 1}: 200 when the journal shows it, 409 with the nearest miss when not."""
    tenant_of(call)
    verified = decode_statement(call.body, names_in(call)).check(subjects_in(call))
    return answer(represent_verified(verified), 200 if verified.holds else 409)


def subjects_in(call: Call) -> list[JournalSubject]:
    """Returns the journal of this call's tenant as clauses see it."""
    complete = completion(call)
    return [subject_of(exchange, complete) for exchange in call.caller.journal]


def completion(call: Call) -> Complete:
    """Returns what adds to requests what the world of this call's tenant knows."""

    def complete(subject: Subject) -> Subject:
        if subject.run_id is not None or subject.batch_id is not None:
            return with_record(call.store, subject)
        if subject.model is None:
            return subject
        try:
            return replace(subject, model=find_target(call.caller.world.catalog, call.store, subject.model).model.id)
        except ModelNotFound:
            return subject

    return complete


OPERATIONS: tuple[Operation[ControlHandler], ...] = (Operation(id="verify", method="POST", path="/_mock/verify", handler=verify),)
