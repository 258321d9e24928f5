"""The README: its first screen works when it is pasted, and what it names exists. Its blocks are run with all others, in test_blocks.py."""

import os
import re
import subprocess

import pytest
from blocks import blocks_of
from commands import ROOT, sandbox

README = (ROOT / "README.md").read_text(encoding="utf-8")
LINKED = ("README.md", "CONTRIBUTING.md", "SECURITY.md")


@pytest.mark.slow
def test_shell_block_works_when_pasted() -> None:
    pasted = next(block.text for block in blocks_of(ROOT / "README.md") if block.language == "sh" and block.reason is None)
    with sandbox() as running:
        script = pasted.replace("http://127.0.0.1:8787", running.url)
        result = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=30, check=True, env=dict(os.environ))
    # A line for each answer, or a terminal glues the next one and its prompt to it.
    created, polled, balance = result.stdout.splitlines()
    assert '"status_code":"queued"' in created
    assert '"status_code":"succeeded"' in polled
    assert '"cost":"0.270000"' in polled
    assert '"balance":"9.730000"' in balance


@pytest.mark.parametrize("page", ["README.md", "docs/how-to/terminal.md", "docs/tutorials/docker-in-ci.md"])
def test_answer_in_a_terminal_ends_its_line(page: str) -> None:
    blocks = [block.text.replace("\\\n", "") for block in blocks_of(ROOT / page) if block.language == "sh"]
    shown = [line for block in blocks for line in block.splitlines() if line.startswith("curl ") and " > " not in line]
    assert shown
    assert [line for line in shown if r"-w '\n'" not in line] == []


def test_first_screen_has_the_two_commands() -> None:
    assert re.findall(r"^make ([a-z-]+)", README, re.MULTILINE)[:2] == ["run", "test"]


def test_readme_says_that_it_is_unofficial() -> None:
    assert "Unofficial, not affiliated with Runflow" in README.partition("```")[0]


def test_paths_that_are_named_exist() -> None:
    for path in re.findall(r"`((?:contracts|docs|examples|fixtures|mock_server|benchmarks)/[\w./]*)`", README):
        assert (ROOT / path).exists(), path


def test_links_lead_to_files() -> None:
    for page in LINKED:
        for link in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text(encoding="utf-8")):
            assert (ROOT / link).exists(), f"{page}: {link}"
