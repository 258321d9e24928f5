"""Code blocks of the documentation: where they stand, what is to be done with them, and how they are run as a reader would.

A comment directly above a block says what is special about it: `<!-- not run: REASON -->` or `<!-- slow -->`. A title is the name of the
file that a reader would write; `title="output"` marks what the page's commands print, and `title="output, in part"` some of it.
"""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from commands import ROOT

PAGES = tuple(
    sorted(
        (
            *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "contracts/README.md")),
            *ROOT.glob("docs/**/*.md"),
            *(page for page in ROOT.glob("examples/**/README.md") if "node_modules" not in page.parts),
        )
    )
)
FAILS = "fails, which is its point"
# Why a block may stay unrun. Whatever else is shown is run.
REASONS = frozenset(
    (
        "changes the machine",
        FAILS,
        "goes on until it is stopped",
        "installs packages",
        "make targets, which tests and CI run",
        "needs Docker",
        "needs https, which the tests start elsewhere",
        "starts the sandbox, which runs already",
        "takes minutes, and `make contract` does it in CI",
        "the tests of these pages are run in another way",
    )
)
ADDRESS = "http://127.0.0.1:8787"
# Ports of receivers that pages start.
PORTS = ("8798", "8799")
SECONDS_MAX = 150
# A request that is refused is an error here, as it would be to a reader.
PRELUDE = 'set -eu\ncurl() { command curl --fail "$@"; }\n'

_BLOCK = re.compile(
    r'(?:^<!-- (?P<note>[^>]+?) -->\n)?^```(?P<language>\w*)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL
)


class Block(NamedTuple):
    """One block: its place, its language, its title, the note above it, and what is in it."""

    page: Path
    line: int
    language: str
    title: str | None
    note: str
    text: str

    @property
    def reason(self) -> str | None:
        """Why it is not run, or nothing when it is."""
        return self.note.removeprefix("not run: ") if self.note.startswith("not run: ") else None

    @property
    def is_slow(self) -> bool:
        """Whether it is left to the slow tests."""
        return self.note == "slow"

    @property
    def is_test(self) -> bool:
        """Whether pytest runs it."""
        return self.language == "python" and self.reason is None and "def test_" in self.text

    @property
    def name(self) -> str:
        """Where it stands, as people say it."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def slug_of(page: Path) -> str:
    """Returns a name for a page that files and tenants can have."""
    return re.sub(r"[^a-z0-9]", "_", str(page.relative_to(ROOT).with_suffix("")).lower())


def blocks_of(page: Path) -> list[Block]:
    """Returns the blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start("text")), found["language"], found["title"], found["note"] or "", found["text"])
        for found in _BLOCK.finditer(text)
    ]


def texts_of(page: Path, language: str) -> list[str]:
    """Returns what is in the blocks of one language on a page."""
    return [block.text for block in blocks_of(page) if block.language == language]


def all_blocks() -> Iterator[Block]:
    """Yields the blocks of all pages."""
    for page in PAGES:
        yield from blocks_of(page)


def write_files(page: Path, folder: Path) -> list[Path]:
    """Writes the Python of a page where its commands and tests look for it, and returns the files with tests.

    Raises:
        FileExistsError: two pages have a file of the same name, and their tests run in one place.
    """
    tests = []
    for block in blocks_of(page):
        if block.language == "python" and block.reason is None:
            file = folder / (block.title or f"{'test' if block.is_test else 'script'}_{slug_of(page)}_{block.line}.py")
            with file.open("x", encoding="utf-8") as written:
                written.write(block.text)
            tests += [file] if block.is_test else []
    return tests


def script_of(page: Path, *, with_slow: bool) -> str:
    """Returns the commands of a page in their order, and its programs among them; nothing when there is nothing to run."""
    parts = []
    for block in blocks_of(page):
        if block.reason is not None or (block.is_slow and not with_slow):
            continue
        if block.language == "sh":
            parts.append(block.text)
        elif block.language == "python" and block.title is None and not block.is_test:
            parts.append(f"python script_{slug_of(page)}_{block.line}.py\n")
    return "".join(parts)


def run_script(script: str, folder: Path, url: str, env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Runs commands of a page against the sandbox at an address, in a folder of their own; nothing that they start outlives them."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    given = {**os.environ, "PATH": path, "RUNFLOW_MOCK_URL": url, "RUNFLOW_BASE_URL": url, "XDG_STATE_HOME": str(folder), **env}
    command = ["bash", "-c", PRELUDE + _elsewhere(script.replace(ADDRESS, url))]
    with (folder / "out").open("w+") as out, (folder / "err").open("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, text=True, cwd=folder, env=given, start_new_session=True)
        try:
            process.wait(timeout=SECONDS_MAX)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        texts = [(out.seek(0), out.read())[1], (err.seek(0), err.read())[1]]
    return subprocess.CompletedProcess(command, process.returncode, *texts)


def _elsewhere(script: str) -> str:
    """Returns a script whose receivers listen on ports that are free here."""
    for port in PORTS:
        with socket.create_server(("127.0.0.1", 0)) as free:
            script = script.replace(port, str(free.getsockname()[1]))
    return script


def pattern_of(line: str) -> str:
    """Returns the expression for a line of output in which an ellipsis stands for whatever follows."""
    return ".*".join(re.escape(part) for part in line.split("…"))
