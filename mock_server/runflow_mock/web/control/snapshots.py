"""Snapshots: save all of a tenant in one document, and make it again from there.

The document shows the tenant's secrets: whoever may read it could read them one by one. Exchanges are not in it.
"""

from asyncio import to_thread

from runflow_mock.runtime.catching_up import catch_up
from runflow_mock.runtime.refusals import Contradiction
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.routing import Operation
from runflow_mock.wire.control import ControlError, refused
from runflow_mock.wire.seals import Unreadable
from runflow_mock.wire.snapshots import decode_snapshot, represent_snapshot
from runflow_mock.wire.times import write_instant


async def get_snapshot(call: Call) -> Answer:
    """GET /_mock/snapshot: the whole tenant as one document, secrets included."""
    tenant = tenant_of(call)
    return Answer(200, await to_thread(represent_snapshot, *call.runtime.save(tenant)))


async def put_snapshot(call: Call) -> Answer:
    """PUT /_mock/snapshot: replaces the tenant of the key by the saved one; its clock goes on from where it stood then."""
    tenant = tenant_of(call)
    objection = call.runtime.holdings.objection(None, len(call.body) - tenant.held.record_bytes)
    if objection is not None:
        raise ControlError(503, "full", objection)
    try:
        saved = await to_thread(decode_snapshot, call.body)
    except Unreadable as error:
        raise refused(str(error)) from None
    try:
        # Whichever tenant has the name by now.
        fresh = await to_thread(call.runtime.tenants.prepare, tenant_of(call).settings.name, saved)
    except Contradiction as error:
        raise refused(str(error)) from None
    call.runtime.restore(fresh)
    call.runtime.holdings.keep(fresh, len(call.body) - fresh.sent)
    await catch_up(call.runtime, fresh)
    world = fresh.world
    return answer(
        {
            "tenant": fresh.settings.name,
            "now": write_instant(world.now),
            "commits": saved.world.commits,
            "runs": len(world.store.runs),
            "timers": len(world.store.timers),
            "in_flight": fresh.in_flight,
        }
    )


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation("GET", "/_mock/snapshot", get_snapshot, is_long=True),
    Operation("PUT", "/_mock/snapshot", put_snapshot, is_long=True),
)
