"""Reports of the suite: lines for a terminal, JUnit for CI, Markdown for people."""

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement

from runflow_mock.kit.sheets.junit import finish_junit
from runflow_mock.kit.sheets.markdown import table
from runflow_mock.kit.sheets.texts import cell, one_line, printable
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
    rows = [f"# {cell(title)}", "", counts(tally), ""]
    if tally.breaches:
        broken = (
            (check, cell(operation), str(count), "".join(cell(breach.says) for breach in tally.examples(check, operation)[:1]))
            for (check, operation), count in sorted(tally.broken.items())
        )
        rows += ["## Broken", "", *table(("check", "operation", "times", "what"), broken), ""]
    checks = ((name, str(count)) for name, count in sorted(tally.checks.items()))
    rows += ["## Checks", "", *table(("check", "times"), checks), ""]
    statuses = (_statuses(tally, each) for each in declared)
    rows += ["## Operations and statuses", "", *table(("operation", "seen", "declared and not seen"), statuses)]
    if not_seen:
        rows += ["", "## Not seen", "", *(f"- {cell(line)}" for line in told(not_seen, shown_max=len(not_seen)))]
    rows += ["", *(f"Note: {cell(note)}" for note in tally.notes)]
    return "\n".join(rows).rstrip() + "\n"


def _statuses(tally: Tally, declared: Declared) -> tuple[str, str, str]:
    seen = {str(status): count for (operation, status), count in tally.answers.items() if operation == declared.id}
    answered = ", ".join(f"{status} ({count})" for status, count in sorted(seen.items()))
    lacks = ", ".join(status for _, status in missing(tally, (declared,)))
    return cell(declared.id), answered or "-", lacks or "-"


def junit(tally: Tally) -> bytes:
    """Returns a JUnit document: a case for each check at each operation that broke, and one for each check that held."""
    suite = Element("testsuite", name="runflow-mock contract suite")
    held = [name for name in sorted(tally.checks) if not any(check == name for check, _ in tally.broken)]
    for name in held:
        SubElement(suite, "testcase", classname="contract", name=name)
    for (check, operation), count in sorted(tally.broken.items()):
        case = SubElement(suite, "testcase", classname=f"contract.{check}", name=one_line(operation))
        found = tally.examples(check, operation)
        failure = SubElement(case, "failure", message=f"{one_line(found[0].says)} ({count}x)" if found else f"{count}x")
        failure.text = printable("\n".join(f"{breach.says}\n{breach.evidence}" for breach in found))
    for error in tally.errors:
        SubElement(SubElement(suite, "testcase", classname="contract", name="the suite itself"), "error", message=one_line(error))
    return finish_junit(suite)
