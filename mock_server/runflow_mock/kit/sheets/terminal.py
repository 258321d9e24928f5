"""Sheets in a terminal: what is broken comes first, with what shows it; what was not exercised last, with why."""

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.text import Text

from runflow_mock.domain.printing import on_one_line
from runflow_mock.domain.verdicts import Judgement
from runflow_mock.kit.sheets.records import Row, Sheet, by_reason, listed
from runflow_mock.kit.sheets.texts import one_line

EVIDENCE_MAX = 3
STYLES: Mapping[str, str] = {"broken": "bold red", "expected": "yellow", "held": "green", "not": "dim", "error": "bold red", "stale": "red"}


def show_sheet(sheet: Sheet, console: Console) -> None:
    """Prints a sheet; in colours where the console has some."""
    for line in lines(sheet):
        text = Text(line)
        word = line.partition(" ")[0]
        if word in STYLES:
            text.stylize(STYLES[word], 0, len(word) if word != "not" else len("not exercised"))
        console.print(text, soft_wrap=True)


def lines(sheet: Sheet) -> Iterator[str]:
    """Yields a sheet line by line."""
    yield one_line(sheet.title)
    yield ""
    for row in sheet.of(Judgement.BROKEN):
        yield from _broken("broken", row)
    for row in sheet.rows:
        if row.is_expected:
            yield from _broken("expected", row)
    for row in sheet.of(Judgement.HELD):
        shown_by = "".join(f" ({one_line(evidence)})" for evidence in row.evidence[:1])
        yield f"held     {one_line(row.subject)}: {one_line(row.rule)}{shown_by}"
    for reason, rows in by_reason(sheet.of(Judgement.NOT_EXERCISED)):
        yield f"not exercised  {on_one_line(listed(rows))}{f' ({one_line(reason)})' if reason else ''}"
    for name in sheet.stale:
        yield f"stale    {one_line(name)} was expected to be broken, and held: take it off the list"
    for error in sheet.errors:
        yield f"error    of ours, not of what was tested: {one_line(error)}"
    for note in sheet.notes:
        yield f"note     {one_line(note)}"
    yield ""
    yield sheet.counts


def _broken(word: str, row: Row) -> Iterator[str]:
    yield f"{word:8} {one_line(row.subject)}: {one_line(row.rule)} ({row.weight.value})"
    yield f"         {one_line(row.asks)}"
    for evidence in row.evidence[:EVIDENCE_MAX]:
        yield f"         - {one_line(evidence)}"
    if len(row.evidence) > EVIDENCE_MAX:
        yield f"         - and {len(row.evidence) - EVIDENCE_MAX} more"
