"""Catching up: a world that its clock has left far behind is brought to the present piece by piece, so that nobody else waits for it."""

import asyncio

from runflow_mock.runtime.runtime import YIELD_EVERY_TIMERS, Runtime
from runflow_mock.runtime.tenants import Tenant


class Behind(Exception):
    """A tenant has more to catch up with than one step may take; nothing was done for the request that found it so."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(f"tenant {tenant.settings.name} is behind its clock")
        self.tenant = tenant


async def catch_up(runtime: Runtime, tenant: Tenant) -> None:
    """Lets happen what is due by now. Where the clock passes faster than that, what comes due meanwhile is left to whoever settles next."""
    present = runtime.now(tenant)
    while not tenant.is_dropped and not runtime.settle(tenant, YIELD_EVERY_TIMERS):
        due = tenant.world.store.timers.next_due()
        if due is None or due > present:
            return
        await asyncio.sleep(0)
