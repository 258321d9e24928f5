"""Right servers that say less, or the same in other words: nulls, encodings, states and codes that the contract leaves open."""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping

from lies_of_moments import told_everywhere
from mutants import Asked, Body, Bug, Mutant, asked, changed, is_of_the_api, put, records, when

from runflow_mock.kit.suite.carriers import Answer

STATES = {"pending": "scheduled", "delivering": "sending", "succeeded": "delivered", "failed": "exhausted"}
OF_RUNS = ("has_logs", "has_node_runs", "links", "target_type", "request_id", "failure_stage_code", "nodes_total", "nodes_completed")
MORE_CODES: Mapping[str, tuple[Body, ...]] = {
    "/v1/runs/statuses": (
        {"code": "expired", "label": "Expired", "is_terminal": True},
        {"code": "paused", "label": "Paused", "is_terminal": False},
    ),
    "/v1/evaluations/statuses": ({"code": "expired", "label": "Expired", "is_terminal": True},),
    "/v1/webhooks/event-types": ({"code": "run.paused", "label": "Run paused", "description": "A run was stopped for a while."},),
    "/v1/assets/types": ({"code": "model/gltf-binary", "label": "glTF", "is_terminal": None},),
}
SEVEN, FOUR = re.compile(r"(/v1/webhooks/[0-9a-f]{8}-[0-9a-f]{4})-4(?=[0-9a-f]{3}-)"), re.compile(r"^([0-9a-f]{8}-[0-9a-f]{4})-7")


def _told(change: Callable[[Body], None]) -> Bug:
    return when(is_of_the_api, records(change))


def _everywhere(change: Callable[[Body], None]) -> Bug:
    """A change in answers, in callbacks, and in what is kept of those."""
    told = told_everywhere(records(change))
    return Bug(lambda mutant, answer: answer if answer.path == "/v1/openapi.json" else told.spoil(mutant, answer))


def _null(*names: str, where: Callable[[Body], bool] = lambda record: True) -> Callable[[Body], None]:
    def change(record: Body) -> None:
        if where(record):
            record |= {name: None for name in names if name in record}

    return change


def _is_a_run(record: Body) -> bool:
    return "has_logs" in record or "failure_code" in record


def _is_delivery(record: Body) -> bool:
    return "max_attempts" in record


def _in_base64(record: Body) -> None:
    if isinstance(record.get("payload_bytes"), str):
        record["payload_bytes"] = b64encode(record["payload_bytes"].encode()).decode()


def _in_its_own_states(record: Body) -> None:
    if _is_delivery(record) and record.get("status_code") in STATES:
        record["status_code"] = STATES[record["status_code"]]


def _nothing_went_wrong(record: Body) -> None:
    if "attempt_number" in record and record.get("error_message", "") is None:
        record["error_message"] = ""


def _costs_nothing(record: Body) -> None:
    if record.get("cost") == "0.000000":
        record["cost"] = None


def _in_numbers(record: Body) -> None:
    told = record.get("cost_breakdown")
    if isinstance(told, dict) and isinstance(told.get("quantity"), int):
        record["cost_breakdown"] = {"unit": told["unit"], "quantity": str(told["quantity"]), "unit_price": float(told["unit_price"])}


def _elsewhere(record: Body) -> None:
    if isinstance(record.get("links"), dict) and "id" in record:
        record["links"] = {"web": f"https://app.example/{record['id']}", "parent": record.get("batch_id"), "docs": "https://docs.example/"}


def _more_codes(mutant: Mutant, answer: Answer) -> Answer:
    more = MORE_CODES.get(answer.path)
    method, target, _, _ = asked(mutant)
    if more is None or method != "GET" or answer.status != 200 or target != answer.path:
        return answer
    return changed(answer, lambda body: {**body, "items": [*body["items"], *more]})


def _of_version_four(record: Body) -> None:
    if "secret_fingerprint" in record and isinstance(record.get("id"), str):
        record["id"] = FOUR.sub(r"\1-4", record["id"])
    if isinstance(record.get("webhook_id"), str):
        record["webhook_id"] = FOUR.sub(r"\1-4", record["webhook_id"])


def _with_other_ids(mutant: Mutant, answer: Answer) -> Answer:
    if not is_of_the_api(answer):
        return answer

    def listed(body: Body) -> Body:
        """Who asks for ids alone gets those of webhooks as well."""
        for item in body["items"]:
            item.update({"id": FOUR.sub(r"\1-4", item["id"])} if isinstance(item.get("id"), str) else {})
        return body

    told = changed(answer, records(_of_version_four))
    is_list = answer.path == "/v1/webhooks" and answer.method == "GET" and answer.status == 200
    return changed(told, listed) if is_list else told


def _asked_by_version_seven(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    sought = re.sub(r"((?:%27|'|-7|[0-9a-f])[0-9a-f]{7}-[0-9a-f]{4})-4(?=[0-9a-f]{3}-)", r"\1-7", target)
    return method, SEVEN.sub(r"\1-7", sought) if target.startswith("/v1/webhooks") else target, headers, body


def _written(pattern: str, instead: str) -> Bug:
    """Instants in answers that are written otherwise; what was sent in a callback stays as it was sent."""

    def change(record: Body) -> None:
        for name, value in record.items():
            if name.endswith("_at") and isinstance(value, str):
                record[name] = re.sub(pattern, instead, value)

    def outside(body: Body) -> Body:
        if isinstance(body, dict):
            change(body)
            for name, part in body.items():
                if name not in ("input", "metadata", "payload", "output"):
                    outside(part)
        elif isinstance(body, list):
            for part in body:
                outside(part)
        return body

    return when(is_of_the_api, outside)


SAID_OTHERWISE: Mapping[str, Bug] = {
    # Every field of a record may be null.
    "does not say when anything ended": _everywhere(_null("completed_at")),
    "does not say how long anything took": _everywhere(
        _null("duration_ms", "eval_duration_ms", where=lambda record: "ran_at" not in record)
    ),
    "says little of a run": _told(_null(*OF_RUNS, where=_is_a_run)),
    "has empty metadata where none were sent": _everywhere(
        lambda record: record.update(metadata={}) if record.get("metadata", 0) is None else None
    ),
    "does not sum up how a run was judged": when(is_of_the_api, put("current_evaluation_summary", lambda told: None)),
    "does not say how many checks passed": _everywhere(_null("check_summary", "weighted_pass_rate")),
    "has no cost where there is nothing to pay": _told(_costs_nothing),
    # Encodings, states, codes and addresses that nobody publishes.
    "keeps what it sent in base64": _told(_in_base64),
    "calls the states of deliveries otherwise": _told(_in_its_own_states),
    "has an empty text where nothing went wrong": _told(_nothing_went_wrong),
    "breaks costs down in numbers, and without their sum": _told(_in_numbers),
    "has links of its own": _told(_elsewhere),
    "knows more states, events and types": Bug(_more_codes),
    "has other ids of webhooks": Bug(_with_other_ids, _asked_by_version_seven),
    "calls its files by types of its own": _everywhere(
        lambda record: record.update(type="matte") if record.get("type") == "image" and "url" in record else None
    ),
    "tells no fractions of whole seconds": _written(r"\.000Z$", "Z"),
    "tells how long receivers took": when(is_of_the_api, put("response_time_ms", lambda told: 12)),
}
