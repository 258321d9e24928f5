"""Programs that judge our work from outside: `make tools` puts them into `.venv/tools`."""

import os
import shutil
import subprocess
from pathlib import Path

from commands import ROOT

TOOLS = ROOT / ".venv" / "tools"
NODE_MODULES = TOOLS / "node" / "node_modules"


def run_tool(name: str, *arguments: str | Path, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Runs one of the programs to its end, whatever it says; what is printed comes back as one text."""
    places = [TOOLS / "bin", NODE_MODULES / ".bin"]
    program = next((place / name for place in places if (place / name).exists()), None)
    assert program is not None, f"{name} is not in {TOOLS}: run `make tools`"
    path = os.pathsep.join([*map(str, places), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "NODE_PATH": str(NODE_MODULES), "REDOCLY_TELEMETRY": "off"}
    return subprocess.run(
        [program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100, check=False, cwd=cwd, env=env
    )


def chromium() -> str:
    """Returns where the browser is."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found is not None, "no Chromium: install the package chromium"
    return found
