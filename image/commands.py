"""Other people's programs, run to their end."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / ".venv" / "tools" / "bin"
IMAGE = "runflow-mock"
MINUTES_MAX = 20


class Failed(Exception):
    """A program, or the image, did not do what it should; the message says what it did."""


def run(*arguments: str | Path, seconds_max: float = MINUTES_MAX * 60, env: Mapping[str, str] | None = None) -> str:
    """Returns what a program printed; it has these environment variables besides ours.

    Raises:
        Failed: it ended with an error.
    """
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=seconds_max, env={**os.environ, **(env or {})})
    if done.returncode:
        told = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise Failed(f"{' '.join(map(str, arguments[:6]))} … ended with {done.returncode}:\n{told}")
    return done.stdout


def wait_until(holds: Callable[[], bool], otherwise: str, seconds_max: float = 60.0) -> None:
    """Returns once something holds.

    Raises:
        Failed: it took too long.
    """
    deadline = time.monotonic() + seconds_max
    while not holds():
        if time.monotonic() > deadline:
            raise Failed(f"{otherwise} within {seconds_max:g} s")
        time.sleep(0.05)


def named_base() -> str:
    """Returns the base that the Dockerfile names."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    return next(line.removeprefix("ARG BASE=") for line in lines if line.startswith("ARG BASE="))
