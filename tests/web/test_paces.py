"""How long models take: latency by percentiles, cold starts and queues, in a catalog, a scenario and a tenant."""

import json
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from doors import MANUAL, Door
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from steps import INPUT, MODEL, RUNS, Body, get_run, ok

from runflow_mock.domain.paces import Latency, Pace


def tenant(door: Door, **settings: Any) -> str:
    return str(ok(door.post("/_mock/tenants", {"balance": "1000", **settings}), 201)["key"])


def worked(door: Door, key: str, count: int = 1, path: str = RUNS) -> list[Body]:
    """Runs of a tenant, each of which had ended before the next one was created."""
    ended = []
    for _ in range(count):
        run = ok(door.post(path, {"input": INPUT}, key=key), 201)
        ok(door.post("/_mock/clock/run-until-idle", key=key))
        ended.append(ok(door.get(f"/v1/runs/{run['id']}", key=key)))
    return ended


def seconds(run: Body, start: str = "started_at", end: str = "completed_at") -> float:
    return (datetime.fromisoformat(run[end]) - datetime.fromisoformat(run[start])).total_seconds()


def test_latency_has_its_percentiles() -> None:
    latency = Latency(20.0, 90.0)
    assert latency.at(0.5) == pytest.approx(20)
    assert latency.at(0.99) == pytest.approx(90)
    assert Latency(3.0, 3.0).at(0.7) == pytest.approx(3)


@given(st.floats(0.001, 1000), st.floats(1, 100), st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_latency_grows_with_the_part_of_the_runs_and_is_bounded(p50: float, factor: float, one: float, other: float) -> None:
    latency = Latency(p50, p50 * factor)
    low, high = sorted((one, other))
    assert 0 < latency.at(low) <= latency.at(high) <= latency.at(0.999)


@pytest.mark.slow(is_covering=True)
def test_runs_of_a_tenant_are_spread_as_its_latency_says(door: Door) -> None:
    key = tenant(door, paces={MODEL: {"latency": {"p50": "20s", "p99": "90s"}}})
    taken = [seconds(run) for run in worked(door, key, 60)]
    assert 14 <= median(taken) <= 27
    assert (len(set(taken)) > 50, max(taken) < 160) == (True, True)


@pytest.mark.slow(is_covering=True)
def test_same_seed_draws_the_same_latencies(door: Door) -> None:
    paces = {"*": {"latency": {"p50": 20, "p99": 90}}}
    one, same, other = (worked(door, tenant(door, paces=paces, seed=seed), 3) for seed in ("a", "a", "b"))
    assert [seconds(run) for run in one] == [seconds(run) for run in same] != [seconds(run) for run in other]


def test_speed_divides_a_latency_too(door: Door) -> None:
    paces = {"*": {"latency": {"p50": 40, "p99": 40}}}
    (run,) = worked(door, tenant(door, paces=paces, speed=10))
    assert seconds(run) == pytest.approx(4)


def test_first_run_after_a_pause_waits_for_a_cold_start(door: Door) -> None:
    key = tenant(door, paces={MODEL: {"cold_start": "30s", "cold_after": "5m"}})
    cold, warm = worked(door, key, 2)
    advance_of(door, key, "4m")
    (still_warm,) = worked(door, key)
    advance_of(door, key, "6m")
    (cold_again,) = worked(door, key)
    waits = [seconds(run, "created_at", "started_at") for run in (cold, warm, still_warm, cold_again)]
    assert [wait > 30 for wait in waits] == [True, False, False, True]
    (other,) = worked(door, key, path="/v1/models/runflow/skin-fix/runs")
    assert seconds(other, "created_at", "started_at") < 2


def advance_of(door: Door, key: str, by: str) -> None:
    ok(door.post("/_mock/clock/advance", {"by": by}, key=key))


def test_queue_keeps_a_run_waiting_as_long_as_those_ahead_take(door: Door) -> None:
    key = tenant(door, paces={MODEL: {"queue": 4, "latency": {"p50": "10s", "p99": "10s"}}})
    run = ok(door.post(RUNS, {"input": INPUT}, key=key), 201)
    advance_of(door, key, "39s")
    assert ok(door.get(f"/v1/runs/{run['id']}", key=key))["status_code"] == "queued"
    advance_of(door, key, "2s")
    assert ok(door.get(f"/v1/runs/{run['id']}", key=key))["status_code"] == "running"


def test_scenario_sets_the_pace_of_a_model(door: Door) -> None:
    scenario = {"name": "slow", "models": [{"id": MODEL, "pace": {"latency": {"p50": "2m", "p99": "2m"}}}]}
    (run,) = worked(door, tenant(door, scenario=scenario))
    assert seconds(run) == pytest.approx(120)


def test_catalog_sets_the_pace_of_a_model(tmp_path: Path) -> None:
    own = {"id": "acme/own", "name": "Own", "input": {"type": "object"}, "output": {"media_type": "image/png", "file": "own"}}
    model = {**own, "price": {"unit": "request", "amount": "0.01"}, "run_seconds": [1, 2], "pace": {"latency": {"p50": 7, "p99": 7}}}
    (tmp_path / "own.json").write_text(json.dumps([model]))
    with Door(replace(MANUAL, catalog=(tmp_path / "own.json",))) as door:
        run = ok(door.post("/v1/models/acme/own/runs", {"input": {}}), 201)
        door.settle()
        assert seconds(get_run(door, run)) == pytest.approx(7)


@pytest.mark.parametrize(
    ("pace", "named"),
    [
        ({"latency": {"p50": 9, "p99": 3}}, "p99"),
        ({"latency": {"p50": 0, "p99": 3}}, "p50"),
        ({"latency": {"p50": "soon", "p99": 3}}, "soon"),
        ({"queue": -1}, "queue"),
        ({"speed": 1}, "speed"),
    ],
)
def test_pace_that_is_none_is_refused(door: Door, pace: Body, named: str) -> None:
    response = door.post("/_mock/tenants", {"paces": {MODEL: pace}})
    assert (response.status_code, named in response.text) == (422, True)


def test_pace_of_a_model_that_is_not_there_is_refused(door: Door) -> None:
    assert door.post("/_mock/tenants", {"paces": {"no/such-model": {"queue": 1}}}).status_code in (404, 422)


def test_usual_pace_is_never_cold_and_has_no_queue() -> None:
    usual = Pace()
    assert (usual.is_cold(None, datetime(2026, 1, 1)), usual.typical_seconds((2.0, 4.0))) == (False, 3.0)  # noqa: DTZ001 - no zone is compared
