"""What a handler may look at while it decides: the store, the settings, the instant, and where ids and draws come from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

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


class Renderers(msgspec.Struct, frozen=True):
    """How payloads become bytes: handed in, because the engine knows no wire forms.

    `dates_attempts` says whether the requests that carry the bytes have a timestamp.
    """

    run: RenderRun
    batch: RenderBatch
    evaluation: RenderEvaluation
    dates_attempts: bool = True


@dataclass(slots=True, kw_only=True, eq=False)
class Moment:
    """One instant of a world, seen by the handler of one command or timer. Handlers read it and return events.

    It is valid until they return: the world takes the same object to its next instant. How far its `sequence` of ids has got by then the
    world takes over only with what they decided.
    """

    store: Store
    settings: TenantSettings
    catalog: Catalog
    render: Renderers
    now: datetime
    sequence: int
    seed: Seed
    org_id: OrganizationId
    user_id: UserId
    dialect: Dialect = field(init=False)
    knows_magic: bool = field(init=False)

    def __post_init__(self) -> None:
        self.dialect = dialect_of(self.settings.dialect, self.settings.switches, is_strict=self.settings.strict)
        self.knows_magic = self.settings.knows_magic

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
