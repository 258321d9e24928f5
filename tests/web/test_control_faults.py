from collections.abc import Iterator
from typing import Any

import pytest
from doors import Door
from steps import MODEL, Body, advance, finished_batch, finished_run, get_run, ok, post_fault, post_run, refusal

FAULTS = "/_mock/faults"
FINISH = {"edge": "run.running->failed"}
FAIL = {"kind": "fail"}


@pytest.fixture
def rich() -> Iterator[Door]:
    with Door(balance=100_000_000) as opened:
        yield opened


def outcomes(door: Door, count: int, **body: Any) -> str:
    """How so many runs end, one after the other: `S` or `F` each."""
    return "".join("F" if finished_run(door, **body)["status_code"] == "failed" else "S" for _ in range(count))


def test_rule_is_told_as_it_was_made_with_its_counters(door: Door) -> None:
    rule = {"label": "flaky", "where": {"edge": "batch.item[1]", "model": MODEL}, "what": FAIL, "when": {"times": 2, "after": 1}}
    made = ok(door.post(FAULTS, rule), 201)
    assert {name: made[name] for name in ("label", "where", "when", "matched", "fired")} == {
        **{name: rule[name] for name in ("label", "where", "when")}, "matched": 0, "fired": 0,
    }  # fmt: skip
    assert made["what"]["failure_code"] == "UPSTREAM_FAILED"
    assert ok(door.get(f"{FAULTS}/{made['id']}")) == made
    assert ok(door.get(FAULTS)) == {"items": [made]}


def test_run_fails_with_the_given_code_message_and_stage(door: Door) -> None:
    post_fault(
        door, FINISH, {"kind": "fail", "failure_code": "INPUT_VALIDATION_FAILED", "failure_message": "too big", "stage": "preprocess"}
    )
    run = finished_run(door)
    assert (run["status_code"], run["failure_code"], run["failure_message"], run["failure_stage_code"]) == (
        "failed", "INPUT_VALIDATION_FAILED", "too big", "preprocess",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("edge", "steps"), [("run.queued->dispatching", 1), ("run.dispatching->running", 2), ("run.running->succeeded", 3)]
)
def test_run_fails_at_the_edge_that_is_named(door: Door, edge: str, steps: int) -> None:
    post_fault(door, {"edge": edge})
    run = post_run(door)
    told = [step["to"] for step in door.settle() if step["kind"] == "run"]
    assert (len(told), told[-1], get_run(door, run)["status_code"]) == (steps, "failed", "failed")


def test_nth_item_of_a_batch_fails(door: Door) -> None:
    post_fault(door, {"edge": "batch.item[2]"})
    batch = finished_batch(door, 4)
    assert [item["status_code"] for item in batch["items"]] == ["succeeded", "succeeded", "failed", "succeeded"]


def test_run_succeeds_with_given_output_duration_and_cost(door: Door) -> None:
    output = {"image_urls": ["https://cdn.example.com/own.png"]}
    post_fault(door, {"model": MODEL}, {"kind": "succeed", "output": output, "duration": "90s", "cost": "1.25"})
    run = post_run(door)
    advance(door, "90s")
    assert get_run(door, run)["status_code"] == "running"
    advance(door, "1s")
    done = get_run(door, run)
    assert (done["output"], done["cost"]) == (output, "1.250000")
    assert ok(door.get("/_mock/ledger"))["balance"] == "8.750000"


def test_item_of_a_batch_gets_an_output_of_its_own(door: Door) -> None:
    post_fault(door, {"edge": "batch.item[0]"}, {"kind": "succeed", "output": {"text": "x"}})
    results = finished_batch(door)["output"]["items"]
    assert results[0]["output"] == {"text": "x"}
    assert "image_urls" in results[1]["output"]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({}, "FFFFFF"),
        ({"times": 2}, "FFSSSS"),
        ({"after": 2}, "SSFFFF"),
        ({"every": 3}, "SSFSSF"),
        ({"after": 1, "times": 1}, "SFSSSS"),
        ({"after": 1, "every": 2, "times": 2}, "SSFSFS"),
        ({"probability": 0}, "SSSSSS"),
    ],
)
def test_rule_fires_as_often_as_asked_and_counts(rich: Door, when: Body, expected: str) -> None:
    rule = post_fault(rich, FINISH, when=when)
    assert outcomes(rich, 6) == expected
    counted = ok(rich.get(f"{FAULTS}/{rule['id']}"))
    assert (counted["matched"], counted["fired"]) == (6, expected.count("F"))


@pytest.mark.slow(is_covering=True)
def test_probability_is_drawn_from_the_seed() -> None:
    stories = []
    for seed in ("1", "1", "2"):
        with Door(seed=seed, balance=100_000_000) as door:
            post_fault(door, FINISH, when={"probability": 0.5})
            stories.append(outcomes(door, 20))
    assert stories[0] == stories[1] != stories[2]
    assert 3 <= stories[0].count("F") <= 17


def test_rule_has_its_effect_within_its_window_alone(door: Door) -> None:
    post_fault(door, FINISH, when={"from": "2026-01-01T01:00:00Z", "until": "2026-01-01T02:00:00Z"})
    assert outcomes(door, 1) == "S"
    ok(door.post("/_mock/clock/advance-to", {"to": "2026-01-01T01:00:00Z"}))
    assert outcomes(door, 1) == "F"
    ok(door.post("/_mock/clock/advance-to", {"to": "2026-01-01T02:00:00Z"}))
    assert outcomes(door, 1) == "S"


