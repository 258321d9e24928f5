"""Evaluations: submit, read, list those of a run, rate, and the tables of statuses and job classes."""

from typing import cast

from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.evaluations import JOB_CLASSES, Evaluation, EvaluationSubmitted
from runflow_mock.web.attachments import execute_with_files, show_in
from runflow_mock.web.calls import Answer, Call, Handler, answer
from runflow_mock.web.lists import answer_list
from runflow_mock.web.routing import Operation
from runflow_mock.wire.accounts import decode_embed
from runflow_mock.wire.evaluations import (
    EMBEDS,
    EVALUATION_FIELDS,
    JOB_CLASS_FIELDS,
    decode_rate_evaluation,
    decode_submit_evaluation,
    represent_evaluation,
    represent_job_class,
)
from runflow_mock.wire.statuses import EVALUATION_STATUS_ENTRIES, STATUS_FIELDS, represent_evaluation_status


def create_evaluation(call: Call) -> Answer:
    """POST /v1/evaluations: 202, because the verdict comes later."""
    outcome = execute_with_files(call, decode_submit_evaluation(call.read_body(), call.caller.rules))
    return answer(represent_evaluation(cast(EvaluationSubmitted, outcome.events[0]).evaluation, call.dialect, show=show_in(call)), 202)


def get_evaluation(call: Call) -> Answer:
    """GET /v1/evaluations/{id}"""
    evaluation = call.store.evaluation(call.uuid("id"))
    embed = _embed(call)
    if not evaluation.is_terminal:
        call.wait_for(evaluation.id)
    return answer(represent_evaluation(evaluation, call.dialect, embed, show_in(call)))


def list_run_evaluations(call: Call) -> Answer:
    """GET /v1/runs/{run_id}/evaluations"""
    run = call.store.run(call.uuid("run_id"))
    embed, show = _embed(call), show_in(call)
    return answer_list(
        call,
        call.store.evaluations_about(run.id),
        EVALUATION_FIELDS,
        lambda evaluation: represent_evaluation(evaluation, call.dialect, embed, show),
        waits=lambda evaluation: not evaluation.is_terminal,
    )


def list_evaluation_statuses(call: Call) -> Answer:
    """GET /v1/evaluations/statuses"""
    return answer_list(call, EVALUATION_STATUS_ENTRIES, STATUS_FIELDS, represent_evaluation_status, order="sort_order")


def list_evaluation_job_classes(call: Call) -> Answer:
    """GET /v1/evaluations/job-classes"""
    return answer_list(call, tuple(JOB_CLASSES.values()), JOB_CLASS_FIELDS, represent_job_class, order="code")


def set_evaluation_feedback(call: Call) -> Answer:
    """PATCH /v1/evaluations/{evaluation_id}/feedback"""
    return _rate(call, call.store.evaluation(call.uuid("evaluation_id")))


def set_run_evaluation_feedback(call: Call) -> Answer:
    """PATCH /v1/runs/{run_id}/evaluations/{evaluation_id}/feedback"""
    run, wanted = call.store.run(call.uuid("run_id")), call.uuid("evaluation_id")
    evaluation = call.store.evaluation(wanted)
    if evaluation.assignment.run_id != run.id:
        raise NotFound("evaluation", wanted)
    return _rate(call, evaluation)


def _rate(call: Call, evaluation: Evaluation) -> Answer:
    call.execute(decode_rate_evaluation(call.read_body(), evaluation.id))
    return answer(represent_evaluation(call.store.evaluation(evaluation.id), call.dialect, show=show_in(call)))


def _embed(call: Call) -> frozenset[str]:
    return decode_embed(call.parameters.get("embed"), EMBEDS)


_COLLECTION, _FEEDBACK = "/v1/evaluations", "{evaluation_id}/feedback"

OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("POST", _COLLECTION, create_evaluation, scope="evaluations:create"),
    Operation("GET", f"{_COLLECTION}/statuses", list_evaluation_statuses, scope="evaluations:read"),
    Operation("GET", f"{_COLLECTION}/job-classes", list_evaluation_job_classes, scope="evaluations:read"),
    Operation("GET", f"{_COLLECTION}/{{id}}", get_evaluation, scope="evaluations:read"),
    Operation("PATCH", f"{_COLLECTION}/{_FEEDBACK}", set_evaluation_feedback, scope="evaluations:edit"),
    Operation("GET", "/v1/runs/{run_id}/evaluations", list_run_evaluations, scope="evaluations:read", evidence="named"),
    Operation(
        "PATCH", f"/v1/runs/{{run_id}}/evaluations/{_FEEDBACK}", set_run_evaluation_feedback, scope="evaluations:edit", evidence="named"
    ),
)
