"""The command line for tests: the sandbox as a process of its own, as a user starts it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from runflow_mock.cli import main

ROOT = Path(__file__).resolve().parent.parent.parent


class Sandbox:
    """A running `runflow-mock serve --json`."""

    def __init__(self, process: "subprocess.Popen[str]", ready: dict[str, Any]) -> None:
        self.process = process
        self.ready = ready
        self.url = ready["url"]


class Told(NamedTuple):
    """What a command has said and how it ended."""

    code: int
    out: str
    err: str


def call(*arguments: str) -> Told:
    """Runs a short command in this process."""
    out, err = StringIO(), StringIO()
    code: object = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as stopped:
            code = stopped.code or 0
    assert isinstance(code, int)
    return Told(code, out.getvalue(), err.getvalue())


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
        process.communicate(timeout=30)
