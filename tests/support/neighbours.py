"""Other tools in the same test suite: an environment of their own with each of them, for any Python, and what came of each suite there.

`python tests/support/neighbours.py` prints the table of tools by versions of Python: those that are found, or those that are named.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
SUITES = ROOT / "tests" / "beside"
LOCKS = ROOT / "requirements"
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
# On a busy machine the longest, the ways out, takes half of it.
SECONDS_MAX = 600
# On a busy machine forty packages take longer than any suite.
INSTALL_SECONDS_MAX = 1_500
_PYTEST = "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"
PATCHED = {
    # eventlet's sockets have no sendmsg, without which trio is not loaded any more, and its resolver loads trio.
    "eventlet": f"import os; os.environ['EVENTLET_NO_GREENDNS'] = 'yes'; import trio, eventlet; eventlet.monkey_patch(); {_PYTEST}",
    "gevent": f"from gevent import monkey; monkey.patch_all(); {_PYTEST}",
}
# pytest-recording wraps pycurl in a way that tornado cannot use; pytest-django and pytest-flask both have a fixture `client`.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "asyncio_auto": ("--asyncio-mode=auto",),
    "flask": ("-p", "no:django"),
    "pytest_socket": ("--allow-hosts=127.0.0.1",),
    "ways_out": ("-p", "no:recording"),
}
# The newest Python that a tool takes by itself, without this plugin too: this one asks for an event loop where 3.14 has none.
NEWEST: Mapping[str, str] = {"asyncio_concurrent": "3.13"}
DISTRIBUTIONS = ("load", "loadscope", "loadfile", "loadgroup", "worksteal", "each")
NAMES = tuple(sorted(file.stem.removeprefix("with_") for file in SUITES.glob("with_*.py")))


def lock_of(name: str) -> Path:
    """Returns what the environment of a suite has: that of all tools, or one of its own, where a tool lives beside no other."""
    own = LOCKS / f"beside-{name.replace('_', '-')}.lock"
    return own if own.exists() else LOCKS / "beside.lock"


def takes(name: str, version: str) -> bool:
    """Returns whether a tool works with a version of Python at all."""
    newest = NEWEST.get(name, version)
    return tuple(map(int, version.split("."))) <= tuple(map(int, newest.split(".")))


def make_environment(python: Path, folder: Path, lock: Path) -> Path:
    """Returns the interpreter of a new environment with what a lock lists, and this package."""
    subprocess.run([python, "-m", "venv", folder], check=True, timeout=SECONDS_MAX)
    made = folder / "bin" / "python"
    pip = (made, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "install")
    subprocess.run([*pip, "--require-hashes", "-r", lock], check=True, timeout=INSTALL_SECONDS_MAX)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", ROOT], check=True, timeout=INSTALL_SECONDS_MAX)
    return made


def commands(python: Path, name: str) -> Iterator[list[str]]:
    """Yields the ways in which a suite is run."""
    begin = ["-c", PATCHED[name]] if name in PATCHED else ["-m", "pytest"]
    # In the order of the file, so that a suite ends in the same way every time.
    order = [] if name == "randomly" else ["-p", "no:randomly"]
    usual = [str(python), *begin, "-q", "-p", "no:cacheprovider", *order, *OPTIONS.get(name, ()), f"with_{name}.py"]
    if name == "xdist":
        yield from ([*usual, "-n", "2", f"--dist={distribution}"] for distribution in DISTRIBUTIONS)
    else:
        yield usual


def run_suite(python: Path, name: str, folder: Path) -> list[tuple[int, str]]:
    """Returns exit code and output of each way in which a suite is run, in a copy of its own."""
    copied = folder / name
    copied.mkdir()
    for file in (SUITES / "stories.py", SUITES / f"with_{name}.py"):
        shutil.copy(file, copied)
    (copied / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n", encoding="utf-8")
    return [run(command, copied, SECONDS_MAX) for command in commands(python, name)]


def run(command: Sequence[str | Path], folder: Path, seconds_max: float) -> tuple[int, str]:
    """Returns exit code and output of a command; one that has not ended in so many seconds has failed, and the others have their turn."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=seconds_max)
    except subprocess.TimeoutExpired:
        return 1, f"it has not ended in {seconds_max:g} s"
    return done.returncode, done.stderr + done.stdout


def told(results: Sequence[tuple[int, str]]) -> str:
    """Returns the cell of a suite: how many of its tests passed, or what failed."""
    counts = [re.findall(r"(\d+) (passed|failed|error)", output.rstrip().rpartition("\n")[2]) for _, output in results]
    sums = {outcome: sum(int(number) for number, found in chain(*counts) if found == outcome) for outcome in ("passed", "failed", "error")}
    if all(code == 0 for code, _ in results):
        return f"{sums['passed']} passed"
    failed = sums["failed"] + sums["error"]
    # What has not ended, or not begun, has no count: its last line says why.
    return f"FAILED ({failed} of {sum(sums.values())})" if failed else f"FAILED: {results[-1][1].rstrip().splitlines()[-1]}"


@cache
def version_of(python: Path) -> str:
    """Returns the version of an interpreter."""
    code = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def interpreter(named: str) -> Path:
    """Returns an interpreter, of which a version such as 3.12 is enough, or a path.

    Raises:
        ArgumentTypeError: there is none.
    """
    found = shutil.which(f"python{named}") or shutil.which(named)
    if found is None:
        raise argparse.ArgumentTypeError(f"there is no python{named} on the path, and no {named}")
    return Path(found)


def main() -> int:
    """Prints the table, and returns 0 where every suite passed."""
    parser = argparse.ArgumentParser(prog="python tests/support/neighbours.py", description="Run the suites beside other tools.")
    parser.add_argument("--python", action="append", type=interpreter, default=[], help="a path or a version; may be given again")
    parser.add_argument("--tool", action="append", choices=NAMES, default=[], help="only this tool; may be given again")
    given = parser.parse_args()
    found = given.python or [Path(path) for version in VERSIONS if (path := shutil.which(f"python{version}"))]
    if not found:
        parser.error(f"none of Python {', '.join(VERSIONS)} is on the path; name one with --python")
    has_failed = False
    with TemporaryDirectory() as name:
        tools, pythons = given.tool or NAMES, {version_of(python): python for python in found}
        made = {
            (version, lock): make_environment(pythons[version], Path(name) / f"{lock.stem}-{version}", lock)
            for version, lock in {(version, lock_of(tool)) for tool in tools for version in pythons if takes(tool, version)}
        }
        print("| tool |", " | ".join(f"Python {version}" for version in pythons), "|")
        print("|---|" + "---|" * len(pythons))
        for tool in tools:
            cells = []
            for version in pythons:
                if not takes(tool, version):
                    cells.append("takes none by itself")
                    continue
                python = made[version, lock_of(tool)]
                folder = Path(name) / f"suites-{version}"
                folder.mkdir(exist_ok=True)
                results = run_suite(python, tool, folder)
                cells.append(told(results))
                if any(code for code, _ in results):
                    has_failed = True
                    print(*(output[-4000:] for _, output in results), sep="\n", file=sys.stderr)
            print(f"| {tool} |", " | ".join(cells), "|", flush=True)
    return int(has_failed)


if __name__ == "__main__":
    sys.exit(main())
