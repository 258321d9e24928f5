"""Lies that take more than one answer: what is told first and denied later, done behind the caller's back, or ignored in company only."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any

from lies import Lie, lie
from msgspec.structs import replace
from mutants import Asked, Body, Bug, Mutant, asked, at, changed, poorer, put, records, same, when
from signed_callbacks import PULL, known_secrets, told_by_callbacks

from runflow_mock.domain.signing import sign_bare, sign_timestamped
from runflow_mock.kit.suite.carriers import Answer

OVER = ("succeeded", "failed", "cancelled", "canceled", "partial_succeeded")
A_RUN = re.compile(r"/v1/runs/[0-9a-f-]{36}")
A_BATCH = re.compile(r"/v1/batches/[0-9a-f-]{36}")


def _is(pattern: re.Pattern[str], answer: Answer) -> bool:
    return answer.method == "GET" and answer.status == 200 and pattern.fullmatch(answer.path) is not None


def on_read(pattern: re.Pattern[str], number: int, change: Callable[[Body], Body], states: tuple[str, ...] = OVER) -> Bug:
    """A lie that begins with some reading of a record in a state."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        if not _is(pattern, answer) or answer.json.get("status_code") not in states:
            return answer
        mutant.memory[answer.path] = count = mutant.memory.get(answer.path, 0) + 1
        return changed(answer, change) if count >= number else answer

    return Bug(spoil)


def _with(**fields: Any) -> Callable[[Body], Body]:
    return lambda body: {**body, **{name: value(body) if callable(value) else value for name, value in fields.items() if name in body}}


def _dearer(body: Body) -> Body:
    return body["cost"] and f"{float(body['cost']) + 0.01:.6f}"


def _another_file(body: Body) -> Body:
    return json.loads(json.dumps(body["output"]).replace(".webp", "-2.webp").replace(".png", "-2.png"))


def _made_to_fail(mutant: Mutant, answer: Answer) -> bool:
    return answer.path.endswith("/batches") and answer.status == 201 and b"mock:fail" in (asked(mutant)[3] or b"")


def _resigned(mutant: Mutant, answer: Answer, change: Callable[[Body, bytes, str], Body]) -> Answer:
    """Attempts as a change makes them, with each secret that is known."""
    secrets = known_secrets(mutant, answer)
    if answer.path != PULL:
        return answer

    def attempt(item: Body) -> Body:
        body, headers = b64decode(item["base64"]), item["headers"]
        for secret in secrets:
            rights = (sign_bare(body, secret), sign_timestamped(body, int(headers.get("Runflow-Timestamp", 0)), secret))
            if headers.get("Runflow-Signature") in rights:
                return change(item, body, secret)
        return item

    return changed(answer, lambda told: {"items": [attempt(item) for item in told["items"]]})


def _old(item: Body, body: bytes, secret: str) -> Body:
    """An attempt that says that it was made an hour ago, signed as if it were true."""
    headers = dict(item["headers"])
    if "Runflow-Timestamp" in headers:
        moment = int(headers["Runflow-Timestamp"]) - 3600
        headers |= {"Runflow-Timestamp": str(moment), "Runflow-Signature": sign_timestamped(body, moment, secret)}
    return {**item, "headers": headers}


def _later_attempts(item: Body, body: bytes, secret: str) -> Body:
    """Attempts after the first tell something else, signed as if it were true."""
    if item["number"] == 1:
        return item
    headers, told = dict(item["headers"]), body.replace(b'"metadata":', b'"again":1,"metadata":', 1)
    moment = int(headers.get("Runflow-Timestamp", 0))
    headers["Runflow-Signature"] = sign_timestamped(told, moment, secret) if "Runflow-Timestamp" in headers else sign_bare(told, secret)
    return {**item, "headers": headers, "base64": b64encode(told).decode()}


