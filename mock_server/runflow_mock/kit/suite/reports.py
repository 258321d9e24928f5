"""The summary of the suite: counts and what is broken for a terminal, the table of operations and statuses for people, cases for CI."""

from collections.abc import Iterator, Sequence

from runflow_mock.kit.sheets.summaries import Case, Line, Outcome, Section, Summary, Table
from runflow_mock.kit.suite.pairs import Unseen, coverage, missing, told
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.contracts import Declared


def summary_of(tally: Tally, declared: Sequence[Declared], title: str, not_seen: Sequence[Unseen] = ()) -> Summary:
    """Returns what the suite saw of the operations that a document declares, and why it has not seen the rest."""
    found = sorted(tally.broken.items())
    broken = tuple(
        (check, name, str(count), "".join(each.says for each in tally.examples(check, name)[:1])) for (check, name), count in found
    )
    checks = tuple((name, str(count)) for name, count in sorted(tally.checks.items()))
    seen, pairs = coverage(tally, declared)
    return Summary(
        title=title,
        verdict=counts(tally),
        suite="runflow-mock contract suite",
        lines=(
            *_lines(tally),
            Line(f"operation x status: {seen} of {pairs} declared pairs were seen"),
            *(Line(line) for line in told(not_seen)),
        ),
        sections=(
            Section("Broken", Table(("check", "operation", "times", "what"), broken) if broken else None),
            Section("Checks", Table(("check", "times"), checks)),
            Section(
                "Operations and statuses",
                Table(("operation", "seen", "declared and not seen"), tuple(_statuses(tally, each) for each in declared)),
            ),
            Section("Not seen", items=tuple(told(not_seen, shown_max=len(not_seen)))),
            Section(paragraphs=tuple(f"Note: {note}" for note in tally.notes)),
        ),
        cases=tuple(_cases(tally)),
        json={**tally.as_json(), "pairs_seen": seen, "pairs_declared": pairs, "pairs_not_seen": not_seen},
    )


def counts(tally: Tally) -> str:
    """Returns operations, cases, checks and links in one line."""
    return (
        f"operations {len(tally.operations)}, cases {tally.cases}, checks {sum(tally.checks.values())}, "
        f"links followed {sum(tally.links.values())} ({len(tally.links)} different), broken {len(tally.broken)}"
    )


def _lines(tally: Tally) -> Iterator[Line]:
    yield Line(counts(tally))
    yield from (Line("note: ", note) for note in tally.notes)
    yield from (Line("error of the suite: ", error) for error in tally.errors)
    for (check, operation), count in sorted(tally.broken.items()):
        yield Line(f"broken: {check} at ", f"{operation} ({count}x)")
        for breach in tally.examples(check, operation):
            yield Line("  ", breach.says)
            if breach.evidence:
                yield Line("    ", breach.evidence)


def _statuses(tally: Tally, declared: Declared) -> tuple[str, str, str]:
    seen = {str(status): count for (operation, status), count in tally.answers.items() if operation == declared.id}
    answered = ", ".join(f"{status} ({count})" for status, count in sorted(seen.items()))
    lacks = ", ".join(status for _, status in missing(tally, (declared,)))
    return declared.id, answered or "-", lacks or "-"


def _cases(tally: Tally) -> Iterator[Case]:
    """Yields a case for each check at each operation that broke, and one for each check that held everywhere."""
    broken = {check for check, _ in tally.broken}
    for check in sorted(tally.checks.keys() - broken):
        yield Case(group="contract", name=check)
    for (check, operation), count in sorted(tally.broken.items()):
        found = tally.examples(check, operation)
        yield Case(
            group=f"contract.{check}",
            name=operation,
            outcome=Outcome.FAILURE,
            message=found[0].says if found else check,
            times=count,
            text="\n".join(f"{breach.says}\n{breach.evidence}" for breach in found),
        )
    for error in tally.errors:
        yield Case(group="contract", name="the suite itself", outcome=Outcome.ERROR, message=error)
