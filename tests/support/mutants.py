"""Mutants: bugs planted between the contract suite and a fake that is right, each a switch that only tests can turn.

A mutant is a carrier: it hands a request on, and spoils the answer, or the request, in one way.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace
from mutation.proxy import without_length

from runflow_mock.kit.suite.carriers import Answer, Carrier

Body = Any
Asked = tuple[str, str, dict[str, str], bytes | None]
Spoil = Callable[["Mutant", Answer], Answer]


class Bug(NamedTuple):
    """A planted bug: what it does to answers, and to the request before it is handed on."""

    spoil: Spoil
    on_request: Callable[[str, str, dict[str, str], bytes | None], Asked] | None = None


class Mutant:
    """A carrier with a bug; it remembers what a bug needs to know."""

    def __init__(self, carrier: Carrier, bug: Bug) -> None:
        self.url = carrier.url
        self.memory: dict[str, Any] = {}
        self._carrier = carrier
        self._bug = bug

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """The answer to a request, with the bug in it."""
        asked = (method, target, dict(headers), body)
        if self._bug.on_request is not None:
            asked = self._bug.on_request(*asked)
        self.memory["request"] = (method, target, dict(headers), body)
        told = replace(self._bug.spoil(self, self._carrier.carry(*asked)), method=method, target=target)
        # The length of what is told otherwise is nothing to be caught by.
        return without_length(told) if method == "HEAD" else told

    def again(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """What the right server answers to a request of the bug's own."""
        return self._carrier.carry(method, target, headers, body)

    def close(self) -> None:
        """Does nothing: the carrier is somebody else's."""


def changed(answer: Answer, change: Callable[[Body], Body]) -> Answer:
    """An answer with another body."""
    body = answer.json
    return answer if body is None else answer.with_body(json.dumps(change(body)).encode())


def same(mutant: Mutant, answer: Answer) -> Answer:
    """Leaves answers alone: the lie is about requests."""
    return answer


def asked(mutant: Mutant) -> Asked:
    """Returns the request that is being answered."""
    request: Asked = mutant.memory["request"]
    return request


def is_of_the_api(answer: Answer) -> bool:
    """Tells what is told of records from the document, and from what is asked of the fake."""
    return answer.path.startswith("/v1/") and answer.path != "/v1/openapi.json"


def is_granted(answer: Answer) -> bool:
    """Tells what the API answers where it refuses nothing."""
    return answer.path.startswith("/v1/") and answer.status < 300


def is_granted_of_records(answer: Answer) -> bool:
    """Tells the same, but for the document."""
    return is_of_the_api(answer) and answer.status < 300


