"""Lies about what a record is of: its target, its parts, its reasons, its price, and when it and what it sends began and ended."""

import json
from collections.abc import Callable, Mapping

from lies import Lie, lie
from lies_of_access import key_of
from lies_of_moments import moved, told_everywhere
from msgspec.structs import replace
from mutants import Body, Bug, Mutant, asked, changed, is_granted_of_records, records, when

from runflow_mock.kit.suite.carriers import Answer

SOME = {"failure_code": "SOME_ITEMS_FAILED", "failure_message": "Some items failed."}


def _where(is_so: Callable[[Body], bool], change: Callable[[Body], object]) -> Bug:
    """A change of some records, in answers and in callbacks alike."""

    def told(record: Body) -> None:
        if is_so(record):
            change(record)

    return told_everywhere(records(told))


def _is_run(record: Body) -> bool:
    return "nodes_total" in record and "status_code" in record


def _is_batch(record: Body) -> bool:
    return "items_total" in record and "status_code" in record


def _to_another(mutant: Mutant, answer: Answer) -> Answer:
    """A run leads to the logs of the run that was seen before it."""
    before: dict[str, str] = mutant.memory.setdefault(f"before {key_of(mutant)}", {})

    def change(record: Body) -> None:
        if _is_run(record) and isinstance(record.get("links"), dict) and "logs" in record["links"]:
            other = before.setdefault(record["id"], next(reversed(before), record["id"]))
            record["links"] = {**record["links"], "logs": f"/v1/runs/{other}/logs"}

    return changed(answer, records(change)) if is_granted_of_records(answer) else answer


def _an_hour_later(record: Body) -> None:
    if record.get("completed_at") and (_is_batch(record) or str(record.get("event")).startswith("batch.")):
        is_plain = record["completed_at"].endswith("Z")
        later = moved(record["completed_at"], hours=1)
        record["completed_at"] = later if is_plain else later.replace("Z", "+00:00")
        if record.get("duration_ms") is not None:
            record["duration_ms"] += 3_600_000


def _of_another_webhook(record: Body) -> None:
    if "event_type_code" in record and "payload" not in record and record.get("webhook_id"):
        record["webhook_id"] = f"{record['webhook_id'][:-4]}0000"


def _triggered_at_first(record: Body) -> None:
    if record.get("last_triggered_at"):
        record["last_triggered_at"] = record["created_at"]


def _at_a_quarter(record: Body) -> None:
    if record.get("weighted_pass_rate") is not None:
        record["weighted_pass_rate"] = 0.25


def _told_late(record: Body) -> None:
    if "max_attempts" not in record:
        return
    for each in (record, *(record.get("attempts") or ())):
        for name in ("created_at", "updated_at", "completed_at", "next_attempt_at"):
            if each.get(name):
                each[name] = moved(each[name], hours=1)


def _every_ten_seconds(record: Body) -> None:
    if "max_attempts" not in record or not record.get("created_at"):
        return
    attempts = record.get("attempts") or []
    for each in attempts:
        each["created_at"] = moved(record["created_at"], seconds=10 * (each["attempt_number"] - 1))
    last = moved(record["created_at"], seconds=10 * max(0, len(attempts) - 1))
    record |= {name: last for name in ("updated_at", "completed_at") if record.get(name)}
    if record.get("next_attempt_at"):
        record["next_attempt_at"] = moved(record["created_at"], seconds=10 * len(attempts))


def _failed(record: Body) -> bool:
    return "overall_passed" in record and record.get("status_code") == "failed"


def _kling(answer: Answer) -> bool:
    body = answer.json
    is_one = answer.method == "GET" and answer.path.startswith("/v1/models/") and answer.status == 200 and isinstance(body, dict)
    return is_one and "id" in body and str(body.get("slug")).startswith("kling")


def _absent(mutant: Mutant, answer: Answer) -> Answer:
    content = b'{"code":"NOT_FOUND","message":"No.","errors":null}'
    return replace(answer.with_body(content), status=404) if _kling(answer) else answer


def _charged_when_it_fails(mutant: Mutant, answer: Answer) -> Answer:
    """An evaluation that failed costs a cent, and the balance is lower by it."""
    body = answer.json
    if answer.path == "/_mock/tenants":
        mutant.memory.pop("taken", None)
    if asked(mutant)[0] == "DELETE" and answer.path.startswith("/v1/assets/") and answer.status == 204:
        mutant.memory["taken"] = 0.01
    if answer.path != "/v1/billing/balance" or answer.status != 200 or "taken" not in mutant.memory:
        return answer
    return changed(answer, lambda told: {**told, "balance": f"{float(body['balance']) - mutant.memory['taken']:.6f}"})


