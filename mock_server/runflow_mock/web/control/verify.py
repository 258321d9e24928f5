"""Verify: what a test says about the journal, answered with yes, or with no and the nearest miss."""

from runflow_mock.domain.clauses import JournalSubject
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.completions import completion
from runflow_mock.web.control.faults import names_in
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.routing import Operation
from runflow_mock.wire.clauses import decode_statement, represent_verified
from runflow_mock.wire.journal_subjects import subject_of


async def verify(call: Call) -> Answer:
    """POST /_mock/verify {"operation": "create_run", "count": 1}: 200 when the journal shows it, 409 with the nearest miss when not."""
    tenant_of(call)
    verified = decode_statement(call.body, names_in(call)).check(subjects_in(call))
    return answer(represent_verified(verified), 200 if verified.holds else 409)


def subjects_in(call: Call) -> list[JournalSubject]:
    """Returns the journal of this call's tenant as clauses see it."""
    complete = completion(call)
    return [subject_of(exchange, complete) for exchange in call.caller.journal]


OPERATIONS: tuple[Operation[ControlHandler], ...] = (Operation("POST", "/_mock/verify", verify),)
