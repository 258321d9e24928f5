"""Again: tests that judge by a real clock and fell beside others are run once more, alone.

`make test-slow` has more workers than cores, and whoever is woken late there has not failed for that. One that falls alone as well has
failed, and so has whatever else fell: it is not tried again.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]
FALLEN = Path(".pytest_cache") / "v" / "cache" / "lastfailed"
CLOCKED = frozenset(
    (
        "tests/cli/test_verify_client.py",
        "tests/cli/test_verify_receiver.py",
        "tests/kit/test_bench_of_clients.py",
        "tests/kit/test_clients_in_other_languages.py",
        "tests/kit/test_near_forgeries.py",
        "tests/kit/test_probes.py",
        "tests/runtime/test_cluster_keeping.py",
        "tests/runtime/test_replicas.py",
    )
)
"""Files whose tests compare pauses of processes, or wait so many real seconds for what another process does."""


def fallen(root: Path) -> frozenset[str]:
    """Returns the tests that fell in the last run of pytest under a folder, and have not passed since."""
    file = root / FALLEN
    return frozenset(msgspec.json.decode(file.read_bytes(), type=dict[str, bool])) if file.exists() else frozenset()


def are_clocked(tests: Iterable[str]) -> bool:
    """Returns whether all of some tests judge by a real clock, and there are any."""
    files = {test.partition("::")[0] for test in tests}
    return bool(files) and files <= CLOCKED


def main(root: Path = ROOT) -> int:
    """Returns 0 where whatever fell is judged by a clock, and passes alone."""
    tests = sorted(fallen(root))
    if not are_clocked(tests):
        return 1
    sys.stderr.write("\n  ".join(("Once more, alone, because a busy machine may have woken it late:", *tests, "")))
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "-n", "0", *tests], cwd=root, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
