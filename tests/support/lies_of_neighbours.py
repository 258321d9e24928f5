"""Lies about what is done beside what was asked for: others are changed, deleted, cancelled, judged or told of with it."""

import json
import re
from collections.abc import Callable, Mapping

from lies import Lie, lie
from lies_of_access import key_of, known_keys
from msgspec.structs import replace
from mutants import Body, Bug, Mutant, asked, changed, is_granted_of_records, records

from runflow_mock.kit.suite.carriers import Answer

ABSENT = {"code": "NOT_FOUND", "message": "No.", "errors": None}
# As what it is told that was sent under another name.
TOLD = {"is_positive": "feedback_is_positive"}


def _spread(path: str, name: str, mark: str) -> Bug:
    """What is changed of one record is from then on so of all that have a mark."""
    told = TOLD.get(name, name)

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        method, _, _, body = asked(mutant)
        place = f"spread {key_of(mutant)}"
        if method == "PATCH" and re.fullmatch(path, answer.path) and answer.status == 200 and name in json.loads(body or b"{}"):
            mutant.memory[place] = answer.json.get(told)
        if not is_granted_of_records(answer) or place not in mutant.memory:
            return answer

        def change(record: Body) -> None:
            if mark in record and told in record:
                record[told] = mutant.memory[place]

        return changed(answer, records(change))

    return Bug(spoil)


def _swept(noun: str) -> Bug:
    """Who deletes one record deletes all that were made before."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        method, _, _, _ = asked(mutant)
        made, gone = (mutant.memory.setdefault(f"{word} {key_of(mutant)}", set[str]()) for word in ("made", "gone"))
        if method == "POST" and answer.status == 201 and answer.path in (f"/v1/{noun}", f"/v1/{noun[:-1]}-uploads"):
            made.add(str(answer.json.get("id", answer.json.get("asset_id"))))
        parts = answer.path.split("/")
        if method == "DELETE" and answer.status == 204 and parts[2] == noun:
            gone |= made
        if method in ("GET", "HEAD") and len(parts) > 3 and parts[2] == noun and parts[3] in gone and answer.status < 300:
            return replace(answer.with_body(json.dumps(ABSENT).encode()), status=404)
        if method == "GET" and answer.path == f"/v1/{noun}" and answer.status == 200:
            return changed(answer, lambda body: {**body, "items": [item for item in body["items"] if item.get("id") not in gone]})
        return answer

    return Bug(spoil)


def _all_are_cancelled(mutant: Mutant, answer: Answer) -> Answer:
    method, _, _, _ = asked(mutant)
    place = f"cancelled {key_of(mutant)}"
    if method == "POST" and answer.path.endswith("/cancellation") and answer.status == 201:
        mutant.memory["cancelled"] = answer.json["id"]
    if answer.path == "/_mock/tenants":
        mutant.memory.pop("cancelled", None)
    if not is_granted_of_records(answer) or "cancelled" not in mutant.memory or method == "POST":
        return answer

    def change(record: Body) -> None:
        if "nodes_total" in record and record.get("id") != mutant.memory["cancelled"] and record.get("status_code") == "succeeded":
            record |= {"status_code": "canceled", "completed_at": record.get("created_at"), "duration_ms": 0, "cost": "0.000000"}
            record |= {"output": None, "cost_breakdown": None, "started_at": None, "nodes_completed": 0}

    mutant.memory[place] = True
    return changed(answer, records(change))


def _listed_all_the_same(mutant: Mutant, answer: Answer) -> Answer:
    """A redelivery that was refused stands in the history."""
    place = answer.path.rpartition("/")[0]
    if answer.path.endswith("/callback-redeliveries") and answer.status == 422:
        mutant.memory[place] = True
    if not answer.path.endswith("/callback") or answer.status != 200 or place not in mutant.memory or not answer.json:
        return answer
    nothing = {"attempts": [], "attempt_count": 0, "status_code": "pending", "completed_at": None, "signing_secret_id": None}

    def more(body: Body) -> Body:
        return [*body, {**body[0], **nothing, "is_automatic": False, "id": f"{body[0]['id'][:-4]}0000"}]

    return changed(answer, more)


def _forgetting() -> Bug:
    """A key is forgotten once the clock was moved by hours."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        _, _, _, body = asked(mutant)
        if answer.path == "/_mock/tenants":
            hours.clear()
        if answer.path == "/_mock/clock/advance" and re.search(rb"\dh", body or b""):
            hours.append(answer.path)
        return answer

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> tuple[str, str, dict[str, str], bytes | None]:
        told = {name: f"{text}-{len(hours)}" if name == "Idempotency-Key" and hours else text for name, text in headers.items()}
        return method, target, told, body

    hours: list[str] = []
    return Bug(spoil, on_request)


