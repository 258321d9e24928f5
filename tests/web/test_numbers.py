"""Numbers and instants beyond any use are refused where they are read; whatever is accepted can be recorded, shown and answered."""

from typing import Any

import pytest
from doors import Door
from steps import RUNS, Body, ok, post_run, refusal

FAULTS, STUBS, TENANTS = "/_mock/faults", "/_mock/stubs", "/_mock/tenants"
HUGE = 10**30
RULE: Body = {"what": {"kind": "answer", "status": 503}}
OWN: Body = {"output": {"image_url": "https://x.example/a.png"}}
SHAPE: Body = {"media_type": "image/png", "file": "result"}
BACKGROUND = "runflow/background-removal"


def _scenario(**content: Any) -> Body:
    return {"scenario": content}


BEYOND: list[tuple[str, Body, str]] = [
    *((FAULTS, {**RULE, "when": {name: HUGE}}, f"when.{name}") for name in ("times", "after", "every")),
    *((FAULTS, {**RULE, "when": {name: 2**64}}, f"when.{name}") for name in ("times", "after", "every")),
    (FAULTS, {"what": {"kind": "answer", "status": HUGE}}, "what.status"),
    (FAULTS, {"what": {"kind": "callback.delay", "by": HUGE}}, "what.by"),
    (FAULTS, {"what": {"kind": "callback.duplicate", "copies": HUGE}}, "what.copies"),
    (FAULTS, {"what": {"kind": "succeed", "cost": "999999999999"}}, "what.cost"),
    (STUBS, {**OWN, "times": HUGE}, "times"),
    (STUBS, {**OWN, "cost": "1000000.01"}, "cost"),
    (STUBS, {**OWN, "duration": HUGE}, "duration"),
    (TENANTS, {"batch_limit": HUGE}, "batch_limit"),
    (TENANTS, {"concurrency": {"*": HUGE}}, "concurrency"),
    (TENANTS, {"quota": {"requests": HUGE, "window": 1}}, "quota.requests"),
    (TENANTS, {"quota": {"requests": 1, "window": HUGE}}, "quota.window"),
    (TENANTS, {"clock": {"scale": HUGE}}, "clock.scale"),
    (TENANTS, {"start": "9000-01-02"}, "start"),
    (TENANTS, {"start": "1969-12-31"}, "start"),
    (TENANTS, {"balance": "1" * 13}, "balance"),
    (TENANTS, {"output_lifetime": HUGE}, "output_lifetime"),
    (TENANTS, _scenario(faults=[{**RULE, "when": {"every": HUGE}}]), "when.every"),
    (TENANTS, _scenario(stubs=[{**OWN, "times": HUGE}]), "times"),
    (TENANTS, _scenario(durations={BACKGROUND: HUGE}), "durations"),
    (TENANTS, _scenario(models=[{"id": BACKGROUND, "run_seconds": [0, 1e300]}]), "run_seconds"),
    (TENANTS, _scenario(models=[{"id": BACKGROUND, "output": {**SHAPE, "width": HUGE}}]), "output.width"),
    (TENANTS, _scenario(models=[{"id": BACKGROUND, "output": {**SHAPE, "duration_default_seconds": 1e300}}]), "duration_default_seconds"),
    (TENANTS, _scenario(models=[{"id": BACKGROUND, "price": {"unit": "request", "amount": "999999999999"}}]), "price"),
    (TENANTS, _scenario(expectations=[{"runs": {"succeeded": HUGE}}]), "runs.succeeded"),
    ("/_mock/verify", {"count": HUGE}, "count"),
    ("/_mock/wait", {"for": {"run": "x"}, "timeout": HUGE}, "timeout"),
    ("/_mock/clock/advance", {"by": HUGE}, "by"),
    ("/_mock/clock/scale", {"factor": HUGE}, "factor"),
    ("/_mock/clock/advance-to", {"to": "9000-01-01T00:00:00.001Z"}, "9000-01-01T00:00:00.000Z"),
]


