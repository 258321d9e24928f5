"""The fixtures beside what else lives in a test suite, each tool in an environment that has them all; see tests/beside."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from neighbours import NAMES, SUITES, commands, interpreter, lock_of, make_environment, run, run_suite, takes, told, version_of

pytestmark = pytest.mark.slow

VERSION = ".".join(map(str, sys.version_info[:2]))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """The interpreter of an environment with what a lock lists, which is made once."""
    return cache(lambda lock: make_environment(Path(sys.executable), tmp_path_factory.mktemp("beside") / "venv", lock))


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("tool", [name for name in NAMES if takes(name, VERSION)])
def test_fixtures_live_beside(environment: Callable[[Path], Path], tmp_path: Path, tool: str) -> None:
    results = run_suite(environment(lock_of(tool)), tool, tmp_path)
    assert [code for code, _ in results] == [0] * len(results), "\n".join(output for _, output in results)


def test_table_tells_what_failed() -> None:
    assert told([(0, "..\n2 passed in 1.00s"), (0, "3 passed, 1 warning in 2.00s\n")]) == "5 passed"
    assert told([(0, "2 passed in 1.00s"), (1, "1 failed, 1 error, 3 passed in 2.00s")]) == "FAILED (2 of 7)"


def test_suite_that_does_not_end_has_failed_and_ends_no_table(tmp_path: Path) -> None:
    ended = run([sys.executable, "-c", "print('1 passed in 1.00s')"], tmp_path, 60)
    stands = run([sys.executable, "-c", "import threading; threading.Event().wait()"], tmp_path, 0.1)
    assert (ended, stands) == ((0, "1 passed in 1.00s\n"), (1, "it has not ended in 0.1 s"))
    assert told([ended, stands]) == "FAILED: it has not ended in 0.1 s"


def test_xdist_is_tried_in_every_mode() -> None:
    assert len(list(commands(Path("python"), "xdist"))) == 6
    assert SUITES.joinpath("with_xdist.py").exists()


def test_tool_that_lives_beside_no_other_has_an_environment_of_its_own() -> None:
    assert {name: lock_of(name).name for name in ("niquests", "asyncio_concurrent", "respx")} == {
        "niquests": "beside-niquests.lock",
        "asyncio_concurrent": "beside-asyncio-concurrent.lock",
        "respx": "beside.lock",
    }


def test_tool_that_takes_no_newer_python_by_itself_is_left_out_there() -> None:
    versions = ("3.9", "3.13", "3.14", "3.15")
    assert [takes("asyncio_concurrent", version) for version in versions] == [True, True, False, False]
    assert all(takes("respx", version) for version in versions)


def test_interpreter_is_named_by_its_path_or_its_version() -> None:
    assert version_of(interpreter(VERSION)) == VERSION
    assert interpreter(sys.executable) == Path(sys.executable)


def test_interpreter_that_is_not_there_is_told() -> None:
    with pytest.raises(ArgumentTypeError, match=r"no python9\.9 on the path"):
        interpreter("9.9")
