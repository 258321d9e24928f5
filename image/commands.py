"""Other people's programs, run to their end."""

import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
IMAGE = "runflow-mock"
MINUTES_MAX = 20


class Failed(Exception):
    """A program, or the image, did not do what it should; the message says what it did."""


def run(*arguments: str | Path, seconds_max: float = MINUTES_MAX * 60) -> str:
    """Returns what a program printed.

    Raises:
        Failed: it ended with an error.
    """
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=seconds_max)
    if done.returncode:
        told = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise Failed(f"{' '.join(map(str, arguments[:6]))} … ended with {done.returncode}:\n{told}")
    return done.stdout


def free_port() -> int:
    """Returns a port on which nothing listens at the moment."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port
