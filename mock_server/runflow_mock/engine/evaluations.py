"""What happens to evaluations: submission with its admission, feedback, and the transitions that come by themselves."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from runflow_mock.domain.assets import REFERENCE_PREFIX
from runflow_mock.domain.commands import RateEvaluation, SubmitEvaluation
from runflow_mock.domain.documents import look_up, read_document, read_object
from runflow_mock.domain.evaluations import (
    JOB_CLASSES,
    Assignment,
    Evaluation,
    EvaluationCompleted,
    EvaluationFailed,
    EvaluationRated,
    EvaluationStarted,
    EvaluationStatus,
    EvaluationSubmitted,
)
from runflow_mock.domain.events import Event
from runflow_mock.domain.identity import AssetId, EvaluationId
from runflow_mock.domain.judges import deliberate
from runflow_mock.domain.money import ZERO, Money
from runflow_mock.domain.records import EVALUATIONS
from runflow_mock.domain.runs import RunSucceeded
from runflow_mock.engine.assets import store_attachments
from runflow_mock.engine.moment import Moment
from runflow_mock.engine.runs import admit_cost, spread
from runflow_mock.engine.store import Store

# How long an evaluation waits and works, before `speed` divides it. Source: tens of seconds in all; how they divide is inferred.
WAIT_SECONDS = (0.5, 2.0)
WORK_SECONDS = (20.0, 45.0)
# A run of a workflow is evaluated by itself: how long that waits, and what it is called. Source: two minutes in all; the rest is inferred.
AUTOMATIC_WAIT_SECONDS = (60.0, 90.0)
AUTOMATIC_TASK = "comfyui_workflow"
IMAGE_UNAVAILABLE = "IMAGE_UNAVAILABLE"


def submit_evaluation(moment: Moment, command: SubmitEvaluation) -> tuple[Event, ...]:
    """Admits one evaluation and holds the price of its job class as it is now."""
    price = JOB_CLASSES[command.assignment.job_class].price
    moment.admit(EVALUATIONS)
    evaluation = new_evaluation(moment, command.assignment, held=price)
    admit_cost(moment, price)
    stored = store_attachments(moment, command.attachments, "evaluation", evaluation.id)
    return (EvaluationSubmitted(evaluation), *stored)


def new_evaluation(moment: Moment, assignment: Assignment, *, held: Money) -> Evaluation:
    """Returns a pending evaluation that will start by itself.

    Raises:
        NotFound: there is no run of that id.
    """
    run = None if assignment.run_id is None else moment.store.run(assignment.run_id)
    evaluation_id = EvaluationId(moment.issue_id())
    return Evaluation(
        id=evaluation_id,
        org_id=moment.org_id,
        assignment=assignment,
        model_id=None if run is None else run.model_id,
        workflow_id=None if run is None else run.workflow_id,
        held=held,
        created_at=moment.now,
        updated_at=moment.now,
        due_at=moment.now + spread(moment, evaluation_id, "wait", WAIT_SECONDS),
    )


def evaluate_workflow_run(moment: Moment, event: RunSucceeded) -> tuple[Event, ...]:
    """Returns the evaluation, free of charge, that follows when a workflow has made an image, unless the world is full.

    It is pending from the end of the run on; the service makes it later. Source: `evaluations.automatic`.
    """
    store = moment.store
    run = store.runs[event.run_id]
    if run.workflow_id is None or len(store.evaluations) >= moment.settings.limits.evaluations_max:
        return ()
    files = look_up(read_document(event.output), "outputs")
    first = files[0] if isinstance(files, list) and files else None
    url = first.get("url") if isinstance(first, dict) and first.get("type") == "image" else None
    if not isinstance(url, str):
        return ()
    prompt = read_object(run.input).get("prompt")
    assignment = Assignment(
        image_url=url, task_type=AUTOMATIC_TASK, generation_prompt=prompt if isinstance(prompt, str) else None, run_id=run.id
    )
    evaluation = new_evaluation(moment, assignment, held=ZERO)
    due_at = moment.now + spread(moment, evaluation.id, "automatic wait", AUTOMATIC_WAIT_SECONDS)
    return (EvaluationSubmitted(replace(evaluation, due_at=due_at)),)


def rate_evaluation(moment: Moment, command: RateEvaluation) -> tuple[Event, ...]:
    """Rates an evaluation in whatever state it is."""
    evaluation = moment.store.evaluation(command.evaluation_id)
    return (EvaluationRated(evaluation.id, moment.now, command.is_positive, command.reason),)


def continue_evaluation(moment: Moment, evaluation: Evaluation) -> tuple[Event, ...]:
    """Returns what happens when an evaluation's timer fires: its next transition."""
    return _CONTINUATIONS[evaluation.status](moment, evaluation)


def _start(moment: Moment, evaluation: Evaluation) -> tuple[Event, ...]:
    return (EvaluationStarted(evaluation.id, moment.now, moment.now + spread(moment, evaluation.id, "work", WORK_SECONDS)),)


def _finish(moment: Moment, evaluation: Evaluation) -> tuple[Event, ...]:
    if not _is_readable(moment.store, evaluation.assignment.image_url):
        return (EvaluationFailed(evaluation.id, moment.now, IMAGE_UNAVAILABLE),)
    verdict = deliberate(moment.seed.child("verdict", evaluation.id))
    return (EvaluationCompleted(evaluation.id, moment.now, verdict, evaluation.held),)


_CONTINUATIONS: Mapping[EvaluationStatus, Callable[[Moment, Evaluation], tuple[Event, ...]]] = {
    EvaluationStatus.PENDING: _start,
    EvaluationStatus.RUNNING: _finish,
}


def _is_readable(store: Store, url: str) -> bool:
    """Tells whether there is an image to judge; what is not an asset is never fetched and counts as readable."""
    if not url.startswith("runflow://"):
        return True
    asset = store.assets.get(AssetId(url.removeprefix(REFERENCE_PREFIX)))
    return asset is not None and asset.deleted_at is None
