"""Fault rules: list, make, drop."""

from typing import cast

from runflow_mock.domain.commands import AddRule, RemoveRule
from runflow_mock.domain.faults import FaultRule, RuleAdded
from runflow_mock.domain.identity import RuleId
from runflow_mock.engine.targets import find_target
from runflow_mock.runtime.reports import unfired_among
from runflow_mock.web.calls import Answer, Call, answer, no_content, scrubbed
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.completions import completion
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.operations import OPERATION_IDS
from runflow_mock.web.pieces import list_in_pieces
from runflow_mock.web.routing import Operation
from runflow_mock.wire.clauses import represent_miss
from runflow_mock.wire.control import ControlError
from runflow_mock.wire.faults import Names, decode_rule, represent_rule


async def list_faults(call: Call) -> Answer:
    """GET /_mock/faults"""
    tenant = tenant_of(call)
    return answer({"items": await list_in_pieces(map(represent_rule, tuple(tenant.world.store.rules.values())))})


async def create_fault(call: Call) -> Answer:
    """POST /_mock/faults"""
    tenant_of(call)
    return answer(represent_rule(add_rule(call, *decode_rule(call.body, names_in(call)))), 201)


async def get_fault(call: Call) -> Answer:
    """GET /_mock/faults/{id}: a rule, and where its place was never met what came nearest to it."""
    tenant = tenant_of(call)
    rule = tenant.world.store.rule(call.params["id"])
    nearest = (await unfired_among(call.runtime, tenant, (rule,), completion(call)))[0].nearest
    return scrubbed(call, answer({**represent_rule(rule), **({} if nearest is None else {"nearest": represent_miss(nearest)})}))


async def delete_fault(call: Call) -> Answer:
    """DELETE /_mock/faults/{id}"""
    tenant_of(call)
    call.execute(RemoveRule(RuleId(call.params["id"])))
    return no_content()


async def delete_faults(call: Call) -> Answer:
    """DELETE /_mock/faults"""
    for rule_id in tuple(tenant_of(call).world.store.rules):
        call.execute(RemoveRule(rule_id))
    return no_content()


def names_in(call: Call) -> Names:
    """Returns what a rule of this call's tenant may name."""
    store, catalog = call.store, call.catalog
    return Names(lambda path: find_target(catalog, store, path).model.id, OPERATION_IDS)


def add_rule(call: Call, command: AddRule, contents: tuple[bytes, ...]) -> FaultRule:
    """Puts a rule into force, keeps the bytes of its files, and returns it."""
    holdings = call.runtime.holdings
    objection = holdings.objection(call.caller, len(call.body)) or holdings.objection_to_files(call.caller, contents)
    if objection is not None:
        raise ControlError(503, "full", objection)
    outcome = call.execute(command)
    for content in contents:
        call.caller.blobs.keep(content)
    return cast(RuleAdded, outcome.events[0]).rule


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation("GET", "/_mock/faults", list_faults, is_long=True),
    Operation("POST", "/_mock/faults", create_fault),
    Operation("DELETE", "/_mock/faults", delete_faults),
    Operation("GET", "/_mock/faults/{id}", get_fault),
    Operation("DELETE", "/_mock/faults/{id}", delete_fault),
)
