"""Reports of the suite: lines for a terminal, JUnit for CI, Markdown for people."""

from collections.abc import Iterator, Sequence

from runflow_mock.kit.sheets.junit import Case, Outcome, write_cases
from runflow_mock.kit.sheets.markdown import heading, items, paragraphs, table
from runflow_mock.kit.sheets.texts import one_line
from runflow_mock.kit.suite.pairs import Unseen, missing, told
from runflow_mock.kit.suite.tallies import Tally
from runflow_mock.openapi.contracts import Declared

STATUS_CLASSES = ("2xx", "3xx", "4xx", "5xx")


def lines(tally: Tally) -> Iterator[str]:
    """Returns the counts, and everything that is broken."""
    yield counts(tally)
    for note in tally.notes:
        yield f"note: {one_line(note)}"
    for error in tally.errors:
        yield f"error of the suite: {one_line(error)}"
    for (check, operation), count in sorted(tally.broken.items()):
        yield f"broken: {check} at {one_line(operation)} ({count}x)"
        for breach in tally.examples(check, operation):
            yield f"  {one_line(breach.says)}"
            if breach.evidence:
                yield f"    {one_line(breach.evidence)}"


def counts(tally: Tally) -> str:
    """Returns operations, cases, checks and links in one line."""
    return (
        f"operations {len(tally.operations)}, cases {tally.cases}, checks {sum(tally.checks.values())}, "
        f"links followed {sum(tally.links.values())} ({len(tally.links)} different), broken {len(tally.broken)}"
    )


def markdown(tally: Tally, declared: Sequence[Declared], title: str, not_seen: Sequence[Unseen] = ()) -> str:
    """Returns a summary with the table of operations and statuses, and why those are missing that were not seen."""
    rows = [*heading(title, counts(tally))]
    if tally.breaches:
        broken = (
            (check, operation, str(count), "".join(breach.says for breach in tally.examples(check, operation)[:1]))
            for (check, operation), count in sorted(tally.broken.items())
        )
        rows += ["## Broken", "", *table(("check", "operation", "times", "what"), broken), ""]
    checks = ((name, str(count)) for name, count in sorted(tally.checks.items()))
    rows += ["## Checks", "", *table(("check", "times"), checks), ""]
    statuses = (_statuses(tally, each) for each in declared)
    rows += ["## Operations and statuses", "", *table(("operation", "seen", "declared and not seen"), statuses)]
    if not_seen:
        rows += ["", "## Not seen", "", *items(told(not_seen, shown_max=len(not_seen)))]
    rows += ["", *paragraphs(f"Note: {note}" for note in tally.notes)]
    return "\n".join(rows).rstrip() + "\n"


def _statuses(tally: Tally, declared: Declared) -> tuple[str, str, str]:
    seen = {str(status): count for (operation, status), count in tally.answers.items() if operation == declared.id}
    answered = ", ".join(f"{status} ({count})" for status, count in sorted(seen.items()))
    lacks = ", ".join(status for _, status in missing(tally, (declared,)))
    return declared.id, answered or "-", lacks or "-"


def junit(tally: Tally) -> bytes:
    """Returns a JUnit document: a case for each check at each operation that broke, and one for each check that held."""
    return write_cases("runflow-mock contract suite", _cases(tally))


def _cases(tally: Tally) -> Iterator[Case]:
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
