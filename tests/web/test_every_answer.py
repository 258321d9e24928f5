"""Every answer that the contract declares is given: each operation's success and each of its errors, with headers and body as stated.

What makes a good call of an operation fail in just one way is found by status, whatever the operation is.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import httpx
import pytest
from answers import ANSWERS
from contract import Declared, fits, operations
from doors import Door
from steps import ABSENT, Body, finished_run, post_fault
from walks import EVALUATION, GOOD, WORKFLOWS, Call, Tour

from runflow_mock.domain.dialects import BUNDLES
from runflow_mock.domain.money import parse_money
from runflow_mock.wire.item_names import item_names

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


every_operation = pytest.mark.parametrize("declared", operations().values(), ids=operations())

# These answer with a bare list.
BARE = {"list_run_deliveries", "list_batch_deliveries"}
LISTS = [name for name in operations() if name.startswith("list_") and name not in BARE]
# What only an embedding request, or only one with a key, gets to see, and what not every table has.
NOT_ALWAYS = {"model_creator", "description", "org_id", "is_public", "created_by", "deleted_at", "deleted_by"}


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    with Door(balance=parse_money("1000")) as usual, Door(balance=parse_money("0")) as poor, Door(body_bytes_max=1) as narrow:
        yield Doors(Tour(usual), poor, narrow)


def test_walk_has_every_operation_and_every_error() -> None:
    assert set(GOOD) == set(operations())
    errors = {status for declared in operations().values() for status in declared.statuses if status >= 300}
    assert errors == set(SPOILERS)


@every_operation
def test_operation_succeeds(doors: Doors, declared: Declared) -> None:
    response = fits(GOOD[declared.id](doors.usual).send(doors.usual.door), declared.id)
    assert response.is_success
    ANSWERS.walked.add((declared.id, response.status_code))


@every_operation
def test_operation_answers_with_each_of_its_errors(doors: Doors, declared: Declared) -> None:
    errors = [status for status in declared.statuses if status >= 300]
    call = GOOD[declared.id](doors.usual)
    given = {status: spoil(doors, declared, call, status) for status in errors}
    assert {status: fits(response, declared.id).status_code for status, response in given.items()} == {each: each for each in errors}
    ANSWERS.walked |= {(declared.id, status) for status in errors}


@pytest.mark.parametrize("operation", LISTS)
def test_items_have_the_names_that_the_contract_states(doors: Doors, operation: str) -> None:
    call = GOOD[operation](doors.usual)
    stated = item_names(call.path, BUNDLES["seed"])
    for item in call.send(doors.usual.door).json()["items"]:
        assert stated - set(item) <= NOT_ALWAYS
        assert set(item) <= stated


def test_only_one_operation_has_two_ways_to_succeed() -> None:
    successes = {name: [status for status in each.statuses if status < 300] for name, each in operations().items()}
    assert [name for name, statuses in successes.items() if len(statuses) != 1] == ["cancel_run"]


def test_run_that_has_ended_is_told_with_200_when_it_is_cancelled(doors: Doors) -> None:
    tour = doors.usual
    response = tour.cancellation(finished_run(tour.door)).send(tour.door)
    assert fits(response, "cancel_run").status_code == 200
    ANSWERS.walked.add(("cancel_run", 200))
