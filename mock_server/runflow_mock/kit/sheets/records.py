"""The sheet: one row for each rule at each subject, with what shows it; every rendering and exit code follows from it.

Theory. A row is held, broken or not exercised, and never claims more than was seen. Errors are ours and stand apart from the rows, which
are about the client or receiver. A row that was expected to be broken counts as neither, and a row of which that was expected wrongly is
stale: the list of expectations would hide the next mistake.
"""

from collections.abc import Collection, Iterator, Sequence

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.verdicts import Judgement, Weight

GRADES = ((1.0, "A"), (0.9, "B"), (0.75, "C"), (0.5, "D"), (0.0, "F"))
NO_GRADE = "-"
# So many rows that were not exercised for one reason are named; more are counted.
LISTED_MAX = 12


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of one rule at one subject: an operation, a cell of a matrix, a probe, or the client as a whole."""

    subject: str
    rule: str
    judgement: Judgement
    asks: str
    weight: Weight = Weight.ERROR
    evidence: tuple[str, ...] = ()
    reason: str | None = None
    is_expected: bool = False

    @property
    def name(self) -> str:
        """The row as lists of expected failures spell it."""
        return f"{self.subject}:{self.rule}"


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was seen. `errors` are ours; `stale` are expected failures that did not fail."""

    title: str
    rows: tuple[Row, ...]
    errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()

    def of(self, judgement: Judgement) -> tuple[Row, ...]:
        """Returns the rows that are judged so, without those of which it was expected."""
        return tuple(row for row in self.rows if row.judgement is judgement and not row.is_expected)

    @property
    def exit_code(self) -> int:
        """0 all rules held, 1 one was broken or an expectation is stale, 2 an error of ours, 3 nothing was exercised."""
        if self.of(Judgement.BROKEN) or self.stale:
            return 1
        if self.errors:
            return 2
        return 0 if any(row.judgement is not Judgement.NOT_EXERCISED for row in self.rows) else 3

    @property
    def grade(self) -> str:
        """A letter for the share of the exercised rows that held."""
        held, broken = len(self.of(Judgement.HELD)), len(self.of(Judgement.BROKEN))
        if not held + broken:
            return NO_GRADE
        return next(letter for least, letter in GRADES if held / (held + broken) >= least)

    @property
    def counts(self) -> str:
        """The numbers and the grade in one line; a grade that says little says so."""
        held, broken, absent = (len(self.of(judgement)) for judgement in Judgement)
        expected = sum(row.is_expected for row in self.rows)
        told = f"{held} held, {broken} broken, {absent} not exercised"
        limited = f" over the {held + broken} that were exercised" if self.grade != NO_GRADE and absent > len(self.rows) - absent else ""
        return f"{told}{f', {expected} broken as expected' if expected else ''}; grade {self.grade}{limited}"


def expecting(sheet: Sheet, names: Collection[str]) -> Sheet:
    """Returns a sheet in which the named rows may be broken; a name is `subject:rule`, or a rule wherever it stands.

    Raises:
        ValueError: a name fits no row.
    """
    known = {name for row in sheet.rows for name in (row.name, row.rule)}
    unknown = [name for name in names if name not in known]
    if unknown:
        example = sheet.rows[0].name if sheet.rows else "create_run:contract"
        raise ValueError(f"expected failure {unknown[0]!r} names no rule; write subject:rule or a rule, such as {example}")
    rows = tuple(
        replace(row, is_expected=row.judgement is Judgement.BROKEN and bool({row.name, row.rule} & {*names})) for row in sheet.rows
    )
    return replace(sheet, rows=rows, stale=tuple(name for name in names if _is_stale(rows, name)))


def read_expected(text: str) -> tuple[str, ...]:
    """Returns the names in a list of expected failures: one a line, `#` begins a comment."""
    return tuple(line for line in (raw.partition("#")[0].strip() for raw in text.splitlines()) if line)


def represent_sheet(sheet: Sheet) -> dict[str, object]:
    """Returns a sheet as JSON."""
    return {
        "title": sheet.title,
        "exit_code": sheet.exit_code,
        "grade": sheet.grade,
        "held": len(sheet.of(Judgement.HELD)),
        "broken": len(sheet.of(Judgement.BROKEN)),
        "not_exercised": len(sheet.of(Judgement.NOT_EXERCISED)),
        "rows": [
            {
                "subject": row.subject,
                "rule": row.rule,
                "verdict": row.judgement.value,
                "expected": row.is_expected,
                "weight": row.weight.value,
                "asks": row.asks,
                "evidence": list(row.evidence),
                "reason": row.reason,
            }
            for row in sheet.rows
        ],
        "errors": list(sheet.errors),
        "stale": list(sheet.stale),
        "notes": list(sheet.notes),
    }


def by_reason(rows: Sequence[Row]) -> Iterator[tuple[str, tuple[Row, ...]]]:
    """Yields rows together that were not exercised for the same reason."""
    for reason in dict.fromkeys(row.reason or "" for row in rows):
        yield reason, tuple(row for row in rows if (row.reason or "") == reason)


def listed(rows: Sequence[Row]) -> str:
    """Returns what rows are about in one line: their names, or where there are many how often each rule."""
    if len(rows) <= LISTED_MAX:
        return ", ".join(f"{row.subject}: {row.rule}" for row in rows)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.rule] = counts.get(row.rule, 0) + 1
    return ", ".join(f"{count}x {rule}" for rule, count in counts.items())


def _is_stale(rows: Sequence[Row], name: str) -> bool:
    """Whether everything of that name held: what was not exercised says nothing."""
    judged = {row.judgement for row in rows if name in {row.name, row.rule}}
    return Judgement.HELD in judged and Judgement.BROKEN not in judged
