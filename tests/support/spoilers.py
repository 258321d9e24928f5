"""Spoilers: by status, what makes a good call of an operation fail in just this way, whatever the operation is."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import httpx
from contract import Declared
from doors import Door
from steps import ABSENT, Body, post_fault
from walks import EVALUATION, WORKFLOWS, Call, Tour

OTHER_KEY = "rf_live_mock_another"
STALE: Body = {"updated_at": "2020-01-01T00:00:00.000Z"}
# What stands in a path in the place of what does not exist; everything else is a UUID.
NOBODYS: Mapping[str, str] = {"model_id": "no/such-model", "owner": "nobody", "slug": "nothing", "code": "run.nothing"}
# Paths that fit the template, but belong to an operation with another method.
NEIGHBOURS: Mapping[str, str] = {
    "delete_asset": "/v1/assets/types",
    "update_webhook": "/v1/webhooks/event-types",
    "delete_webhook": "/v1/webhooks/event-types",
    "update_comfyui_workflow": f"{WORKFLOWS}/runflow-access%2Fbrand-locked-variant-nux",
    "delete_comfyui_workflow": f"{WORKFLOWS}/runflow-access%2Fbrand-locked-variant-nux",
}
# What the fake itself never answers: everybody has a balance, and every key an account.
ONLY_BY_RULE = frozenset((("get_balance", 404), ("update_balance", 404), ("get_current_user", 403)))
# What only a query can make wrong: who takes no organization cannot be asked on behalf of one that is none.
WRONG_QUERIES: Mapping[str, str] = {"get_current_user": "embed=nothing"}
# An error with a body that is not the envelope.
OWN_BODIES: Mapping[tuple[str, int], Body] = {("get_readiness", 503): {"status": "error", "checks": {"database": "failed", "redis": "ok"}}}
# Bodies that name what does not exist, where the path names nothing.
ABSENT_BODIES: Mapping[str, Body] = {
    "create_batch": {"model": "no/such-model", "input": [{}]},
    "create_evaluation": {**EVALUATION, "run_id": ABSENT},
}


class Doors(NamedTuple):
    """A door for each condition that a server can be in: a tour through a usual one; no credits; no room for bodies, or for tenants."""

    usual: Tour
    poor: Door
    narrow: Door


Spoiler = Callable[[Doors, Declared, Call], httpx.Response]


def spoil(doors: Doors, declared: Declared, call: Call, status: int) -> httpx.Response:
    """The answer to a good call that was spoiled so that it has this status."""
    spoiler = _answered_by_rule(status) if (declared.id, status) in ONLY_BY_RULE else SPOILERS[status]
    return spoiler(doors, declared, call)


def _unreadable(doors: Doors, declared: Declared, call: Call) -> httpx.Response:
    if declared.takes_body:
        return call.send(doors.usual.door, content=b"{", headers={"content-type": "application/json"})
    return call._replace(path=f"{call.path}?{'a&' * 1000}").send(doors.usual.door)


def _unknown(doors: Doors, declared: Declared, call: Call) -> httpx.Response:
    path = re.sub(r"\{(\w+)\}", lambda name: NOBODYS.get(name[1], ABSENT), declared.path)
    body = ABSENT_BODIES.get(declared.id, call.body)
    return call._replace(path=path, body=body).send(doors.usual.door)


def _contradicting(doors: Doors, declared: Declared, call: Call) -> httpx.Response:
    if call.method == "PATCH":
        return call._replace(body={**(call.body or {}), **STALE}).send(doors.usual.door)
    once = {"Idempotency-Key": f"{declared.id}-409"}
    assert call.send(doors.usual.door, headers=once).is_success
    return call._replace(body={**(call.body or {}), "more": 1}).send(doors.usual.door, headers=once)


def _wrong(doors: Doors, declared: Declared, call: Call) -> httpx.Response:
    if declared.is_public or declared.id in WRONG_QUERIES:
        return call._replace(path=f"{call.path}?{WRONG_QUERIES.get(declared.id, 'limit=0')}").send(doors.usual.door)
    return call.send(doors.usual.door, headers={"X-Organization-Id": "nobody"})


def _answered_by_rule(status: int) -> Spoiler:
    def spoiled(doors: Doors, declared: Declared, call: Call) -> httpx.Response:
        body = OWN_BODIES.get((declared.id, status))
        what = {"kind": "answer", "status": status, **({} if body is None else {"body": body})}
        post_fault(doors.usual.door, {"operation": declared.id}, what, {"times": 1})
        return call.send(doors.usual.door)

    return spoiled


SPOILERS: Mapping[int, Spoiler] = {
    304: lambda doors, declared, call: call.send(doors.usual.door, headers={"If-None-Match": "*"}),
    400: _unreadable,
    401: lambda doors, declared, call: call.send(doors.usual.door, key=None),
    402: lambda doors, declared, call: call.send(doors.poor),
    403: lambda doors, declared, call: call.send(doors.usual.door, headers={"X-Organization-Id": ABSENT}),
    404: _unknown,
    405: lambda doors, declared, call: call._replace(path=NEIGHBOURS[declared.id]).send(doors.usual.door),
    409: _contradicting,
    413: lambda doors, declared, call: call.send(doors.narrow, content=b"{}"),
    422: _wrong,
    429: _answered_by_rule(429),
    500: _answered_by_rule(500),
    503: _answered_by_rule(503),
}
