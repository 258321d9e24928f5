"""Requests to change a world: each is carried out whole or refused with a `DomainError`."""

from datetime import datetime

import msgspec

from runflow_mock.domain.assets import Attachment, Content
from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.domain.documents import Document
from runflow_mock.domain.evaluations import Assignment
from runflow_mock.domain.fault_kinds import What
from runflow_mock.domain.faults import When
from runflow_mock.domain.idempotency import Remembered
from runflow_mock.domain.identity import AssetId, BatchId, DeliveryId, EvaluationId, RuleId, RunId, SecretId, WebhookId, WorkflowId
from runflow_mock.domain.money import Money
from runflow_mock.domain.places import Where
from runflow_mock.domain.workflows import Changes, Declaration, Definition


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where a creating request came from: the address under which the server was reached, and the request's id."""

    base_url: str
    request_id: str


class CreateRun(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag=True):
    """Run a model once, or the named workflow; `attachments` are the files that came inside the request, to which its documents refer."""

    model: str
    workflow_id: WorkflowId | None = None
    input: Document
    callback_url: str | None = None
    metadata: Document | None = None
    client_ref: str | None = None
    attachments: tuple[Attachment, ...] = ()
    origin: Origin


class NewItem(msgspec.Struct, frozen=True, gc=False):
    """One input of a batch and the caller's label for it."""

    input: Document
    client_ref: str | None = None


class CreateBatch(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """Run a model on many inputs; `attachments` as for a run."""

    model: str
    items: tuple[NewItem, ...]
    callback_url: str | None = None
    metadata: Document | None = None
    attachments: tuple[Attachment, ...] = ()
    origin: Origin


class CancelRun(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Stop a run, as an administrator does; a finished run is left as it is."""

    run_id: RunId
    reason: str | None = None


class CancelBatch(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Stop every unfinished run of a batch."""

    batch_id: BatchId
    reason: str | None = None


class HandOverOutput(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Take note that a run's media were given out inline."""

    run_id: RunId


class GiveFeedback(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Rate a run, or take the rating back with nothing."""

    run_id: RunId
    is_positive: bool | None
    reason: str | None


class RedeliverRunCallback(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Tell about a finished run once more."""

    run_id: RunId


class RedeliverBatchCallback(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Tell about a finished batch once more."""

    batch_id: BatchId


class ResendDelivery(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """Send the bytes of a delivery once more, or others in their place, to its address or to another one."""

    delivery_id: DeliveryId
    url: str | None = None
    payload: bytes | None = None


class RecordAttempt(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Take note of what came of an attempt."""

    delivery_id: DeliveryId
    result: AttemptResult


class CreateSecret(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Make a callback secret; `material` is given only when an operator registers one beforehand."""

    label: str | None = None
    material: str | None = None
    prefix: str = "rf_whsec_"


class UpdateSecret(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """Rename a secret, or promote it."""

    secret_id: SecretId
    renames: bool = False
    label: str | None = None
    is_current: bool | None = None


class DeleteSecret(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Disable a secret for good."""

    secret_id: SecretId


class SubmitEvaluation(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Judge an image; `attachments` as for a run."""

    assignment: Assignment
    attachments: tuple[Attachment, ...] = ()


class RateEvaluation(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Agree with a verdict or not, or take that back with nothing."""

    evaluation_id: EvaluationId
    is_positive: bool | None
    reason: str | None


class CreateWebhook(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """Subscribe an address to events."""

    url: str
    secret: str
    event_types: tuple[str, ...] = ()


class UpdateWebhook(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """Change what is given of a webhook; `switches` says that `disabled_at` is, and `updated_at`, when given, must be the record's."""

    webhook_id: WebhookId
    url: str | None = None
    secret: str | None = None
    event_types: tuple[str, ...] | None = None
    switches: bool = False
    disabled_at: datetime | None = None
    updated_at: datetime | None = None


class DeleteWebhook(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Send nothing more to an address."""

    webhook_id: WebhookId


class OpenUpload(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Ask for an address to put a file to."""

    filename: str
    mime_type: str


class RecordBytes(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Take note that an upload's bytes were put."""

    upload_id: AssetId
    content: Content


class ConfirmUpload(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Make the asset of an upload."""

    upload_id: AssetId
    folder_id: str | None = None


class DeleteAsset(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Mark an asset as deleted."""

    asset_id: AssetId


class CreateWorkflow(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """Deploy a graph."""

    slug: str
    definition: Definition
    inputs: tuple[Declaration, ...] = ()
    outputs: tuple[Declaration, ...] = ()


class UpdateWorkflow(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """Replace a part of a workflow; `updated_at`, when given, must be the record's."""

    workflow_id: WorkflowId
    changes: Changes
    updated_at: datetime | None = None


class AddWorkflowInput(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Declare one more input of a workflow."""

    workflow_id: WorkflowId
    declaration: Declaration


class DeleteWorkflow(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Take a workflow out of service."""

    workflow_id: WorkflowId


class SetThreshold(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Ask to be warned below a balance; `updated_at`, when given, must be the record's."""

    threshold: Money | None
    updated_at: datetime | None = None


class AddCredit(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Raise or lower the balance from outside."""

    amount: Money


class AddRule(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """Put a fault rule into force."""

    label: str | None = None
    where: Where
    what: What
    when: When = When()


class RemoveRule(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Take a fault rule out of force."""

    rule_id: RuleId


class MeetRules(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Take note that a request came by rules: those that it met, each with whether it had its effect."""

    met: dict[RuleId, bool]


class SeePoll(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Take note that a client has read a run or a batch that has not ended, because a rule asks for the number of its polls."""

    record_id: str


class RememberAnswer(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Keep the answer to a POST that carried an Idempotency-Key."""

    remembered: Remembered


Command = (
    CreateRun
    | CreateBatch
    | CancelRun
    | CancelBatch
    | HandOverOutput
    | GiveFeedback
    | RedeliverRunCallback
    | RedeliverBatchCallback
    | ResendDelivery
    | RecordAttempt
    | CreateSecret
    | UpdateSecret
    | DeleteSecret
    | OpenUpload
    | RecordBytes
    | ConfirmUpload
    | DeleteAsset
    | SubmitEvaluation
    | RateEvaluation
    | CreateWebhook
    | UpdateWebhook
    | DeleteWebhook
    | CreateWorkflow
    | UpdateWorkflow
    | AddWorkflowInput
    | DeleteWorkflow
    | SetThreshold
    | AddCredit
    | AddRule
    | RemoveRule
    | MeetRules
    | SeePoll
    | RememberAnswer
)
