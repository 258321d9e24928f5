"""The timeline of a world: everything that happened in it, retold from its history."""

from itertools import chain

from runflow_mock.engine.history import retell
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.routing import Operation
from runflow_mock.wire.timeline import represent_events


async def get_timeline(call: Call) -> Answer:
    """GET /_mock/timeline: what happened so far, in order; `forgotten` counts the commits that made room for later ones."""
    tenant = tenant_of(call)
    call.runtime.settle(tenant)
    history = tenant.world.history
    steps = chain.from_iterable(represent_events(events, before) for events, before in retell(history))
    return answer({"items": list(steps), "forgotten": history.forgotten})


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation(id="get_timeline", method="GET", path="/_mock/timeline", handler=get_timeline),
)
