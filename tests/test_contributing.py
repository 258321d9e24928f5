"""The recipes of CONTRIBUTING lead to files that are there, and a new resource to no more of them than it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sharing import APART

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mock_server" / "runflow_mock"
RECIPES = (ROOT / "CONTRIBUTING.md").read_text().partition("## How to add\n")[2].partition("\n## ")[0]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
OF_EACH_KIND = """
import pytest

def test_fast(): ...

@pytest.mark.slow
def test_slow(): ...

@pytest.mark.slow(is_covering=True)
def test_covering(): ...
"""
OF_ROWS = """
import pytest

@pytest.mark.parametrize("row", range(6))
def test_row(row): ...
"""
PLACES = sorted(set(re.findall(r"`(?:python )?([a-z_*<>/]+/[a-z_*<>]*(?:\.[a-z]+)?)`", RECIPES)))
RESOURCE_FILES_MAX = 9


@pytest.mark.parametrize("place", PLACES)
def test_place_that_a_recipe_names_is_there(place: str) -> None:
    pattern = place.replace("<noun>", "webhooks").rstrip("/")
    assert list(ROOT.glob(pattern)) or list(PACKAGE.glob(pattern))


def test_resource_touches_few_files() -> None:
    listed = re.findall(r"^\d+\. `([^`]+)`", RECIPES, re.MULTILINE)
    assert 0 < len(listed) == len(set(listed)) <= RESOURCE_FILES_MAX
    assert set(listed) <= set(PLACES)


def _run_by(target: str, file: Path) -> set[str]:
    """The tests of a file that a target of the Makefile runs."""
    (expression,) = re.findall(rf'^{target}: .*\n(?:\t.*\n)*?\t.* -m "(.*?)"', MAKEFILE, re.MULTILINE)
    options = ("-q", "--collect-only", "-p", "no:cacheprovider", "-o", "markers=slow", "-m", expression)
    # Whatever else is installed has nothing to say here, and takes seconds to be loaded.
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    told = subprocess.run(
        [sys.executable, "-m", "pytest", *options, file], capture_output=True, text=True, check=True, timeout=60, env=alone
    ).stdout
    return set(re.findall(r"::(\w+)$", told, re.MULTILINE))


@pytest.mark.slow
def test_every_test_runs_in_ci_and_none_of_the_slow_ones_twice(tmp_path: Path) -> None:
    file = tmp_path / "test_of_each_kind.py"
    file.write_text(OF_EACH_KIND, encoding="utf-8")
    assert {target: _run_by(target, file) for target in ("test", "cov", "test-slow")} == {
        "test": {"test_fast"},
        "cov": {"test_fast", "test_covering"},
        "test-slow": {"test_slow"},
    }


def test_files_whose_rows_are_apart_are_there() -> None:
    assert [file for file in APART if not (ROOT / file).is_file()] == []


@pytest.mark.slow
def test_file_stays_on_one_worker_unless_its_rows_are_apart(tmp_path: Path) -> None:
    files = {"tests/test_of_one_worker.py", min(APART)}
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(OF_ROWS, encoding="utf-8")
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT / "tests" / "support")}
    options = ("-v", "-p", "xdist.plugin", "-p", "sharing", "-n", "2", "--dist", "loadscope", "-c", "/dev/null", "--rootdir", tmp_path)
    told = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *files], capture_output=True, text=True, check=True, timeout=60, env=alone, cwd=tmp_path
    ).stdout
    ran = re.findall(r"^\[(gw\d)\].* PASSED (?:\S*/)?(test_\w+\.py)::", told, re.MULTILINE)
    assert len(ran) == 12
    assert len({worker for worker, file in ran if file == "test_of_one_worker.py"}) == 1
