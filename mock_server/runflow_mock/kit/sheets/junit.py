"""Reports as JUnit: one case for each row of a sheet; what was not exercised or was expected to be broken is skipped."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from xml.etree.ElementTree import Element, SubElement, tostring

import msgspec

from runflow_mock.domain.printing import printable
from runflow_mock.domain.verdicts import Judgement
from runflow_mock.kit.sheets.records import Row, Sheet
from runflow_mock.kit.sheets.texts import one_line


class Outcome(StrEnum):
    """How a case ended that has not passed, as JUnit names it."""

    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case, whoever wrote its texts; without an outcome it has passed. `times` says how often it was so, where that was counted."""

    group: str
    name: str
    outcome: Outcome | None = None
    message: str = ""
    times: int | None = None
    weight: str | None = None
    text: str | None = None


def write_junit(sheet: Sheet) -> bytes:
    """Returns the document of a sheet."""
    return write_cases(sheet.title, _cases(sheet))


def write_cases(title: str, cases: Iterable[Case]) -> bytes:
    """Returns a document with these cases, and the counts that its readers look at first."""
    suite = Element("testsuite", name=one_line(title))
    for case in cases:
        element = SubElement(suite, "testcase", classname=one_line(case.group), name=one_line(case.name))
        if case.outcome is not None:
            often = "" if case.times is None else f" ({case.times}x)"
            ended = SubElement(element, case.outcome, message=f"{one_line(case.message)}{often}")
            if case.weight is not None:
                ended.set("type", case.weight)
            if case.text is not None:
                ended.text = printable(case.text)
    suite.set("tests", str(len(suite)))
    for outcome, name in ((Outcome.FAILURE, "failures"), (Outcome.ERROR, "errors"), (Outcome.SKIPPED, "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{outcome}"))))
    document: bytes = tostring(suite, encoding="utf-8", xml_declaration=True)
    return document


def _cases(sheet: Sheet) -> Iterator[Case]:
    yield from map(_case, sheet.rows)
    for name in sheet.stale:
        message = "it was expected to be broken, and held: take it off the list"
        yield Case(group="expected failures", name=name, outcome=Outcome.FAILURE, message=message)
    for error in sheet.errors:
        yield Case(group="runflow-mock", name="itself", outcome=Outcome.ERROR, message=error)


def _case(row: Row) -> Case:
    case = Case(group=row.subject, name=row.rule)
    if row.judgement is Judgement.NOT_EXERCISED:
        return msgspec.structs.replace(case, outcome=Outcome.SKIPPED, message=row.reason or "not exercised")
    if row.is_expected:
        return msgspec.structs.replace(case, outcome=Outcome.SKIPPED, message="broken, as expected")
    if row.judgement is Judgement.HELD:
        return case
    return msgspec.structs.replace(
        case,
        outcome=Outcome.FAILURE,
        message=row.evidence[0] if row.evidence else row.asks,
        weight=row.weight.value,
        text="\n".join((row.asks, *row.evidence)),
    )
