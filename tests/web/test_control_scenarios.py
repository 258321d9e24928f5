from base64 import b64encode
from typing import Any

import pytest
from doors import Door
from steps import INPUT, MODEL, Body, finished_batch, finished_run, ok, post_fault, post_run, refusal

from runflow_mock.domain.records import Limits
from runflow_mock.wire.tenants import SETTINGS

SCENARIO = "/_mock/scenario"
HALF: Body = {
    "name": "half",
    "story": "One of two fails.",
    "clock": "manual",
    "balance": "1.00",
    "faults": [{"label": "second", "where": {"edge": "batch.item[1]"}, "what": {"kind": "fail"}}],
    "expectations": [{"label": "half", "batches": {"partial_succeeded": 1}}, {"ledger": {"charged": "0.27"}}],
}
YAML = "name: paper\nfaults:\n  - what: {kind: fail}\n    when: {times: 1}\n"


def put(door: Door, scenario: Body) -> Body:
    return ok(door.request("PUT", SCENARIO, json={"scenario": scenario}))


def put_yaml(door: Door, text: str) -> Any:
    return door.request("PUT", SCENARIO, content=text.encode(), headers={"Content-Type": "application/yaml"})


def test_tenant_without_a_scenario_has_none(door: Door) -> None:
    assert "PUT /_mock/scenario" in refusal(door.get(SCENARIO), 404, "not_found")


def test_secret_in_a_scenario_is_in_nothing_that_is_told_of_it(door: Door) -> None:
    secrets = {"callback_secret": "a-secret-of-ours", "story": "with rf_live_PLANTED9f8e7d6c5b4a"}
    told = [door.request("PUT", SCENARIO, json={"scenario": {"name": "x", **secrets}}), door.get(SCENARIO)]
    for each in told:
        assert ok(each)["source"]["callback_secret"] == "redacted********"
        assert "PLANTED" not in each.text


def test_scenario_tells_what_holds_and_which_rule_was_not_reached(door: Door) -> None:
    told = put(door, HALF)
    assert (told["name"], told["story"], told["held"], told["source"]) == ("half", "One of two fails.", False, HALF)
    assert [rule["label"] for rule in told["unreached"]] == ["second"]
    finished_batch(door)
    told = ok(door.get(SCENARIO))
    assert told["held"] is True
    assert told["unreached"] == []
    assert told["expectations"] == [
        {"label": "half", "about": "batches", "held": True, "expected": {"partial_succeeded": 1}, "seen": {"partial_succeeded": 1}},
        {"label": None, "about": "ledger", "held": True, "expected": {"charged": "0.270000"}, "seen": {"charged": "0.270000"}},
    ]


def test_unmet_expectation_tells_what_was_seen(door: Door) -> None:
    put(door, {"expectations": [{"runs": {"failed": {"at_least": 1}, "total": {"at_most": 2}}}]})
    finished_run(door)
    (checked,) = ok(door.get(SCENARIO))["expectations"]
    assert (checked["held"], checked["expected"], checked["seen"]) == (
        False, {"failed": {"at_least": 1}, "total": {"at_most": 2}}, {"failed": 0, "total": 1},
    )  # fmt: skip


@pytest.mark.parametrize(("unused", "held"), [("error", False), ("allowed", True)])
def test_rule_that_never_fired_counts_unless_that_is_allowed(door: Door, unused: str, held: bool) -> None:
    assert put(door, {"unused": unused, "faults": [{"what": {"kind": "fail"}}]})["held"] is held


def test_world_is_replaced_whole(door: Door) -> None:
    run = post_run(door)
    post_fault(door, {}, {"kind": "fail"})
    put(door, HALF)
    assert door.get(f"/v1/runs/{run['id']}").status_code == 404
    assert [rule["label"] for rule in ok(door.get("/_mock/faults"))["items"]] == ["second"]
    assert ok(door.get("/_mock/ledger"))["balance"] == "1.000000"


def test_scenario_is_taken_by_name(door: Door) -> None:
    told = ok(door.request("PUT", SCENARIO, json={"name": "happy-path"}))
    assert told["name"] == "happy-path"
    assert ok(door.request("PUT", SCENARIO, json={"scenario": "happy-path"})) == told


def test_scenario_is_taken_as_yaml(door: Door) -> None:
    assert ok(put_yaml(door, YAML))["name"] == "paper"
    assert [finished_run(door)["status_code"] for _ in range(2)] == ["failed", "succeeded"]


