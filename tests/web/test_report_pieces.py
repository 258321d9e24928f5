"""Nothing stands still while rules are compared with requests, and while timers are put in order. Counted, not timed."""

from functools import partial

import pytest
from costs import lines_run
from doors import Door
from steps import INPUT, RUNS, ok
from turns import turns_while

from runflow_mock.domain.money import parse_money
from runflow_mock.runtime.reports import MOMENTS_AT_ONCE, report_on, unfired_rules


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
def test_others_have_a_turn_between_requests_that_no_rule_of_a_scenario_met(door: Door) -> None:
    rule = {"what": {"kind": "answer", "status": 503}, "where": {"operation": "create_batch"}}
    ok(door.request("PUT", "/_mock/scenario", json={"scenario": {"name": "x", "story": "y", "faults": [rule]}}))
    few = turns_while(door, "GET", "/_mock/scenario")
    for _ in range(3 * MOMENTS_AT_ONCE):
        door.get("/v1/runs")
    assert turns_while(door, "GET", "/_mock/scenario") >= few + 4


def test_rule_that_fires_while_a_report_is_made_is_not_told(door: Door) -> None:
    given = ok(door.post("/_mock/faults", {"what": {"kind": "latency", "seconds": 0}, "where": {"operation": "list_runs"}}), 201)
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    found = door.run(unfired_rules(tenant, lambda subject: subject))
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
