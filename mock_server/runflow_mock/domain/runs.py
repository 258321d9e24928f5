"""Runs: one execution of a model.

Theory. A run is accepted (`queued`), handed to a provider (`dispatching`), executed (`running`) and ends once: `succeeded`, `failed`,
`cancelled` or, only where a rule asks for it, `partial_succeeded`. Work may fail or be cancelled from every state in progress; only
running work can succeed. Terminal states absorb: whatever a provider reports later is dropped without a trace.

Two tables are written out although they are nearly the same, because a reader compares them with the API's pages: a run on its own,
and a run in a batch, which never ends `partial_succeeded` (that word belongs to the batch).

Source: `runs.lifecycle` (states and their meaning), `runs.terminal-absorbs`. Inferred: that a queued run may fail at dispatch.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import cast

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.documents import Document
from runflow_mock.domain.identity import BatchId, OrganizationId, RunId, UserId, WorkflowId
from runflow_mock.domain.instants import milliseconds_between
from runflow_mock.domain.machine import Table, step
from runflow_mock.domain.media import GivenFile
from runflow_mock.domain.money import ZERO, Money


class RunStatus(StrEnum):
    """Where a run stands; the spelling is the wire's."""

    QUEUED = "queued"
    DISPATCHING = "dispatching"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL_SUCCEEDED = "partial_succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Failure(msgspec.Struct, frozen=True, gc=False):
    """Why a run failed: a stable code, a sentence, and the stage in which it happened."""

    code: str = "UPSTREAM_FAILED"
    message: str = "The provider could not process this input."
    stage: str = "execution"