def _keeps_its_reason(mutant: Mutant, answer: Answer) -> Answer:
    method, _, _, body = asked(mutant)
    if method == "PATCH" and answer.path.endswith("/feedback") and answer.status == 200:
        reason = json.loads(body or b"").get("reason")
        mutant.memory |= {f"reason of {answer.json['id']}": reason} if reason else {}

    def change(record: Body) -> None:
        if record.get("feedback_is_positive", "") is None and f"reason of {record.get('id')}" in mutant.memory:
            record["feedback_reason"] = mutant.memory[f"reason of {record['id']}"]

    return changed(answer, records(change)) if is_granted_of_records(answer) else answer


REASON, TARGET, PARTS, ITEMS = "no_reason_without_failure", "one_target", "own_parts", "items_of_batches"
CASES: Mapping[str, Lie] = {
    "a run leads to the logs of another": lie(Bug(_to_another), "addresses_of_parts"),
    "a run of a model says that a workflow is its target": lie(
        _where(lambda record: _is_run(record) and bool(record.get("model_id")), lambda run: run.update(target_type="comfyui_workflow")),
        TARGET,
    ),
    "a run is of a model and of a workflow": lie(
        _where(
            lambda record: _is_run(record) and bool(record.get("model_id")), lambda run: run.update(comfyui_workflow_id=run["model_id"])
        ),
        TARGET,
    ),
    "a batch is of a model and of a workflow": lie(
        _where(
            lambda record: "items_total" in record and bool(record.get("target_type_code")),
            lambda batch: batch.update(target_type_code="flow"),
        ),
        TARGET,
    ),
    "an opinion that was taken back leaves its reason": lie(Bug(_keeps_its_reason), "changes_what_it_says"),
    "a run that was cancelled before it began costs": lie(
        _where(
            lambda record: _is_run(record) and str(record["status_code"]).startswith("cancel") and record.get("started_at", "") is None,
            lambda run: run.update(cost="0.270000"),
        ),
        "run_is_cancelled",
    ),
    "a run that succeeded failed at a stage": lie(
        _where(
            lambda record: _is_run(record) and record["status_code"] == "succeeded" and "failure_stage_code" in record,
            lambda run: run.update(failure_stage_code="dispatch"),
        ),
        REASON,
    ),
    "a batch that succeeded says why it failed": lie(
        _where(
            lambda record: _is_batch(record) and record["status_code"] == "succeeded" and "failure_code" in record,
            lambda batch: batch.update(SOME),
        ),
        REASON,
    ),
    "a batch begins when it ends": lie(
        _where(
            lambda record: _is_batch(record) and bool(record.get("completed_at")) and bool(record.get("started_at")),
            lambda batch: batch.update(started_at=batch["completed_at"]),
        ),
        ITEMS,
        "begun_before_it_ended",
    ),
    "a batch ends an hour after its last item": lie(told_everywhere(records(_an_hour_later)), "ends_with_its_items"),
    "a subscription is that of another webhook": lie(when(is_granted_of_records, records(_of_another_webhook)), PARTS),
    "a webhook was last triggered when it was made": lie(when(is_granted_of_records, records(_triggered_at_first)), "in_its_time"),
    "an evaluation that passed every check has a rate of a quarter": lie(told_everywhere(records(_at_a_quarter)), "judged_at_the_end"),
    "a callback is sent an hour after the end": lie(when(is_granted_of_records, records(_told_late)), "in_its_time"),
    "attempts are made every ten seconds": lie(when(is_granted_of_records, records(_every_ten_seconds)), "deliveries_go_on_or_end"),
    "an evaluation that failed has a cost": lie(_where(_failed, lambda evaluation: evaluation.update(cost="0.010000")), "costs"),
    "an evaluation that failed has a verdict": lie(
        _where(_failed, lambda evaluation: evaluation.update(overall_passed=False)), "judged_at_the_end"
    ),
    "an evaluation that failed is charged": lie(Bug(_charged_when_it_fails), "evaluation_is_paid"),
    "one model of many is not there when it is read alone": lie(Bug(_absent), "models_agree"),
    "one model of many loses an input when it is read alone": lie(
        when(_kling, lambda body: {**body, "inputs": body["inputs"][:-1] if body.get("inputs") else body.get("inputs")}), "records_agree"
    ),
}
