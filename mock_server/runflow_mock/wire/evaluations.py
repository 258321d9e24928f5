"""Evaluations on the wire: the body that submits one, the record that is read, and the reference tables beside it.

Source: `evaluations.create`, `evaluations.record`, `evaluations.of-run`. Inferred: `evaluations.price`, the columns of the tables,
`links`, and the shapes of `action` and `gate_failures`.
"""

from typing import cast

import msgspec

from runflow_mock.domain.commands import RateEvaluation, SubmitEvaluation
from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.documents import Json, write_document
from runflow_mock.domain.evaluations import (
    JOB_CLASSES,
    STANDARD,
    Assignment,
    Evaluation,
    JobClass,
)
from runflow_mock.domain.filters import Field
from runflow_mock.domain.identity import EvaluationId, RunId, is_uuid, part_uuid
from runflow_mock.domain.judges import JUDGE_BY_NAME, Opinion
from runflow_mock.domain.money import format_money
from runflow_mock.wire.attachments import Show
from runflow_mock.wire.fields import Checker, Schema
from runflow_mock.wire.inputs import MEDIA_PATTERN
from runflow_mock.wire.listing import flag_field, flag_fields, number_field, text_field, text_fields, time_fields
from runflow_mock.wire.problems import FieldError, invalid
from runflow_mock.wire.requests import CLIENT_REF, COMMON_PROPERTIES, Rules, optional_text, url_errors
from runflow_mock.wire.runs import read_feedback
from runflow_mock.wire.times import write_instant, write_optional

EMBEDS = ("judges", "action", "gate_failures")
REFERENCE_IMAGES_MAX = 4

_TEXT: Schema = {"type": ["string", "null"]}
_IMAGE: Schema = {"type": "string", "minLength": 1, "pattern": MEDIA_PATTERN}
_REFERENCE: Schema = {
    "type": "object",
    "required": ["url"],
    "properties": {"url": _IMAGE, "kind": _TEXT, "role": _TEXT, "description": _TEXT},
}
_submit = Checker(
    {
        "type": "object",
        "required": ["generated_image_url", "task_type"],
        "properties": {
            "generated_image_url": _IMAGE,
            "task_type": {"type": "string", "minLength": 1},
            "task_description": _TEXT,
            "generation_prompt": _TEXT,
            "evaluation_instructions": _TEXT,
            "input_attributes": {"type": ["object", "null"]},
            "reference_images": {"type": ["array", "null"], "maxItems": REFERENCE_IMAGES_MAX, "items": _REFERENCE},
            "run_id": _TEXT,
            "client_ref": CLIENT_REF,
            "job_class": {"type": "string", "enum": [*JOB_CLASSES]},
            "callback_url": COMMON_PROPERTIES["callback_url"],
        },
    }
)


def decode_submit_evaluation(body: dict[str, Json], rules: Rules) -> SubmitEvaluation:
    """Returns the command in a body."""
    errors = _submit.errors(body, ("body",))
    errors += url_errors(body, "callback_url", rules)
    run_id = body.get("run_id")
    if isinstance(run_id, str) and not is_uuid(run_id.lower()):
        errors.append(FieldError(("body", "run_id"), "Input should be a valid UUID", "uuid_parsing"))
    if errors:
        raise invalid(*errors)
    images, attributes = body.get("reference_images"), body.get("input_attributes")
    assignment = Assignment(
        image_url=cast(str, body["generated_image_url"]),
        task_type=cast(str, body["task_type"]),
        task_description=optional_text(body, "task_description"),
        generation_prompt=optional_text(body, "generation_prompt"),
        instructions=optional_text(body, "evaluation_instructions"),
        input_attributes=None if attributes is None else write_document(attributes),
        reference_images=write_document(images) if images else None,
        run_id=RunId(run_id.lower()) if isinstance(run_id, str) else None,
        client_ref=optional_text(body, "client_ref"),
        job_class=optional_text(body, "job_class") or STANDARD.code,
        callback_url=optional_text(body, "callback_url"),
    )
    return SubmitEvaluation(assignment)


def decode_rate_evaluation(body: dict[str, Json], evaluation_id: str) -> RateEvaluation:
    """Returns the command in a feedback body; a null rating takes the feedback back."""
    return RateEvaluation(EvaluationId(evaluation_id), *read_feedback(body))


