"""The plugin in larger surroundings: many workers, many tests, the oldest versions that it allows, and runs that do not use it."""

import inspect
import re
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copy
from threading import Barrier

import pytest

from runflow_mock import pytest_plugin
from runflow_mock.testing.control import Control

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
OPTIONS = ("-q", "-p", "no:asyncio", "-p", "no:cacheprovider")
SUITE = """
import pathlib
import pytest
import urllib3

POOL = urllib3.PoolManager()
URL = "/v1/models/runflow/background-removal/runs"

@pytest.mark.parametrize("number", range({count}))
def test_id_depends_on_the_seed_alone(runflow, number):
    body = {{"input": {{"image_url": "https://cdn.example.com/a.png"}}}}
    run = POOL.request("POST", runflow.base_url + URL, headers=runflow.headers, json=body).json()
    assert POOL.request("GET", f"{{runflow.base_url}}/v1/runs/{{run['id']}}", headers=runflow.headers).status == 200
    assert run["id"] == "{run_id}"
    assert len(runflow.runs) == 1
"""
RUN_ID = "019b76da-a800-7000-8001-d2a3fffaf480"
SEED = "--runflow-seed=0"


@pytest.mark.slow(is_covering=True)
def test_plugin_that_is_not_used_loads_nothing() -> None:
    code = "import sys, pytest, runflow_mock.pytest_plugin; print(*(name for name in sys.modules if name.startswith('runflow_mock')))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) == {"runflow_mock", "runflow_mock.version", "runflow_mock.pytest_plugin"}


@pytest.mark.parametrize("name", ["runflow", "runflow_server", "runflow_in_process", "runflow_app"])
def test_fixture_of_every_test_does_without_request(name: str) -> None:
    """Pytest reads a signature for each `request`, which is a tenth of what a test costs."""
    assert "request" not in inspect.signature(getattr(pytest_plugin, name)._get_wrapped_function()).parameters


def test_test_that_runs_pytest_keeps_its_own_tenant(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        pytest_plugins = ["pytester"]

        def test_outer(pytester, request):
            pytester.makepyfile("def test_inner(runflow_in_process): assert runflow_in_process.seed.endswith('test_inner')")
            pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
            assert request.getfixturevalue("runflow_in_process").seed.endswith("test_outer")
        """
    )
    pytester.runpytest_subprocess(*OPTIONS).assert_outcomes(passed=1)


def test_tests_that_are_set_up_in_threads_keep_their_own_tenants(request: pytest.FixtureRequest) -> None:
    both = Barrier(2)

    def set_up(item: pytest.Item) -> pytest.Item:
        protocol = pytest_plugin.pytest_runtest_protocol(item)
        next(protocol)
        both.wait()
        found = pytest_plugin._test()
        both.wait()
        protocol.close()
        return found

    items = request.session.items[:2]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(set_up, items)) == items
        # Whatever a test starts itself has the latest.
        assert threads.submit(pytest_plugin._test).result() is request.node


def test_plugin_gives_pytest_nothing_to_warn_of(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test(runflow, runflow_in_process, runflow_tenants, runflow_hosts): pass")
    pytester.runpytest_subprocess(*OPTIONS, "-W", "error").assert_outcomes(passed=1)


def test_test_that_nobody_announces_is_told(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        from _pytest.runner import runtestprotocol

        def pytest_runtestloop(session):
            for item in session.items:
                for report in runtestprotocol(item):
                    pass
            return True
        """
    )
    pytester.makepyfile("def test(runflow): pass")
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.stdout.fnmatch_lines(["runflow-mock: what runs this test does not say so by pytest_runtest_protocol"])


@pytest.mark.slow
@pytest.mark.parametrize("where", ["one server for all workers", "one server per worker"])
def test_four_workers_share_nothing_but_the_seed(pytester: pytest.Pytester, url: str, where: str) -> None:
    pytester.makepyfile(SUITE.format(count=80, run_id=RUN_ID))
    external = (f"--runflow-url={url}",) if where.startswith("one server for") else ()
    pytester.runpytest_subprocess(*OPTIONS, "-n", "4", SEED, *external).assert_outcomes(passed=80)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_thousand_tests_leave_nothing_behind(pytester: pytest.Pytester, url: str) -> None:
    pytester.makepyfile(SUITE.format(count=1_000, run_id=RUN_ID))
    before = Control(url).health()["tenants"]
    pytester.runpytest_subprocess(*OPTIONS, "-n", "2", SEED, f"--runflow-url={url}").assert_outcomes(passed=1_000)
    after = Control(url).health()
    assert (after["tenants"], after["background_errors"]) == (before, [])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_plugin_works_with_the_oldest_versions_that_it_allows(tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    pip = (str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "install")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    oldest = [re.sub(r">=\s*([0-9.]+)", r"==\1", need) for need in project["project"]["dependencies"]]
    subprocess.run([*pip, "pytest==8.3.0", "requests", "hatchling", "editables", *oldest], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", str(ROOT)], check=True)
    suite = tmp_path / "suite"
    suite.mkdir()
    for name in ("test_requests_client.py", "test_cli_tool.py", "tool.py", "test_unittest.py"):
        copy(ROOT / "examples" / "pytest" / name, suite)
    done = subprocess.run([str(python), "-m", "pytest", "-q"], cwd=suite, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
