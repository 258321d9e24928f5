"""Nothing stands still while rules are compared with requests, and while timers are put in order. Counted, not timed."""

from functools import partial
from typing import Any

import pytest
from costs import lines_run
from doors import Door
from msgspec.structs import replace
from steps import INPUT, RUNS, ok
from turns import Watched, turns_while

from runflow_mock.domain.money import parse_money
from runflow_mock.domain.poll_hygiene import STANDING_POLLS_MIN
from runflow_mock.runtime.judging import READ_STEP_EXCHANGES, STEP_BYTES
from runflow_mock.runtime.reports import COMPARED_MAX, MOMENTS_AT_ONCE, PATH_CHARACTERS_MAX, report_on, unfired_among, unfired_rules
from runflow_mock.wire.expectations import MATCHED_MAX


@pytest.mark.slow(is_covering=True)
def test_others_have_a_turn_while_rules_are_compared_with_requests(door: Door) -> None:
    """Eighty rules that never fired, beside a journal of 2,000 requests, held everybody up for 1.1 s."""
    requests, rules = 2 * MOMENTS_AT_ONCE, 6
    # The first verb of all is imported beside the loop.
    ok(door.get("/_mock/report"))

    def turns(unfired: int) -> int:
        for _ in range(requests):
            door.get("/v1/runs")
        for _ in range(unfired):
            where = {"operation": "create_run", "input": {"a": "b"}}
            ok(door.post("/_mock/faults", {"what": {"kind": "answer", "status": 503}, "where": where}), 201)
        return turns_while(door, "GET", "/_mock/report")

    none = turns(0)
    ok(door.post("/_mock/reset"))
    assert turns(rules) >= none + rules


@pytest.mark.slow(is_covering=True)
def test_of_very_many_rules_each_is_compared_with_the_latest_moments_alone(door: Door) -> None:
    """Three hundred rules, beside a journal of 300 requests, took 1.5 s; there may be 500 beside 2,000."""
    rules, moments = 400, COMPARED_MAX // 400
    where = {"path": "/v1/models/owner/another"}
    ok(door.post("/_mock/faults", {"what": {"kind": "answer", "status": 503}, "where": where}), 201)
    door.get("/v1/models/owner/one")
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    near = tenant.journal.as_they_came(1)[0]
    far = replace(near, target="/v1/runs")
    for number in range(2, moments + 2):
        tenant.journal.record(replace(far, id=f"far-{number}", number=number))

    def nearest(count: int) -> str:
        found = door.run(unfired_among(door.runtime, tenant, (*tenant.world.store.rules.values(),) * count, lambda subject: subject))
        assert found[0].nearest is not None
        return found[0].nearest.id

    assert (nearest(1), nearest(rules)) == (near.id, f"far-{moments + 1}")


@pytest.mark.slow(is_covering=True)
def test_what_rules_with_few_moments_leave_is_compared_with_the_others(door: Door) -> None:
    ok(door.post("/_mock/faults", {"what": {"kind": "fail"}, "where": {"client_ref": "none"}}), 201)
    where = {"path": "/v1/models/owner/another"}
    ok(door.post("/_mock/faults", {"what": {"kind": "answer", "status": 503}, "where": where}), 201)
    door.get("/v1/models/owner/one")
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    near = tenant.journal.as_they_came(1)[0]
    far = replace(near, target="/v1/runs")
    for number in range(2, 102):
        tenant.journal.record(replace(far, id=f"far-{number}", number=number))
    of_runs, of_requests = tenant.world.store.rules.values()
    # There is no run: of 399 rules that are compared with one nothing is taken.
    found = door.run(unfired_among(door.runtime, tenant, (*[of_runs] * 399, of_requests), lambda subject: subject))
    assert found[-1].nearest is not None
    assert found[-1].nearest.id == near.id


