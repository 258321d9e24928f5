"""Lies about deeds: what is told as done and is not, is done twice, or is done to somebody else."""

import json
import re
from collections.abc import Callable, Mapping

from lies import Lie, lie
from mutants import Asked, Body, Bug, Mutant, at, changed, poorer, put, same, when
from signed_callbacks import PULL

from runflow_mock.kit.suite.carriers import Answer


def _is_sent_again(mutant: Mutant, answer: Answer) -> bool:
    method, target, headers, body = mutant.memory["request"]
    used = headers.get("Idempotency-Key")
    if method != "POST" or used is None or answer.status != 201:
        return False
    key = repr((headers.get("Authorization"), target, used, body))
    seen = key in mutant.memory
    mutant.memory[key] = True
    return seen


def _asked(change: Callable[[str, str, Body], Body | None]) -> Bug:
    """Bodies of requests that are taken as others."""

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
        content = json.loads(body) if body and body[:1] == b"{" and body[-1:] == b"}" and _is_json(body) else None
        other = change(method, target, content) if isinstance(content, dict) else None
        return method, target, headers, body if other is None else json.dumps(other).encode()

    return Bug(same, on_request)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _without(name: str, method: str, start: str) -> Bug:
    """A field that is not taken, whatever the answer says."""

    def change(asked: str, target: str, body: Body) -> Body | None:
        is_it = asked == method and target.startswith(start) and name in body
        return {each: value for each, value in body.items() if each != name} if is_it else None

    return _asked(change)


def _never_warned(method: str, target: str, body: Body) -> Body | None:
    is_it = (method, target) == ("PATCH", "/v1/billing/balance") and body.get("low_balance_threshold") == 5
    return {**body, "low_balance_threshold": 7} if is_it else None


def _spelled(was: str, now: str) -> Bug:
    """A part of a query that is read as another."""
    return Bug(same, lambda method, target, headers, body: (method, re.sub(was, now, target), headers, body))


def _sent_elsewhere(mutant: Mutant, answer: Answer) -> Answer:
    """What is sent again on demand goes to another address than the first time."""
    if answer.path.endswith("/callback-redeliveries") and answer.status == 201:
        mutant.memory.setdefault("again", set()).add(answer.json["id"])
    if answer.path != PULL:
        return answer
    again = mutant.memory.get("again", set())

    def change(told: Body) -> Body:
        return {"items": [{**item, "url": item["url"] + "/again"} if item["delivery_id"] in again else item for item in told["items"]]}

    return changed(answer, change)


def _never_deleted(mutant: Mutant, answer: Answer) -> Answer:
    """A webhook that was deleted is gone from all lists, and is told all the same."""
    method, target, headers, _ = mutant.memory["request"]
    if method == "DELETE" and target.startswith("/v1/webhooks/"):
        mutant.memory.setdefault("deleted", set()).add(target)
    if method == "GET" and target in mutant.memory.get("deleted", set()):
        return mutant.again("GET", "/v1/webhooks/00000000-0000-7000-8000-000000000000", headers)
    return answer


def _not_deleted(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    if method == "DELETE" and target.startswith("/v1/webhooks/"):
        return "GET", target, headers, body
    return method, target, headers, body


def _told_as_deleted(mutant: Mutant, answer: Answer) -> Answer:
    method, target, _, _ = mutant.memory["request"]
    if method == "DELETE" and target.startswith("/v1/webhooks/") and answer.status == 200:
        return Answer(method, target, 204, {name: text for name, text in answer.headers.items() if "content" not in name}, b"")
    return _never_deleted(mutant, answer)


def _early(text: Body) -> Body:
    return text and "2020" + text[4:]


CASES: Mapping[str, Lie] = {
    "a repeat under a key is charged again": lie(poorer(_is_sent_again, 0.27), "repeats_of_models", "repeats_of_evaluations"),
    "an evaluation is charged twice": lie(
        poorer(lambda mutant, answer: answer.path == "/v1/evaluations" and answer.status == 202, 0.05), "evaluation_is_paid"
    ),
    "a redelivery is charged": lie(
        poorer(lambda mutant, answer: answer.path.endswith("/callback-redeliveries") and answer.status == 201, 0.01),
        "redelivery_is_told",
    ),
    "a redelivery goes somewhere else": lie(Bug(_sent_elsewhere), "deliveries_are_kept", "redelivery_is_told"),
    "a secret that was promoted does not sign": lie(_without("is_current", "PATCH", "/v1/callback-secrets/"), "current_secret_signs"),
    "a webhook that was deleted is told all the same": lie(Bug(_told_as_deleted, _not_deleted), "webhook_stops"),
    "a workflow keeps its old name": lie(_without("name", "PATCH", "/v1/comfyui-workflows/"), "echo"),
    "a warning about the balance is not kept": lie(_asked(_never_warned), "echo"),
    "the page before is the page after": lie(_spelled("from_prev=true", "from_prev=false"), "list_is_complete", "runs_agree"),
    "NOT is not read": lie(_spelled("q=NOT%20", "q="), "runs_agree", "filter_finds", "filter_finds_in_company"),
    "OR means AND": lie(_spelled("%20OR%20", "%20AND%20"), "runs_agree", "filter_finds", "filter_finds_in_company"),
    "up is down": lie(_spelled("%3Aasc|:asc", ":desc"), "in_order"),
    "a batch has begun before it was made": lie(
        when(at("GET", "/v1/batches/", 200), put("started_at", _early, where=lambda record: "items_total" in record)), "time_in_order"
    ),
    "an evaluation has ended before it was made": lie(
        when(at("GET", "/v1/evaluations/", 200), put("completed_at", _early, where=lambda record: "task_type" in record)), "time_in_order"
    ),
}
