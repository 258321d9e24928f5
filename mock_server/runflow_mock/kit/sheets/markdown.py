"""Summaries as Markdown: for the summary of a CI job and for issues. What others wrote is escaped here, and only here."""

import re
from collections.abc import Iterator

from runflow_mock.kit.sheets.summaries import Cell, Code, Section, Strong, Summary
from runflow_mock.kit.sheets.texts import one_line

# What ends a cell, or makes links, pictures and code of a text; a backslash would take away the one that is put before the next.
_MARKS = re.compile(r"[\\|`\[]")


def write_markdown(summary: Summary) -> str:
    """Returns the text."""
    blocks = [f"# {_escaped(summary.title)}"]
    if summary.verdict is not None:
        blocks.append(_written(summary.verdict))
    for section in summary.sections:
        parts = list(_parts(section))
        blocks += [f"## {section.title}", *parts] if parts and section.title is not None else parts
    return "\n\n".join(blocks) + "\n"


def _parts(section: Section) -> Iterator[str]:
    if section.table is not None:
        head, rows = section.table
        lines = (f"| {' | '.join(map(_written, row))} |" for row in rows)
        yield "\n".join((f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines))
    if section.items:
        yield "\n".join(f"- {_escaped(item)}" for item in section.items)
    yield from map(_escaped, section.paragraphs)


def _written(content: Cell) -> str:
    if isinstance(content, Strong):
        return f"**{_escaped(content.text)}**"
    if isinstance(content, Code):
        return f"`{content.name}`"
    return _escaped(content) if isinstance(content, str) else "<br>".join(map(_escaped, content))


def _escaped(text: str) -> str:
    """Returns a text as one line that says in Markdown what it says."""
    return _MARKS.sub(r"\\\g<0>", one_line(text)).replace("&", "&amp;").replace("<", "&lt;")
