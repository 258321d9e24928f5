"""The first `make` of somebody who has just cloned, where Python is not as it should be."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT

pytestmark = pytest.mark.slow

# What Debian's python3 leaves behind where python3-venv is not installed: an interpreter without pip.
WITHOUT_PIP = f"mkdir -p .venv/bin && ln -sf {sys.executable} .venv/bin/python && echo made && exit 1"
TOO_OLD = f"exec {sys.executable} -c 'import sys; sys.version_info = (3, 10, 13); exec(sys.argv[1])' \"$2\""

# What `make` tells the commands that it runs: one that knows that it is not the first says into which folders it goes.
OF_AN_OUTER_MAKE = ("MAKELEVEL", "MAKEFLAGS", "MFLAGS")


def make_with(python: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """What `make` says when it makes the environment with a script in the place of Python."""
    shutil.copy(ROOT / "Makefile", folder)
    script = folder / "python"
    script.write_text(f"#!/bin/sh\n{python}\n", encoding="utf-8")
    script.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name not in OF_AN_OUTER_MAKE}
    command = ("make", "--no-print-directory", ".venv/bin/python", f"PYTHON={script}")
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_environment_that_could_not_be_made_is_made_anew(tmp_path: Path) -> None:
    script = f'[ "$1" = -c ] && exit 0; {WITHOUT_PIP}'
    told = [make_with(script, tmp_path) for _ in range(2)]
    assert [(each.returncode, each.stdout.splitlines()[-1]) for each in told] == [(2, "made")] * 2


def test_python_that_is_too_old_is_told_before_anything_is_made(tmp_path: Path) -> None:
    told = make_with(TOO_OLD, tmp_path)
    assert told.returncode == 2
    assert f"{tmp_path / 'python'} is Python 3.10, and 3.11 is the oldest that will do" in told.stderr
    assert "make run PYTHON=python3.13" in told.stderr
    assert not (tmp_path / ".venv").exists()
