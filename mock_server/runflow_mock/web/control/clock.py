"""The clock: read it, move it, let it stand or pass. Every move answers with the timeline of what happened, once all of it has."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from runflow_mock.domain.deliveries import Delivery
from runflow_mock.domain.evaluations import Evaluation
from runflow_mock.domain.instants import LATEST
from runflow_mock.domain.runs import Run
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.engine.store import Store
from runflow_mock.runtime.catching_up import catch_up
from runflow_mock.runtime.steps import Timeline
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import gone, tenant_of
from runflow_mock.web.pieces import list_in_pieces
from runflow_mock.web.routing import Operation
from runflow_mock.wire.control import decode_advance, decode_advance_to, decode_limit, decode_scale, refused
from runflow_mock.wire.times import write_instant, write_optional

# How many of the timers are told of, the next ones.
DUE_MAX = 8


async def get_clock(call: Call) -> Answer:
    """GET /_mock/clock"""
    return answer(represent_clock(call, tenant_of(call)))


async def advance(call: Call) -> Answer:
    """POST /_mock/clock/advance {"by": "10m"}"""
    tenant = tenant_of(call)
    return await _moved(call, tenant, await call.runtime.advance_by(tenant, decode_advance(call.body)))


async def advance_to(call: Call) -> Answer:
    """POST /_mock/clock/advance-to {"to": "2026-01-01T00:10:00Z"}"""
    tenant = tenant_of(call)
    to, now = decode_advance_to(call.body), call.runtime.now(tenant)
    if to < now:
        raise refused(f"to: {write_instant(to)} is before the present, {write_instant(now)}; the clock never goes back")
    return await _moved(call, tenant, await call.runtime.advance(tenant, to))


async def next_instant(call: Call) -> Answer:
    """POST /_mock/clock/next"""
    tenant = tenant_of(call)
    return await _moved(call, tenant, await call.runtime.next(tenant))


async def run_until_idle(call: Call) -> Answer:
    """POST /_mock/clock/run-until-idle {"limit": "1h"}"""
    tenant = tenant_of(call)
    limit = decode_limit(call.body)
    until = LATEST if limit is None else min(call.runtime.now(tenant) + limit, LATEST)
    return await _moved(call, tenant, await call.runtime.run_until_idle(tenant, until))


async def freeze(call: Call) -> Answer:
    """POST /_mock/clock/freeze"""
    tenant = tenant_of(call)
    call.runtime.set_rate(tenant, 0.0)
    return answer(represent_clock(call, tenant))


async def resume(call: Call) -> Answer:
    """POST /_mock/clock/resume: at the rate that the tenant was made with; a standing clock resumes as real time."""
    tenant = tenant_of(call)
    settings = tenant.settings
    return await _passing(call, tenant, settings.scale if settings.clock is ClockMode.SCALED else 1.0)


async def scale(call: Call) -> Answer:
    """POST /_mock/clock/scale {"factor": 60}"""
    tenant = tenant_of(call)
    return await _passing(call, tenant, decode_scale(call.body))


async def _passing(call: Call, tenant: Tenant, rate: float) -> Answer:
    call.runtime.set_rate(tenant, rate)
    await catch_up(call.runtime, tenant)
    if tenant.is_dropped:
        raise gone(tenant, "its clock had caught up")
    return answer(represent_clock(call, tenant))


def represent_clock(call: Call, tenant: Tenant) -> dict[str, object]:
    """Returns how the clock stands, and what is due next."""
    call.runtime.settle(tenant, call.timers_max)
    return {
        "now": write_instant(call.runtime.now(tenant)),
        "mode": tenant.settings.clock.value,
        "rate": tenant.clock.rate,
        "speed": tenant.settings.speed,
        "next_due": write_optional(tenant.world.store.timers.next_due()),
        "timers": len(tenant.world.store.timers),
        "in_flight": tenant.in_flight,
        "is_moving": tenant.moving.locked(),
        "requests": {"under_way": tenant.requests_under_way, "total": tenant.journal.total},
        "due": [_due(tenant.world.store, owner, due) for due, owner in tenant.world.store.timers.upcoming(DUE_MAX)],
    }


def _due(store: Store, owner: str, due: datetime) -> dict[str, object]:
    """Returns what a timer stands for: the record that moves, and where that stands now."""
    kinds: tuple[tuple[str, Mapping[Any, Run | Delivery | Evaluation]], ...] = (
        ("run", store.runs),
        ("delivery", store.deliveries),
        ("evaluation", store.evaluations),
    )
    kind, records = next((kind, records) for kind, records in kinds if owner in records)
    return {"at": write_instant(due), "kind": kind, "id": owner, "status": records[owner].status.value}


async def _moved(call: Call, tenant: Tenant, timeline: Timeline) -> Answer:
    now = write_instant(call.runtime.now(tenant))
    return answer({"now": now, "timeline": await list_in_pieces(await timeline.tell(call.runtime.scrubber))})


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation("GET", "/_mock/clock", get_clock),
    Operation("POST", "/_mock/clock/advance", advance),
    Operation("POST", "/_mock/clock/advance-to", advance_to),
    Operation("POST", "/_mock/clock/next", next_instant),
    Operation("POST", "/_mock/clock/run-until-idle", run_until_idle),
    Operation("POST", "/_mock/clock/freeze", freeze),
    Operation("POST", "/_mock/clock/resume", resume),
    Operation("POST", "/_mock/clock/scale", scale),
)