def test_bad_yaml_is_refused_by_line_and_column_and_changes_nothing(door: Door) -> None:
    put(door, HALF)
    assert "body:3:12: faults[0].what.kind 'explode'" in refusal(put_yaml(door, YAML.replace("fail}", "explode}")), 422)
    assert refusal(put_yaml(door, "\udc80".encode("utf-8", "surrogateescape").decode("latin-1")), 422)
    assert ok(door.get(SCENARIO))["name"] == "half"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "say which scenario"),
        ({"name": "happy-path", "scenario": {}}, "say which scenario"),
        ({"name": "no-such"}, "choose one of"),
        ({"name": "../scenarios/happy-path"}, "did you mean happy-path? Choose one of"),
        ({"name": "/etc/passwd"}, "choose one of"),
        ({"scenario": []}, "scenario"),
        ({"scenario": {"faults": [{}]}}, "scenario.faults[0]"),
        ({"scenario": {"fautls": []}}, "did you mean faults?"),
        ({"scenario": {"durations": {MODEL: "x"}}}, "scenario.durations"),
    ],
)
def test_bad_body_is_refused_and_changes_nothing(door: Door, body: Body, named: str) -> None:
    run = post_run(door)
    assert named in refusal(door.request("PUT", SCENARIO, json=body), 422)
    assert door.get(f"/v1/runs/{run['id']}").status_code == 200


def test_scenario_with_more_rules_than_fit_is_refused_whole() -> None:
    with Door(limits=Limits(rules_max=1)) as door:
        run = post_run(door)
        faults = [{"what": {"kind": "fail"}}] * 2
        assert "rules_max" in refusal(door.request("PUT", SCENARIO, json={"scenario": {"faults": faults}}), 409, "limit")
        assert door.get(f"/v1/runs/{run['id']}").status_code == 200


def test_scenario_belongs_to_its_tenant(door: Door) -> None:
    put(door, HALF)
    other = ok(door.post("/_mock/tenants", {}), 201)["key"]
    refusal(door.get(SCENARIO, key=other), 404, "not_found")
    assert ok(door.get("/_mock/faults", key=other)) == {"items": []}


def test_tenant_is_made_with_a_scenario_and_its_own_settings_come_last(door: Door) -> None:
    made = ok(door.post("/_mock/tenants", {"scenario": HALF, "balance": "5.00"}), 201)
    assert made["balance"] == "5.000000"
    assert ok(door.get(SCENARIO, key=made["key"]))["name"] == "half"
    refusal(door.post("/_mock/tenants", {"scenario": "no-such"}), 422)


def test_reset_begins_the_scenario_anew(door: Door) -> None:
    put(door, HALF)
    finished_batch(door)
    ok(door.post("/_mock/reset"))
    told = ok(door.get(SCENARIO))
    assert (told["held"], [rule["label"] for rule in told["unreached"]]) == (False, ["second"])


def test_scenario_on_a_scenario_leaves_nothing_of_the_first(door: Door) -> None:
    put(door, {**HALF, "magic": False})
    put(door, {"name": "plain"})
    assert ok(door.get("/_mock/faults")) == {"items": []}
    assert finished_run(door, client_ref="mock:fail")["status_code"] == "failed"


def test_models_differ_for_the_tenant_alone(door: Door) -> None:
    put(door, {"durations": {MODEL: "90s"}, "models": [{"id": MODEL, "price": {"unit": "request", "amount": "1.50"}}]})
    run = finished_run(door)
    assert run["cost"] == "1.500000"
    assert 90_000 <= run["duration_ms"] < 92_000
    uuid = run["model_id"]
    other = ok(door.post("/_mock/tenants", {}), 201)["key"]
    mine, theirs = (ok(door.get(f"/v1/models/{uuid}", key=key)) for key in (door.key, other))
    assert mine != theirs


def test_inactive_model_of_a_scenario_cannot_be_run(door: Door) -> None:
    put(door, {"models": [{"id": MODEL, "active": False}]})
    assert door.post(f"/v1/models/{MODEL}/runs", {"input": INPUT}).status_code == 404