def _made_all_the_same(noun: str, status: int, **right: Body) -> Bug:
    """What is refused with a status makes a record, as if a right request had come from who may make it."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        keys, (method, target, headers, _) = known_keys(mutant, answer), asked(mutant)
        if (method, target, answer.status) == ("POST", f"/v1/{noun}", status):
            kept = {"Content-Type": headers.get("Content-Type", "application/json"), "Authorization": keys[-1]}
            mutant.again(method, target, kept, json.dumps(right).encode())
        return answer

    return Bug(spoil)


OTHERS: Callable[[str], str] = "who deletes one of the {} deletes all".format
NOTHING_ELSE, THERE = "changes_nothing_else", "made_is_there"
CASES: Mapping[str, Lie] = {
    "a new label of one secret is that of all": lie(_spread(r"/v1/callback-secrets/[^/]+", "label", "key_prefix"), NOTHING_ELSE),
    "who switches one webhook off switches all off": lie(_spread(r"/v1/webhooks/[^/]+", "disabled_at", "secret_fingerprint"), NOTHING_ELSE),
    "a new address of one webhook is that of all": lie(_spread(r"/v1/webhooks/[^/]+", "url", "secret_fingerprint"), NOTHING_ELSE),
    "a new name of one workflow is that of all": lie(_spread(r"/v1/comfyui-workflows/[^/]+", "name", "workflow_json"), NOTHING_ELSE),
    "an opinion on one run is one on all": lie(_spread(r"/v1/runs/[^/]+/feedback", "is_positive", "nodes_total"), NOTHING_ELSE),
    "an opinion on one evaluation is one on all": lie(
        _spread(r"/v1/(runs/[^/]+/)?evaluations/[^/]+/feedback", "is_positive", "overall_passed"), NOTHING_ELSE
    ),
    **{OTHERS(noun): lie(_swept(noun), THERE) for noun in ("assets", "webhooks", "comfyui-workflows", "callback-secrets")},
    "who cancels one run cancels all": lie(Bug(_all_are_cancelled), "run_is_cancelled"),
    "a redelivery that was refused is listed": lie(Bug(_listed_all_the_same), "redelivery_waits"),
    "a webhook that was refused is made all the same": lie(
        _made_all_the_same("webhooks", 422, url="http://127.0.0.1:9/callbacks", secret="suite-refused"), "rules_of_webhooks"
    ),
    "a secret that was refused is made all the same": lie(
        _made_all_the_same("callback-secrets", 422, label="refused"), "rules_of_callback_secrets"
    ),
    "a workflow that was refused is made all the same": lie(
        _made_all_the_same("comfyui-workflows", 422, name="refused", workflow_json={}), "rules_of_comfyui_workflows"
    ),
    "a webhook that one may not make is made all the same": lie(
        _made_all_the_same("webhooks", 403, url="http://127.0.0.1:9/callbacks", secret="suite-refused"), "statuses_of_webhooks"
    ),
    "a secret is made for who has no key": lie(
        _made_all_the_same("callback-secrets", 401, label="refused"), "statuses_of_callback_secrets"
    ),
    "a key is forgotten within a day": lie(_forgetting(), "repeat_is_replayed"),
}
