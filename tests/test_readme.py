"""The README: its first screen works when it is pasted, and what it names exists. Its blocks are run with all others, in test_blocks.py."""

import os
import re
import subprocess

from blocks import blocks_of
from commands import ROOT, sandbox

README = (ROOT / "README.md").read_text(encoding="utf-8")
LINKED = ("README.md", "CONTRIBUTING.md", "SECURITY.md")


def test_shell_block_works_when_pasted() -> None:
    pasted = next(block.text for block in blocks_of(ROOT / "README.md") if block.language == "sh" and block.reason is None)
    with sandbox() as running:
        script = pasted.replace("http://127.0.0.1:8787", running.url)
        result = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=30, check=True, env=dict(os.environ))
    # What comes after depends on how fast the reader is: the clock is real.
    assert '"status_code":"queued"' in result.stdout
    assert re.search(r'"balance":"(10.000000|9.730000)"', result.stdout)


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
