"""Comparisons in a terminal and as Markdown: the worst comes first, and what many operations share comes once."""

from collections.abc import Iterator

from runflow_mock.kit.drift.drifts import Grade
from runflow_mock.kit.drift.records import Comparison, Row, rows
from runflow_mock.kit.sheets.markdown import Cell, Code, Strong, heading, items, table
from runflow_mock.kit.sheets.texts import one_line

# An issue of GitHub holds 65,536 characters.
MARKDOWN_ROWS_MAX = 150
SUBJECTS_MAX = 6


def lines(comparison: Comparison) -> Iterator[str]:
    """Yields what a terminal shows."""
    yield f"pinned   {one_line(comparison.pinned)}"
    yield f"newer    {one_line(comparison.newer)}"
    yield ""
    for row in rows(comparison.drifts):
        yield f"{row.grade.value:9}{row.side.value:10}{one_line(row.subject)}"
        fake = "" if row.fake is None else f"; the fake is {row.fake}"
        yield f"{'':9}{one_line(_place(row) + row.says)} [{row.change}]{fake}"
    for answer in comparison.answers:
        yield f"fake     its answer to {one_line(answer.operation)} does not fit the newer document: {one_line(answer.says)}"
    for note in comparison.notes:
        yield f"note     {one_line(note)}"
    if comparison.drifts:
        yield ""
    yield comparison.verdict


def markdown(comparison: Comparison) -> str:
    """Returns the report for an issue or the summary of a job."""
    return "\n".join(_markdown(comparison)).rstrip() + "\n"


def _markdown(comparison: Comparison) -> Iterator[str]:
    yield from heading("Drift of the Runflow API", Strong(comparison.verdict))
    yield from (*items((f"pinned: {comparison.pinned}", f"newer: {comparison.newer}")), "")
    found = list(rows(comparison.drifts))
    shown = found[:MARKDOWN_ROWS_MAX]
    for grade in Grade:
        graded = [row for row in shown if row.grade is grade]
        if graded:
            yield from (f"## {grade.value.capitalize()}", "")
            yield from table(("side", "where", "what", "change", "the fake is"), map(_cells, graded))
            yield ""
    if len(found) > len(shown):
        yield from (f"And {len(found) - len(shown)} more; `runflow-mock drift` prints all.", "")
    if comparison.answers:
        yield from ("## What the fake answers", "")
        yield from items(f"{answer.operation}: {answer.says}" for answer in comparison.answers)
        yield ""
    yield from items(comparison.notes)


def _cells(row: Row) -> tuple[Cell, ...]:
    more = (f"and {len(row.subjects) - SUBJECTS_MAX} more",) if len(row.subjects) > SUBJECTS_MAX else ()
    return row.side.value, (*row.subjects[:SUBJECTS_MAX], *more), _place(row) + row.says, Code(row.change), row.fake or ""


def _place(row: Row) -> str:
    return f"{row.where}: " if row.where else ""
