"""Turns of callbacks: how many leave at once, for the whole server and for each tenant, so that one that hangs holds up nobody else's.

Whoever waits for a turn has not begun: neither the receiver's time nor the time that is measured runs.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from runflow_mock.runtime.bounds import Bound
from runflow_mock.runtime.tenants import Tenant

TENANT_TURNS_MAX = 16
"""How many callbacks of one tenant leave at once."""


class CallbackTurns:
    """Gives out turns, first come, first served, within each tenant's share."""

    def __init__(self, bound: Bound) -> None:
        self._bound = bound
        self._all = asyncio.Semaphore(bound.maximum)
        self._shares: WeakKeyDictionary[Tenant, asyncio.Semaphore] = WeakKeyDictionary()

    @asynccontextmanager
    async def of(self, tenant: Tenant) -> AsyncIterator[None]:
        """Waits for a turn of a tenant, which lasts as long as the context."""
        share = self._shares.setdefault(tenant, asyncio.Semaphore(TENANT_TURNS_MAX))
        async with share:
            if self._all.locked():
                self._bound.meet()
            async with self._all:
                self._bound.take()
                try:
                    yield
                finally:
                    self._bound.give()
