"""Deliveries: the life of one callback, and its attempts.

Theory. When a run, batch or evaluation with a callback URL ends, one delivery is made and its payload serialised once: every attempt
sends those bytes. An attempt that gets a 2xx answer ends the delivery; any other answer, a timeout or a connection error is a failure,
after which the delivery waits for its next attempt until the schedule is used up. A redelivery is a new delivery with a payload of its
own. So is what an organization's webhook hears of a run, see `domain.webhooks`.

Source: `callbacks.frozen-bytes`, `callbacks.attempts`, `callbacks.redelivery`. Inferred: the names of the states, the numbers of the
retry schedule, and that an attempt gets a fresh timestamp and signature.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.documents import Document
from runflow_mock.domain.fault_kinds import AttemptKind
from runflow_mock.domain.identity import AttemptId, BatchId, DeliveryId, EvaluationId, RunId, SecretId, WebhookId
from runflow_mock.domain.machine import Table, step


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERING = "delivering"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RetrySchedule(msgspec.Struct, frozen=True, gc=False):
    """How long to wait after each failed attempt; there is one attempt more than there are waits.

    Source: inferred, no numbers are published.
    """

    waits: tuple[timedelta, ...] = (
        timedelta(seconds=10),
        timedelta(seconds=60),
        timedelta(minutes=5),
        timedelta(minutes=30),
    )

    @property
    def attempts_max(self) -> int:
        """How many attempts are made at most."""
        return len(self.waits) + 1


def next_attempt_at(schedule: RetrySchedule, number: int, now: datetime) -> datetime | None:
    """Returns when the attempt after attempt `number` (counted from 1) is due, or nothing when it was the last."""
    return now + schedule.waits[number - 1] if number <= len(schedule.waits) else None


class AttemptResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What came of one POST: an HTTP answer, or a reason why there was none.

    `refused` says that the callback policy forbids the host: nothing was sent and trying again is pointless. `copies` are the answers to
    the copies that were sent before, where a rule had the POST sent several times.
    """

    status_code: int | None = None
    response_body: str | None = None
    response_time_ms: int | None = None
    error: str | None = None
    reason: str | None = None
    refused: bool = False
    headers: Document | None = None
    copies: tuple["AttemptResult", ...] = ()

    @property
    def is_success(self) -> bool:
        """Whether the receiver answered 2xx."""
        return self.status_code is not None and 200 <= self.status_code < 300


class Attempt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One POST of a delivery; `result` is missing while it is under way, and `fault` is what a rule does to it."""

    id: AttemptId
    number: int
    secret_id: SecretId | None
    at: datetime
    fault: AttemptKind | None = None
    result: AttemptResult | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One callback on its way; exactly one of `run_id`, `batch_id` and `evaluation_id` is set.

    With a `webhook_id` it goes to that webhook and not to the run's own callback URL, and `event_type` says why. While a rule keeps it
    until the next delivery has had its first attempt, it `is_held_back`.
    """

    id: DeliveryId
    run_id: RunId | None = None
    batch_id: BatchId | None = None
    evaluation_id: EvaluationId | None = None
    webhook_id: WebhookId | None = None
    event_type: str | None = None
    url: str
    payload: bytes
    is_automatic: bool
    status: DeliveryStatus = DeliveryStatus.PENDING
    failure_reason: str | None = None
    failure_detail: str | None = None
    attempts: tuple[Attempt, ...] = ()
    attempts_max: int
    next_attempt_at: datetime | None
    is_held_back: bool = False
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None

    @property
    def parent_id(self) -> str:
        """The id of the run, batch or evaluation that this delivery tells about."""
        parent = self.run_id or self.batch_id or self.evaluation_id
        assert parent is not None
        return parent

    @property
    def told_under(self) -> str:
        """Under what those deliveries stand that tell the same listener of the same record: its id, of a webhook with the webhook's."""
        return self.parent_id if self.webhook_id is None else f"{self.webhook_id} {self.parent_id}"

    @property
    def is_terminal(self) -> bool:
        """Whether the delivery has succeeded or given up."""
        return self.completed_at is not None


