"""Lies about parts: a body of which only some fields are looked at, a record of which others may change something, steps and summaries."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from lies import Lie, lie, read_body
from msgspec.structs import replace
from mutants import Asked, Body, Bug, Mutant, asked, at, put, records, same, when

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.flows_of_owners import OWN
from runflow_mock.kit.suite.requests import WRITES
from runflow_mock.openapi.contracts import packaged_contract

Done = Callable[[str, str], bool]


def _refers(path: str) -> bool:
    return path.startswith(OWN) and (path.split("/")[3:4] not in ([], ["{owner}"]) or path == "/v1/evaluations")


def _key_of(headers: Mapping[str, str]) -> str | None:
    return next((text for name, text in headers.items() if name.lower() == "idempotency-key"), None)


def _compared_but_for(*names: str) -> Bug:
    """Under a used key a body is another one only if other fields than these are."""
    first: dict[Any, tuple[Body, bytes | None]] = {}

    def but_for(body: Body) -> Body:
        return {name: value for name, value in body.items() if name not in names}

    def on_request(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
        key, content = _key_of(headers), read_body(body)
        if method != "POST" or key is None or not isinstance(content, dict):
            return method, target, headers, body
        was, raw = first.setdefault((headers.get("Authorization"), target, key), (content, body))
        return method, target, headers, raw if but_for(was) == but_for(content) else body

    return Bug(same, on_request)


def _repeated(change: Callable[[Mutant, Answer], Answer]) -> Bug:
    """What is sent again under its key is answered otherwise."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        method, target, headers, body = asked(mutant)
        if method != "POST" or _key_of(headers) is None or answer.status not in (201, 202):
            return answer
        used = repr((headers.get("Authorization"), target, _key_of(headers), body))
        if used in mutant.memory:
            return change(mutant, answer)
        mutant.memory[used] = True
        return answer

    return Bug(spoil)


def _as_it_is(mutant: Mutant, answer: Answer) -> Answer:
    if not answer.path.endswith("/batches"):
        return answer
    key = asked(mutant)[2].get("Authorization", "")
    return answer.with_body(mutant.again("GET", f"/v1/batches/{answer.json['id']}", {"Authorization": key}).body)


def _otherwise_typed(mutant: Mutant, answer: Answer) -> Answer:
    return replace(answer, headers={**answer.headers, "content-type": "application/json; charset=latin-1"})


def _done_for_others(is_meant: Done, *, is_told: bool = True) -> Bug:
    """What is asked by another organization of a record that it has not is done for the one before, and told, or told as absent."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        method, target, headers, body = asked(mutant)
        if answer.path == "/_mock/tenants" and answer.status in (200, 201):
            mutant.memory.setdefault("owners", []).append(answer.json["key"])
        if answer.status != 404 or not is_meant(method, target):
            return answer
        for key in mutant.memory.get("owners", ())[-2:-1]:
            done = mutant.again(method, target, {**headers, "Authorization": f"Bearer {key}"}, body)
            if done.status < 300 and is_told:
                return done
        return answer

    return Bug(spoil)


def _below(method: str, start: str, end: str = "") -> Done:
    return lambda asked, target: asked == method and target.startswith(start) and target.endswith(end)


def _asks_for(operation: str) -> Done:
    def is_meant(method: str, target: str) -> bool:
        addressed = packaged_contract().address(target.partition("?")[0])
        declared = None if addressed is None else packaged_contract().operation(addressed.path, method)
        return declared is not None and declared.id == operation

    return is_meant


def _below_any(pattern: str) -> Bug:
    """What stands below one record is read below each."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        method, target, headers, _ = asked(mutant)
        found = re.fullmatch(pattern, target)
        if method != "GET" or found is None:
            return answer
        if answer.status == 200:
            mutant.memory[found[1]] = target
        return mutant.again(method, mutant.memory[found[1]], headers) if answer.status == 404 and found[1] in mutant.memory else answer

    return Bug(spoil)


def _cut_to_the_balance(mutant: Mutant, answer: Answer) -> Answer:
    """A batch that costs more than there is becomes one of a single item."""
    method, target, headers, body = asked(mutant)
    if method != "POST" or not target.endswith("/batches") or answer.status != 402:
        return answer
    left = mutant.again("GET", "/v1/billing/balance", {"Authorization": headers["Authorization"]})
    if float(left.json["balance"]) <= 0:
        return answer
    content = read_body(body)
    return mutant.again(method, target, headers, json.dumps({**content, "input": content["input"][:1]}).encode())


