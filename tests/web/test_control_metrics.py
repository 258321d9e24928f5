"""Metrics: what a server has done and holds, in the form that Prometheus reads."""

from pathlib import Path

import pytest
from kept import kept_fake
from metrics import families
from worlds import CALLBACK_URL

pytestmark = pytest.mark.anyio


async def test_metrics_tell_of_requests_runs_callbacks_and_the_loop(tmp_path: Path) -> None:
    async with kept_fake(tmp_path) as fake:
        await fake.create_run(callback_url=CALLBACK_URL)
        await fake.create_run()
        await fake.call("POST", "/_mock/clock/run-until-idle", {})
        await fake.create_run()
        await fake.call("GET", "/v1/runs/nonsense")
        await fake.call("GET", "/v1/nowhere")
        found = families(await fake.call("GET", "/_mock/metrics"))
    requests = {(s.labels["operation"], s.labels["status"]): s.value for s in found["runflow_mock_requests"].samples}
    assert requests == {("create_run", "201"): 3, ("get_run", "422"): 1, ("", "404"): 1}
    assert {s.labels["state"]: s.value for s in found["runflow_mock_runs"].samples} == {"succeeded": 2, "queued": 1}
    assert {s.labels["outcome"]: s.value for s in found["runflow_mock_callbacks"].samples} == {"2xx": 1}
    gauges = {name: found[f"runflow_mock_{name}"].samples[0].value for name in ("tenants", "log_rows_pending", "background_errors")}
    assert gauges == {"tenants": 1, "log_rows_pending": 0, "background_errors": 0}
    assert found["runflow_mock_loop_held_seconds_max"].samples[0].value >= 0


async def test_server_without_requests_has_metrics_too(tmp_path: Path) -> None:
    async with kept_fake(tmp_path) as fake:
        found = families(await fake.call("GET", "/_mock/metrics"))
    assert found["runflow_mock_tenants"].samples[0].value == 0
    assert "runflow_mock_runs" not in found
