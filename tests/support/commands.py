"""The command line for tests: the sandbox as a process of its own, as a user starts it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


class Sandbox:
    """A running `runflow-mock serve --json`."""

    def __init__(self, process: "subprocess.Popen[str]", ready: dict[str, Any]) -> None:
        self.process = process
        self.ready = ready
        self.url = ready["url"]


def run_command(*arguments: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Runs the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "runflow_mock", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, **(env or {})},
    )


@contextmanager
def sandbox(*arguments: str, env: dict[str, str] | None = None) -> Iterator[Sandbox]:
    """Starts the sandbox on a free port; it is stopped with SIGTERM if it still runs."""
    command = [sys.executable, "-m", "runflow_mock", "serve", "--port", "0", "--json", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})}, start_new_session=True
    )
    assert process.stdout is not None
    try:
        yield Sandbox(process, json.loads(process.stdout.readline()))
    finally:
        process.terminate()
        process.communicate(timeout=10)
