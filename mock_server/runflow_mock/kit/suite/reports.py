"""Reports of the suite: lines for a terminal, JUnit for CI, Markdown for people."""

from collections.abc import Iterator, Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from runflow_mock.kit.sheets.texts import one_line, printable
from runflow_mock.kit.suite.tallies import BESIDE, Tally

STATUS_CLASSES = ("2xx", "3xx", "4xx", "5xx")


def lines(tally: Tally) -> Iterator[str]:
    """Returns the counts, and everything that is broken."""
    yield counts(tally)
    for note in tally.notes:
        yield f"note: {note}"
    for error in tally.errors:
        yield f"error of the suite: {error}"
    for (check, operation), count in sorted(tally.broken.items()):
        yield f"broken: {check} at {operation} ({count}x)"
        for breach in tally.breaches:
            if (breach.check, breach.operation) == (check, operation):
                yield f"  {one_line(breach.says)}"
                if breach.evidence:
                    yield f"    {one_line(breach.evidence)}"


def counts(tally: Tally) -> str:
    """Returns operations, cases, checks and links in one line."""
    return (
        f"operations {len(tally.operations)}, cases {tally.cases}, checks {sum(tally.checks.values())}, "
        f"links followed {sum(tally.links.values())} ({len(tally.links)} different), broken {len(tally.broken)}"
    )


def markdown(tally: Tally, declared: Mapping[str, Sequence[str]], title: str) -> str:
    """Returns a summary with the table of operations and statuses; a declared status that was not seen is in parentheses."""
    rows = [f"# {title}", "", counts(tally), ""]
    if tally.breaches:
        rows += ["## Broken", "", "| check | operation | times | what |", "|---|---|---|---|"]
        for (check, operation), count in sorted(tally.broken.items()):
            says = next((breach.says for breach in tally.breaches if (breach.check, breach.operation) == (check, operation)), "")
            rows.append(f"| {check} | {_cell(operation)} | {count} | {_cell(says)} |")
        rows.append("")
    rows += [
        "## Checks",
        "",
        "| check | times |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in sorted(tally.checks.items())),
        "",
    ]
    rows += ["## Operations and statuses", "", "| operation | seen | declared and not seen |", "|---|---|---|"]
    for name, statuses in declared.items():
        seen = {str(status): count for (operation, status), count in tally.answers.items() if operation == name}
        told = ", ".join(f"{status} ({count})" for status, count in sorted(seen.items())) or "-"
        rows.append(f"| {_cell(name)} | {told} | {', '.join(status for status in statuses if status not in seen) or '-'} |")
    rows += ["", *(f"Note: {one_line(note)}" for note in tally.notes)]
    return "\n".join(rows).rstrip() + "\n"


def junit(tally: Tally) -> bytes:
    """Returns a JUnit document: a case for each check at each operation that broke, and one for each check that held."""
    suite = Element("testsuite", name="runflow-mock contract suite")
    held = [name for name in sorted(tally.checks) if not any(check == name for check, _ in tally.broken)]
    for name in held:
        SubElement(suite, "testcase", classname="contract", name=name)
    for (check, operation), count in sorted(tally.broken.items()):
        case = SubElement(suite, "testcase", classname=f"contract.{check}", name=operation)
        told = [breach for breach in tally.breaches if (breach.check, breach.operation) == (check, operation)]
        failure = SubElement(case, "failure", message=f"{one_line(told[0].says)} ({count}x)" if told else f"{count}x")
        failure.text = printable("\n".join(f"{breach.says}\n{breach.evidence}" for breach in told))
    for error in tally.errors:
        SubElement(SubElement(suite, "testcase", classname="contract", name="the suite itself"), "error", message=one_line(error))
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(tally.broken)))
    suite.set("errors", str(len(tally.errors)))
    document: bytes = tostring(suite, encoding="utf-8", xml_declaration=True)
    return document


def coverage(tally: Tally, declared: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    """Returns how many of the declared pairs of operation and status were seen, and how many there are."""
    seen = {(name, str(status)) for name, status in tally.answers if name != BESIDE}
    pairs = {(name, status) for name, statuses in declared.items() for status in statuses}
    return len(seen & pairs), len(pairs)


def _cell(text: str) -> str:
    return one_line(text).replace("|", "\\|")