@pytest.mark.parametrize(("path", "body", "named"), BEYOND, ids=[f"{path}-{number}" for number, (path, _, _) in enumerate(BEYOND)])
def test_number_beyond_any_use_is_refused_by_its_name_and_nothing_is_left_of_it(door: Door, path: str, body: Body, named: str) -> None:
    assert named in refusal(door.post(path, body), 422)
    assert ok(door.get(FAULTS)) == {"items": []}
    post_run(door)
    assert [step["kind"] for step in ok(door.get("/_mock/timeline"))["items"]] == ["credit", "run"]


def test_largest_counts_are_kept_and_told(door: Door) -> None:
    when = {"times": 10**9, "after": 10**9, "every": 10**9}
    assert ok(door.post(FAULTS, {**RULE, "when": when}), 201)["when"] == when
    post_run(door)
    assert ok(door.get("/_mock/timeline"))["items"][-1]["kind"] == "run"


def test_balance_ends_where_no_account_is_richer(door: Door) -> None:
    for amount, status in (
        ("999999999989", 200),
        ("1", 200),
        ("0.000001", 409),
        ("-999999999999", 200),
        ("-999999999999", 200),
        ("-3", 409),
    ):
        assert door.post("/_mock/ledger/credits", {"amount": amount}).status_code == status, amount
    assert ok(door.get("/_mock/ledger"))["balance"] == "-999999999998.000000"


def test_clock_can_reach_the_last_instant_and_every_verb_answers_there() -> None:
    with Door() as door:
        key = ok(door.post(TENANTS, {"clock": "real"}), 201)["key"]
        assert ok(door.post("/_mock/clock/advance-to", {"to": "9000-01-01T00:00:00Z"}, key=key))["now"] == "9000-01-01T00:00:00.000Z"
        run = ok(door.post(RUNS, {"input": {"image_url": "https://x.example/a.png"}}, key=key), 201)["id"]
        assert ok(door.post("/_mock/clock/next", key=key))["timeline"] == []
        assert ok(door.post("/_mock/clock/run-until-idle", key=key))["timeline"] == []
        refusal(door.post("/_mock/clock/advance", {"by": 1}, key=key), 422)
        assert ok(door.get(f"/v1/runs/{run}", key=key))["status_code"] == "queued"
        for verb in ("clock", "timeline", "ledger", "history", "journal", "report"):
            ok(door.get(f"/_mock/{verb}", key=key))
        ok(door.request("PUT", "/_mock/snapshot", content=door.get("/_mock/snapshot", key=key).content, key=key))


def test_poll_under_auto_goes_no_further_than_the_last_instant(door: Door) -> None:
    key = ok(door.post(TENANTS, {"clock": "auto", "start": "9000-01-01"}), 201)["key"]
    run = ok(door.post(RUNS, {"input": {"image_url": "https://x.example/a.png"}}, key=key), 201)["id"]
    for _ in range(5):
        assert ok(door.get(f"/v1/runs/{run}", key=key))["status_code"] == "queued"


def test_fastest_clock_stands_once_it_has_reached_the_last_instant() -> None:
    with Door() as door:
        key = ok(door.post(TENANTS, {"clock": {"scale": 1_000_000}, "start": "8999-12-31T23:59:59.999Z"}), 201)["key"]
        ok(door.get("/v1/runs", key=key))
        assert ok(door.get("/_mock/clock", key=key))["now"] == "9000-01-01T00:00:00.000Z"


def test_slowest_speed_of_the_longest_run_is_still_a_duration(door: Door) -> None:
    body = {"speed": 0.000001, "clock": "manual", **_scenario(durations={BACKGROUND: "36500d"})}
    key = ok(door.post(TENANTS, body), 201)["key"]
    ok(door.post(RUNS, {"input": {"image_url": "https://x.example/a.png"}}, key=key), 201)
    timeline = ok(door.post("/_mock/clock/run-until-idle", key=key))["timeline"]
    assert timeline[-1]["to"] == "succeeded"


@pytest.mark.parametrize("limit", ["0000000010" + "0" * 5_000, "9" * 5_000])
def test_limit_of_many_digits_is_refused(door: Door, limit: str) -> None:
    refusal(door.get("/_mock/journal", params={"limit": limit}), 422)
