"""Runs on the wire: the body that creates one, and the record that is read.

Source: `runs.create`, `runs.record`, `runs.label-inside`, `runs.error-object`. Inferred: `links`, `target_version` and the fields that are
always null here.
"""

from typing import cast

import msgspec

from runflow_mock.domain.commands import CreateRun, GiveFeedback, Origin
from runflow_mock.domain.dialects import Dialect, read_status
from runflow_mock.domain.documents import Json, write_document
from runflow_mock.domain.filters import Field
from runflow_mock.domain.identity import RunId
from runflow_mock.domain.models import Model
from runflow_mock.domain.money import format_money
from runflow_mock.domain.runs import Run
from runflow_mock.wire.attachments import Show
from runflow_mock.wire.fields import Checker, Schema
from runflow_mock.wire.listing import flag_fields, number_field, number_fields, text_field, text_fields, time_fields
from runflow_mock.wire.magic import check_magic
from runflow_mock.wire.problems import FieldError, invalid
from runflow_mock.wire.requests import (
    CLIENT_REF,
    COMMON_PROPERTIES,
    Rules,
    label_errors,
    optional_text,
    read_metadata,
)
from runflow_mock.wire.times import write_instant

FEEDBACK_REASON_CHARACTERS_MAX = 2000

_CREATE: Schema = {
    "type": "object",
    "required": ["input"],
    "properties": {"input": {"type": "object"}, "client_ref": CLIENT_REF, **COMMON_PROPERTIES},
}
_FEEDBACK: Schema = {
    "type": "object",
    "required": ["is_positive"],
    "properties": {
        "is_positive": {"type": ["boolean", "null"]},
        "reason": {"type": ["string", "null"], "maxLength": FEEDBACK_REASON_CHARACTERS_MAX},
    },
}
_create = Checker(_CREATE)
_feedback = Checker(_FEEDBACK)


def decode_create_run(body: dict[str, Json], sent_bytes: int, model: Model, rules: Rules, origin: Origin) -> CreateRun:
    """Returns the command in a body of so many bytes.

    A label that stands beside the model's fields, as in a batch, counts where there is no other.
    """
    errors = _create.errors(body, ("body",), sent_bytes)
    inputs = body.get("input")
    client_ref = optional_text(body, "client_ref")
    if isinstance(inputs, dict):
        inputs, found = rules.inputs.read(model, inputs, ("body", "input"), sent_bytes)
        errors += found
        if client_ref is None and "client_ref" in inputs:
            errors += label_errors(inputs["client_ref"], ("body", "input"), sent_bytes)
            client_ref = optional_text(inputs, "client_ref")
    metadata, found = read_metadata(body, rules)
    errors += found
    if errors:
        raise invalid(*errors)
    command = CreateRun(
        model=model.id,
        input=write_document(inputs),
        callback_url=optional_text(body, "callback_url"),
        metadata=metadata,
        client_ref=client_ref,
        origin=origin,
    )
    if rules.knows_magic:
        check_magic(("body",), command.client_ref, command.metadata, command.input)
    return command


def decode_feedback(body: dict[str, Json], run_id: str) -> GiveFeedback:
    """Returns the command in a feedback body; a null rating takes the feedback back."""
    return GiveFeedback(RunId(run_id), *read_feedback(body))


def read_feedback(body: dict[str, Json]) -> tuple[bool | None, str | None]:
    """Returns the rating in a feedback body and its reason, which a null rating has not."""
    _feedback.check(body)
    is_positive = cast("bool | None", body["is_positive"])
    return is_positive, None if is_positive is None else optional_text(body, "reason")


def decode_reason(body: dict[str, Json]) -> str | None:
    """Returns the audit text of a cancellation, of 3 to 500 characters, if there is one."""
    reason = body.get("reason")
    if reason is not None and not (isinstance(reason, str) and 3 <= len(reason) <= 500):
        raise invalid(FieldError(("body", "reason"), "Input should be a text of 3 to 500 characters", "string_length"))
    return reason


def represent_run(run: Run, nodes: tuple[int, int], dialect: Dialect, show: Show = msgspec.Raw) -> dict[str, object]:
    """Returns the record of a run; documents are spliced in as they are stored, those of the caller as `show` says.

    `nodes` is how many steps it has, and how many of them have succeeded.
    """
    failure, link = run.failure, f"/v1/runs/{run.id}"
    nodes_total, nodes_completed = nodes
    record: dict[str, object] = {
        "id": run.id,
        "flow_id": None,
        "model_id": run.model_id,
        "comfyui_workflow_id": run.workflow_id,
        "target_type": "model" if run.workflow_id is None else "comfyui_workflow",
        "target_version": None,
        "org_id": run.org_id,
        "status_code": dialect.status(run.status),
        "source_code": "api" if run.batch_id is None else "batch",
        "input": show(run.input),
        "output": None if run.output is None or run.handed_over else msgspec.Raw(run.output),
        "context": None,
        "duration_ms": None if run.completed_at is None else run.duration_ms,
        "cost": None if run.cost is None else format_money(run.cost),
        "cost_breakdown": None if run.cost_breakdown is None else msgspec.Raw(run.cost_breakdown),
        "nodes_total": nodes_total,
        "nodes_completed": nodes_completed,
        "resolved_template_id": None,
        "batch_id": run.batch_id,
        "client_ref": run.client_ref,
        "jurisdiction_code": None,
        "flow_version_id": None,
        "request_id": run.request_id,
        "created_by": run.created_by,
        "created_at": write_instant(run.created_at),
        "started_at": None if run.started_at is None else write_instant(run.started_at),
        "completed_at": None if run.completed_at is None else write_instant(run.completed_at),
        "callback_url": run.callback_url,
        "metadata": None if run.metadata is None else show(run.metadata),
        "has_logs": True,
        "has_node_runs": True,
        # Guessed: the keys are not published, and a strict tenant has none.
        "links": None
        if dialect.is_proven
        else {"self": link, "logs": f"{link}/logs", "node_runs": f"{link}/node-runs", "callback": f"{link}/callback"},
        "failure_code": None if failure is None else failure.code,
        "failure_message": None if failure is None else failure.message,
        "failure_stage_code": None if failure is None else failure.stage,
        "feedback_is_positive": run.feedback_is_positive,
        "feedback_reason": run.feedback_reason,
        "source_chat_message_id": None,
        "current_evaluation_summary": None,
        "node_runs": None,
        "logs": None,
        "flow": None,
    }
    if dialect.run_error == "present":
        # Some clients read this field in the place of the documented ones.
        record["error"] = None if failure is None else {"code": failure.code, "message": failure.message}
    return record


RUN_FIELDS: dict[str, Field[Run]] = {
    **text_fields("id", "org_id", "model_id", "batch_id", "request_id", "created_by", "client_ref", "callback_url"),
    **flag_fields("feedback_is_positive"),
    **number_fields("duration_ms"),
    **time_fields("created_at", "started_at", "completed_at"),
    "comfyui_workflow_id": text_field(lambda run: run.workflow_id),
    "target_type": text_field(lambda run: "model" if run.workflow_id is None else "comfyui_workflow"),
    "source_code": text_field(lambda run: "api" if run.batch_id is None else "batch"),
    "status_code": text_field(lambda run: run.status.value, read_status),
    "failure_code": text_field(lambda run: None if run.failure is None else run.failure.code),
    "failure_stage_code": text_field(lambda run: None if run.failure is None else run.failure.stage),
    "cost": number_field(lambda run: None if run.cost is None else run.cost / 1_000_000),
}
