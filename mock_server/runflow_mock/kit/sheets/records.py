"""The sheet: one row for each rule at each subject, with what shows it; its summary and exit code follow from it.

Theory. A row is held, broken or not exercised, and never claims more than was seen. Errors are ours and stand apart from the rows, which
are about the client or receiver. A row that was expected to be broken counts as neither, and a row of which that was expected wrongly is
stale: the list of expectations would hide the next mistake.
"""

from collections.abc import Collection, Iterator, Sequence

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.verdicts import Judgement, Weight
from runflow_mock.kit.sheets.summaries import Case, Cell, Line, Outcome, Section, Strong, Summary, Table
from runflow_mock.kit.sheets.texts import one_line

GRADES = ((1.0, "A"), (0.9, "B"), (0.75, "C"), (0.5, "D"), (0.0, "F"))
NO_GRADE = "-"
# So many rows that were not exercised for one reason are named; more are counted.
LISTED_MAX = 12
EVIDENCE_MAX = 3
STALE = "was expected to be broken, and held: take it off the list"

Place = tuple[str, str]
"""Where a row stands: its subject and its rule."""


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


def check_expected(names: Collection[str], places: Sequence[Place]) -> None:
    """Accepts names each of which fits one of the rows that a sheet will have.

    Raises:
        ValueError: a name fits none.
    """
    known = {name for subject, rule in places for name in (f"{subject}:{rule}", rule)}
    unknown = [name for name in names if name not in known]
    if unknown:
        told = f"expected failure {unknown[0][:80]!r} names no rule; write subject:rule or a rule, such as"
        raise ValueError(f"{told} {':'.join(places[0])}")


def expecting(sheet: Sheet, names: Collection[str]) -> Sheet:
    """Returns a sheet in which the named rows may be broken; a name is `subject:rule`, or a rule wherever it stands."""
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


def summary_of(sheet: Sheet) -> Summary:
    """Returns a sheet in all its forms: what is broken comes first, with what shows it; what was not exercised last, with why."""
    judged = [row for row in sheet.rows if row.judgement is not Judgement.NOT_EXERCISED]
    worst_first = sorted(judged, key=lambda row: row.judgement is Judgement.HELD)
    verdicts = Table(("verdict", "where", "rule", "evidence"), tuple(map(_cells, worst_first)))
    absent = tuple(f"{reason or 'no reason'}: {listed(rows)}" for reason, rows in by_reason(sheet.of(Judgement.NOT_EXERCISED)))
    return Summary(
        title=sheet.title,
        verdict=sheet.counts,
        lines=tuple(_lines(sheet)),
        sections=(
            Section(table=verdicts if judged else None),
            Section("Not exercised", items=absent),
            Section("Stale expectations", items=sheet.stale),
            Section("Errors of runflow-mock", items=sheet.errors),
            Section("Notes", items=sheet.notes),
        ),
        cases=(
            *map(_case, sheet.rows),
            *(Case(group="expected failures", name=name, outcome=Outcome.FAILURE, message=f"it {STALE}") for name in sheet.stale),
            *(Case(group="runflow-mock", name="itself", outcome=Outcome.ERROR, message=error) for error in sheet.errors),
        ),
        json=represent_sheet(sheet),
    )


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


def _lines(sheet: Sheet) -> Iterator[Line]:
    yield from (Line("", sheet.title), Line(""))
    for row in sheet.of(Judgement.BROKEN):
        yield from _broken("broken   ", row)
    for row in sheet.rows:
        if row.is_expected:
            yield from _broken("expected ", row)
    for row in sheet.of(Judgement.HELD):
        shown_by = f" ({row.evidence[0]})" if row.evidence else ""
        yield Line("held     ", f"{one_line(row.subject)}: {row.rule}{shown_by}")
    for reason, rows in by_reason(sheet.of(Judgement.NOT_EXERCISED)):
        yield Line(f"not exercised  {listed(rows)} ", f"({reason})" if reason else "")
    yield from (Line("stale    ", f"{one_line(name)} {STALE}") for name in sheet.stale)
    yield from (Line("error    of ours, not of what was tested: ", error) for error in sheet.errors)
    yield from (Line("note     ", note) for note in sheet.notes)
    yield from (Line(""), Line("", sheet.counts))


def _broken(label: str, row: Row) -> Iterator[Line]:
    yield Line(label, f"{one_line(row.subject)}: {row.rule} ({row.weight.value})")
    yield Line("         ", row.asks)
    yield from (Line("         - ", evidence) for evidence in row.evidence[:EVIDENCE_MAX])
    if len(row.evidence) > EVIDENCE_MAX:
        yield Line(f"         - and {len(row.evidence) - EVIDENCE_MAX} more")


def _cells(row: Row) -> tuple[Cell, ...]:
    word = "broken as expected" if row.is_expected else Strong(row.judgement.value) if row.judgement is Judgement.BROKEN else "held"
    return word, row.subject, row.rule, row.evidence[:EVIDENCE_MAX]


def _case(row: Row) -> Case:
    case = Case(group=row.subject, name=row.rule)
    if row.judgement is Judgement.NOT_EXERCISED:
        return replace(case, outcome=Outcome.SKIPPED, message=row.reason or "not exercised")
    if row.is_expected:
        return replace(case, outcome=Outcome.SKIPPED, message="broken, as expected")
    if row.judgement is Judgement.HELD:
        return case
    told = row.evidence[0] if row.evidence else row.asks
    return replace(case, outcome=Outcome.FAILURE, message=told, weight=row.weight.value, text="\n".join((row.asks, *row.evidence)))


def _is_stale(rows: Sequence[Row], name: str) -> bool:
    """Whether everything of that name held: what was not exercised says nothing."""
    judged = {row.judgement for row in rows if name in {row.name, row.rule}}
    return Judgement.HELD in judged and Judgement.BROKEN not in judged
