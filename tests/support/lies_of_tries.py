"""Lies about tries: who is told once although it was not received, what is sent although it must wait, and what it was answered."""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from lies import Lie, lie
from msgspec.structs import replace
from mutants import Asked, Body, Bug, Mutant, asked, changed, is_granted, put, records, when
from signed_callbacks import PULL

from runflow_mock.kit.suite.carriers import Answer

ANSWERED = re.compile(r"/_mock/deliveries/([^/]+)/answer")
# Tenants make the same ids.
TENANTS = "/_mock/tenants"
OTHER_ID = "019b76da-a800-7000-8000-0000000000aa"
Sends = Callable[[Body, Body], bool]


def _tried_once(is_so: Sends) -> Bug:
    """Whatever the receiver says, the server takes what it sent for received."""
    chosen: set[str] = set()

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        if answer.path == TENANTS:
            chosen.clear()
        for item in answer.json["items"] if answer.path == PULL else ():
            if is_so(item, json.loads(b64decode(item["base64"]))):
                chosen.add(item["delivery_id"])
        return answer

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
        delivery = ANSWERED.fullmatch(target)
        is_received = delivery is not None and unquote(delivery[1]) in chosen
        return method, target, headers, b'{"status": 200}' if is_received else body

    return Bug(spoil, on_request)


def _redelivered_once() -> Bug:
    asked_for: set[str] = set()

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        if answer.path == TENANTS:
            asked_for.clear()
        if answer.path.endswith("/callback-redeliveries") and answer.status == 201:
            asked_for.add(answer.json["id"])
        return answer

    tried = _tried_once(lambda item, content: item["delivery_id"] in asked_for)
    return Bug(lambda mutant, answer: tried.spoil(mutant, spoil(mutant, answer)), tried.on_request)


def _event(name: str) -> Sends:
    return lambda item, content: content["event"] == name


def _sent_again(is_so: Callable[[Body, list[Body]], bool]) -> Bug:
    """A redelivery that must wait is answered as if it were made, where its record and the deliveries so far are such."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        if not answer.path.endswith("/callback-redeliveries") or answer.status != 422 or asked(mutant)[3] != b"{}":
            return answer
        told = mutant.again("GET", answer.path.replace("-redeliveries", ""), asked(mutant)[2])
        record = mutant.again("GET", answer.path.removesuffix("/callback-redeliveries"), asked(mutant)[2])
        if told.status != 200 or record.status != 200 or not is_so(record.json, told.json or []):
            return answer
        made = {**(told.json or [{}])[-1], "id": OTHER_ID, "is_automatic": False, "attempts": [], "attempt_count": 0}
        return replace(answer.with_body(json.dumps(made).encode()), status=201)

    return Bug(spoil)


def _signed_all_the_same(mutant: Mutant, answer: Answer) -> Answer:
    """Without a secret something is made up that looks like a signature."""
    if answer.path != PULL:
        return answer
    return changed(
        answer,
        lambda body: {
            "items": [{**item, "headers": {"Runflow-Signature": f"v1={'ab' * 32}", **item["headers"]}} for item in body["items"]]
        },
    )


def _sent_to(change: Callable[[str], str]) -> Bug:
    return Bug(
        lambda mutant, answer: (
            changed(answer, lambda body: {"items": [{**item, "url": change(item["url"])} for item in body["items"]]})
            if answer.path == PULL
            else answer
        )
    )


def _cancelled_late(mutant: Mutant, answer: Answer) -> Answer:
    """What has ended is cancelled all the same."""
    if answer.path.endswith("/cancellation") and answer.status == 200 and answer.json.get("status_code") == "succeeded":
        mutant.memory["cancelled"] = answer.path.split("/")[4]
    if answer.path != f"/v1/runs/{mutant.memory.get('cancelled')}":
        return answer
    return changed(answer, lambda body: {**body, "status_code": "cancelled", "output": None, "cost": None})


def _of_webhooks(record: Body) -> bool:
    return "next_retry_at" in record


AGAIN, WEBHOOK, TRUTH = "failure_is_tried_again", "webhook_is_tried_again", "callback_tells_the_truth"
CASES: Mapping[str, Lie] = {
    "what tells of a run that failed is tried once": lie(_tried_once(_event("run.failed")), AGAIN),
    "what tells of a run that was cancelled is tried once": lie(_tried_once(_event("run.cancelled")), AGAIN),
    "what tells of a batch that failed in part is tried once": lie(_tried_once(_event("batch.partial_succeeded")), AGAIN),
    "what tells of an evaluation is tried once": lie(_tried_once(_event("evaluation.completed")), AGAIN),
    "a redelivery is tried once": lie(_redelivered_once(), AGAIN),
    "a webhook is tried once": lie(_tried_once(lambda item, content: item["url"].endswith("/webhook")), WEBHOOK),
    "a webhook's attempts were all answered 502": lie(
        when(is_granted, put("status_code", lambda value: 502 if value == 500 else value, where=_of_webhooks)), WEBHOOK
    ),
    "a webhook's attempts were answered with a word": lie(
        when(is_granted, put("response_body", lambda value: "thanks", where=_of_webhooks)), WEBHOOK
    ),
    "after a webhook's last attempt another is announced": lie(
        when(
            is_granted,
            records(
                lambda record: record.update(next_retry_at=record["created_at"]) if _of_webhooks(record) and record["succeeded"] else None
            ),
        ),
        WEBHOOK,
    ),
    "a redelivery is made while another is open": lie(_sent_again(lambda record, told: bool(told)), "redelivery_waits"),
    "a redelivery is made of what has no address": lie(_sent_again(lambda record, told: not record["callback_url"]), "redelivery_waits"),
    "a redelivery is made of what has not ended": lie(_sent_again(lambda record, told: not record["completed_at"]), "redelivery_waits"),
    "there are seven attempts, and five are made": lie(when(is_granted, put("max_attempts", lambda value: 7)), "attempts_are_told"),
    "what has no secret is signed": lie(Bug(_signed_all_the_same), "callback_comes_once"),
    "an address loses its query": lie(_sent_to(lambda url: url.partition("?")[0]), TRUTH),
    "an address loses its capitals": lie(_sent_to(str.lower), TRUTH),
    "what has ended is cancelled": lie(Bug(_cancelled_late), "run_is_cancelled"),
}
