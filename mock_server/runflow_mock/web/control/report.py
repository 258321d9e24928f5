"""The report: everything that is to be said about the client of the tenant so far."""

from runflow_mock.runtime.reports import report_on, unfired_rules
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.completions import completion
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.pieces import document_in_pieces
from runflow_mock.web.routing import Operation
from runflow_mock.wire.reports import represent_report


async def get_report(call: Call) -> Answer:
    """GET /_mock/report: verdicts by rule, findings by operation, and what was prepared and never used."""
    tenant = tenant_of(call)
    unfired = await unfired_rules(call.runtime, tenant, completion(call))
    await call.runtime.judgings.caught_up(tenant)
    report = represent_report(report_on(call.runtime, tenant, unfired))
    return answer(await document_in_pieces(report, call.runtime.scrubber.scrub))


OPERATIONS: tuple[Operation[ControlHandler], ...] = (Operation("GET", "/_mock/report", get_report, is_long=True),)
