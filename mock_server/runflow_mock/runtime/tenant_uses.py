"""Uses: how much of its limits the fullest tenant of a server has used, limit by limit."""

from asyncio import sleep
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from runflow_mock.domain.records import COLLECTIONS, Limits
from runflow_mock.runtime.tenants import Tenant

WAITS_MAX = 1_000
"""How many waits of a tenant may be open."""
TENANTS_AT_ONCE = 200
"""After so many others have their turn."""

NAMES = (*(name for name in Limits.__struct_fields__ if name != "steps_max"), "waits_max")
"""The limits on what a tenant holds; `steps_max` is one on what is done."""


class Use(NamedTuple):
    """How much of a limit is used."""

    used: int
    max: int


def uses_of(tenant: Tenant) -> Mapping[str, Use]:
    """Returns how much a tenant has used of each of its limits on what it holds."""
    store, journal, history, limits = tenant.world.store, tenant.journal, tenant.world.history, tenant.settings.limits
    used = {collection.limit: len(store.records(collection)) for collection in COLLECTIONS}
    used |= {"asset_bytes_max": store.kept_total, "remembered_bytes_max": store.remembered_bytes}
    used |= {"journal_max": len(journal), "journal_bytes_max": journal.size}
    used |= {"history_max": len(history), "history_bytes_max": history.size}
    uses = {name: Use(count, getattr(limits, name)) for name, count in used.items()}
    return {**uses, "waits_max": Use(tenant.waits_open, WAITS_MAX)}


async def fullest(tenants: Iterable[Tenant], limits: Limits) -> Mapping[str, Use]:
    """Returns of each limit the use of the tenant that has used the largest part of it; nothing is used where there is no tenant."""
    found: dict[str, Use] = {}
    for number, tenant in enumerate(tuple(tenants), 1):
        if number % TENANTS_AT_ONCE == 0:
            await sleep(0)
        for name, use in uses_of(tenant).items():
            known = found.get(name)
            if known is None or use.used * known.max > known.used * use.max:
                found[name] = use
    return found or {name: Use(0, getattr(limits, name, WAITS_MAX)) for name in NAMES}
