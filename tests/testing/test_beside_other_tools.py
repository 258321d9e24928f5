"""The fixtures beside what else lives in a test suite, each tool in an environment that has them all; see tests/beside."""

import sys
from pathlib import Path

import pytest
from neighbours import NAMES, SUITES, commands, make_environment, run_suite, told

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the tools."""
    return make_environment(Path(sys.executable), tmp_path_factory.mktemp("beside") / "venv")


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("tool", NAMES)
def test_fixtures_live_beside(python: Path, tmp_path: Path, tool: str) -> None:
    results = run_suite(python, tool, tmp_path)
    assert [code for code, _ in results] == [0] * len(results), "\n".join(output for _, output in results)


def test_table_tells_what_failed() -> None:
    assert told([(0, "..\n2 passed in 1.00s"), (0, "3 passed, 1 warning in 2.00s\n")]) == "5 passed"
    assert told([(0, "2 passed in 1.00s"), (1, "1 failed, 1 error, 3 passed in 2.00s")]) == "FAILED (2 of 7)"


def test_xdist_is_tried_in_every_mode() -> None:
    assert len(list(commands(Path("python"), "xdist"))) == 6
    assert SUITES.joinpath("with_xdist.py").exists()