@pytest.mark.parametrize(
    ("where", "hit", "miss"),
    [
        ({"client_ref": "a"}, {"client_ref": "a"}, {"client_ref": "b"}),
        ({"metadata": {"sku": "1"}}, {"metadata": {"sku": "1", "more": 2}}, {"metadata": {"sku": "2"}}),
        ({"input": {"image_url": "https://a.example/x"}}, {"input": {"image_url": "https://a.example/x", "config": {}}}, {}),
    ],
)
def test_place_is_narrowed(door: Door, where: Body, hit: Body, miss: Body) -> None:
    post_fault(door, where)
    assert (outcomes(door, 1, **hit), outcomes(door, 1, **miss)) == ("F", "S")


def test_place_is_narrowed_to_one_run_or_batch(door: Door) -> None:
    first, second = post_run(door), post_run(door)
    post_fault(door, {"run_id": first["id"]})
    door.settle()
    assert (get_run(door, first)["status_code"], get_run(door, second)["status_code"]) == ("failed", "succeeded")


def test_first_rule_that_fires_wins(door: Door) -> None:
    post_fault(door, FINISH, {"kind": "fail", "failure_code": "FIRST"}, {"times": 1})
    post_fault(door, FINISH, {"kind": "fail", "failure_code": "SECOND"})
    assert [finished_run(door)["failure_code"] for _ in range(2)] == ["FIRST", "SECOND"]


def test_removed_rule_has_no_effect(door: Door) -> None:
    rule = post_fault(door, FINISH)
    assert door.delete(f"{FAULTS}/{rule['id']}").status_code == 204
    refusal(door.get(f"{FAULTS}/{rule['id']}"), 404, "not_found")
    refusal(door.delete(f"{FAULTS}/{rule['id']}"), 404, "not_found")
    assert outcomes(door, 1) == "S"


def test_all_rules_are_removed_at_once(door: Door) -> None:
    post_fault(door, FINISH)
    post_fault(door, {"edge": "batch.item[0]"})
    assert door.delete(FAULTS).status_code == 204
    assert ok(door.get(FAULTS)) == {"items": []}


def test_rules_belong_to_their_tenant(door: Door) -> None:
    post_fault(door, FINISH)
    other = ok(door.post("/_mock/tenants", {}), 201)["key"]
    assert ok(door.get(FAULTS, key=other)) == {"items": []}


def test_unknown_edge_is_refused_with_the_list(door: Door) -> None:
    message = refusal(door.post(FAULTS, {"where": {"edge": "run.lunch"}, "what": FAIL}), 422)
    assert "run.lunch" in message
    for edge in ("run.queued->dispatching", "run.running->failed", "batch.item[i]"):
        assert edge in message


def test_unknown_model_in_a_rule_is_refused_with_the_nearest(door: Door) -> None:
    response = door.post(FAULTS, {"where": {"model": "runflow/background-remove"}, "what": FAIL})
    assert MODEL in refusal(response, 404, "not_found")


def test_success_of_a_run_goes_by_the_name_of_its_status_too(door: Door) -> None:
    rule = post_fault(door, {"callback": "run.succeeded"}, {"kind": "callback.drop"})
    assert rule["where"] == {"callback": "run.completed"}


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"where": FINISH},
        {"what": FINISH},
        {"where": {"edge": "on_poll[1]"}, "what": FAIL},
        {"where": {"callback": "run.*"}, "what": FAIL},
        {"where": {"path": "/v1/runs"}, "what": {"kind": "callback.drop"}},
        {"where": {"callback": "run.finished"}, "what": {"kind": "callback.drop"}},
        {"where": {"callback": "webhook.*"}, "what": {"kind": "callback.drop"}},
        {"where": {"edge": "run.queued->dispatching"}, "what": {"kind": "succeed"}},
        {"where": {"edge": "batch.item[0]"}, "what": {"kind": "succeed_partially"}},
        {"where": {"operation": "no_such_operation"}, "what": {"kind": "reset"}},
        {"where": {"path": "*" * 9}, "what": {"kind": "reset"}},
        {"where": {"edge": "between_terminal_and_callback"}, "what": {"kind": "reset"}},
        {"where": FINISH, "what": {"kind": "explode"}},
        {"where": FINISH, "what": {"kind": "fail", "code": "X"}},
        {"where": {"edg": "x"}, "what": FAIL},
        {"where": {"input": []}, "what": FAIL},
        {"where": FINISH, "what": FAIL, "when": {"times": 0}},
        {"where": FINISH, "what": FAIL, "when": {"after": -1}},
        {"where": FINISH, "what": FAIL, "when": {"every": 0}},
        {"where": FINISH, "what": FAIL, "when": {"probability": 1.1}},
        {"where": FINISH, "what": FAIL, "when": {"from": "later"}},
        {"where": FINISH, "what": FAIL, "when": {"from": "0001-01-01T00:00:00Z"}},
        {"where": FINISH, "what": FAIL, "when": {"until": "9999-12-31T23:59:59Z"}},
        {"where": FINISH, "what": FAIL, "when": {"since": "2026-01-01"}},
        {"where": FINISH, "what": {"kind": "succeed", "cost": "-1"}},
        {"where": FINISH, "what": {"kind": "succeed", "cost": "much"}},
        {"where": FINISH, "what": {"kind": "succeed", "duration": "soon"}},
        {"where": FINISH, "what": {"kind": "succeed", "output": []}},
        {"where": {"edge": "batch.item[-1]"}, "what": FAIL},
        {"where": {"edge": "batch.item[i]"}, "what": FAIL},
        {"label": "x" * 1_001, "where": FINISH, "what": FAIL},
    ],
)
def test_bad_rule_is_refused_and_not_kept(door: Door, rule: Body) -> None:
    refusal(door.post(FAULTS, rule), 422)
    assert ok(door.get(FAULTS)) == {"items": []}
