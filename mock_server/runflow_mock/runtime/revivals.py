"""Revivals: a fresh tenant is brought to where its file has it."""

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.runtime.quotas import SavedMeter
from runflow_mock.runtime.readings import SavedReadings
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.wire.kept import JOURNAL_TAIL, KeptTenant


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
