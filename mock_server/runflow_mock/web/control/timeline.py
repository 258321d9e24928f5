"""The timeline of a world: everything that happened in it, retold from its history."""

from runflow_mock.domain.faults import RuleAdded
from runflow_mock.engine.history import retell
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.calls import Answer, Call, answer, scrubbed
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.routing import Operation
from runflow_mock.wire.timeline import Step, represent_events


async def get_timeline(call: Call) -> Answer:
    """GET /_mock/timeline: what happened so far, in order; `forgotten` counts the commits that made room for later ones."""
    tenant = tenant_of(call)
    call.runtime.settle(tenant)
    return scrubbed(call, answer({"items": steps_of(tenant), "forgotten": tenant.world.history.forgotten}))


def steps_of(tenant: Tenant) -> list[Step]:
    """Returns everything that happened in a tenant's world; rules that were taken out of force are told as they were."""
    rules = dict(tenant.world.store.rules)
    steps: list[Step] = []
    for events, before in retell(tenant.world.history):
        rules |= {event.rule.id: event.rule for event in events if isinstance(event, RuleAdded)}
        steps += represent_events(events, before, rules)
    return steps


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation(id="get_timeline", method="GET", path="/_mock/timeline", handler=get_timeline),
)
