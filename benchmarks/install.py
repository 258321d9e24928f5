"""`python -m benchmarks.install`: makes .venv/peers with the servers that the report compares with.

What cannot be installed is told, and the rest goes on: the report names it as absent.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence

from benchmarks.contenders.installed import BIN, LOCK, PACKAGES, PEERS, node_version, prefix

PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes", "-r")
NPM = ("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel", "error")


def main() -> int:
    """Installs what is missing, and returns 0."""
    if not (BIN / "python").exists():
        _run("the environment", (sys.executable, "-m", "venv", str(PEERS)))
    _run("what comes from PyPI", (str(BIN / "python"), *PIP, str(LOCK)))
    for package, version in PACKAGES.items():
        if _installed(package) != version:
            _install(package, version)
    return 0


def _install(package: str, version: str) -> None:
    if (npm := shutil.which("npm")) is None:
        print(f"{package} is left out: there is no npm", file=sys.stderr)
        return
    folder = prefix(package)
    folder.mkdir(parents=True, exist_ok=True)
    _run(package, (npm, "install", "--prefix", str(folder), *NPM, f"{package}@{version}"))


def _installed(package: str) -> str | None:
    try:
        return node_version(package)
    except FileNotFoundError:
        return None


def _run(what: str, command: Sequence[str]) -> None:
    print(f"installing {what} ...", file=sys.stderr)
    done = subprocess.run(command, stdout=sys.stderr, check=False)
    if done.returncode:
        print(f"{what} could not be installed, and is left out", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
