"""Evaluations: the judgement of one image, made in the background.

Theory. An evaluation is accepted (`pending`), works (`running`) and ends once: `completed` with a verdict, good or bad, or `failed` when no
verdict could be made. The price of its job class is fixed and held at submission, charged when it completes, and released when it fails.

Source: `evaluations.lifecycle`, `evaluations.record`, `evaluations.create` (the price is fixed at submission). Inferred:
`evaluations.price`, and `evaluations.failure`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.documents import Document
from runflow_mock.domain.identity import EvaluationId, OrganizationId, RunId, WorkflowId
from runflow_mock.domain.instants import milliseconds_between
from runflow_mock.domain.judges import Verdict
from runflow_mock.domain.machine import Table, step
from runflow_mock.domain.money import ZERO, Money


class EvaluationStatus(StrEnum):
    """Where an evaluation stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class JobClass(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of evaluation and its price."""

    code: str
    label: str
    description: str
    price: Money

    @property
    def id(self) -> str:
        """The code, which tells it apart in a list."""
        return self.code


STANDARD = JobClass(code="standard", label="Standard", description="Every judge looks at the image once.", price=Money(20_000))
JOB_CLASSES: Mapping[str, JobClass] = {STANDARD.code: STANDARD}


class Assignment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is to be judged, as it was submitted; `run_id` names the run that made the image."""

    image_url: str
    task_type: str
    task_description: str | None = None
    generation_prompt: str | None = None
    instructions: str | None = None
    input_attributes: Document | None = None
    reference_images: Document | None = None
    run_id: RunId | None = None
    client_ref: str | None = None
    job_class: str = STANDARD.code
    callback_url: str | None = None


class Evaluation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One judgement of one image; with a run comes the model or workflow that made it.

    `held` is what admission set aside for it, `cost` what it came to. `due_at` is when its next transition happens by itself.
    """

    id: EvaluationId
    org_id: OrganizationId
    assignment: Assignment
    model_id: str | None = None
    workflow_id: WorkflowId | None = None
    status: EvaluationStatus = EvaluationStatus.PENDING
    verdict: Verdict | None = None
    failure_code: str | None = None
    held: Money
    cost: Money | None = None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None
    due_at: datetime | None = None
    feedback_is_positive: bool | None = None
    feedback_reason: str | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether the evaluation has ended."""
        return self.completed_at is not None

    @property
    def callback_url(self) -> str | None:
        """Where its end is told, if anywhere."""
        return self.assignment.callback_url

    @property
    def duration_ms(self) -> int | None:
        """Milliseconds from submission to the end, or nothing before the end."""
        return milliseconds_between(self.created_at, self.completed_at)


class EvaluationSubmitted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """An evaluation was accepted and its price set aside."""

    evaluation: Evaluation


class EvaluationStarted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The judges are at work."""

    evaluation_id: EvaluationId
    at: datetime
    due_at: datetime


class EvaluationCompleted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """There is a verdict, and it is paid for."""

    evaluation_id: EvaluationId
    at: datetime
    verdict: Verdict
    cost: Money


class EvaluationFailed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """No verdict could be made; it costs nothing."""

    evaluation_id: EvaluationId
    at: datetime
    failure_code: str


class EvaluationRated(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The customer agrees with the verdict or not, or took that back; the state does not change."""

    evaluation_id: EvaluationId
    at: datetime
    is_positive: bool | None
    reason: str | None


EvaluationMoved = EvaluationStarted | EvaluationCompleted | EvaluationFailed
EvaluationEvent = EvaluationSubmitted | EvaluationMoved | EvaluationRated

EVALUATION_TRANSITIONS: Table[EvaluationStatus] = {
    EvaluationStatus.PENDING: {
        EvaluationStarted: EvaluationStatus.RUNNING,
    },
    EvaluationStatus.RUNNING: {
        EvaluationCompleted: EvaluationStatus.COMPLETED,
        EvaluationFailed: EvaluationStatus.FAILED,
    },
    EvaluationStatus.COMPLETED: {},
    EvaluationStatus.FAILED: {},
}


def evolve(evaluation: Evaluation, event: EvaluationMoved) -> Evaluation:
    """Returns the evaluation after the event.

    Raises:
        IllegalTransition: `EVALUATION_TRANSITIONS` has no arrow for it.
    """
    status = step(EVALUATION_TRANSITIONS, evaluation.status, type(event), machine=f"evaluation {evaluation.id}")
    return _EVOLUTIONS[type(event)](replace(evaluation, status=status, updated_at=event.at), event)


def rate(evaluation: Evaluation, event: EvaluationRated) -> Evaluation:
    """Returns the evaluation with the customer's feedback, in whatever state it is."""
    return replace(evaluation, updated_at=event.at, feedback_is_positive=event.is_positive, feedback_reason=event.reason)


def _started(moved: Evaluation, event: EvaluationMoved) -> Evaluation:
    assert isinstance(event, EvaluationStarted)
    return replace(moved, due_at=event.due_at)


def _completed(moved: Evaluation, event: EvaluationMoved) -> Evaluation:
    assert isinstance(event, EvaluationCompleted)
    return replace(moved, completed_at=event.at, due_at=None, verdict=event.verdict, cost=event.cost)


def _failed(moved: Evaluation, event: EvaluationMoved) -> Evaluation:
    assert isinstance(event, EvaluationFailed)
    return replace(moved, completed_at=event.at, due_at=None, failure_code=event.failure_code, cost=ZERO)


_EVOLUTIONS: Mapping[type, Callable[[Evaluation, EvaluationMoved], Evaluation]] = {
    EvaluationStarted: _started,
    EvaluationCompleted: _completed,
    EvaluationFailed: _failed,
}
