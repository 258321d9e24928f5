"""Lies about receipts: what is charged for what is free, and what becomes of a callback that was received, refused or never sent."""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping

from lies import Lie, lie
from lies_of_keeping import later
from mutants import Asked, Body, Bug, Mutant, asked, changed, poorer, put, same, when
from signed_callbacks import PULL, known_secrets

from runflow_mock.domain.signing import sign_bare, sign_timestamped
from runflow_mock.kit.suite.carriers import Answer


def _is_done(method: str, start: str, end: str = "") -> Callable[[Mutant, Answer], bool]:
    return lambda mutant, answer: (
        answer.method == method and answer.path.startswith(start) and answer.path.endswith(end) and answer.status < 300
    )


def _silent(is_told: Callable[[Body], bool]) -> Bug:
    """Some callbacks never leave."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        if answer.path != PULL:
            return answer
        kept = [item for item in answer.json["items"] if is_told(item)]
        return changed(answer, lambda told: {**told, "items": kept})

    return Bug(spoil)


def _event(item: Body) -> str:
    return str(json.loads(b64decode(item["base64"])).get("event"))


def _answered(as_if: Mapping[int, int]) -> Bug:
    """What a receiver answers counts as another answer."""

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
        if method == "POST" and target.startswith("/_mock/deliveries/") and target.endswith("/answer") and body:
            sent = json.loads(body)
            return method, target, headers, json.dumps({**sent, "status": as_if.get(sent["status"], sent["status"])}).encode()
        return method, target, headers, body

    return Bug(same, on_request)


def _resigned(change: Callable[[Body, bytes, Callable[[bytes, int | None], str]], Body]) -> Bug:
    """Attempts as a change makes them, which may sign anew with the secret that signed."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        secrets = known_secrets(mutant, answer)
        return (
            changed(answer, lambda told: {"items": [_told(item, secrets, change) for item in told["items"]]})
            if answer.path == PULL
            else answer
        )

    return Bug(spoil)


def _told(item: Body, secrets: list[str], change: Callable[[Body, bytes, Callable[[bytes, int | None], str]], Body]) -> Body:
    raw, headers = b64decode(item["base64"]), item["headers"]
    moment = int(headers["Runflow-Timestamp"]) if "Runflow-Timestamp" in headers else None
    for secret in secrets:

        def sign(body: bytes, at_time: int | None, secret: str = secret) -> str:
            return sign_bare(body, secret) if at_time is None else sign_timestamped(body, at_time, secret)

        if headers.get("Runflow-Signature") == sign(raw, moment):
            return change(item, raw, sign)
    return item


def _in_milliseconds(item: Body, raw: bytes, sign: Callable[[bytes, int | None], str]) -> Body:
    headers = dict(item["headers"])
    if "Runflow-Timestamp" in headers:
        moment = int(headers["Runflow-Timestamp"]) * 1000
        headers |= {"Runflow-Timestamp": str(moment), "Runflow-Signature": sign(raw, moment)}
    return {**item, "headers": headers}


def _unsigned_again(item: Body, raw: bytes, sign: Callable[[bytes, int | None], str]) -> Body:
    kept = {name: value for name, value in item["headers"].items() if item["number"] == 1 or name != "Runflow-Signature"}
    return {**item, "headers": kept}


def _under_another_id(item: Body, raw: bytes, sign: Callable[[bytes, int | None], str]) -> Body:
    if item["number"] == 1:
        return item
    other = item["delivery_id"][:-4] + "ffff"
    return {**item, "headers": {**item["headers"], "Runflow-Request-Id": f"{other}-{item['number']}"}}


CASES: Mapping[str, Lie] = {
    # Money.
    "an upload costs a cent": lie(poorer(_is_done("POST", "/v1/asset-uploads/"), 0.01), "statuses_of_asset_uploads"),
    "an opinion costs a cent": lie(poorer(_is_done("PATCH", "/v1/runs/", "/feedback"), 0.01), "statuses_of_runs"),
    "a webhook costs a cent": lie(poorer(_is_done("POST", "/v1/webhooks"), 0.01), "statuses_of_webhooks"),
    "a batch that was cancelled is billed": lie(poorer(_is_done("POST", "/_mock/batches/", "/cancel"), 0.27), "batch_is_cancelled"),
    "a callback that fails costs a cent": lie(
        poorer(lambda mutant, answer: answer.path.endswith("/answer") and b"50" in (asked(mutant)[3] or b""), 0.01), "attempts_are_told"
    ),
    # Callbacks.
    "nobody is told of a run that was cancelled": lie(_silent(lambda item: _event(item) != "run.cancelled"), "cancellation_is_told"),
    "webhooks are not told of what was cancelled": lie(
        _silent(lambda item: _event(item) != "run.cancelled" or not item["url"].endswith("run.cancelled")), "cancellation_is_told"
    ),
    "nobody is told of a batch that was cancelled": lie(_silent(lambda item: _event(item) != "batch.cancelled"), "cancellation_is_told"),
    "a receiver that sends elsewhere has received": lie(_answered({301: 200, 302: 200, 307: 200, 308: 200}), "attempts_are_told"),
    "only 200 is a receipt": lie(_answered({201: 500, 202: 500, 204: 500}), "attempts_are_told"),
    "the next attempt comes before it was announced": lie(
        when(lambda answer: answer.path.startswith(("/v1/runs/", "/v1/batches/")), put("next_attempt_at", later)), "deliveries_are_kept"
    ),
    "an attempt is dated in milliseconds": lie(_resigned(_in_milliseconds), "deliveries_are_kept"),
    "later attempts are not signed": lie(_resigned(_unsigned_again), "callback_is_sent_as_promised", "retry_has_the_same_bytes"),
    "later attempts have another id": lie(_resigned(_under_another_id), "callback_is_sent_as_promised", "retry_has_the_same_bytes"),
}