def poorer(happens: Callable[[Mutant, Answer], bool], by: float) -> Bug:
    """Each time that something happens a little is taken, until another tenant is made."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        if answer.path == "/_mock/tenants":
            mutant.memory.pop("taken", None)
        if happens(mutant, answer):
            mutant.memory["taken"] = mutant.memory.get("taken", 0.0) + by
        if answer.path != "/v1/billing/balance" or answer.status != 200 or "taken" not in mutant.memory:
            return answer
        return changed(answer, lambda body: {**body, "balance": f"{float(body['balance']) - mutant.memory['taken']:.6f}"})

    return Bug(spoil)


def when(holds: Callable[[Answer], bool], change: Callable[[Body], Body]) -> Bug:
    """A bug in the bodies of some answers."""
    return Bug(lambda mutant, answer: changed(answer, change) if holds(answer) else answer)


def status(holds: Callable[[Answer], bool], code: int) -> Bug:
    """A bug in the status of some answers."""
    return Bug(lambda mutant, answer: replace(answer, status=code) if holds(answer) else answer)


def at(method: str, start: str, code: int | None = None, end: str = "") -> Callable[[Answer], bool]:
    """Tells answers of a method whose path begins and ends so."""

    def holds(answer: Answer) -> bool:
        found = answer.method == method and answer.path.startswith(start) and answer.path.endswith(end)
        return found and (code is None or answer.status == code)

    return holds


def records(change: Callable[[Body], None]) -> Callable[[Body], Body]:
    """A change of every object in a body."""

    def walk(part: Body) -> Body:
        if isinstance(part, dict):
            change(part)
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list):
            for inner in part:
                walk(inner)
        return part

    return walk


def put(name: str, value: Callable[[Body], Body], *, where: Callable[[Body], bool] = lambda record: True) -> Callable[[Body], Body]:
    """A change of a field wherever it stands."""

    def change(record: Body) -> None:
        if name in record and where(record):
            record[name] = value(record[name])

    return records(change)


def without(name: str) -> Callable[[Body], Body]:
    """A change that leaves a field out."""
    return records(lambda record: record.pop(name, None))


def pulled(change: Callable[[Body], Body]) -> Bug:
    """A bug in the callbacks that are carried to their receivers."""
    return Bug(lambda mutant, answer: changed(answer, change) if answer.path == "/_mock/deliveries/pull" else answer)


def reserialised(items: Body) -> Body:
    """Callbacks whose bodies were parsed and written again after they had been signed."""
    for item in items["items"]:
        item["base64"] = b64encode(json.dumps(json.loads(b64decode(item["base64"])), sort_keys=True, indent=1).encode()).decode()
    return items


def new_bytes(mutant: Mutant, answer: Answer) -> Answer:
    """Callbacks whose bytes differ from attempt to attempt."""
    if answer.path != "/_mock/deliveries/pull":
        return answer

    def change(items: Body) -> Body:
        for item in items["items"]:
            item["base64"] = b64encode(b64decode(item["base64"]) + b" " * item["number"]).decode()
        return items

    return changed(answer, change)


def _twice(items: Body) -> Body:
    return {**items, "items": [*items["items"], *items["items"]]}


def _flapping(mutant: Mutant, answer: Answer) -> Answer:
    """A run that is terminal goes back to running when it is read once more."""
    if not at("GET", "/v1/runs/", 200)(answer) or answer.path.count("/") != 3 or answer.json["status_code"] != "succeeded":
        return answer
    count = mutant.memory[answer.path] = mutant.memory.get(answer.path, 0) + 1
    back = {"status_code": "running", "output": None, "completed_at": None, "cost": None}
    return changed(answer, lambda body: {**body, **back}) if count == 2 else answer


def _without_deletion(mutant: Mutant, answer: Answer) -> Answer:
    """What was deleted can still be read."""
    if answer.method == "GET" and answer.status == 200 and answer.path.startswith("/v1/callback-secrets/"):
        mutant.memory[answer.path] = answer
    if answer.method == "DELETE":
        return answer
    return mutant.memory.get(answer.path, answer) if answer.method == "GET" and answer.status == 404 else answer


def _secret_again(mutant: Mutant, answer: Answer) -> Answer:
    """A secret is shown whenever it is read."""
    if at("POST", "/v1/callback-secrets", 201)(answer):
        mutant.memory["secret"] = answer.json["plain_secret"]
    shown = at("GET", "/v1/callback-secrets/", 200)(answer) and "secret" in mutant.memory
    return changed(answer, lambda body: {**body, "label": mutant.memory["secret"]}) if shown else answer


def _charged(mutant: Mutant, answer: Answer) -> Answer:
    """A failed run costs a little."""
    if answer.path.startswith("/v1/runs/") and answer.status == 200 and (answer.json or {}).get("status_code") == "failed":
        mutant.memory["failed"] = True
    if answer.path == "/v1/billing/balance" and mutant.memory.get("failed"):
        return changed(answer, lambda body: {**body, "balance": f"{float(body['balance']) - 0.27:.6f}"})
    return answer


def _drop_key(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    """Idempotency keys are not looked at."""
    return method, target, {name: value for name, value in headers.items() if name.lower() != "idempotency-key"}, body


def _drop_filter(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    """Filters are not looked at."""
    return method, re.sub(r"(?<=[?&])q=", "ignored=", target), headers, body


def _decode_slash(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    """An encoded slash ends up in the path of something else."""
    return method, target.replace("%2F", "%252F"), headers, body


def _page_shifted(mutant: Mutant, answer: Answer) -> Answer:
    """Every page but the first begins one record too late."""
    if "pq=" not in answer.target or answer.status != 200:
        return answer
    return changed(answer, lambda body: {**body, "items": body["items"][1:]})


def _page_repeats(mutant: Mutant, answer: Answer) -> Answer:
    """The last record of a page is the first of the next one."""
    if not at("GET", "/v1/runs", 200)(answer) or answer.path != "/v1/runs":
        return answer
    last, items = mutant.memory.get("last"), answer.json["items"]
    mutant.memory["last"] = items[-1] if items else None
    return changed(answer, lambda body: {**body, "items": [last, *items[1:]]}) if "pq=" in answer.target and last else answer


_RUN = at("GET", "/v1/runs/", 200)
_BATCH = at("GET", "/v1/batches/", 200)
_ERROR: Callable[[Answer], bool] = lambda answer: answer.status >= 400 and answer.path.startswith("/v1/")  # noqa: E731 - a name for a test

MUTANTS: Mapping[str, Bug] = {
    "creating answers 200 in place of 201": status(at("POST", "/v1/models/", 201, "/runs"), 200),
    "absent records answer 400": status(lambda answer: answer.status == 404, 400),
    "a missing key answers 403": status(lambda answer: answer.status == 401, 403),
    "an odd id answers 500": status(lambda answer: "%00" in answer.target, 500),
    "bad JSON answers 500": status(lambda answer: answer.method == "POST" and answer.status == 400, 500),
    "missing credit answers 403": status(lambda answer: answer.status == 402, 403),
    "runs have no created_at": when(_RUN, without("created_at")),
    "runs have no id": when(_RUN, without("id")),
    "errors are wrapped": when(_ERROR, lambda body: {"error": body}),
    "errors have no null": when(_ERROR, without("errors")),
    "costs are numbers": when(_RUN, put("cost", lambda cost: None if cost is None else float(cost))),
    "balances are numbers": when(at("GET", "/v1/billing", 200), put("balance", float)),
    "times have no zone": when(_RUN, put("created_at", lambda text: text.rstrip("Z"))),
    "runs end before they begin": when(_RUN, put("completed_at", lambda text: text and "2020-01-01T00:00:00.000Z")),
    "ids are upper-case": when(_RUN, put("id", lambda text: text.upper())),
    "ids are no UUIDv7": when(_RUN, put("id", lambda text: text[:14] + "4" + text[15:])),
    "a terminal run goes back": Bug(_flapping),
    "an unknown state appears": when(_RUN, put("status_code", lambda state: "processing" if state == "running" else state)),
    "succeeded runs have no output": when(_RUN, put("output", lambda output: None)),
    "failed runs have no reason": when(_RUN, put("failure_message", lambda message: None)),
    "counters do not add up": when(_BATCH, put("items_succeeded", lambda count: count and count + 1)),
    "a batch with a failure succeeds": when(_BATCH, put("status_code", lambda state: state.replace("partial_succeeded", "succeeded"))),
    "batches cost a cent more": when(_BATCH, put("cost", lambda cost: cost and f"{float(cost) + 0.01:.6f}")),
    "a failed run is charged": Bug(_charged),
    "pages are off by one": Bug(_page_shifted),
    "pages overlap": Bug(_page_repeats),
    "limits are not looked at": Bug(same, lambda m, t, h, b: (m, t.replace("limit=", "ignored="), h, b)),
    "filters are not looked at": Bug(same, _drop_filter),
    "idempotency keys are not looked at": Bug(same, _drop_key),
    "encoded slashes are decoded too late": Bug(same, _decode_slash),
    "deleted secrets can be read": Bug(_without_deletion),
    "secrets are shown again": Bug(_secret_again),
    "allowed methods are not told": Bug(
        lambda mutant, answer: replace(answer, headers={k: v for k, v in answer.headers.items() if k != "allow"})
    ),
    "callbacks are signed over other JSON": pulled(reserialised),
    "callbacks change between attempts": Bug(new_bytes),
    "callbacks come twice": pulled(_twice),
    "callbacks are not signed": pulled(records(lambda record: record.pop("Runflow-Signature", None))),
    "attempts are not numbered": pulled(put("Runflow-Request-Id", lambda text: text.rpartition("-")[0])),
    "content is text": Bug(lambda mutant, answer: replace(answer, headers={**answer.headers, "content-type": "text/plain"})),
}
