"""The store of one world: its records by id. Only `engine/applying.py` changes it, event by event."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar, cast

from runflow_mock.domain.assets import Asset, AssetUpload
from runflow_mock.domain.batches import Batch
from runflow_mock.domain.deliveries import DELIVERY_TRANSITIONS, Delivery, DeliveryStatus
from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.evaluations import Evaluation
from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.idempotency import Remembered
from runflow_mock.domain.identity import AssetId, BatchId, DeliveryId, EvaluationId, RuleId, RunId, SecretId, WebhookId, WorkflowId
from runflow_mock.domain.ledger import Ledger
from runflow_mock.domain.models import Model
from runflow_mock.domain.records import (
    ASSETS,
    BATCHES,
    COLLECTIONS,
    DELIVERIES,
    EVALUATIONS,
    RULES,
    RUNS,
    SECRETS,
    UPLOADS,
    WEBHOOKS,
    WORKFLOWS,
    Collection,
)
from runflow_mock.domain.runs import RUN_TRANSITIONS, Run, RunStatus
from runflow_mock.domain.secrets import CallbackSecret
from runflow_mock.domain.webhooks import Webhook
from runflow_mock.domain.workflows import Workflow
from runflow_mock.engine.timers import TimerQueue
from runflow_mock.engine.views import InOrder

RecordT = TypeVar("RecordT")


def _getter(collection: Collection[RecordT]) -> "Callable[[Store, str], RecordT]":
    """Returns the method that finds a record by its id, or raises `NotFound`."""
    name, gone, noun = collection.name, collection.gone, collection.noun

    # Nearly every request comes by here: what the row says is read once, and nothing else is called.
    def find(store: "Store", record_id: str) -> RecordT:
        record = cast("RecordT | None", store.__dict__[name].get(record_id))
        if record is None or (gone is not None and getattr(record, gone) is not None):
            raise NotFound(noun, record_id)
        return record

    return find


class Store:
    """All state of one world. Dictionaries keep the order of creation."""

    runs: dict[RunId, Run]
    batches: dict[BatchId, Batch]
    evaluations: dict[EvaluationId, Evaluation]
    webhooks: dict[WebhookId, Webhook]
    workflows: dict[WorkflowId, Workflow]
    deliveries: dict[DeliveryId, Delivery]
    secrets: dict[SecretId, CallbackSecret]
    uploads: dict[AssetId, AssetUpload]
    assets: dict[AssetId, Asset]
    rules: dict[RuleId, FaultRule]
    remembered: dict[str, Remembered]

    def __init__(self) -> None:
        # What is annotated above is what code names; a collection that is not is found by `records` alone.
        vars(self).update({collection.name: {} for collection in COLLECTIONS})
        self.run_order: list[RunId] = []
        # How many stand where: whoever asks for that must not have to look at each.
        self.runs_by_status: dict[RunStatus, int] = {}
        self.deliveries_by_status: dict[DeliveryStatus, int] = {}
        self.slots_taken: dict[str, int] = {}
        # How many runs a provider has of each model, and when the last of those ended that it had.
        self.at_work: dict[str, int] = {}
        self.last_at_work: dict[str, datetime] = {}
        self.polls_awaited_by: set[RunId] = set()
        self.lines: dict[str, OrderedDict[RunId, None]] = {}
        self.evaluations_of: dict[RunId, list[EvaluationId]] = {}
        self.workflow_models: dict[WorkflowId, Model] = {}
        self.workflow_paths: dict[str, WorkflowId] = {}
        self.runs_of_workflow: dict[WorkflowId, list[RunId]] = {}
        self.held_back: dict[DeliveryId, None] = {}
        self.deliveries_of: dict[str, tuple[DeliveryId, ...]] = {}
        self.deliveries_to: dict[WebhookId, list[DeliveryId]] = {}
        self.kept_bytes: dict[str, int] = {}
        self.kept_total = 0
        self.remembered_bytes = 0
        self.place_bytes = 0
        self.ledger = Ledger.new()
        self.timers = TimerQueue()

    def copy(self) -> "Store":
        """Returns a store of its own with the same records, which are values and are shared."""
        copy = Store()
        for name, part in vars(self).items():
            setattr(copy, name, part if isinstance(part, int) else part.copy())
        for name in ("evaluations_of", "runs_of_workflow", "deliveries_to", "lines"):
            setattr(copy, name, {key: ids.copy() for key, ids in getattr(self, name).items()})
        return copy

    def become(self, other: "Store") -> None:
        """Takes all that another store holds, which nobody may use from then on."""
        vars(self).update(vars(other))

    def records(self, collection: Collection[RecordT]) -> dict[str, RecordT]:
        """Returns all records of a collection by their ids, those that are gone too."""
        return cast("dict[str, RecordT]", vars(self)[collection.name])

    def present(self, collection: Collection[RecordT]) -> list[RecordT]:
        """Returns the records of a collection that are not gone, in the order of creation."""
        return [record for record in self.records(collection).values() if not collection.is_gone(record)]

    def find(self, collection: Collection[RecordT], record_id: str) -> RecordT:
        """Returns a record that is not gone, or raises `NotFound`."""
        return _getter(collection)(self, record_id)

    run = _getter(RUNS)
    batch = _getter(BATCHES)
    evaluation = _getter(EVALUATIONS)
    webhook = _getter(WEBHOOKS)
    workflow = _getter(WORKFLOWS)
    delivery = _getter(DELIVERIES)
    secret = _getter(SECRETS)
    asset = _getter(ASSETS)
    rule = _getter(RULES)

    def upload(self, upload_id: str) -> AssetUpload:
        """Returns an upload whose asset has not been deleted, or raises `NotFound`."""
        upload = self.find(UPLOADS, upload_id)
        asset = self.assets.get(upload.id)
        if asset is not None and ASSETS.is_gone(asset):
            raise NotFound(UPLOADS.noun, upload_id)
        return upload

    def status_of(self, resource_id: str | None) -> str | None:
        """Returns the status of the run, batch, evaluation or delivery of an id, if there is one."""
        kinds = (self.runs, self.batches, self.evaluations, self.deliveries)
        for records in cast("tuple[Mapping[str | None, Run | Batch | Evaluation | Delivery], ...]", kinds):
            found = records.get(resource_id)
            if found is not None:
                return found.status
        return None

    @property
    def runs_open(self) -> int:
        """How many runs have not ended."""
        return sum(count for status, count in self.runs_by_status.items() if RUN_TRANSITIONS[status])

    @property
    def deliveries_open(self) -> int:
        """How many deliveries have not ended."""
        return sum(count for status, count in self.deliveries_by_status.items() if DELIVERY_TRANSITIONS[status])

    def deliveries_about(self, told_under: str) -> list[Delivery]:
        """Returns the deliveries that tell of a run, batch or evaluation, oldest first; see `Delivery.told_under`."""
        return [self.deliveries[delivery_id] for delivery_id in self.deliveries_of.get(told_under, ())]

    def deliveries_heard_by(self, webhook_id: WebhookId) -> InOrder[DeliveryId, Delivery]:
        """Returns the deliveries to a webhook, oldest first."""
        return InOrder(self.deliveries_to.get(webhook_id, ()), self.deliveries)

    def evaluations_about(self, run_id: RunId) -> list[Evaluation]:
        """Returns the evaluations of a run, oldest first."""
        return [self.evaluations[evaluation_id] for evaluation_id in self.evaluations_of.get(run_id, ())]
