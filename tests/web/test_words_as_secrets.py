"""What one tenant calls its secret never breaks what others are shown."""

import json

import pytest
from doors import Door
from steps import INPUT, RUNS, advance, ok

BATCHES = f"{RUNS.removesuffix('runs')}batches"
VIEWS = (
    "report",
    "scenario",
    "scenario/export?format=json",
    "runs/{run}",
    "batches/{batch}",
    "deliveries/{delivery}",
    "timeline",
    "history",
)
SCENARIO = {"name": "x", "faults": [{"what": {"kind": "fail"}, "where": {"input": {"n": 12345678}}}], "unused": "allowed"}
WORDS = (
    *("exchanges", "operations", "settings", "delivery", "created_at", "statuses", "evidence", "expected", "commands"),
    *("undelivered_callbacks", "exchange", "12345678", '":{"total', '"id":"run', '"evidence":[],"'),
)


def _ids(door: Door) -> dict[str, str]:
    asked = {"input": {**INPUT, "seed": 12345678}, "callback_url": "http://127.0.0.1:9/x"}
    made = {"run": ok(door.post(RUNS, asked), 201)["id"], "batch": ok(door.post(BATCHES, {"input": [INPUT]}), 201)["id"]}
    advance(door, "100s")
    return {**made, "delivery": ok(door.get("/_mock/deliveries"))["items"][0]["id"]}


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("secret", WORDS)
def test_secret_that_is_a_name_a_number_or_punctuation_breaks_no_view(door: Door, secret: str) -> None:
    ok(door.request("PUT", "/_mock/scenario", json={"scenario": SCENARIO}))
    ids = _ids(door)
    before = {path: _names(ok(door.get(f"/_mock/{path.format(**ids)}"))) for path in VIEWS}
    ok(door.post("/_mock/tenants", {"name": "other", "callback_secret": secret}), 201)
    seen = {path: door.get(f"/_mock/{path.format(**ids)}") for path in VIEWS}
    assert {path: said.status_code for path, said in seen.items() if said.status_code != 200} == {}
    for said in seen.values():
        assert secret not in json.dumps([*map(str, _values(said.json()))])
    # Whoever reads a view asks for its fields by their names.
    assert {path: _names(said.json()) for path, said in seen.items()} == before
    ended = door.delete("/_mock/tenants/test?tell=true")
    assert (ended.status_code, "report" in ended.json()) == (200, True)


def _values(told: object) -> list[object]:
    """What stands in a document but for its names."""
    parts = [*told.values()] if isinstance(told, dict) else told
    return [value for part in parts for value in _values(part)] if isinstance(parts, list) else [told]


def _names(told: object) -> list[object]:
    """What stands in a document but for its values."""
    if isinstance(told, dict):
        return [[name, _names(part)] for name, part in told.items()]
    return [_names(part) for part in told] if isinstance(told, list) else []


def test_number_that_is_a_secret_stays_a_number(door: Door) -> None:
    run = ok(door.post(RUNS, {"input": {**INPUT, "seed": 12345678}}), 201)["id"]
    ok(door.post("/_mock/tenants", {"name": "other", "callback_secret": "12345678"}), 201)
    assert ok(door.get(f"/_mock/runs/{run}"))["run"]["input"]["seed"] == 99999999
