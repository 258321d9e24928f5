"""Sending: sends what rules have left of an answer, and ends the connection as they want it.

On a real connection the end is real. Without one, in process or behind another server, it is a `ConnectionFault`, raised after everything
was sent that would have been.
"""

from contextlib import nullcontext

from msgspec.structs import replace
from starlette.types import Receive, Send

from runflow_mock.web.calls import Answer, Call
from runflow_mock.web.connections import Connection, ConnectionFault, connection_of
from runflow_mock.web.exchanges import record_exchange
from runflow_mock.web.faults.plans import AnswerStyle, End, Plan, ResponseFault, make_plan
from runflow_mock.web.presence import until_gone, while_connected
from runflow_mock.wire.error_forms import ErrorForm, Reply

FAULT_HEADER = b"runflow-mock-fault"
LABEL_HEADER = b"runflow-mock-fault-label"
# What takes the place of the real answer where there is none.
UNANSWERED = Answer(0, b"", ())


def plan_answer(call: Call, given: Answer, errors: ErrorForm = ErrorForm.JSON) -> Plan:
    """Returns what leaves instead of an answer, marked with the rule; `errors` is the form in which this side tells them."""
    fault = call.response_fault
    assert fault is not None
    style = AnswerStyle(call.caller.dialect, call.runtime.client_now(call.caller), errors)
    plan = make_plan(fault, Reply(given.status, given.body, given.headers), style)
    if not plan.status:
        return plan
    known = {name for name, _ in plan.headers}
    limits = (header for header in call.limits if header[0] not in known)
    return replace(plan, headers=(*plan.headers, *limits, *call.marks, *_marks(fault)))


async def carry_out(call: Call, operation: str | None, plan: Plan, elapsed_ms: float, client: tuple[Receive, Send]) -> None:
    """Records an exchange as it will have been, and carries it out; a client that leaves ends it."""
    sent = Answer(plan.status, b"".join(plan.pieces) + plan.beyond, plan.headers)
    # Before it is carried out: an answer that takes minutes, or never ends, is in the journal from the start.
    record_exchange(call, operation, sent, elapsed_ms, wait=plan.wait + plan.pause * len(plan.pieces))
    receive, send = client
    connection = connection_of(call.scope)
    if plan.wait and not await _pause(call, plan.wait, receive, connection):
        return
    if plan.status and not await _send_answer(call, plan, (receive, send), connection):
        return
    if plan.end is not End.COMPLETE:
        await _end(call, plan, client, connection)


async def _send_answer(call: Call, plan: Plan, client: tuple[Receive, Send], connection: Connection | None) -> bool:
    """Sends head and body as declared; tells whether the client stayed until then."""
    receive, send = client
    await send({"type": "http.response.start", "status": plan.status, "headers": plan.headers})
    for piece in () if call.method == "HEAD" else plan.pieces:
        if plan.pause and not await _pause(call, plan.pause, receive, connection):
            return False
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    if plan.end is End.COMPLETE:
        await send({"type": "http.response.body", "body": b""})
    return True


async def _end(call: Call, plan: Plan, client: tuple[Receive, Send], connection: Connection | None) -> None:
    receive, send = client
    if connection is None:
        if plan.status and plan.beyond:
            # Whoever reads as much as was declared never sees the rest.
            await send({"type": "http.response.body", "body": b""})
            return
        assert call.response_fault is not None
        raise ConnectionFault(call.response_fault.kind, b"".join(plan.pieces) + plan.beyond)
    if plan.beyond:
        connection.write(plan.beyond)
    if plan.end is End.RESET:
        await connection.reset()
    else:
        connection.close()
    # The server must not believe that the answer is still to come.
    await until_gone(receive)


async def _pause(call: Call, seconds: float, receive: Receive, connection: Connection | None) -> bool:
    with nullcontext() if connection is None else connection.held():
        return await while_connected(call.runtime.sleep(seconds), receive)


def _marks(fault: ResponseFault) -> tuple[tuple[bytes, bytes], ...]:
    label = fault.label
    mark = (FAULT_HEADER, fault.name.encode())
    if label and label.isascii() and label.isprintable() and label == label.strip():
        return mark, (LABEL_HEADER, label.encode())
    return (mark,)
