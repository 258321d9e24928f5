"""Reports as Markdown: for the summary of a CI job and for issues. What others wrote is escaped here, and only here."""

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from runflow_mock.domain.verdicts import Judgement
from runflow_mock.kit.sheets.records import Row, Sheet, by_reason, listed
from runflow_mock.kit.sheets.texts import one_line

EVIDENCE_MAX = 3
# What ends a cell, or makes links, pictures and code of a text; a backslash would take away the one that is put before the next.
_MARKS = re.compile(r"[\\|`\[]")


class Strong(msgspec.Struct, frozen=True):
    """A text that is to be seen first."""

    text: str


class Code(msgspec.Struct, frozen=True):
    """A name out of one of our tables, which has nothing to escape."""

    name: str


Cell = str | Strong | Code | tuple[str, ...]
"""What stands in a cell: a text, or several one below the other."""


def write_markdown(sheet: Sheet) -> str:
    """Returns the text."""
    return "\n".join(_lines(sheet)).rstrip() + "\n"


def heading(title: str, summary: Cell) -> Iterator[str]:
    """Yields how a report begins: its title, and what it comes to."""
    yield from (f"# {cell(title)}", "", _written(summary), "")


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Yields a table line by line."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(_written, row))} |"


def items(texts: Iterable[str]) -> Iterator[str]:
    """Yields a list line by line."""
    for text in texts:
        yield f"- {cell(text)}"


def paragraphs(texts: Iterable[str]) -> Iterator[str]:
    """Yields texts that stand by themselves."""
    yield from map(cell, texts)


def cell(text: str) -> str:
    """Returns a text as one line that says in Markdown what it says."""
    return _MARKS.sub(r"\\\g<0>", one_line(text)).replace("&", "&amp;").replace("<", "&lt;")


def _written(content: Cell) -> str:
    if isinstance(content, Strong):
        return f"**{cell(content.text)}**"
    if isinstance(content, Code):
        return f"`{content.name}`"
    return cell(content) if isinstance(content, str) else "<br>".join(map(cell, content))


def _lines(sheet: Sheet) -> Iterator[str]:
    yield from heading(sheet.title, sheet.counts)
    judged = [row for row in sheet.rows if row.judgement is not Judgement.NOT_EXERCISED]
    if judged:
        worst_first = sorted(judged, key=lambda row: row.judgement is Judgement.HELD)
        yield from table(("verdict", "where", "rule", "evidence"), map(_cells, worst_first))
        yield ""
    absent = sheet.of(Judgement.NOT_EXERCISED)
    if absent:
        yield from ("## Not exercised", "")
        for reason, rows in by_reason(absent):
            yield f"- {cell(reason) or 'no reason'}: {cell(listed(rows))}"
        yield ""
    for title, texts in (("Stale expectations", sheet.stale), ("Errors of runflow-mock", sheet.errors), ("Notes", sheet.notes)):
        if texts:
            yield from (f"## {title}", "", *items(texts), "")


def _cells(row: Row) -> tuple[Cell, ...]:
    word = "broken as expected" if row.is_expected else Strong(row.judgement.value) if row.judgement is Judgement.BROKEN else "held"
    return word, row.subject, row.rule, row.evidence[:EVIDENCE_MAX]
