from collections.abc import Callable

import pytest
from doors import Door
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import BATCHES, INPUT, RUNS, Body, advance, finished_run, history_length, ok, post_batch, post_fault, post_run, problem

from runflow_mock.domain.money import parse_money


def ledger(door: Door) -> Body:
    return ok(door.get("/_mock/ledger"))


def figures(door: Door) -> tuple[str, str, str]:
    found = ledger(door)
    return found["balance"], found["held"], found["charged"]


def door_with(balance: str) -> Door:
    return Door(balance=parse_money(balance))


def test_run_is_held_at_creation_and_charged_at_its_success(door: Door) -> None:
    post_run(door)
    assert figures(door) == ("10.000000", "0.270000", "0.000000")
    door.settle()
    assert figures(door) == ("9.730000", "0.000000", "0.270000")
    assert [(entry["kind"], entry["amount"]) for entry in ledger(door)["entries"]] == [
        ("credit", "10.000000"),
        ("hold", "0.270000"),
        ("release", "0.270000"),
        ("charge", "0.270000"),
    ]


def test_failed_run_costs_nothing(door: Door) -> None:
    post_fault(door, {"edge": "run.running->failed"})
    finished_run(door)
    assert figures(door) == ("10.000000", "0.000000", "0.000000")


def test_cancelled_run_costs_nothing(door: Door) -> None:
    run = post_run(door)
    ok(door.post(f"/_mock/runs/{run['id']}/cancel"))
    assert figures(door) == ("10.000000", "0.000000", "0.000000")


def test_only_items_that_succeed_are_paid_for(door: Door) -> None:
    post_fault(door, {"edge": "batch.item[1]"})
    batch = post_batch(door, 3)
    assert figures(door)[1] == "0.810000"
    door.settle()
    assert figures(door) == ("9.460000", "0.000000", "0.540000")
    charged = [entry for entry in ledger(door)["entries"] if entry["kind"] == "charge"]
    assert {entry["batch_id"] for entry in charged} == {batch["id"]}
    assert len({entry["run_id"] for entry in charged}) == 2


def test_each_item_is_charged_when_it_ends(door: Door) -> None:
    post_batch(door, 2)
    charges = []
    while ok(door.get("/_mock/clock"))["next_due"]:
        ok(door.post("/_mock/clock/next"))
        charges.append(figures(door)[2])
    assert sorted(set(charges)) == ["0.000000", "0.270000", "0.540000"]


@pytest.mark.parametrize(("balance", "status"), [("0.269999", 402), ("0.27", 201), ("0", 402), ("-1", 402)])
def test_run_needs_its_price(balance: str, status: int) -> None:
    with door_with(balance) as door:
        assert door.post(RUNS, {"input": INPUT}).status_code == status


def test_402_creates_and_charges_nothing() -> None:
    with door_with("0.26") as door:
        before = (ledger(door), history_length(door))
        response = door.post(RUNS, {"input": INPUT})
        problem(response, 402, "INSUFFICIENT_CREDITS")
        assert "0.270000" in response.json()["message"]
        assert (ledger(door), history_length(door)) == before
        assert door.get("/v1/runs").json()["items"] == []


def test_batch_is_admitted_as_a_whole_or_not_at_all() -> None:
    with door_with("0.80") as door:
        problem(door.post(BATCHES, {"input": [INPUT] * 3}), 402, "INSUFFICIENT_CREDITS")
        assert door.get("/v1/batches").json()["items"] == door.get("/v1/runs").json()["items"] == []
        assert post_batch(door, 2)["items_total"] == 2


def test_holds_count_against_the_next_admission() -> None:
    with door_with("0.50") as door:
        post_run(door)
        problem(door.post(RUNS, {"input": INPUT}), 402, "INSUFFICIENT_CREDITS")


def test_account_runs_dry_between_two_runs_and_is_filled_again() -> None:
    with door_with("0.50") as door:
        finished_run(door)
        assert figures(door)[0] == "0.230000"
        problem(door.post(RUNS, {"input": INPUT}), 402, "INSUFFICIENT_CREDITS")
        assert ok(door.post("/_mock/ledger/credits", {"amount": "0.04"}))["balance"] == "0.270000"
        assert finished_run(door)["status_code"] == "succeeded"