@pytest.mark.slow(is_covering=True)
def test_others_have_a_turn_between_requests_that_no_rule_of_a_scenario_met(door: Door) -> None:
    rule = {"what": {"kind": "answer", "status": 503}, "where": {"operation": "create_batch"}}
    ok(door.request("PUT", "/_mock/scenario", json={"scenario": {"name": "x", "story": "y", "faults": [rule]}}))
    few = turns_while(door, "GET", "/_mock/scenario")
    for _ in range(3 * MOMENTS_AT_ONCE):
        door.get("/v1/runs")
    assert turns_while(door, "GET", "/_mock/scenario") >= few + 4


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("where", "least"),
    [({"input": {"a": [2]}}, 2), ({"operation": "create_run", "input": {"a": [2]}}, 4)],
    ids=["against runs", "against requests"],
)
def test_others_have_a_turn_between_long_documents_that_a_rule_is_compared_with(where: dict[str, Any], least: int) -> None:
    """Eight runs with half a megabyte of input each held everybody up for a second beside one rule."""
    kind = {"kind": "answer", "status": 503} if "operation" in where else {"kind": "fail"}
    with Door(balance=parse_money("1000")) as door:
        rule = ok(door.post("/_mock/faults", {"what": kind, "where": where}), 201)
        turns_while(door, "GET", f"/_mock/faults/{rule['id']}")

        def turns(long: int) -> int:
            ok(door.post("/_mock/reset"))
            again = ok(door.post("/_mock/faults", {"what": kind, "where": where}), 201)
            for number in range(6):
                ok(door.post(RUNS, {"input": {**INPUT, "a": "x" * long, "b": number}}), 201)
            ok(door.get("/_mock/journal?limit=200"))
            return turns_while(door, "GET", f"/_mock/faults/{again['id']}")

        assert turns(STEP_BYTES // 2) >= turns(1) + least


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("path", ["/_mock/faults/{rule}", "/_mock/scenario", "/_mock/runs/{run}"])
def test_others_have_a_turn_while_what_nobody_has_read_is_looked_through(door: Door, path: str) -> None:
    """Sixteen megabytes that nobody had read held everybody up for a second, once a rule was compared with them."""
    rule = {"what": {"kind": "answer", "status": 503}, "where": {"operation": "create_batch"}}
    ok(door.request("PUT", "/_mock/scenario", json={"scenario": {"name": "x", "story": "y", "faults": [rule]}}))
    asked = path.format(rule=ok(door.get("/_mock/faults"))["items"][0]["id"], run=ok(door.post(RUNS, {"input": INPUT}), 201)["id"])
    turns_while(door, "GET", asked)
    for _ in range(10 * READ_STEP_EXCHANGES):
        door.get("/v1/runs")
    unread = turns_while(door, "GET", asked)
    assert unread >= turns_while(door, "GET", asked) + 9


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/_mock/report"), ("GET", "/_mock/scenario"), ("DELETE", "/_mock/tenants/test?tell=true")]
)
def test_what_is_looked_through_at_once_does_not_grow_with_what_is_told(door: Door, method: str, path: str) -> None:
    """A thousand expectations that each took a thousand requests held everybody up for 2.7 s."""
    watched = Watched()

    def largest(count: int) -> int:
        expected = [{"label": "x" * 100, "requests": {"path": "/v1/no/*", "count": 0}}] * count
        rule = {"what": {"kind": "answer", "status": 503}, "where": {"operation": "create_batch"}}
        told = {"name": "x", "expectations": expected, "faults": [rule] * count, "unused": "allowed"}
        ok(door.request("PUT", "/_mock/scenario", json={"scenario": told}))
        for number in range(count):
            door.get(f"/v1/no/{number}")
        watched.seen.clear()
        assert door.request(method, path).status_code == 200
        return max(watched.seen)

    door.runtime.scrubber = watched
    few = largest(2)
    assert largest(30) <= few + 2_000


@pytest.mark.slow(is_covering=True)
def test_of_very_long_paths_a_report_tells_the_beginning(door: Door) -> None:
    for _ in range(STANDING_POLLS_MIN):
        door.get(f"/v1/runs/{'x' * 2 * PATH_CHARACTERS_MAX}")
    door.get(f"/v1/{'x' * 2 * PATH_CHARACTERS_MAX}")
    told = ok(door.get("/_mock/report"))
    assert told["unmatched_requests"][0]["path"] == f"/v1/{'x' * PATH_CHARACTERS_MAX}"[:PATH_CHARACTERS_MAX] + "…"
    (hint,) = told["hints"]
    assert hint.startswith(f"/v1/runs/{'x' * (PATH_CHARACTERS_MAX - 9)}… was read {STANDING_POLLS_MIN} times")


@pytest.mark.slow(is_covering=True)
def test_of_many_requests_that_fit_an_expectation_some_are_told_and_how_many(door: Door) -> None:
    ok(door.request("PUT", "/_mock/scenario", json={"scenario": {"name": "x", "expectations": [{"requests": {"path": "/v1/runs"}}]}}))
    for _ in range(MATCHED_MAX + 3):
        door.get("/v1/runs")
    (checked,) = ok(door.get("/_mock/scenario"))["expectations"]
    assert (checked["held"], len(checked["seen"]["matched"]), checked["seen"]["count"]) == (True, MATCHED_MAX, MATCHED_MAX + 3)
    taken = [exchange["id"] for exchange in ok(door.get("/_mock/journal?limit=200"))["items"]]
    assert checked["seen"]["matched"] == taken[:MATCHED_MAX]


def test_rule_that_fires_while_a_report_is_made_is_not_told(door: Door) -> None:
    given = ok(door.post("/_mock/faults", {"what": {"kind": "latency", "seconds": 0}, "where": {"operation": "list_runs"}}), 201)
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    found = door.run(unfired_rules(door.runtime, tenant, lambda subject: subject))
    assert [each.id for each in report_on(door.runtime, tenant, found).unfired] == [given["id"]]
    ok(door.get("/v1/runs"))
    assert report_on(door.runtime, tenant, found).unfired == ()


@pytest.mark.slow(is_covering=True)
def test_timers_of_a_snapshot_are_put_in_order_beside_the_loop() -> None:
    with Door(balance=parse_money("1000")) as door:
        batches = f"{RUNS.removesuffix('runs')}batches"

        def lines() -> int:
            ok(door.post(batches, {"input": [INPUT] * 100}), 201)
            return lines_run(partial(door.get, "/_mock/snapshot"))

        lines()
        assert abs(lines() - lines()) < 100
