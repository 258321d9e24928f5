"""Revivals: a tenant is made again as its log has it."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.instants import LATEST, whole_milliseconds
from runflow_mock.engine.clock import VirtualClock
from runflow_mock.runtime.keepers import Contents
from runflow_mock.runtime.quotas import SavedMeter
from runflow_mock.runtime.readings import SavedReadings
from runflow_mock.runtime.tenants import Monotonic, Tenant, Tenants, WallClock
from runflow_mock.wire.kept import JOURNAL_TAIL, KeptTenant, read_tenant


@dataclass(frozen=True)
class Clocks:
    """The real clocks."""

    monotonic: Monotonic
    wall: WallClock


def revive(tenants: Tenants, name: str, contents: Contents, clocks: Clocks, *, stands: bool) -> Tenant:
    """Makes a tenant as a log has it, which nobody keeps yet; `stands` lets its clock stand where it stood.

    Raises:
        ValueError, LookupError, AssertionError: it is damaged.
        DomainError: this server cannot have it, or its figures contradict each other.
    """
    kept = read_tenant(*contents)
    if kept.head.world.settings.name != name:
        raise ValueError(f"it holds tenant {kept.head.world.settings.name!r}")
    # The clock begins where it would be by now, or where it was.
    passed = 0.0 if stands else max(0.0, clocks.wall() - kept.standing.wall) * kept.standing.rate
    try:
        instant = kept.standing.present + timedelta(seconds=passed)
    except OverflowError:
        instant = LATEST
    clock = VirtualClock(whole_milliseconds(max(kept.standing.now, min(instant, LATEST))), clocks.monotonic(), kept.standing.rate)
    return tenants.revive(kept.head.world, kept.files, clock, partial(take_up, kept=kept))


def take_up(tenant: Tenant, kept: KeptTenant) -> None:
    """Repeats what happened to a tenant after the base from which its world was restored, and restores what stands beside the world.

    Raises:
        ValueError, LookupError, AssertionError: the rows do not follow from the base.
    """
    head, standing = kept.head, kept.standing
    exchanges: list[Exchange] = list(kept.exchanges)
    for row in kept.rows:
        for commit in row.commits:
            tenant.world.repeat(commit)
        exchanges = [*(() if row.is_cleared else exchanges), *row.exchanges][-JOURNAL_TAIL:]
    if standing.now > tenant.world.now:
        tenant.world.move_to(standing.now)
    tenant.basis, tenant.scenario, tenant.asked = head.basis, head.scenario, head.asked
    tenant.changes, tenant.reads = standing.changes, standing.reads
    tenant.meter.restore(SavedMeter(standing.quota, dict(standing.windows), standing.elapsed))
    tenant.readings.restore(SavedReadings(standing.reading_rules, dict(standing.readings)))
    tenant.journal.restore(exchanges, standing.journaled)
    for data in kept.files:
        tenant.blobs.keep(data)
