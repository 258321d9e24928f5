"""The plugin in larger surroundings: many workers, many tests, the oldest versions that it allows, and runs that do not use it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from shutil import copy

import pytest

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


@pytest.mark.slow
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


GROUP = """
import pytest
from _pytest.runner import runtestprotocol

class Group(pytest.Item):
    def runtest(self):
        pass

def pytest_runtestloop(session):
    group = Group.from_parent(session, name="group")
    session.config.hook.pytest_runtest_protocol(item=group, nextitem=None)
    return True

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    if isinstance(item, Group):
        for test, following in zip(item.session.items, [*item.session.items[1:], None]):
            runtestprotocol(test, nextitem=following)
        return True
"""
FILLED = """
from concurrent.futures import Future
from _pytest.runner import runtestprotocol

def run(item):
    server, lent = (item._fixtureinfo.name2fixturedefs[name][-1].func for name in ("runflow_server", "runflow"))
    ways = server(item._request)
    way = lent(item._request, next(ways))
    try:
        item.function(next(way))
    except BaseException:
        next(way, None)
        raise
    next(way, None)
    next(ways, None)

def pytest_runtestloop(session):
    for item in session.items:
        done = Future()
        try:
            done.set_result(run(item))
        except BaseException as error:
            done.set_exception(error)
        item.fixturenames, item.runtest = [], done.result
        runtestprotocol(item, nextitem=None)
    return True
"""


@pytest.mark.slow
def test_test_that_is_run_as_part_of_a_group_has_a_tenant_of_its_own_and_is_judged(pytester: pytest.Pytester) -> None:
    """As pytest-asyncio-concurrent does it: what is under way for pytest is the group."""
    pytester.makeconftest(GROUP)
    pytester.makepyfile(
        """
        import pytest
        import urllib3

        @pytest.mark.runflow(clock="manual", balance="3.00")
        def test_marked(runflow):
            assert (runflow.control.clock().mode, runflow.seed.endswith("test_marked")) == ("manual", True)

        @pytest.mark.parametrize("given", ["runflow", "runflow_in_process"])
        def test_seed(request, given):
            assert request.getfixturevalue(given).seed.endswith(f"test_seed[{given}]")

        def test_wrong(runflow):
            urllib3.request("POST", f"{runflow.base_url}/nowhere", headers=runflow.headers, json={"x": 1})
        """
    )
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(["ERROR *::test_wrong*"])


@pytest.mark.slow
def test_test_whose_fixtures_somebody_else_fills_has_a_tenant_of_its_own_and_is_judged(pytester: pytest.Pytester) -> None:
    """As pytest-asyncio-cooperative does it: fixtures are called by their parameters, before pytest hears of the test."""
    pytester.makeconftest(FILLED)
    pytester.makepyfile(
        """
        import pytest
        import urllib3

        def break_contract(runflow):
            urllib3.request("POST", f"{runflow.base_url}/nowhere", headers=runflow.headers, json={"x": 1})

        @pytest.mark.runflow(clock="manual")
        def test_marked(runflow):
            assert (runflow.control.clock().mode, runflow.seed.endswith("test_marked")) == ("manual", True)

        def test_wrong(runflow):
            break_contract(runflow)

        def test_failing(runflow):
            break_contract(runflow)
            raise ValueError("its own")

        @pytest.mark.xfail(strict=True)
        def test_expected(runflow):
            break_contract(runflow)
        """
    )
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.assert_outcomes(passed=1, failed=2, xfailed=1)
    result.stdout.fnmatch_lines_random(["request POST /nowhere leads to no operation of the API*", "E * ValueError: its own"])


@pytest.mark.slow
def test_plugin_gives_pytest_nothing_to_warn_of(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test(runflow, runflow_in_process, runflow_tenants, runflow_hosts): pass")
    pytester.runpytest_subprocess(*OPTIONS, "-W", "error").assert_outcomes(passed=1)


@pytest.mark.slow
def test_test_that_nobody_announces_has_a_tenant_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        from _pytest.runner import runtestprotocol

        def pytest_runtestloop(session):
            for item in session.items:
                runtestprotocol(item)
            return True
        """
    )
    pytester.makepyfile("def test(runflow): assert runflow.seed.endswith('::test')")
    pytester.runpytest_subprocess(*OPTIONS).assert_outcomes(passed=1)


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