@pytest.mark.slow(is_covering=True)
def test_present_tenant_is_written_as_a_scenario_that_makes_another_one_like_it(door: Door) -> None:
    put(door, {**HALF, "durations": {MODEL: "3s"}, "seed": "s", "unused": "allowed"})
    svg = {"name": "a.svg", "media_type": "image/svg+xml", "base64": b64encode(b"<svg/>").decode()}
    ok(door.post("/_mock/stubs", {"client_ref": "x", "files": [svg]}), 201)
    post_fault(door, {"model": MODEL, "metadata": {"a": [1, None]}}, {"kind": "succeed", "cost": "0.5"}, {"times": 3, "from": "2026-01-02"})
    written = ok(door.get(f"{SCENARIO}/export?format=json"))
    other = Door(door.runtime.config, tenant="other")
    with other:
        put(other, written)
        assert ok(other.get(f"{SCENARIO}/export?format=json")) == written
        assert finished_run(other)["id"] == finished_run(door)["id"]


def test_scenario_is_written_as_yaml_that_is_read_back(door: Door) -> None:
    put(door, HALF)
    answer = door.get(f"{SCENARIO}/export")
    assert answer.headers["content-type"] == "application/yaml"
    told = ok(put_yaml(door, answer.text))
    assert told["source"] == ok(door.get(f"{SCENARIO}/export?format=json"))
    assert [rule["label"] for rule in told["unreached"]] == ["second"]


def test_form_of_an_export_is_one_of_two(door: Door) -> None:
    assert "choose one of yaml, json" in refusal(door.get(f"{SCENARIO}/export?format=toml"), 422)
    assert "true or false" in refusal(door.get(f"{SCENARIO}/export?history=much"), 422)


def test_every_setting_but_the_secret_is_written(door: Door) -> None:
    given = {
        "seed": "s", "clock": {"scale": 2}, "speed": 2, "start": "2026-02-01T00:00:00.000Z", "balance": "1.000000", "scopes": ["runs:read"],
        "keys": [{"name": "ci", "scopes": ["runs:create"]}], "dialect": "docs", "switches": {"signature": "bare"}, "client_time": "virtual",
        "batch_limit": 5, "deliveries": "pull", "quota": {"requests": 5, "window": 60.0, "retry_after": "date"},
        "concurrency": {MODEL: 2}, "strict": False, "comfyui_beta": False, "magic": False, "output_lifetime": 60, "real_waits": True,
        "folders": ["Spring"],
        "paces": {MODEL: {"latency": {"p50": 20.0, "p99": 90.0}, "cold_start": 30.0, "cold_after": 60.0, "queue": 2}},
    }  # fmt: skip
    key = ok(door.post("/_mock/tenants", {**given, "callback_secret": "rf_whsec_12345678"}), 201)["key"]
    written = ok(door.get(f"{SCENARIO}/export?format=json", key=key))
    assert {name: written.get(name) for name in given} == given
    assert set(SETTINGS) == {*given, "callback_secret"}


def test_keys_of_a_scenario_work_beside_settings_of_the_body(door: Door) -> None:
    keys = [{"name": "reader", "scopes": ["runs:read"]}]
    made = ok(door.post("/_mock/tenants", {"scenario": {"keys": keys}, "seed": "1"}), 201)
    assert door.get("/v1/runs", key=made["keys"]["reader"]).status_code == 200


def test_requests_are_expected_in_the_words_of_verify(door: Door) -> None:
    put(door, {"expectations": [{"label": "one", "requests": {"operation": "create_run", "count": 1, "client_ref": "a"}}]})
    post_run(door, client_ref="b")
    (checked,) = ok(door.get(SCENARIO))["expectations"]
    assert (checked["about"], checked["held"]) == ("requests", False)
    assert checked["seen"]["nearest"]["differences"] == [{"field": "client_ref", "expected": "a", "seen": "b"}]
    post_run(door, client_ref="a")
    assert ok(door.get(SCENARIO))["held"] is True


def test_rule_that_was_not_reached_is_told_with_what_came_nearest(door: Door) -> None:
    put(door, {"faults": [{"where": {"client_ref": "sku-1"}, "what": {"kind": "fail"}}]})
    run = finished_run(door, client_ref="sku-2")
    (unreached,) = ok(door.get(SCENARIO))["unreached"]
    assert (unreached["kind"], unreached["matched"]) == ("fail", 0)
    assert unreached["nearest"] == {"id": run["id"], "differences": [{"field": "client_ref", "expected": "sku-1", "seen": "sku-2"}]}
