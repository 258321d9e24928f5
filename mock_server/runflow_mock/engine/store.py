"""The store of one world: its records by id. Only `engine/applying.py` changes it, event by event."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import cast

from runflow_mock.domain.assets import Asset, AssetUpload
from runflow_mock.domain.batches import Batch
from runflow_mock.domain.deliveries import Delivery
from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.evaluations import Evaluation
from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.idempotency import Remembered
from runflow_mock.domain.identity import AssetId, BatchId, DeliveryId, EvaluationId, RuleId, RunId, SecretId, WebhookId, WorkflowId
from runflow_mock.domain.ledger import Ledger
from runflow_mock.domain.models import Model
from runflow_mock.domain.runs import Run
from runflow_mock.domain.secrets import CallbackSecret
from runflow_mock.domain.webhooks import Webhook
from runflow_mock.domain.workflows import Workflow
from runflow_mock.engine.timers import TimerQueue


class Store:
    """All state of one world. Dictionaries keep the order of creation."""

    def __init__(self) -> None:
        self.runs: dict[RunId, Run] = {}
        self.run_order: list[RunId] = []
        self.slots_taken: dict[str, int] = {}
        self.lines: dict[str, OrderedDict[RunId, None]] = {}
        self.batches: dict[BatchId, Batch] = {}
        self.evaluations: dict[EvaluationId, Evaluation] = {}
        self.evaluations_of: dict[RunId, list[EvaluationId]] = {}
        self.webhooks: dict[WebhookId, Webhook] = {}
        self.workflows: dict[WorkflowId, Workflow] = {}
        self.workflow_models: dict[WorkflowId, Model] = {}
        self.workflow_paths: dict[str, WorkflowId] = {}
        self.runs_of_workflow: dict[WorkflowId, list[RunId]] = {}
        self.deliveries: dict[DeliveryId, Delivery] = {}
        self.held_back: dict[DeliveryId, None] = {}
        self.deliveries_of: dict[str, list[DeliveryId]] = {}
        self.secrets: dict[SecretId, CallbackSecret] = {}
        self.uploads: dict[AssetId, AssetUpload] = {}
        self.assets: dict[AssetId, Asset] = {}
        self.kept_bytes: dict[str, int] = {}
        self.kept_total = 0
        self.rules: dict[RuleId, FaultRule] = {}
        self.remembered: dict[str, Remembered] = {}
        self.ledger = Ledger()
        self.timers = TimerQueue()

    def copy(self) -> "Store":
        """Returns a store of its own with the same records, which are values and are shared."""
        copy = Store()
        for name, part in vars(self).items():
            setattr(copy, name, part if isinstance(part, int) else part.copy())
        for name in ("evaluations_of", "runs_of_workflow", "deliveries_of", "lines"):
            setattr(copy, name, {key: ids.copy() for key, ids in getattr(self, name).items()})
        return copy

    def become(self, other: "Store") -> None:
        """Takes all that another store holds, which nobody may use from then on."""
        vars(self).update(vars(other))

    def run(self, run_id: str) -> Run:
        """Returns a run, or raises `NotFound`."""
        run = self.runs.get(RunId(run_id))
        if run is None:
            raise NotFound("run", run_id)
        return run

    def batch(self, batch_id: str) -> Batch:
        """Returns a batch, or raises `NotFound`."""
        batch = self.batches.get(BatchId(batch_id))
        if batch is None:
            raise NotFound("batch", batch_id)
        return batch

    def evaluation(self, evaluation_id: str) -> Evaluation:
        """Returns an evaluation, or raises `NotFound`."""
        evaluation = self.evaluations.get(EvaluationId(evaluation_id))
        if evaluation is None:
            raise NotFound("evaluation", evaluation_id)
        return evaluation

    def webhook(self, webhook_id: str) -> Webhook:
        """Returns a webhook that has not been deleted, or raises `NotFound`."""
        webhook = self.webhooks.get(WebhookId(webhook_id))
        if webhook is None or webhook.deleted_at is not None:
            raise NotFound("webhook", webhook_id)
        return webhook

    def workflow(self, workflow_id: str) -> Workflow:
        """Returns a workflow of the organization that has not been deleted, or raises `NotFound`."""
        workflow = self.workflows.get(WorkflowId(workflow_id))
        if workflow is None or workflow.deleted_at is not None:
            raise NotFound("ComfyUI workflow", workflow_id)
        return workflow

    def delivery(self, delivery_id: str) -> Delivery:
        """Returns a delivery, or raises `NotFound`."""
        delivery = self.deliveries.get(DeliveryId(delivery_id))
        if delivery is None:
            raise NotFound("delivery", delivery_id)
        return delivery

    def secret(self, secret_id: str) -> CallbackSecret:
        """Returns a secret that has not been deleted, or raises `NotFound`."""
        secret = self.secrets.get(SecretId(secret_id))
        if secret is None or secret.disabled_at is not None:
            raise NotFound("callback secret", secret_id)
        return secret

    def upload(self, upload_id: str) -> AssetUpload:
        """Returns an upload whose asset has not been deleted, or raises `NotFound`."""
        upload = self.uploads.get(AssetId(upload_id))
        asset = self.assets.get(AssetId(upload_id))
        if upload is None or (asset is not None and asset.deleted_at is not None):
            raise NotFound("asset upload", upload_id)
        return upload

    def asset(self, asset_id: str) -> Asset:
        """Returns an asset that has not been deleted, or raises `NotFound`."""
        asset = self.assets.get(AssetId(asset_id))
        if asset is None or asset.deleted_at is not None:
            raise NotFound("asset", asset_id)
        return asset

    def rule(self, rule_id: str) -> FaultRule:
        """Returns a fault rule, or raises `NotFound`."""
        rule = self.rules.get(RuleId(rule_id))
        if rule is None:
            raise NotFound("fault", rule_id)
        return rule

    def status_of(self, resource_id: str | None) -> str | None:
        """Returns the status of the run, batch, evaluation or delivery of an id, if there is one."""
        kinds = (self.runs, self.batches, self.evaluations, self.deliveries)
        known = cast("tuple[Mapping[str | None, Run | Batch | Evaluation | Delivery], ...]", kinds)
        found = next((records[resource_id] for records in known if resource_id in records), None)
        return None if found is None else found.status

    def deliveries_about(self, parent_id: str) -> list[Delivery]:
        """Returns the deliveries in the history of a run, batch, evaluation or webhook, oldest first."""
        return [self.deliveries[delivery_id] for delivery_id in self.deliveries_of.get(parent_id, ())]

    def evaluations_about(self, run_id: RunId) -> list[Evaluation]:
        """Returns the evaluations of a run, oldest first."""
        return [self.evaluations[evaluation_id] for evaluation_id in self.evaluations_of.get(run_id, ())]
