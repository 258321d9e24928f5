"""The table of records: what a world holds many of, under which name, how many of them, and when one is gone for good.

Theory. A collection is a dictionary of the store and a tuple of a snapshot, both under its name; `Limits` bounds it under `<name>_max`. The
getters, the copies, the snapshots and their objections follow from its row. A *plain* record is one that changes only when somebody asks:
it moves through no states and nothing else hangs on it, so that the three events below tell all of its life, each with the record as it
stands from then on.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from runflow_mock.domain.assets import Asset, AssetUpload
from runflow_mock.domain.batches import Batch
from runflow_mock.domain.deliveries import Delivery
from runflow_mock.domain.evaluations import Evaluation
from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.idempotency import Remembered
from runflow_mock.domain.runs import Run
from runflow_mock.domain.secrets import CallbackSecret
from runflow_mock.domain.webhooks import Webhook
from runflow_mock.domain.workflows import Workflow

RecordT_co = TypeVar("RecordT_co", covariant=True)


class Collection(msgspec.Struct, Generic[RecordT_co], frozen=True, gc=False):
    """One row: the plural that names it, the noun of error messages, and the field that says since when a record, though kept, is gone.

    `key` is the field that tells records apart. `is_dated` says that each has a `created_at`, which no snapshot may have in its future.
    """

    name: str
    noun: str
    type: type[RecordT_co]
    gone: str | None = None
    key: str = "id"
    is_dated: bool = True

    @property
    def limit(self) -> str:
        """The field of `Limits` that bounds it."""
        return f"{self.name}_max"

    def is_gone(self, record: object) -> bool:
        """Whether nobody finds the record any more."""
        return self.gone is not None and getattr(record, self.gone) is not None


RUNS = Collection("runs", "run", Run)
BATCHES = Collection("batches", "batch", Batch)
EVALUATIONS = Collection("evaluations", "evaluation", Evaluation)
WEBHOOKS = Collection("webhooks", "webhook", Webhook, "deleted_at")
WORKFLOWS = Collection("workflows", "ComfyUI workflow", Workflow, "deleted_at")
DELIVERIES = Collection("deliveries", "delivery", Delivery)
SECRETS = Collection("secrets", "callback secret", CallbackSecret, "disabled_at")
# An upload is gone with its asset, which its own record does not know: the store looks at both.
UPLOADS = Collection("uploads", "asset upload", AssetUpload)
ASSETS = Collection("assets", "asset", Asset, "deleted_at")
RULES = Collection("rules", "fault", FaultRule, is_dated=False)
REMEMBERED = Collection("remembered", "remembered answer", Remembered, key="place", is_dated=False)

# In this order objections name what repeats and what comes from the future. The ledger and the timers are no collections: one each.
COLLECTIONS: tuple[Collection[object], ...] = (
    RUNS,
    BATCHES,
    EVALUATIONS,
    WEBHOOKS,
    WORKFLOWS,
    DELIVERIES,
    SECRETS,
    UPLOADS,
    ASSETS,
    RULES,
    REMEMBERED,
)


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """All collections as a snapshot has them: each record once, in the order of creation."""

    runs: tuple[Run, ...]
    batches: tuple[Batch, ...]
    evaluations: tuple[Evaluation, ...]
    webhooks: tuple[Webhook, ...]
    workflows: tuple[Workflow, ...]
    deliveries: tuple[Delivery, ...]
    secrets: tuple[CallbackSecret, ...]
    uploads: tuple[AssetUpload, ...]
    assets: tuple[Asset, ...]
    rules: tuple[FaultRule, ...]
    remembered: tuple[Remembered, ...]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one world may hold; each is reported when it is reached.

    Timers need no limit of their own: each belongs to an unfinished run, evaluation or delivery.
    """

    runs_max: int = 1_000_000
    batches_max: int = 100_000
    evaluations_max: int = 100_000
    deliveries_max: int = 1_000_000
    webhooks_max: int = 50
    workflows_max: int = 1_000
    secrets_max: int = 100
    uploads_max: int = 100_000
    assets_max: int = 100_000
    asset_bytes_max: int = 256 * 1024 * 1024
    rules_max: int = 1_000
    remembered_max: int = 10_000
    remembered_bytes_max: int = 64 * 1024 * 1024
    journal_max: int = 2_000
    journal_bytes_max: int = 16 * 1024 * 1024
    history_max: int = 50_000
    history_bytes_max: int = 64 * 1024 * 1024
    steps_max: int = 1_000_000


# The records that the three events below can carry. A further one is told from its fellows by its `tag=True`.
PlainRecord = Webhook
PLAIN: Mapping[type, Collection[PlainRecord]] = {Webhook: WEBHOOKS}


class RecordCreated(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A plain record was made."""

    record: PlainRecord

    @property
    def at(self) -> datetime:
        """When."""
        return self.record.created_at


class RecordChanged(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A plain record is as it says here from now on."""

    record: PlainRecord

    @property
    def at(self) -> datetime:
        """When."""
        return self.record.updated_at


class RecordDeleted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A plain record is kept as it says here, but gone for good."""

    record: PlainRecord

    @property
    def at(self) -> datetime:
        """When."""
        return self.record.updated_at


RecordEvent = RecordCreated | RecordChanged | RecordDeleted
