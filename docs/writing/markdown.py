"""Markdown: tables, code blocks and lines."""

from __future__ import annotations

import json
from collections.abc import Iterable


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Returns a table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def block(language: str, text: str) -> str:
    """Returns a code block."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def names(values: Iterable[str]) -> str:
    """Returns names in a row."""
    return ", ".join(f"`{value}`" for value in values)


def post(path: str, body: object) -> str:
    """Returns a command that sends JSON to the control API."""
    text = json.dumps(body, ensure_ascii=False)
    headers = '-H "Authorization: Bearer $RUNFLOW_API_KEY" -H "Content-Type: application/json"'
    return f"curl -s $RUNFLOW_BASE_URL{path} {headers} \\\n  -d '{text}'\n"


def _cell(text: str) -> str:
    return text.replace("|", "&#124;").replace("\n", " ")
