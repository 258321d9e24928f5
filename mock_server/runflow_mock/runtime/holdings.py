"""Holdings: what all tenants of a server hold together, so that many of them, each within its own limits, cannot fill a machine.

Journals are shared by `JournalSpace`. Of records the bytes count that clients have sent for them, which is what makes them large, and of
what is still to happen the timers. Both are given back with the tenant: records themselves are never removed from a world.
"""

from typing import Protocol

from runflow_mock.engine.journal import Journal, JournalSpace
from runflow_mock.engine.world import World
from runflow_mock.runtime.bounds import Bounds, BoundsMax
from runflow_mock.runtime.refusals import TenantsFull


class Held:
    """What one tenant holds."""

    def __init__(self) -> None:
        self.record_bytes = 0
        self.timers = 0


class Holder(Protocol):
    """A tenant, as far as it matters here."""

    held: Held
    is_dropped: bool
    journal: Journal
    world: World


class Holdings:
    """What the tenants of one server hold."""

    def __init__(self, most: BoundsMax, bounds: Bounds) -> None:
        self.journals = JournalSpace(most.journal_bytes_max, bounds.journal_bytes)
        self._bounds = bounds

    def take(self, tenant: Holder) -> None:
        """Counts a tenant from now on."""
        self._bounds.tenants.show(self._bounds.tenants.used + 1)
        tenant.journal.share(self.journals)
        self.follow(tenant)

    def release(self, tenant: Holder) -> None:
        """Counts a tenant no more."""
        self._bounds.tenants.show(self._bounds.tenants.used - 1)
        self._bounds.record_bytes.give(tenant.held.record_bytes)
        self._bounds.timers.give(tenant.held.timers)
        tenant.held = Held()

    def full(self) -> TenantsFull:
        """Takes note that there was no room for a tenant, and returns what says so."""
        self._bounds.tenants.meet()
        return TenantsFull(self._bounds.tenants.maximum)

    def follow(self, tenant: Holder) -> None:
        """Takes note of how many timers a tenant has now."""
        if tenant.is_dropped:
            return
        timers = len(tenant.world.store.timers)
        bound = self._bounds.timers
        bound.show(bound.used + timers - tenant.held.timers)
        tenant.held.timers = timers

    def keep(self, tenant: Holder, size: int) -> None:
        """Counts so many bytes as held by the records of a tenant."""
        if not tenant.is_dropped:
            bound = self._bounds.record_bytes
            bound.show(bound.used + size)
            tenant.held.record_bytes += size

    def objection(self, tenant: Holder | None, size: int) -> str | None:
        """Returns why records of so many bytes more are not taken, or nothing where there is room."""
        if self._bounds.timers.used >= self._bounds.timers.maximum:
            self._bounds.timers.meet()
            return "too much is still to happen on this server; let runs end, or delete tenants"
        bound = self._bounds.record_bytes
        share = bound.maximum * 7 // 10
        if bound.used + size > bound.maximum or (tenant is not None and tenant.held.record_bytes + size > share):
            bound.meet()
            return "what clients have sent takes all the room that this server has for it; reset or delete tenants"
        return None
