"""What a test says about the journal over HTTP, and waiting for it."""

import asyncio
from typing import Any

import pytest
from doors import AUTO, MANUAL, Door
from steps import ABSENT, BATCHES, INPUT, RUNS, Body, get_run, ok, post_batch, post_run, refusal
from worlds import CALLBACK_URL

from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.sender import OutgoingRequest, RecordingSender


@pytest.fixture
def told(door: Door) -> Door:
    """A story: two runs, one of them read, and a batch."""
    first = post_run(door, client_ref="sku-1", metadata={"shop": {"id": 7}})
    door.post(RUNS, {"input": INPUT, "client_ref": "sku-2"}, headers={"Idempotency-Key": "k"})
    get_run(door, first)
    door.post(BATCHES, {"input": [{**INPUT, "client_ref": "item-1"}, {"image_url": "https://cdn.example.com/hat.jpg"}]})
    door.get("/v1/runs?limit=0")
    return door


def verify(door: Door, **clause: Any) -> tuple[int, Body]:
    response = door.post("/_mock/verify", clause)
    return response.status_code, response.json()


@pytest.mark.parametrize(
    ("clause", "count"),
    [
        ({}, 5),
        ({"operation": "create_run"}, 2),
        ({"method": "post", "path": "/v1/**/batches"}, 1),
        ({"model": "runflow/background-removal", "method": "POST"}, 3),
        ({"client_ref": "sku-1"}, 2),
        ({"client_ref": "item-1"}, 1),
        ({"input": {"image_url": "https://cdn.example.com/hat.jpg"}}, 1),
        ({"metadata": {"shop": {"id": 7}}, "operation": "create_run"}, 1),
        ({"operation": "get_run", "client_ref": "sku-1"}, 1),
        ({"status": 422}, 1),
        ({"status": "2xx"}, 4),
        ({"headers": {"Idempotency-Key": "k"}}, 1),
        ({"headers": {"idempotency-key": None}, "operation": "create_run"}, 1),
        ({"headers": {"authorization": "*"}}, 5),
    ],
)
def test_clause_finds_what_it_describes(told: Door, clause: Body, count: int) -> None:
    status, body = verify(told, **clause, count=count)
    assert (status, body["verified"], len(body["matched"])) == (200, True, count), body


def test_model_may_be_named_as_clients_name_it(door: Door) -> None:
    door.post("/v1/models/flux-pro/kontext/runs", {"input": {"prompt": "x"}})
    for name in ("flux-pro/kontext", "black-forest-labs/flux-pro/kontext"):
        assert verify(door, model=name)[0] == 200


def test_untrue_clause_is_explained_by_the_nearest_miss(told: Door) -> None:
    status, body = verify(told, operation="create_run", client_ref="sku-3")
    assert (status, body["verified"], body["matched"]) == (409, False, [])
    assert body["nearest"]["differences"] == [{"field": "client_ref", "expected": "sku-3", "seen": "sku-2"}]
    assert body["error"]["type"] == "not_verified"
    assert "client_ref: expected 'sku-3', saw 'sku-2'" in body["error"]["message"]


def test_sequence_over_http(told: Door) -> None:
    create, read = {"operation": "create_run", "client_ref": "sku-1"}, {"operation": "get_run"}
    assert verify(told, sequence=[create, read])[0] == 200
    status, body = verify(told, sequence=[read, create])
    assert (status, body["step"], len(body["matched"])) == (409, 2, 1)
    assert "came too early" in body["error"]["message"]


def test_within_is_the_tenants_time(door: Door) -> None:
    post_run(door)
    door.post("/_mock/clock/advance", {"by": "1m"})
    post_run(door)
    assert verify(door, operation="create_run", within="1m")[0] == 200
    assert verify(door, operation="create_run", within="59s")[0] == 409


@pytest.mark.parametrize(
    ("clause", "names"),
    [
        ({"opration": "create_run"}, "opration"),
        ({"operation": "make_run"}, "operation 'make_run'"),
        ({"status": "40"}, "status '40'"),
        ({"status": 600, "count": 0}, "status '600'"),
        ({"method": "PSOT", "count": 0}, "method 'PSOT' is none of HTTP's; did you mean POST?"),
        ({"count": -1}, "count -1"),
        ({"count": 1, "at_least": 1}, "leave out at_least"),
        ({"at_least": 3, "at_most": 2}, "at_least 3"),
        ({"within": "soon"}, "within"),
        ({"path": "*" * 9}, "path"),
        ({"sequence": []}, "from 1 to 100"),
        ({"sequence": [{"at_most": 0}]}, "sequence[0]"),
        ({"sequence": [{"status": "x"}]}, "sequence[0].status"),
        ({"input": 3}, "input"),
        ({"headers": {f"x-{number}": None for number in range(51)}}, "headers has 51 entries"),
    ],
)
def test_clause_that_cannot_be_understood_is_refused_by_name(door: Door, clause: Body, names: str) -> None:
    assert names in refusal(door.post("/_mock/verify", clause), 422)


def test_unknown_model_and_broken_json_are_refused(door: Door) -> None:
    assert "nope" in refusal(door.post("/_mock/verify", {"model": "a/nope"}), 404, "not_found")
    refusal(door.request("POST", "/_mock/verify", content=b"{oops"), 422)
    refusal(door.request("POST", "/_mock/verify", content=b"[]"), 422)


