"""What a handler may look at while it decides: the store, the settings, the instant, and where ids and draws come from."""

from collections.abc import Callable
from datetime import datetime

from runflow_mock.domain.batches import Batch
from runflow_mock.domain.errors import LimitReached
from runflow_mock.domain.identity import Identities, OrganizationId, UserId
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.runs import Run
from runflow_mock.domain.seeds import Seed
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.engine.store import Store

RenderRun = Callable[[Run], bytes]
RenderBatch = Callable[[Batch, "Store"], bytes]


class Renderers:
    """How payloads become bytes: handed in, because the engine knows no wire forms."""

    def __init__(self, run: RenderRun, batch: RenderBatch) -> None:
        self.run = run
        self.batch = batch


class Moment:
    """One instant of a world, seen by the handler of one command or timer. Handlers read it and return events."""

    __slots__ = ("catalog", "ids", "now", "org_id", "render", "seed", "settings", "store", "user_id")

    def __init__(
        self,
        *,
        store: Store,
        settings: TenantSettings,
        catalog: Catalog,
        render: Renderers,
        now: datetime,
        ids: Identities,
        seed: Seed,
        org_id: OrganizationId,
        user_id: UserId,
    ) -> None:
        self.store = store
        self.settings = settings
        self.catalog = catalog
        self.render = render
        self.now = now
        self.ids = ids
        self.seed = seed
        self.org_id = org_id
        self.user_id = user_id

    def admit(self, name: str, present: int, more: int, limit: int) -> None:
        """Raises `LimitReached` when `more` things do not fit beside those present."""
        if present + more > limit:
            raise LimitReached(name, limit)