def test_failure_releases_what_the_next_run_needs() -> None:
    with door_with("0.27") as door:
        post_fault(door, {"edge": "run.running->failed"}, when={"times": 1})
        assert finished_run(door)["status_code"] == "failed"
        assert finished_run(door)["status_code"] == "succeeded"


def test_cancelled_run_releases_what_the_next_one_needs() -> None:
    with door_with("0.27") as door:
        run = post_run(door)
        problem(door.post(RUNS, {"input": INPUT}), 402, "INSUFFICIENT_CREDITS")
        ok(door.post(f"/_mock/runs/{run['id']}/cancel"))
        assert finished_run(door)["status_code"] == "succeeded"


def test_batch_runs_dry_where_its_items_would_only_fit_in_part() -> None:
    with door_with("0.80") as door:
        post_batch(door, 2)
        before = (ledger(door), history_length(door))
        problem(door.post(BATCHES, {"input": [INPUT]}), 402, "INSUFFICIENT_CREDITS")
        assert (ledger(door), history_length(door)) == before
        door.settle()
        problem(door.post(BATCHES, {"input": [INPUT]}), 402, "INSUFFICIENT_CREDITS")
        ok(door.post("/_mock/ledger/credits", {"amount": "0.01"}))
        assert post_batch(door, 1)["items_total"] == 1


def test_price_follows_from_the_inputs(door: Door) -> None:
    inputs = {"image_url": "https://cdn.example.com/a.jpg", "config": {"elements": ["tag_removal", "background_removal"]}}
    ok(door.post("/v1/models/runflow/dyver-removal/runs", {"input": inputs}), 201)
    assert figures(door)[1] == "0.410000"


def test_cost_of_a_run_comes_with_its_breakdown(door: Door) -> None:
    run = finished_run(door)
    assert run["cost_breakdown"] == {"unit": "request", "unit_price": "0.270000", "quantity": 1, "total": "0.270000", "currency": "USD"}


steps = st.lists(st.sampled_from(["run", "batch", "fail", "cancel", "pass", "dry", "fill"]), max_size=8)


@pytest.mark.slow(is_covering=True)
def test_invariants_hold_whatever_happens() -> None:
    @settings(max_examples=15, derandomize=True, deadline=None)
    @given(steps=steps)
    def hold(steps: list[str]) -> None:
        with door_with("1.50") as door:
            for step in steps:
                take(door, step)
                broken = [each for each in ledger(door)["invariants"] if not each["held"]]
                assert broken == []
            door.settle()
            assert figures(door)[1] == "0.000000"

    hold()


def take(door: Door, step: str) -> None:
    moves: dict[str, Callable[[], object]] = {
        "run": lambda: door.post(RUNS, {"input": INPUT}),
        "batch": lambda: door.post(BATCHES, {"input": [INPUT] * 2}),
        "fail": lambda: post_fault(door, {"edge": "run.running->failed"}, when={"times": 1}),
        "cancel": lambda: [door.post(f"/_mock/runs/{run['id']}/cancel") for run in door.get("/v1/runs?limit=1").json()["items"]],
        "pass": lambda: advance(door, 1),
        "dry": lambda: door.post("/_mock/ledger/credits", {"amount": "-1"}),
        "fill": lambda: door.post("/_mock/ledger/credits", {"amount": "1"}),
    }
    moves[step]()


def test_plain_example_of_the_invariants(door: Door) -> None:
    post_batch(door, 2)
    found = ledger(door)["invariants"]
    assert len(found) == 10
    assert all(each["held"] and each["evidence"] is None for each in found)


@pytest.mark.parametrize("body", [{}, {"amount": 5}, {"amount": "much"}, {"amount": "1", "note": "x"}, {"amount": "0.0000001"}])
def test_credit_that_is_no_amount_is_refused(door: Door, body: Body) -> None:
    response = door.post("/_mock/ledger/credits", body)
    assert (response.status_code, response.json()["error"]["type"]) == (422, "invalid")
    assert figures(door)[0] == "10.000000"