def test_other_tenants_journal_says_nothing(told: Door) -> None:
    assert told.post("/_mock/verify", {"count": 0}, key="rf_live_mock_other").status_code == 200


def wait(door: Door, timeout: float = 0.05, **wanted: Any) -> tuple[int, Body]:
    response = door.post("/_mock/wait", {"for": wanted, "timeout": timeout})
    return response.status_code, response.json()


def test_waiting_under_auto_moves_time_to_the_end() -> None:
    with Door(AUTO, sender=RecordingSender()) as door:
        run, batch = post_run(door, callback_url=CALLBACK_URL), post_batch(door)
        assert wait(door, run=run["id"])[1]["state"] == [{"id": run["id"], "status": "succeeded"}]
        assert wait(door, batch=batch["id"])[1]["state"] == [{"id": batch["id"], "status": "succeeded"}]
        status, body = wait(door, delivery=run["id"])
        assert (status, body["held"], body["state"][0]["status"]) == (200, True, "succeeded")


def test_waiting_for_a_status_on_the_way() -> None:
    with Door(AUTO) as door:
        run = post_run(door)
        assert wait(door, run=run["id"], status=["dispatching", "running"])[0] == 200
        assert not get_run(door, run)["completed_at"]


def test_wait_that_can_never_hold_says_so_at_once() -> None:
    with Door(AUTO) as door:
        run = post_run(door)
        status, body = wait(door, timeout=60, run=run["id"], status="failed")
        assert (status, body["error"]["type"], body["state"][0]["status"]) == (409, "not_possible", "succeeded")


def test_wait_in_vain_says_where_things_stand(door: Door) -> None:
    run = post_run(door)
    status, body = wait(door, run=run["id"])
    assert (status, body["error"]["type"], body["held"]) == (408, "timeout", False)
    assert body["state"] == [{"id": run["id"], "status": "queued"}]
    assert "clock stands" in body["error"]["message"]


def test_waiting_for_the_journal_tells_the_nearest_miss(door: Door) -> None:
    post_run(door, client_ref="a")
    assert wait(door, journal={"client_ref": "a"})[0] == 200
    status, body = wait(door, journal={"client_ref": "b"})
    assert (status, body["state"]["verified"]) == (408, False)
    assert body["state"]["nearest"]["differences"] == [{"field": "client_ref", "expected": "b", "seen": "a"}]


def test_wait_ends_when_somebody_else_makes_it_true(door: Door) -> None:
    run = post_run(door)
    waiting = ("POST", "/_mock/wait", {"for": {"run": run["id"]}, "timeout": 30})
    held, _ = door.together(waiting, ("POST", "/_mock/clock/run-until-idle", {}))
    assert ok(held)["state"][0]["status"] == "succeeded"
    asked = ("POST", "/_mock/wait", {"for": {"journal": {"operation": "list_runs"}}, "timeout": 30})
    held, _ = door.together(asked, ("GET", "/v1/runs", None))
    assert ok(held)["held"]


class Silent(RecordingSender):
    """A receiver that does not answer."""

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets the event")


@pytest.mark.parametrize("clock", [ClockMode.MANUAL, ClockMode.AUTO])
@pytest.mark.parametrize("how", [("POST", "/_mock/reset", {}), ("DELETE", "/_mock/tenants/test", None)])
@pytest.mark.parametrize("wanted", [{"journal": {"client_ref": "never"}}, {"delivery": "RUN"}])
def test_wait_for_a_tenant_that_goes_is_told_at_once(how: tuple[str, str, Any], wanted: Body, clock: ClockMode) -> None:
    with Door(MANUAL, clock=clock, sender=Silent()) as door:
        run = post_run(door, callback_url=CALLBACK_URL)
        ok(door.post(f"/_mock/runs/{run['id']}/cancel", {}))
        wanted = {noun: run["id"] if about == "RUN" else about for noun, about in wanted.items()}
        waiting, gone = door.together(("POST", "/_mock/wait", {"for": wanted, "timeout": 60}), how)
        assert gone.status_code < 300
        told = waiting.json()
        assert (waiting.status_code, told["error"]["type"], told["held"]) == (404, "not_found", False)
        assert "was deleted, or made anew, before the " in told["error"]["message"]


def test_wait_leaves_nothing_behind(door: Door) -> None:
    run = post_run(door)
    wait(door, run=run["id"])
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    assert (tenant.change_events, tenant.journal.listeners) == (set[asyncio.Event](), [])


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, "for"),
        ({"for": {}}, "it has none"),
        ({"for": {"run": "a", "batch": "b"}}, "run and batch"),
        ({"for": {"run": "a", "status": "asleep"}}, "'asleep'"),
        ({"for": {"run": "a"}, "timeout": 61}, "timeout 61"),
        ({"for": {"run": "a"}, "timeout": "soon"}, "timeout"),
        ({"for": {"journal": {"opration": 1}}}, "opration"),
        ({"for": {"journal": {}, "status": "a"}}, "for.status"),
        ({"for": {"callback": "a"}}, "callback"),
    ],
)
def test_wait_that_cannot_be_understood_is_refused_by_name(door: Door, body: Body, names: str) -> None:
    assert names in refusal(door.post("/_mock/wait", body), 422)


@pytest.mark.parametrize("noun", ["run", "batch", "evaluation", "delivery"])
def test_nobody_waits_for_what_does_not_exist(door: Door, noun: str) -> None:
    refusal(door.post("/_mock/wait", {"for": {noun: ABSENT}}), 404, "not_found")
