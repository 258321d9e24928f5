"""Sheets as Markdown: for the summary of a CI job and for issues."""

from collections.abc import Iterable, Iterator, Sequence

from runflow_mock.domain.verdicts import Judgement
from runflow_mock.kit.sheets.records import Row, Sheet, by_reason, listed
from runflow_mock.kit.sheets.texts import cell

EVIDENCE_MAX = 3


def write_markdown(sheet: Sheet) -> str:
    """Returns the text."""
    return "\n".join(_lines(sheet)).rstrip() + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yields a table line by line; what others wrote in its cells has gone through `cell`."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _lines(sheet: Sheet) -> Iterator[str]:
    yield from (f"# {cell(sheet.title)}", "", sheet.counts, "")
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
            yield from (f"## {title}", "", *(f"- {cell(text)}" for text in texts), "")


def _cells(row: Row) -> tuple[str, ...]:
    word = "broken as expected" if row.is_expected else f"**{row.judgement.value}**" if row.judgement is Judgement.BROKEN else "held"
    evidence = "<br>".join(cell(text) for text in row.evidence[:EVIDENCE_MAX])
    return word, cell(row.subject), cell(row.rule), evidence
