"""pytest-run-parallel: one test in several threads at once, which share its tenant; patches of the process keep it in one."""

from pathlib import Path

import stories

pytest_plugins = ["pytester"]
SUITE = """
from stories import BODY, PATH, by_hand

def test_shared(runflow, runflow_receiver):
    run = by_hand(runflow.base_url + PATH, runflow.headers, {**BODY, "callback_url": runflow_receiver.url})
    assert run["id"] in {found["id"] for found in runflow.runs}
    runflow_receiver.wait(4)
    assert len(runflow.runs) == 4
    assert runflow.ledger.charged == "1.080000"

def test_hosts(runflow_hosts):
    import requests
    assert requests.post("https://api.runflow.io" + PATH, json=BODY, headers=runflow_hosts.headers, timeout=20).status_code == 201

def test_in_process(runflow_in_process):
    import httpx
    with httpx.Client(transport=runflow_in_process.transport, headers=runflow_in_process.headers) as client:
        run = client.post("http://localhost" + PATH, json=BODY).json()
    runflow_in_process.clock.run_until_idle()
    assert run["id"] in {found["id"] for found in runflow_in_process.runs}

def test_servers():
    from runflow_mock.runtime.config import Config
    from runflow_mock.testing import open_tenant
    from runflow_mock.testing.server import serve
    with serve(Config(port=0)) as server, open_tenant(server.url, clock="manual") as runflow:
        runflow.faults.add(what="fail", where="run.running->succeeded")
        by_hand(runflow.base_url + PATH, runflow.headers, BODY)
        runflow.clock.run_until_idle()
        assert [run["status_code"] for run in runflow.runs] == ["failed"]
        runflow.control.restore(runflow.control.snapshot())
"""


def test_threads(pytester, monkeypatch):
    # Fixtures that others use everywhere would keep each test in one thread.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    pytester.makepyfile(stories=Path(stories.__file__).read_text(), test_suite=SUITE)
    result = pytester.runpytest_subprocess(
        "-q", "-p", "no:cacheprovider", "-p", "runflow-mock", "-p", "pytest_run_parallel.plugin", "--parallel-threads=4"
    )
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*3 items to run in parallel*"])