class Run(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One execution of a model or of a workflow, as the world keeps it; `model` is the path of either.

    `held` is what admission set aside for it, `cost` what it came to. `due_at` is when its next transition happens by itself,
    `expected_at` when its work was to end as it began: by that its steps go on, whatever a rule or a cancellation made of it.
    `base_url` is the address under which its creator reached the server: URLs in its output start with it. `files` are the files of its
    output where a rule gave them; otherwise they follow from its model and input.

    Six marks are the kit's own. With `has_slot` the run has one of the slots of its model; `is_delayed` says that a rule has kept it where
    it is once, `ends_at_once` that its transitions take no time. `polls` are the readings that a rule has asked to count, and with
    `polls_awaited` the run waits until they are so many: then it has no `due_at`, as a queued run has none that waits in line for a slot.
    `magic` is the magic value that decides about it, its own or that of its batch.
    """

    id: RunId
    org_id: OrganizationId
    model: str
    model_id: str | None
    workflow_id: WorkflowId | None = None
    status: RunStatus = RunStatus.QUEUED
    input: Document
    output: Document | None = None
    metadata: Document | None = None
    client_ref: str | None = None
    callback_url: str | None = None
    batch_id: BatchId | None = None
    sequence_index: int | None = None
    request_id: str
    created_by: UserId
    base_url: str
    held: Money
    cost: Money | None = None
    cost_breakdown: Document | None = None
    files: tuple[GivenFile, ...] = ()
    failure: Failure | None = None
    created_at: datetime
    dispatched_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    due_at: datetime | None = None
    expected_at: datetime | None = None
    feedback_is_positive: bool | None = None
    feedback_reason: str | None = None
    handed_over: bool = False
    has_slot: bool = False
    is_delayed: bool = False
    ends_at_once: bool = False
    magic: str | None = None
    polls: int = 0
    polls_awaited: int | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether the run has ended."""
        return self.completed_at is not None

    @property
    def is_in_line(self) -> bool:
        """Whether the run waits for a slot of its model."""
        return self.due_at is None and self.status is RunStatus.QUEUED and self.polls_awaited is None

    @property
    def duration_ms(self) -> int | None:
        """Milliseconds from creation to the end, or nothing before the end."""
        return milliseconds_between(self.created_at, self.completed_at)


class RunCreated(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A run was accepted and its projected cost set aside."""

    run: Run


class RunDispatched(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The run is being handed to a provider."""

    run_id: RunId
    at: datetime
    due_at: datetime


class RunStarted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The provider works on the run."""

    run_id: RunId
    at: datetime
    due_at: datetime


class RunSucceeded(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The run ended with its whole output and is paid for; `files` are those that a rule gave."""

    run_id: RunId
    at: datetime
    output: Document
    cost: Money
    cost_breakdown: Document | None = None
    files: tuple[GivenFile, ...] = ()


class RunPartiallySucceeded(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The run ended with a part of its output and is paid for."""

    run_id: RunId
    at: datetime
    output: Document
    cost: Money
    cost_breakdown: Document | None = None


class RunFailed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The run ended without output and costs nothing."""

    run_id: RunId
    at: datetime
    failure: Failure


class RunCancelled(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The run was stopped by an administrator; `reason` is audit text, and `cost` what the provider charges for it all the same."""

    run_id: RunId
    at: datetime
    reason: str | None = None
    cost: Money = ZERO


class RunDelayed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The run stays where it is for longer; the state does not change."""

    run_id: RunId
    at: datetime
    due_at: datetime


class RunHeld(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The run stays where it is until it was polled so many times; the state does not change."""

    run_id: RunId
    at: datetime
    polls: int


class RunPolled(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A client has read the run, or its batch, and a rule counts that; the state does not change."""

    run_id: RunId
    at: datetime


class SlotGiven(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A slot of its model was free, and the run no longer waits in line; the state does not change."""

    run_id: RunId
    at: datetime
    due_at: datetime


class OutputHandedOver(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The creation of the run was answered with its media inline: from now on its record shows no output."""

    run_id: RunId
    at: datetime


class FeedbackGiven(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The customer rated a run, or took the rating back; the state does not change."""

    run_id: RunId
    at: datetime
    is_positive: bool | None
    reason: str | None


RunMoved = RunDispatched | RunStarted | RunSucceeded | RunPartiallySucceeded | RunFailed | RunCancelled
RunEvent = RunCreated | RunMoved | RunDelayed | RunHeld | RunPolled | SlotGiven | OutputHandedOver | FeedbackGiven

RUN_TRANSITIONS: Table[RunStatus] = {
    RunStatus.QUEUED: {
        RunDispatched: RunStatus.DISPATCHING,
        RunFailed: RunStatus.FAILED,
        RunCancelled: RunStatus.CANCELLED,
    },
    RunStatus.DISPATCHING: {
        RunStarted: RunStatus.RUNNING,
        RunFailed: RunStatus.FAILED,
        RunCancelled: RunStatus.CANCELLED,
    },
    RunStatus.RUNNING: {
        RunSucceeded: RunStatus.SUCCEEDED,
        RunPartiallySucceeded: RunStatus.PARTIAL_SUCCEEDED,
        RunFailed: RunStatus.FAILED,
        RunCancelled: RunStatus.CANCELLED,
    },
    RunStatus.SUCCEEDED: {},
    RunStatus.PARTIAL_SUCCEEDED: {},
    RunStatus.FAILED: {},
    RunStatus.CANCELLED: {},
}

RUN_IN_BATCH_TRANSITIONS: Table[RunStatus] = {
    RunStatus.QUEUED: {
        RunDispatched: RunStatus.DISPATCHING,
        RunFailed: RunStatus.FAILED,
        RunCancelled: RunStatus.CANCELLED,
    },
    RunStatus.DISPATCHING: {
        RunStarted: RunStatus.RUNNING,
        RunFailed: RunStatus.FAILED,
        RunCancelled: RunStatus.CANCELLED,
    },
    RunStatus.RUNNING: {
        RunSucceeded: RunStatus.SUCCEEDED,
        RunFailed: RunStatus.FAILED,
        RunCancelled: RunStatus.CANCELLED,
    },
    RunStatus.SUCCEEDED: {},
    RunStatus.FAILED: {},
    RunStatus.CANCELLED: {},
}


def transitions_of(run: Run) -> Table[RunStatus]:
    """Returns the table that governs this run."""
    return RUN_TRANSITIONS if run.batch_id is None else RUN_IN_BATCH_TRANSITIONS


def evolve(run: Run, event: RunMoved) -> Run:
    """Returns the run after the event.

    Raises:
        IllegalTransition: the run's table has no arrow for it.
    """
    status = step(transitions_of(run), run.status, type(event), machine=f"run {run.id}")
    return _EVOLUTIONS[type(event)](run, status, event)


def _dispatched(run: Run, status: RunStatus, event: RunDispatched) -> Run:
    return replace(run, status=status, dispatched_at=event.at, due_at=event.due_at, is_delayed=False)


def _started(run: Run, status: RunStatus, event: RunStarted) -> Run:
    return replace(run, status=status, started_at=event.at, due_at=event.due_at, expected_at=event.due_at, is_delayed=False)


def _produced(run: Run, status: RunStatus, event: RunSucceeded | RunPartiallySucceeded) -> Run:
    return replace(
        run,
        status=status,
        completed_at=event.at,
        due_at=None,
        output=event.output,
        cost=event.cost,
        cost_breakdown=event.cost_breakdown,
    )


def _succeeded(run: Run, status: RunStatus, event: RunSucceeded) -> Run:
    after = _produced(run, status, event)
    return replace(after, files=event.files) if event.files else after


def _failed(run: Run, status: RunStatus, event: RunFailed) -> Run:
    return replace(run, status=status, completed_at=event.at, due_at=None, failure=event.failure, cost=ZERO)


def _cancelled(run: Run, status: RunStatus, event: RunCancelled) -> Run:
    return replace(run, status=status, completed_at=event.at, due_at=None, polls_awaited=None, cost=event.cost)


def see_poll(run: Run, event: RunPolled) -> Run:
    """Returns the run after one more poll: if it was the last that the run waited for, the run goes on at that instant."""
    polls = run.polls + 1
    if run.polls_awaited is None or polls < run.polls_awaited:
        return replace(run, polls=polls)
    return replace(run, polls=polls, polls_awaited=None, due_at=event.at)


_EVOLUTIONS = cast(
    Mapping[type, Callable[[Run, RunStatus, RunMoved], Run]],
    {
        RunDispatched: _dispatched,
        RunStarted: _started,
        RunSucceeded: _succeeded,
        RunPartiallySucceeded: _produced,
        RunFailed: _failed,
        RunCancelled: _cancelled,
    },
)