def _of_steps(**fields: Body) -> Callable[[Body], Body]:
    return records(lambda record: record.update(fields) if "node_id" in record and record.get("state_code") == "succeeded" else None)


def _another_verdict(record: Body) -> None:
    summary = record.get("current_evaluation_summary")
    if summary and summary.get("passed") is not None:
        summary["passed"] = not summary["passed"]


def _another_address(mutant: Mutant, answer: Answer) -> Answer:
    """A run that is read by itself has the address of the one that was read before it."""
    if re.fullmatch("/v1/runs/[^/]+", answer.path) is None or answer.status != 200 or "self" not in (answer.json.get("links") or ()):
        return answer
    own = answer.json["links"]["self"]
    before = mutant.memory.get("address", own)
    mutant.memory["address"] = own
    return answer.with_body(json.dumps({**answer.json, "links": {**answer.json["links"], "self": before}}).encode())


_API = lambda answer: answer.path.startswith("/v1/") and answer.status < 300  # noqa: E731 - a name for a test
OWNED = "record_is_ones_own"
# Whatever can be done to one record of an organization, or by what refers to one.
SILENT = tuple(each.id for each in packaged_contract().operations if each.id in WRITES and _refers(each.path))

CASES: Mapping[str, Lie] = {
    # Bodies.
    "another body is one with another input": lie(_compared_but_for("metadata"), "repeats_of_models", "repeats_of_batches"),
    "an address for callbacks is no part of a body": lie(_compared_but_for("callback_url"), "repeats_of_models", "repeats_of_batches"),
    "a repeat is told of the batch as it is now": lie(_repeated(_as_it_is), "repeats_of_models", "repeats_of_batches"),
    "a repeat is of another type": lie(_repeated(_otherwise_typed), "repeats_of_models"),
    "a batch is cut to what the balance covers": lie(Bug(_cut_to_the_balance), "poverty_is_told"),
    # Others.
    "an upload is confirmed by whoever knows its id": lie(_done_for_others(_below("POST", "/v1/asset-uploads/")), OWNED),
    "a secret is deleted by whoever knows its id": lie(_done_for_others(_below("DELETE", "/v1/callback-secrets/")), OWNED),
    "a workflow is deleted by whoever knows its id": lie(_done_for_others(_below("DELETE", "/v1/comfyui-workflows/")), OWNED),
    "an input is declared by whoever knows a workflow": lie(_done_for_others(_below("POST", "/v1/comfyui-workflows/", "/inputs")), OWNED),
    "an evaluation is judged by whoever knows its id": lie(_done_for_others(_below("PATCH", "/v1/evaluations/")), OWNED),
    "a run is evaluated for whoever knows its id": lie(_done_for_others(_below("POST", "/v1/evaluations")), OWNED),
    **{
        f"{operation} of what is of others is answered 404, and done": lie(_done_for_others(_asks_for(operation), is_told=False), OWNED)
        for operation in SILENT
    },
    "items are read below any batch": lie(_below_any("/v1/batches/[^/]+/items/([^/?]+)"), "part_is_below_its_own"),
    "logs are read below any run": lie(_below_any("/v1/runs/[^/]+/logs/([^/?]+)"), "part_is_below_its_own"),
    "deliveries are read below any webhook": lie(_below_any("/v1/webhooks/[^/]+/deliveries/([^/?]+)"), "part_is_below_its_own"),
    # Steps, summaries, addresses.
    "steps of a run that succeeded go on": lie(when(_API, _of_steps(state_code="running", completed_at=None)), "steps"),
    "a step begins a day before its run": lie(when(_API, _of_steps(started_at="2025-12-31T00:00:00.000Z")), "steps"),
    "steps come to more than their run": lie(when(_API, _of_steps(cost="9.000000")), "steps"),
    "no node is ever done": lie(when(_API, put("nodes_completed", lambda value: value and 0)), "steps"),
    "a run has another verdict than its evaluation": lie(when(_API, records(_another_verdict)), "latest_evaluation"),
    "a score is one of a hundred": lie(
        when(at("GET", "/v1/runs", 200), put("score", lambda value: value and value * 100)), "answer_schema"
    ),
    "a run calls the address of another its own": lie(Bug(_another_address), "own_address"),
}
