"""What is installed beside us: where it is put, and which versions of what comes from npm are asked for (PyPI's are in peers.lock)."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from benchmarks.contenders.contender import program
from benchmarks.servers import ROOT

PEERS = ROOT / ".venv" / "peers"
BIN = PEERS / "bin"
LOCK = ROOT / "benchmarks" / "peers.lock"
PACKAGES: Mapping[str, str] = {
    "wiremock": "3.13.2",
    "@stoplight/prism-cli": "5.16.0",
    "@mockoon/cli": "9.9.0",
    "@copilotkit/aimock": "1.43.0",
}


def node() -> Path:
    """Returns the program that runs what comes from npm."""
    return program("node")


def prefix(package: str) -> Path:
    """Returns the folder of a package from npm: one each, so that none stands in the way of another."""
    return PEERS / "node" / package.strip("@").replace("/", "-")


def modules(package: str) -> Path:
    """Returns where a package from npm and what it needs are."""
    return prefix(package) / "node_modules"


def script(package: str, name: str) -> Path:
    """Returns a script that a package from npm installs."""
    return modules(package) / ".bin" / name


def node_version(package: str) -> str:
    """Returns the installed version of a package from npm."""
    return str(msgspec.json.decode((modules(package) / package / "package.json").read_bytes())["version"])


def python_version(package: str) -> str:
    """Returns the installed version of a package from PyPI, by the folder that says so."""
    (folder,) = PEERS.glob(f"lib/python*/site-packages/{package}-*.dist-info")
    return folder.name.removeprefix(f"{package}-").removesuffix(".dist-info")
