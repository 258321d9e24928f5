"""Files of the repository that pages show whole."""

from __future__ import annotations

from pathlib import Path

from writing.markdown import block

ROOT = Path(__file__).resolve().parent.parent.parent
LANGUAGES = {
    ".yml": "yaml", ".yaml": "yaml", ".json": "json",
    ".py": "python", ".mjs": "js", ".go": "go", ".php": "php", ".java": "java",
}  # fmt: skip


def shown(path: str) -> str:
    """Returns a file as a code block."""
    file = ROOT / path
    return block(LANGUAGES[file.suffix], file.read_text(encoding="utf-8"))


def titled(path: str) -> str:
    """Returns a file as a code block that has the file's name, so that it is there for the commands of the page."""
    file = ROOT / path
    return block(f'{LANGUAGES[file.suffix]} title="{file.name}"', file.read_text(encoding="utf-8"))
