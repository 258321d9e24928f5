"""Stubs: list, make, drop. They are fault rules in their short form, and stand among them."""

from runflow_mock.domain.commands import RemoveRule
from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.identity import RuleId
from runflow_mock.web.calls import Answer, Call, answer, no_content
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.faults import add_rule, names_in
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.pieces import list_in_pieces
from runflow_mock.web.routing import Operation
from runflow_mock.wire.stubs import decode_stub, is_stub, represent_stub


async def list_stubs(call: Call) -> Answer:
    """GET /_mock/stubs: the rules that can be said in the short form."""
    return answer({"items": await list_in_pieces(map(represent_stub, tuple(_stubs(call))))})


async def create_stub(call: Call) -> Answer:
    """POST /_mock/stubs: this input gives this output."""
    tenant_of(call)
    return answer(represent_stub(add_rule(call, *decode_stub(call.body, names_in(call)))), 201)


async def get_stub(call: Call) -> Answer:
    """GET /_mock/stubs/{id}"""
    return answer(represent_stub(_stub(call)))


async def delete_stub(call: Call) -> Answer:
    """DELETE /_mock/stubs/{id}"""
    call.execute(RemoveRule(_stub(call).id))
    return no_content()


async def delete_stubs(call: Call) -> Answer:
    """DELETE /_mock/stubs: the other rules stay."""
    for rule in _stubs(call):
        call.execute(RemoveRule(rule.id))
    return no_content()


def _stubs(call: Call) -> list[FaultRule]:
    return [rule for rule in tenant_of(call).world.store.rules.values() if is_stub(rule)]


def _stub(call: Call) -> FaultRule:
    wanted = RuleId(call.params["id"])
    rule = tenant_of(call).world.store.rules.get(wanted)
    if rule is None or not is_stub(rule):
        raise NotFound("stub", wanted)
    return rule


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation("GET", "/_mock/stubs", list_stubs, is_long=True),
    Operation("POST", "/_mock/stubs", create_stub),
    Operation("DELETE", "/_mock/stubs", delete_stubs),
    Operation("GET", "/_mock/stubs/{id}", get_stub),
    Operation("DELETE", "/_mock/stubs/{id}", delete_stub),
)
