"""The README is run: what a newcomer pastes must work."""

import os
import re
import shlex
import subprocess

import click
import pytest
from commands import ROOT, sandbox

from runflow_mock.cli import group

pytest_plugins = ["pytester"]

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_shell_block_works_when_pasted() -> None:
    with sandbox() as running:
        script = blocks("sh")[1].replace("http://127.0.0.1:8787", running.url)
        result = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=30, check=True, env=dict(os.environ))
    assert '"status_code":"queued"' in result.stdout
    assert '"balance":"10.000000"' in result.stdout


def test_commands_of_the_terminal_block_are_understood() -> None:
    lines = re.findall(r"runflow-mock ([^#\n)]+)", blocks("sh")[2])
    assert len(lines) == 6
    for line in lines:
        name, *arguments = shlex.split(line.rstrip('"'))
        command = group.get_command(click.Context(group), name)
        assert isinstance(command, click.Command), name
        leaf = command.commands[arguments.pop(0)] if isinstance(command, click.Group) else command
        # Parsing tells unknown options and unusable values; nothing is started.
        assert leaf.make_context(name, arguments)


def test_python_block_works_when_pasted(pytester: pytest.Pytester) -> None:
    (example,) = blocks("python")
    pytester.makepyfile(example)
    pytester.runpytest_inprocess("-pno:asyncio", "-pno:randomly", "-pno:xdist").assert_outcomes(passed=1)


def test_targets_of_the_first_block_exist() -> None:
    for target in re.findall(r"^make ([a-z-]+)", blocks("sh")[0], re.MULTILINE):
        assert f"\n{target}:" in MAKEFILE


def test_paths_that_are_named_exist() -> None:
    for path in re.findall(r"`((?:contracts|fixtures|mock_server|benchmarks)/[\w./]*)`", README):
        assert (ROOT / path).exists(), path
