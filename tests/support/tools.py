"""Programs that judge our work from outside: `make tools` puts them into `.venv/tools`, and what an example needs beside it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from commands import ROOT

TOOLS = ROOT / ".venv" / "tools"
NODE_MODULES = TOOLS / "node" / "node_modules"
TYPESCRIPT = ROOT / "examples" / "typescript"
PLACES = (TOOLS / "bin", NODE_MODULES / ".bin", TYPESCRIPT / "node_modules" / ".bin")


def run_tool(
    name: str, *arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Runs one of the programs to its end, whatever it says; what is printed comes back as one text.

    Like a user's, its PATH has the command `runflow-mock`.
    """
    program = next((place / name for place in PLACES if (place / name).exists()), None)
    assert program is not None, f"{name} is not in {TOOLS}: run `make tools`"
    path = os.pathsep.join([*map(str, PLACES), str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "NODE_PATH": str(NODE_MODULES), "REDOCLY_TELEMETRY": "off", **(env or {})}
    return subprocess.run(
        [program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100, check=False, cwd=cwd, env=env
    )


def chromium() -> str:
    """Returns where the browser is."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found is not None, "no Chromium: install the package chromium"
    return found