def represent_evaluation(
    evaluation: Evaluation, dialect: Dialect, embed: frozenset[str] = frozenset(), show: Show = msgspec.Raw
) -> dict[str, object]:
    """Returns the record of an evaluation, with the relations that are to be embedded; what the caller sent is shown as `show` says."""
    assignment, link = evaluation.assignment, f"/v1/evaluations/{evaluation.id}"
    return {
        "id": evaluation.id,
        "org_id": evaluation.org_id,
        "run_id": assignment.run_id,
        "status_code": evaluation.status.value,
        "job_class_code": assignment.job_class,
        "failure_code": evaluation.failure_code,
        "target_type_code": _target_type(evaluation),
        "model_id": evaluation.model_id,
        "flow_id": None,
        "comfyui_workflow_id": evaluation.workflow_id,
        "task_type": assignment.task_type,
        "task_description": assignment.task_description,
        "generation_prompt": assignment.generation_prompt,
        "generated_image_url": show(write_document(assignment.image_url)),
        "input_attributes": None if assignment.input_attributes is None else show(assignment.input_attributes),
        "evaluation_instructions": assignment.instructions,
        "reference_images": [] if assignment.reference_images is None else show(assignment.reference_images),
        **_result(evaluation),
        "parent_evaluation_id": None,
        "attempt_number": 1,
        "superseded_at": None,
        "feedback_is_positive": evaluation.feedback_is_positive,
        "feedback_reason": evaluation.feedback_reason,
        "client_ref": assignment.client_ref,
        "callback_url": assignment.callback_url,
        "links": None if dialect.is_proven else {"self": link, "feedback": f"{link}/feedback"},
        "created_at": write_instant(evaluation.created_at),
        "updated_at": write_instant(evaluation.updated_at),
        "submitted_at": write_instant(evaluation.created_at),
        "completed_at": write_optional(evaluation.completed_at),
        "judges": _judges(evaluation) if "judges" in embed else None,
        "action": _action(evaluation) if "action" in embed else None,
        "gate_failures": _gate_failures(evaluation) if "gate_failures" in embed else None,
    }


def represent_summary(evaluation: Evaluation) -> dict[str, object]:
    """Returns what the record of a run says about its latest evaluation."""
    verdict = evaluation.verdict
    return {
        "passed": None if verdict is None else verdict.overall_passed,
        "status_code": evaluation.status.value,
        "score": None if verdict is None else verdict.weighted_pass_rate,
    }


def represent_job_class(job_class: JobClass) -> dict[str, object]:
    """Returns a kind of evaluation with its price."""
    return {
        "code": job_class.code,
        "label": job_class.label,
        "description": job_class.description,
        "price": format_money(job_class.price),
        "currency_code": "USD",
        "is_active": True,
    }


JOB_CLASS_FIELDS: dict[str, Field[JobClass]] = {
    **text_fields("code", "label"),
}
EVALUATION_FIELDS: dict[str, Field[Evaluation]] = {
    **text_fields("id", "failure_code"),
    **flag_fields("feedback_is_positive"),
    **time_fields("created_at", "updated_at", "completed_at"),
    "run_id": text_field(lambda evaluation: evaluation.assignment.run_id),
    "status_code": text_field(lambda evaluation: evaluation.status.value),
    "job_class_code": text_field(lambda evaluation: evaluation.assignment.job_class),
    "task_type": text_field(lambda evaluation: evaluation.assignment.task_type),
    "client_ref": text_field(lambda evaluation: evaluation.assignment.client_ref),
    "overall_passed": flag_field(lambda evaluation: None if evaluation.verdict is None else evaluation.verdict.overall_passed),
    "weighted_pass_rate": number_field(lambda evaluation: None if evaluation.verdict is None else evaluation.verdict.weighted_pass_rate),
}


def _target_type(evaluation: Evaluation) -> str | None:
    if evaluation.workflow_id is not None:
        return "comfyui_workflow"
    return None if evaluation.model_id is None else "model"


def _result(evaluation: Evaluation) -> dict[str, object]:
    verdict = evaluation.verdict
    if verdict is None:
        return {
            **dict.fromkeys(("overall_passed", "weighted_pass_rate", "override_reason", "top_issues", "top_strengths", "check_summary")),
            "analysis_modules_executed": None,
            "primary_action_code": None,
            "eval_duration_ms": evaluation.duration_ms,
            # A failed evaluation is not billed, which the record shows as no cost at all.
            "cost": None,
        }
    passed = sum(opinion.passed for opinion in verdict.opinions)
    return {
        "overall_passed": verdict.overall_passed,
        "weighted_pass_rate": verdict.weighted_pass_rate,
        "override_reason": None,
        "top_issues": verdict.top_issues,
        "top_strengths": verdict.top_strengths,
        "check_summary": {"total": len(verdict.opinions), "passed": passed, "failed": len(verdict.opinions) - passed},
        "analysis_modules_executed": len(verdict.opinions),
        "primary_action_code": verdict.action,
        "eval_duration_ms": evaluation.duration_ms,
        "cost": None if evaluation.cost is None else format_money(evaluation.cost),
    }


def _judges(evaluation: Evaluation) -> list[dict[str, object]]:
    opinions = () if evaluation.verdict is None else evaluation.verdict.opinions
    return [_judge(evaluation, number, opinion) for number, opinion in enumerate(opinions)]


def _judge(evaluation: Evaluation, number: int, opinion: Opinion) -> dict[str, object]:
    judge = JUDGE_BY_NAME[opinion.judge]
    return {
        "id": part_uuid(evaluation.id, "judge", number),
        "evaluation_id": evaluation.id,
        "name": judge.name,
        "description": judge.description,
        "category": judge.category,
        "passed": opinion.passed,
        "confidence": opinion.confidence,
    }


def _action(evaluation: Evaluation) -> dict[str, object] | None:
    verdict = evaluation.verdict
    return None if verdict is None else {"code": verdict.action, "reasons": () if verdict.overall_passed else verdict.top_issues}


def _gate_failures(evaluation: Evaluation) -> list[dict[str, object]]:
    failed = () if evaluation.verdict is None else evaluation.verdict.gate_failures
    return [{"judge": name, "detail": JUDGE_BY_NAME[name].issue} for name in failed]
