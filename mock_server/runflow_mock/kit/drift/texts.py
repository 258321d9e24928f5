"""The summary of a comparison: the worst comes first, and what many operations share comes once."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from runflow_mock.kit.drift.drifts import Grade
from runflow_mock.kit.drift.records import Comparison, Row, represent_comparison, rows
from runflow_mock.kit.sheets.summaries import Cell, Code, Line, Section, Strong, Summary, Table

# An issue of GitHub holds 65,536 characters.
MARKDOWN_ROWS_MAX = 150
SUBJECTS_MAX = 6


def summary_of(comparison: Comparison, fail_on: Grade, lock: Path | None = None) -> Summary:
    """Returns what there is to say of a comparison, and the lock in which the newer side was pinned."""
    found = tuple(rows(comparison.drifts))
    more = len(found) - MARKDOWN_ROWS_MAX
    return Summary(
        title="Drift of the Runflow API",
        verdict=Strong(comparison.verdict),
        lines=(*_lines(comparison, found), *(() if lock is None else (Line(f"pinned in {lock}"),))),
        sections=(
            Section(items=(f"pinned: {comparison.pinned}", f"newer: {comparison.newer}")),
            *(_graded(grade, found[:MARKDOWN_ROWS_MAX]) for grade in Grade),
            Section(paragraphs=(f"And {more} more; `runflow-mock drift` prints all.",) if more > 0 else ()),
            Section("What the fake answers", items=tuple(f"{answer.operation}: {answer.says}" for answer in comparison.answers)),
            Section(items=comparison.notes),
        ),
        json={**represent_comparison(comparison, fail_on), "pinned_in": None if lock is None else str(lock)},
    )


def _lines(comparison: Comparison, found: Sequence[Row]) -> Iterator[Line]:
    yield from (Line("pinned   ", comparison.pinned), Line("newer    ", comparison.newer), Line(""))
    for row in found:
        fake = "" if row.fake is None else f"; the fake is {row.fake}"
        yield Line(f"{row.grade.value:9}{row.side.value:10}", row.subject)
        yield Line(" " * 9, f"{_told(row)} [{row.change}]{fake}")
    for answer in comparison.answers:
        yield Line("fake     its answer to ", f"{answer.operation} does not fit the newer document: {answer.says}")
    yield from (Line("note     ", note) for note in comparison.notes)
    if comparison.drifts:
        yield Line("")
    yield Line(comparison.verdict)


def _graded(grade: Grade, shown: Sequence[Row]) -> Section:
    cells = tuple(_cells(row) for row in shown if row.grade is grade)
    return Section(grade.value.capitalize(), Table(("side", "where", "what", "change", "the fake is"), cells) if cells else None)


def _cells(row: Row) -> tuple[Cell, ...]:
    more = (f"and {len(row.subjects) - SUBJECTS_MAX} more",) if len(row.subjects) > SUBJECTS_MAX else ()
    return row.side.value, (*row.subjects[:SUBJECTS_MAX], *more), _told(row), Code(row.change), row.fake or ""


def _told(row: Row) -> str:
    return f"{row.where}: {row.says}" if row.where else row.says
