"""What a refused request has changed: nothing may be different but what would have come without it as well.

What comes by itself is known by what each commit was asked for: a timer where time passes, and the answer to a callback that was under way.
So a tenant is looked at however busy it is, and a change is told from the answer that came in meanwhile.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from fuzzing.requests import Request
from runflow_mock.domain.commands import MeetRules, RecordAttempt, SeePoll
from runflow_mock.domain.deliveries import AttemptStarted
from runflow_mock.domain.identity import DeliveryId
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.tenants import Tenant, Tenants

MOVES_TIME = ("advance", "run_until", "next", "wait")
"""How the operations begin that have time pass, even where they are refused in the end."""


class Look(NamedTuple):
    """A tenant before a request: where its world stood, its commits, which deliveries were under way, and what is in no commit."""

    tenant: Tenant
    now: datetime
    commits: int
    delivering: frozenset[DeliveryId]
    beside: tuple[object, ...]


def look(tenants: Tenants) -> dict[str, Look]:
    """Returns how each tenant stands, by its name."""
    return {tenant.settings.name: _look(tenant) for tenant in tenants}


def changes(tenants: Tenants, before: dict[str, Look], request: Request) -> Iterator[str]:
    """Yields what a refused request has done to tenants."""
    yield from (f"tenant {name} is gone" for name in before if tenants.get(name) is None)
    for tenant in tenants:
        name, earlier = tenant.settings.name, before.get(tenant.settings.name)
        if earlier is None:
            # The first use of a key makes its tenant, whatever becomes of the request.
            if not tenant.is_made_by_use:
                yield f"tenant {name} was made"
        elif earlier.tenant is not tenant:
            yield f"tenant {name} was replaced"
        elif earlier.beside != _beside(tenant):
            yield f"tenant {name} has changed, beside its world"
        elif earlier.commits != tenant.world.history.total:
            yield from (f"tenant {name} has changed: {command}" for command in _unasked(earlier, request))


def _look(tenant: Tenant) -> Look:
    delivering = frozenset(effect.delivery.id for effect in tenant.world.under_way()) if tenant.in_flight else frozenset[DeliveryId]()
    return Look(tenant, tenant.world.now, tenant.world.history.total, delivering, _beside(tenant))


def _beside(tenant: Tenant) -> tuple[object, ...]:
    return tenant.settings, tenant.scenario, tenant.clock.rate, tenant.journal.clearings, len(tenant.blobs.items())


def _unasked(earlier: Look, request: Request) -> Iterator[str]:
    """Yields what the commits since then were asked for that do not come by themselves."""
    tenant, delivering = earlier.tenant, set(earlier.delivering)
    moves_time = request.operation.startswith(MOVES_TIME) and ("authorization", f"Bearer {tenant.key}") in request.headers
    passes = bool(tenant.clock.rate) or tenant.settings.clock is ClockMode.AUTO or moves_time
    # Of what the history has forgotten by now, nothing is said.
    standing = tenant.world.history.standing()
    recorded = standing.recorded[max(0, earlier.commits - standing.forgotten) :]
    for entry in replace(standing, recorded=recorded):
        command = entry.command
        if isinstance(command, RecordAttempt):
            comes_by_itself = command.delivery_id in delivering
        elif isinstance(command, MeetRules | SeePoll):
            # Rules count also what is refused.
            comes_by_itself = bool(tenant.world.store.rules)
        else:
            # What the answer to a callback leads to may be due at once, where time stands as well.
            comes_by_itself = command is None and (passes or entry.at <= earlier.now)
        if comes_by_itself:
            delivering.update(event.delivery_id for event in entry.events if isinstance(event, AttemptStarted))
        else:
            yield "a timer" if command is None else type(command).__name__
