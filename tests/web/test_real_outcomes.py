"""What real clients read of runs that ended badly, were stopped, or have steps."""

from decimal import Decimal

import pytest
from doors import Door
from steps import Body, advance, finished_batch, finished_run, get_run, ok, post_batch, post_fault, post_run

DYVER = "/v1/models/runflow/dyver-removal/runs"
STAGES = {"image_url": "https://cdn.example.com/a.jpg", "config": {"elements": ["tag_removal", "background_removal"]}}

every_dialect = pytest.mark.parametrize("dialect", ["seed", "docs"])


def cancelled(door: Door, run: Body) -> Body:
    return ok(door.post(f"/v1/admin/runs/{run['id']}/cancellation", key=door.admin_key), 201)


def in_state(door: Door, state: str) -> Body:
    run = ok(door.post(DYVER, {"input": STAGES}), 201)
    while get_run(door, run)["status_code"] != state:
        ok(door.post("/_mock/clock/next"))
    return run


def available(door: Door) -> str:
    return str(ok(door.get("/v1/billing/balance"))["balance"])


@every_dialect
@pytest.mark.parametrize(
    ("state", "billing", "cost"),
    [
        ("queued", "full", "0.000000"),
        ("dispatching", "full", "0.410000"),
        ("running", "full", "0.410000"),
        ("queued", "none", "0.000000"),
        ("dispatching", "none", "0.000000"),
        ("running", "none", "0.000000"),
    ],
)
def test_run_that_a_provider_has_is_charged_when_it_is_cancelled(dialect: str, state: str, billing: str, cost: str) -> None:
    with Door(dialect=dialect, switches={"cancel_billing": billing}) as door:
        run = cancelled(door, in_state(door, state))
        assert (run["cost"], get_run(door, run)["cost"]) == (cost, cost)
        assert Decimal(available(door)) == Decimal(10) - Decimal(cost)
        ledger = ok(door.get("/_mock/ledger"))
        assert (ledger["held"], [each["held"] for each in ledger["invariants"]]) == ("0.000000", [True] * len(ledger["invariants"]))


def test_no_refund_is_what_a_tenant_gets_that_asks_for_nothing(door: Door) -> None:
    assert cancelled(door, in_state(door, "running"))["cost"] == "0.410000"


def test_batch_that_is_cancelled_costs_what_its_items_at_work_do(door: Door) -> None:
    batch = post_batch(door, 3)
    advance(door, "1s")
    assert {get_run(door, {"id": item["run_id"]})["status_code"] for item in batch["items"]} == {"running"}
    assert ok(door.post(f"/_mock/batches/{batch['id']}/cancel"))["cost"] == "0.810000"
    assert ok(door.post(f"/_mock/batches/{post_batch(door)['id']}/cancel"))["cost"] == "0.000000"


@every_dialect
def test_entries_of_a_batch_say_why_an_item_failed(dialect: str) -> None:
    with Door(dialect=dialect) as door:
        post_fault(door, {"edge": "batch.item[1]"}, {"kind": "fail", "failure_message": "too dark"})
        batch = finished_batch(door, 2)
        items = ok(door.get(f"/v1/batches/{batch['id']}/items"))["items"]
        assert [item["failure_message"] for item in items] == [None, "too dark"]
        one = ok(door.get(f"/v1/batches/{batch['id']}/items/{items[1]['id']}"))
        assert (one["failure_message"], one["run"]["failure_message"]) == ("too dark", "too dark")
        assert all("failure_message" not in handle for handle in batch["items"])


@every_dialect
def test_error_of_a_run_is_there_where_it_is_asked_for(dialect: str) -> None:
    with Door(dialect=dialect, switches={"run_error": "present"}) as door:
        post_fault(door, {"client_ref": "bad"}, {"kind": "fail", "failure_code": "TIMEOUT", "failure_message": "too slow"})
        failed, fine = finished_run(door, client_ref="bad"), finished_run(door)
        assert (failed["error"], fine["error"], post_run(door)["error"]) == ({"code": "TIMEOUT", "message": "too slow"}, None, None)
        assert {item["id"]: item["error"] for item in ok(door.get("/v1/runs"))["items"]}[failed["id"]] == failed["error"]
        assert (failed["failure_code"], failed["failure_message"]) == ("TIMEOUT", "too slow")


@every_dialect
def test_error_of_a_run_is_absent_otherwise(dialect: str) -> None:
    with Door(dialect=dialect) as door:
        post_fault(door, {"client_ref": "bad"}, {"kind": "fail"})
        assert "error" not in finished_run(door, client_ref="bad")


@pytest.mark.parametrize("missing", [1, 9])
def test_success_in_part_has_something_to_show(door: Door, missing: int) -> None:
    post_fault(door, {"edge": "run.running->succeeded"}, {"kind": "succeed_partially", "missing": missing})
    run = finished_run(door)
    assert (run["status_code"], len(run["output"]["image_urls"]), run["cost"]) == ("partial_succeeded", 1, "0.270000")


@pytest.mark.parametrize("output", [{}, {"outputs": []}, {"image_urls": []}, {"outputs": [], "image_urls": [], "seed": 1}])
def test_success_in_part_without_anything_in_it_is_refused(door: Door, output: Body) -> None:
    rule = {"where": {"edge": "run.running->succeeded"}, "what": {"kind": "succeed_partially", "output": output}}
    response = door.post("/_mock/faults", rule)
    assert (response.status_code, "what.output" in response.text) == (422, True)


def test_steps_take_unequal_parts_of_the_time_and_share_the_cost(door: Door) -> None:
    run = ok(door.post(DYVER, {"input": STAGES}), 201)
    door.settle()
    ended = get_run(door, run)
    tag, background = ok(door.get(f"/v1/runs/{run['id']}/node-runs?sort_by=started_at"))["items"]
    assert tag["duration_ms"] > 4 * background["duration_ms"]
    assert (tag["cost"], background["cost"], ended["cost"]) == ("0.140000", "0.270000", "0.410000")
    assert [node["output"]["image_urls"] for node in (tag, background)] == [[url] for url in ended["output"]["image_urls"][:2]]


def test_model_of_one_step_has_the_whole_cost_there(door: Door) -> None:
    run = finished_run(door)
    (node,) = ok(door.get(f"/v1/runs/{run['id']}/node-runs"))["items"]
    assert (node["cost"], node["output"]) == (run["cost"], None)


def test_steps_of_a_run_that_was_stopped_come_to_what_it_cost(door: Door) -> None:
    run = cancelled(door, in_state(door, "running"))
    nodes = ok(door.get(f"/v1/runs/{run['id']}/node-runs"))["items"]
    assert sum(Decimal(node["cost"]) for node in nodes) == Decimal(run["cost"]) == Decimal("0.41")


@every_dialect
def test_stopping_a_run_at_work_is_reported_as_a_reliance(dialect: str) -> None:
    with Door(dialect=dialect) as door:
        cancelled(door, in_state(door, "queued"))
        assert "cancel-billing" not in _relied_on(door)
        cancelled(door, in_state(door, "running"))
        assert "cancel-billing" in _relied_on(door)


def test_comforts_that_no_page_has_are_reported_as_reliances() -> None:
    with Door(switches={"run_error": "present", "output_form": "both"}) as door:
        post_fault(door, {"client_ref": "bad"}, {"kind": "fail"})
        finished_run(door, client_ref="bad")
        finished_run(door)
        assert {"run-error", "output-form"} <= _relied_on(door)


def _relied_on(door: Door) -> set[str]:
    return set(ok(door.get("/_mock/report"))["relies_on"])