class DeliveryCreated(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A callback was serialised and its first attempt scheduled."""

    delivery: Delivery


class AttemptStarted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """An attempt is under way, signed with the secret that was current."""

    delivery_id: DeliveryId
    at: datetime
    attempt: Attempt


class AttemptSucceeded(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The receiver answered 2xx."""

    delivery_id: DeliveryId
    at: datetime
    result: AttemptResult


class AttemptFailed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The attempt failed and another one is scheduled."""

    delivery_id: DeliveryId
    at: datetime
    result: AttemptResult
    next_attempt_at: datetime


class DeliveryExhausted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The last attempt failed; nothing more will be sent."""

    delivery_id: DeliveryId
    at: datetime
    result: AttemptResult


class DeliveryPostponed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A delivery that was just made is due later, or once the next one has had its first attempt; the state does not change."""

    delivery_id: DeliveryId
    at: datetime
    until: datetime
    is_held_back: bool


class DeliveryLetGo(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A delivery that was held back is due at once; the state does not change."""

    delivery_id: DeliveryId
    at: datetime


DeliveryMoved = AttemptStarted | AttemptSucceeded | AttemptFailed | DeliveryExhausted
DeliveryEvent = DeliveryCreated | DeliveryPostponed | DeliveryLetGo | DeliveryMoved

DELIVERY_TRANSITIONS: Table[DeliveryStatus] = {
    DeliveryStatus.PENDING: {
        AttemptStarted: DeliveryStatus.DELIVERING,
    },
    DeliveryStatus.DELIVERING: {
        AttemptSucceeded: DeliveryStatus.SUCCEEDED,
        AttemptFailed: DeliveryStatus.PENDING,
        DeliveryExhausted: DeliveryStatus.FAILED,
    },
    DeliveryStatus.SUCCEEDED: {},
    DeliveryStatus.FAILED: {},
}


def evolve(delivery: Delivery, event: DeliveryMoved) -> Delivery:
    """Returns the delivery after the event.

    Raises:
        IllegalTransition: `DELIVERY_TRANSITIONS` has no arrow for it.
    """
    status = step(DELIVERY_TRANSITIONS, delivery.status, type(event), machine=f"delivery {delivery.id}")
    moved = replace(delivery, status=status, updated_at=event.at, next_attempt_at=None)
    if isinstance(event, AttemptStarted):
        return replace(moved, attempts=(*delivery.attempts, event.attempt), is_held_back=False)
    *earlier, last = delivery.attempts
    moved = replace(moved, attempts=(*earlier, replace(last, result=event.result)))
    if isinstance(event, AttemptFailed):
        return replace(moved, next_attempt_at=event.next_attempt_at)
    if isinstance(event, AttemptSucceeded):
        return replace(moved, completed_at=event.at)
    reason = event.result.reason if event.result.refused else "max_attempts_exhausted"
    return replace(moved, completed_at=event.at, failure_reason=reason, failure_detail=describe(event.result))


def describe(result: AttemptResult) -> str:
    """Returns a sentence on why an attempt failed."""
    if result.status_code is not None:
        return f"the receiver answered {result.status_code}"
    return result.error or "no answer"


def conclude(delivery: Delivery, result: AttemptResult, schedule: RetrySchedule, now: datetime) -> DeliveryMoved:
    """Returns what a result means for the delivery whose last attempt it ends."""
    if result.is_success:
        return AttemptSucceeded(delivery.id, now, result)
    again = None if result.refused else next_attempt_at(schedule, delivery.attempts[-1].number, now)
    if again is None:
        return DeliveryExhausted(delivery.id, now, result)
    return AttemptFailed(delivery.id, now, result, again)
