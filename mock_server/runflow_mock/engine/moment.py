"""What a handler may look at while it decides: the store, the settings, the instant, and where ids and draws come from."""

from collections.abc import Callable
from datetime import datetime, timedelta

from runflow_mock.domain.batches import Batch
from runflow_mock.domain.dialects import Dialect, dialect_of
from runflow_mock.domain.errors import LimitReached, Outdated
from runflow_mock.domain.evaluations import Evaluation
from runflow_mock.domain.identity import MILLISECOND, OrganizationId, UserId, uuid7, uuid7s
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.records import Collection
from runflow_mock.domain.runs import Run
from runflow_mock.domain.seeds import Seed
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.engine.store import Store

RenderRun = Callable[[Run], bytes]
RenderBatch = Callable[[Batch, "Store"], bytes]
RenderEvaluation = Callable[[Evaluation], bytes]


class Renderers:
    """How payloads become bytes: handed in, because the engine knows no wire forms."""

    def __init__(self, run: RenderRun, batch: RenderBatch, evaluation: RenderEvaluation, *, dates_attempts: bool = True) -> None:
        """Takes one function a kind of record; `dates_attempts` says whether the requests that carry the bytes have a timestamp."""
        self.run = run
        self.batch = batch
        self.evaluation = evaluation
        self.dates_attempts = dates_attempts


class Moment:
    """One instant of a world, seen by the handler of one command or timer. Handlers read it and return events.

    It is valid until they return: the world takes the same object to its next instant. How far its `sequence` of ids has got by then the
    world takes over only with what they decided.
    """

    __slots__ = ("catalog", "dialect", "knows_magic", "now", "org_id", "render", "seed", "sequence", "settings", "store", "user_id")

    def __init__(
        self,
        *,
        store: Store,
        settings: TenantSettings,
        catalog: Catalog,
        render: Renderers,
        now: datetime,
        sequence: int,
        seed: Seed,
        org_id: OrganizationId,
        user_id: UserId,
    ) -> None:
        self.store = store
        self.settings = settings
        self.dialect: Dialect = dialect_of(settings.dialect, settings.switches, is_strict=settings.strict)
        self.knows_magic = settings.knows_magic
        self.catalog = catalog
        self.render = render
        self.now = now
        self.sequence = sequence
        self.seed = seed
        self.org_id = org_id
        self.user_id = user_id

    def issue_id(self) -> str:
        """Returns the next id."""
        self.sequence += 1
        return uuid7(self.now, self.sequence, self.seed)

    def issue_ids(self, count: int) -> list[str]:
        """Returns the next so many ids."""
        first = self.sequence + 1
        self.sequence += count
        return uuid7s(self.now, range(first, first + count), self.seed)

    def admit(self, collection: Collection[object], more: int = 1) -> None:
        """Raises `LimitReached` when `more` records do not fit beside those that the world has had, the gone ones among them."""
        name = collection.limit
        limit: int = getattr(self.settings.limits, name)
        if len(self.store.records(collection)) + more > limit:
            raise LimitReached(name, limit)

    def check_unchanged(self, noun: str, updated_at: datetime | None, as_read: datetime | None) -> None:
        """Raises `Outdated` when the caller read another `updated_at` than the record has; both are compared as shown, in milliseconds."""
        if as_read is not None and (updated_at is None or not timedelta(0) <= updated_at - as_read < MILLISECOND):
            raise Outdated(noun)