def _never_told(mutant: Mutant, answer: Answer) -> Answer:
    """Of whatever a callback told the end, the first reading says that it is running still."""
    if answer.path == PULL:
        told = mutant.memory.setdefault("told", set())
        for item in answer.json["items"]:
            told.add(json.loads(b64decode(item["base64"])).get("run_id"))
    if _is(A_RUN, answer) and answer.json["id"] in mutant.memory.get("told", ()):
        mutant.memory["told"].discard(answer.json["id"])
        back = {"status_code": "running", "output": None, "completed_at": None, "cost": None, "duration_ms": None, "cost_breakdown": None}
        return changed(answer, lambda body: {**body, **{name: value for name, value in back.items() if name in body}})
    return answer


def _replayed(change: Callable[[Mutant, Answer], Answer]) -> Bug:
    """A lie about what is answered the second time under a key."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        method, target, headers, body = asked(mutant)
        key = headers.get("Idempotency-Key")
        if method != "POST" or key is None or answer.status != 201:
            return answer
        used = repr((headers.get("Authorization"), target, key, body))
        is_first = used not in mutant.memory
        mutant.memory[used] = True
        return answer if is_first else change(mutant, answer)

    return Bug(spoil)


def _as_it_is_now(mutant: Mutant, answer: Answer) -> Answer:
    record = answer.json
    headers = {"Authorization": asked(mutant)[2]["Authorization"]}
    now = mutant.again("GET", f"/v1/runs/{record['id']}", headers) if "/runs" in answer.path else answer
    return answer.with_body(now.body) if now.status == 200 else answer


def _rewritten(holds: Callable[[str, str], bool], rewrite: Callable[[str], str]) -> Bug:
    """A part of a query that is not looked at in the company of another."""
    return Bug(
        same,
        lambda method, target, headers, body: (method, rewrite(target) if holds(method, target) else target, headers, body),
    )


def without_parameter(name: str) -> Callable[[str], str]:
    return lambda target: re.sub(rf"(?<=[?&]){name}=", f"ignored_{name}=", target)


def _body_without(name: str, method: str, start: str) -> Bug:
    """A change of a field that is told as done, and is not."""

    def on_request(sent: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
        content = json.loads(body) if sent == method and target.startswith(start) and body and body[:1] == b"{" else None
        if isinstance(content, dict) and name in content:
            body = json.dumps({each: value for each, value in content.items() if each != name}).encode()
        return sent, target, headers, body

    return Bug(same, on_request)


def _never_the_last(mutant: Mutant, answer: Answer) -> Answer:
    """The last page says that another one follows."""
    if answer.method != "GET" or "pq=" not in answer.target or answer.status != 200 or not answer.path.startswith("/v1/runs"):
        return answer
    cursor = re.search(r"pq=([^&]*)", answer.target)
    follows = cursor.group(1) if cursor else None
    return changed(answer, lambda body: {**body, "next": follows} if body.get("next") is None else body)


def _by_number(mutant: Mutant, answer: Answer) -> Answer:
    """Pages are counted: what is made between two of them moves what follows."""
    method, target, headers, _ = asked(mutant)
    if answer.path != "/v1/runs" or method != "GET" or answer.status != 200 or "from_prev" in target or "limit=" not in target:
        return answer
    limit = int(re.search(r"limit=(\d+)", target).group(1))  # type: ignore[union-attr]
    found = re.search(r"pq=([^&]*)", target)
    start = mutant.memory.get("page " + found.group(1), 0) if found else 0
    plain = re.sub(r"&?pq=[^&]*", "", re.sub(r"limit=\d+", "limit=500", target))
    everything = mutant.again("GET", plain, headers).json["items"]
    if answer.json.get("next"):
        mutant.memory["page " + answer.json["next"]] = start + limit
    return changed(answer, lambda body: {**body, "items": everything[start : start + limit]}) if start else answer


def _header(name: str, value: str, status: int) -> Bug:
    return Bug(
        lambda mutant, answer: (
            replace(answer, headers={**answer.headers, name: value}) if answer.status == status and name in answer.headers else answer
        )
    )


def _other_bytes(mutant: Mutant, answer: Answer) -> Answer:
    """Files that were brought come back with their last bytes changed."""
    is_file = answer.path.startswith(("/files/", "/media/")) and answer.method == "GET" and answer.status == 200
    return replace(answer, body=answer.body[:-4] + b"\x01\x02\x03\x04") if is_file and len(answer.body) == 100 else answer


def _first_address(mutant: Mutant, answer: Answer) -> Answer:
    """Every output has the address of the first."""
    if not answer.path.startswith("/v1/") or b"/media/" not in answer.body:
        return answer
    found = re.findall(rb'"url":\s*"([^"]+/media/[^"]+)"', answer.body)
    if not found:
        return answer
    first = mutant.memory.setdefault("address", found[0])
    return answer.with_body(re.sub(rb'("url":\s*")[^"]+/media/[^"]+"', lambda match: match.group(1) + first + b'"', answer.body))


def _always_unchanged(mutant: Mutant, answer: Answer) -> Answer:
    """Whoever asks whether something has changed is told that it has not."""
    is_asked = any(name.lower() == "if-none-match" for name in asked(mutant)[2])
    return replace(answer, status=304, body=b"") if is_asked and answer.method == "GET" and answer.status == 200 else answer


def _with_one_order(target: str) -> str:
    return re.sub(r"(sort_by=[^&,]*)(,|%2C)[^&]*", r"\1", target)


_AHEAD = records(
    lambda record: (
        record.update(nodes_completed=record["nodes_total"])
        if record.get("status_code") == "dispatching" and record.get("nodes_total") and "nodes_completed" in record
        else None
    )
)
_WORKING = records(
    lambda record: (
        record.update(items_succeeded=0)
        if record.get("items_total") and record.get("status_code") == "running" and "items_succeeded" in record
        else None
    )
)


CASES: Mapping[str, Lie] = {
    "a run that has ended gets dearer": lie(on_read(A_RUN, 2, _with(cost=_dearer)), "state_machines"),
    "a batch that has ended gets dearer": lie(on_read(A_BATCH, 2, _with(cost=_dearer)), "state_machines"),
    "the output of an ended run becomes another": lie(on_read(A_RUN, 2, _with(output=_another_file)), "records_agree", "state_machines"),
    "a run has begun later each time it is read": lie(
        on_read(A_RUN, 2, _with(started_at=lambda body: body["completed_at"])), "records_agree", "state_machines"
    ),
    "the count of what is done goes down": lie(when(at("GET", "/v1/runs/", 200), _AHEAD), "progress"),
    "counters of a batch stand still while it runs": lie(when(at("GET", "/v1/batches/", 200), _WORKING), "counters_add_up"),
    "a cancelled run is billed": lie(
        poorer(lambda mutant, answer: answer.path.endswith("/cancellation") and answer.status == 201, 0.27), "run_is_cancelled"
    ),
    "a failed item is not paid back": lie(poorer(_made_to_fail, 0.27), "failed_item_is_free"),
    "a 402 takes money": lie(poorer(lambda mutant, answer: answer.status == 402, 0.27), "poverty_is_told"),
    "a 422 takes money": lie(poorer(lambda mutant, answer: answer.status == 422 and answer.method == "POST", 0.27), "refusal_is_free"),
    "a callback comes before the end can be read": lie(Bug(_never_told), "callback_tells_the_truth", "state_machines"),
    "a callback says that it was sent an hour ago": lie(
        Bug(lambda mutant, answer: _resigned(mutant, answer, _old)), "callback_is_sent_as_promised", "deliveries_are_kept"
    ),
    "a second attempt tells something else": lie(
        Bug(lambda mutant, answer: _resigned(mutant, answer, _later_attempts)), "callback_repeats_itself"
    ),
    "a repeat is answered 200": lie(_replayed(lambda mutant, answer: replace(answer, status=200)), "repeat_is_replayed"),
    "a repeat is answered with the run as it is now": lie(_replayed(_as_it_is_now), "repeat_is_replayed"),
    "filters are not looked at on later pages": lie(
        _rewritten(lambda method, target: "pq=" in target, without_parameter("q")), "filter_finds_in_company"
    ),
    "filters are not looked at beside an order": lie(
        _rewritten(lambda method, target: "sort_by=" in target, without_parameter("q")), "filter_finds_in_company"
    ),
    "fields are not looked at beside a filter": lie(
        _rewritten(lambda method, target: "q=" in target, without_parameter("fields")), "fields"
    ),
    "filters by state are not looked at": lie(
        _rewritten(lambda method, target: "q=status_code" in target, without_parameter("q")), "filter_finds_in_company"
    ),
    "what is compared with takes in its bound": lie(
        _rewritten(lambda method, target: "q=" in target, lambda target: re.sub("(%3E|%3C)(?!%3D)", r"\1%3D", target)), "comparison_finds"
    ),
    "only the first order counts": lie(
        _rewritten(lambda method, target: "sort_by=" in target, _with_one_order), "in_order", "filter_finds_in_company"
    ),
    "the last page says that another follows": lie(Bug(_never_the_last), "cursors", "list_is_complete", "runs_agree"),
    "pages move when something is made": lie(Bug(_by_number), "page_stays"),
    "Retry-After is a second, whatever the window": lie(_header("retry-after", "1", 429), "quota_is_told"),
    "Retry-After is in milliseconds": lie(_header("retry-after", "60000", 429), "quota_is_told"),
    "Retry-After is zero": lie(_header("retry-after", "0", 429), "quota_is_told"),
    "a file comes back with other bytes": lie(Bug(_other_bytes), "upload_is_kept"),
    "every run has the output of the first": lie(Bug(_first_address), "own_output", "records_agree"),
    "nothing has ever changed for who asks with a tag": lie(Bug(_always_unchanged), "statuses_of_openapi_json"),
    "a webhook's new events are not taken": lie(_body_without("event_subscriptions", "PATCH", "/v1/webhooks/"), "webhook_changes", "echo"),
    "a webhook's new secret is not taken": lie(_body_without("secret", "PATCH", "/v1/webhooks/"), "webhook_changes"),
    "logs were written before their run": lie(
        when(at("GET", "/v1/runs/", 200, "/logs"), put("timestamp", lambda text: "2020" + text[4:])), "in_its_time"
    ),
    "a delivery was made before its run ended": lie(
        when(at("GET", "/v1/runs/", 200, "/callback"), put("created_at", lambda text: "2020" + text[4:], where=lambda r: "payload" in r)),
        "in_its_time",
    ),
    "a callback has another record's metadata": lie(
        told_by_callbacks(lambda body: body.update(metadata={"of": "another"}) if body.get("batch_id") else None),
        "callback_tells_the_truth",
    ),
    "a redelivery has succeeded before it was tried": lie(
        when(at("POST", "/v1/runs/", 201, "/callback-redeliveries"), lambda body: {**body, "status_code": "succeeded"}),
        "deliveries_are_kept",
    ),
    "a run that has logs lists none": lie(
        when(at("GET", "/v1/runs/", 200, "/logs"), lambda body: {**body, "items": [], "next": None}), "has_what_it_says"
    ),
    "a secret has another text under its other name": lie(
        when(at("POST", "/v1/callback-secrets", 201), lambda body: {**body, "secret": body["secret"] + "x"}), "says_it_alike"
    ),
    "a service is ready without a database": lie(
        when(at("GET", "/v1/readiness", 200), lambda body: {**body, "checks": {**body["checks"], "database": "failed"}}), "says_it_alike"
    ),
}
