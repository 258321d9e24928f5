"""Batches: one request that runs a model on many inputs.

Theory. A batch is a list of runs, one an item, that live independently; the batch has no will of its own. Its status is a function of
its members: `queued` until one of them is worked on or ends, `running` until all have ended, and then `succeeded` (all did), `cancelled`
(all were), `failed` (none succeeded and one failed) or `partial_succeeded` (the rest). Only what succeeded is paid for.

The batch's own events say when the derived status changed, because its one callback and its timestamps hang on that moment. They never
decide anything: after every commit the status they lead to equals `batch_status(batch.tally)`.

Source: `batches.status`, `batches.partial-success`, `batches.cost`. Inferred: the mapping of mixtures that the sources do not show.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.documents import Document
from runflow_mock.domain.identity import BatchId, ItemId, OrganizationId, RunId, UserId
from runflow_mock.domain.instants import milliseconds_between
from runflow_mock.domain.machine import Table, step
from runflow_mock.domain.money import ZERO, Money
from runflow_mock.domain.runs import RunStatus

BATCH_ITEMS_DEFAULT_MAX = 100


class BatchStatus(StrEnum):
    """Where a batch stands; the spelling is the wire's."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL_SUCCEEDED = "partial_succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Item(msgspec.Struct, frozen=True, gc=False):
    """The handles of one input: its own id, its place, its run and the caller's label."""

    id: ItemId
    sequence_index: int
    run_id: RunId
    client_ref: str | None = None


class Tally(msgspec.Struct, frozen=True, gc=False):
    """How many members a batch has in each condition, and what the succeeded ones cost."""

    total: int
    waiting: int
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    cost: Money = ZERO

    @property
    def ended(self) -> int:
        """How many members have ended."""
        return self.succeeded + self.failed + self.cancelled


class Batch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request for many runs, as the world keeps it."""

    id: BatchId
    org_id: OrganizationId
    model: str
    model_id: str
    status: BatchStatus = BatchStatus.QUEUED
    items: tuple[Item, ...]
    tally: Tally
    metadata: Document | None = None
    callback_url: str | None = None
    created_by: UserId
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether every member has ended."""
        return self.completed_at is not None

    @property
    def duration_ms(self) -> int | None:
        """Milliseconds from creation to the end, or nothing before the end."""
        return milliseconds_between(self.created_at, self.completed_at)


class BatchCreated(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A batch was admitted; its runs follow as events of their own."""

    batch: Batch


class BatchStarted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The first member is worked on, or has ended."""

    batch_id: BatchId
    at: datetime


class BatchSucceeded(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Every member succeeded."""

    batch_id: BatchId
    at: datetime


class BatchPartiallySucceeded(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The members ended differently, or none failed but not all succeeded."""

    batch_id: BatchId
    at: datetime


class BatchFailed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """No member succeeded and at least one failed."""

    batch_id: BatchId
    at: datetime


class BatchCancelled(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Every member was cancelled."""

    batch_id: BatchId
    at: datetime


BatchMoved = BatchStarted | BatchSucceeded | BatchPartiallySucceeded | BatchFailed | BatchCancelled
BatchEvent = BatchCreated | BatchMoved

# No arrow leads from queued to a success: a member that succeeds has run before, and the batch with it.
BATCH_TRANSITIONS: Table[BatchStatus] = {
    BatchStatus.QUEUED: {
        BatchStarted: BatchStatus.RUNNING,
        BatchFailed: BatchStatus.FAILED,
        BatchCancelled: BatchStatus.CANCELLED,
    },
    BatchStatus.RUNNING: {
        BatchSucceeded: BatchStatus.SUCCEEDED,
        BatchPartiallySucceeded: BatchStatus.PARTIAL_SUCCEEDED,
        BatchFailed: BatchStatus.FAILED,
        BatchCancelled: BatchStatus.CANCELLED,
    },
    BatchStatus.SUCCEEDED: {},
    BatchStatus.PARTIAL_SUCCEEDED: {},
    BatchStatus.FAILED: {},
    BatchStatus.CANCELLED: {},
}

_EVENT_OF: Mapping[BatchStatus, Callable[[BatchId, datetime], BatchMoved]] = {
    BatchStatus.RUNNING: BatchStarted,
    BatchStatus.SUCCEEDED: BatchSucceeded,
    BatchStatus.PARTIAL_SUCCEEDED: BatchPartiallySucceeded,
    BatchStatus.FAILED: BatchFailed,
    BatchStatus.CANCELLED: BatchCancelled,
}


def batch_status(tally: Tally) -> BatchStatus:
    """Returns the status that the members give their batch."""
    # The order matters: all cancelled is cancelled, and then a single failure without any success is failed.
    if tally.waiting == tally.total:
        return BatchStatus.QUEUED
    if tally.ended < tally.total:
        return BatchStatus.RUNNING
    if tally.succeeded == tally.total:
        return BatchStatus.SUCCEEDED
    if tally.cancelled == tally.total:
        return BatchStatus.CANCELLED
    if tally.succeeded == 0 and tally.failed > 0:
        return BatchStatus.FAILED
    return BatchStatus.PARTIAL_SUCCEEDED


def count(tally: Tally, before: RunStatus, after: RunStatus, cost: Money | None) -> Tally:
    """Returns the tally after one member went from `before` to `after`; `cost` counts when it succeeded."""
    return replace(
        tally,
        waiting=tally.waiting - (before is RunStatus.QUEUED),
        succeeded=tally.succeeded + (after is RunStatus.SUCCEEDED),
        failed=tally.failed + (after is RunStatus.FAILED),
        cancelled=tally.cancelled + (after is RunStatus.CANCELLED),
        cost=Money(tally.cost + (cost or ZERO)),
    )


def announcement(batch: Batch, at: datetime) -> BatchMoved | None:
    """Returns the event by which a batch catches up with its members, or nothing when it already agrees with them."""
    derived = batch_status(batch.tally)
    return None if derived is batch.status else _EVENT_OF[derived](batch.id, at)


def evolve(batch: Batch, event: BatchMoved) -> Batch:
    """Returns the batch after the event.

    Raises:
        IllegalTransition: `BATCH_TRANSITIONS` has no arrow for it.
    """
    status = step(BATCH_TRANSITIONS, batch.status, type(event), machine=f"batch {batch.id}")
    if isinstance(event, BatchStarted):
        return replace(batch, status=status, started_at=event.at)
    return replace(batch, status=status, completed_at=event.at)
