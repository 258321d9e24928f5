"""Requests to change a world: each is carried out whole or refused with a `DomainError`."""

from datetime import datetime

import msgspec

from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.domain.documents import Document
from runflow_mock.domain.faults import What, When, Where
from runflow_mock.domain.idempotency import Remembered
from runflow_mock.domain.identity import BatchId, DeliveryId, RuleId, RunId, SecretId
from runflow_mock.domain.money import Money


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where a creating request came from: the address under which the server was reached, and the request's id."""

    base_url: str
    request_id: str


class CreateRun(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """Run a model once."""

    model: str
    input: Document
    callback_url: str | None = None
    metadata: Document | None = None
    client_ref: str | None = None
    origin: Origin


class NewItem(msgspec.Struct, frozen=True, gc=False):
    """One input of a batch and the caller's label for it."""

    input: Document
    client_ref: str | None = None


class CreateBatch(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """Run a model on many inputs."""

    model: str
    items: tuple[NewItem, ...]
    callback_url: str | None = None
    metadata: Document | None = None
    origin: Origin


class CancelRun(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Stop a run, as an administrator does; a finished run is left as it is."""

    run_id: RunId
    reason: str | None = None


class CancelBatch(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Stop every unfinished run of a batch."""

    batch_id: BatchId
    reason: str | None = None


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


class RememberAnswer(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Keep the answer to a POST that carried an Idempotency-Key."""

    remembered: Remembered


Command = (
    CreateRun
    | CreateBatch
    | CancelRun
    | CancelBatch
    | GiveFeedback
    | RedeliverRunCallback
    | RedeliverBatchCallback
    | RecordAttempt
    | CreateSecret
    | UpdateSecret
    | DeleteSecret
    | SetThreshold
    | AddCredit
    | AddRule
    | RemoveRule
    | RememberAnswer
)
