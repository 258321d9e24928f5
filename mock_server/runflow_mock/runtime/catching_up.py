"""Catching up: a world that its clock has left far behind is brought to the present piece by piece, so that nobody else waits for it."""

from asyncio import sleep

from runflow_mock.runtime.runtime import YIELD_EVERY_TIMERS, Runtime, cost_of_timer
from runflow_mock.runtime.tenants import Tenant

TURNS_MAX = 10_000


class Behind(Exception):
    """A tenant has more to catch up with than one step may take; nothing was done for the request that found it so."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(f"tenant {tenant.settings.name} is behind its clock")
        self.tenant = tenant


async def catch_up(runtime: Runtime, tenant: Tenant) -> bool:
    """Lets happen what is due by now, and what comes due meanwhile: a clock may pass a million times as fast as ours.

    Where others make more of it all the while, the rest is left to whoever settles next, and this returns that there is some. Of many who
    wait for the same tenant one does it, and nobody waits longer than `TURNS_MAX`, whoever has them.
    """
    last = tenant.turns_behind + TURNS_MAX * cost_of_timer(tenant)
    async with tenant.catching_up:
        while tenant.turns_behind < last and not tenant.is_dropped:
            if runtime.settle(tenant, YIELD_EVERY_TIMERS):
                return True
            tenant.turns_behind += 1
            await sleep(0)
    return False
