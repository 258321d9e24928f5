"""Sheets as JUnit: one case for each row, grouped by subject; what was not exercised or was expected to be broken is skipped."""

from xml.etree.ElementTree import Element, SubElement, tostring

from runflow_mock.domain.verdicts import Judgement
from runflow_mock.kit.sheets.records import Row, Sheet
from runflow_mock.kit.sheets.texts import one_line, printable


def write_junit(sheet: Sheet) -> bytes:
    """Returns the document."""
    suite = Element("testsuite", name=one_line(sheet.title))
    for row in sheet.rows:
        _tell(SubElement(suite, "testcase", classname=one_line(row.subject), name=one_line(row.rule)), row)
    for name in sheet.stale:
        case = SubElement(suite, "testcase", classname="expected failures", name=one_line(name))
        SubElement(case, "failure", message="it was expected to be broken, and held: take it off the list")
    for error in sheet.errors:
        SubElement(SubElement(suite, "testcase", classname="runflow-mock", name="itself"), "error", message=one_line(error))
    return finish_junit(suite)


def finish_junit(suite: Element) -> bytes:
    """Returns the document of a suite whose cases are all there, with the counts that its readers look at first."""
    suite.set("tests", str(len(suite)))
    for name, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{outcome}"))))
    document: bytes = tostring(suite, encoding="utf-8", xml_declaration=True)
    return document


def _tell(case: Element, row: Row) -> None:
    if row.judgement is Judgement.NOT_EXERCISED:
        SubElement(case, "skipped", message=one_line(row.reason or "not exercised"))
    elif row.is_expected:
        SubElement(case, "skipped", message="broken, as expected")
    elif row.judgement is Judgement.BROKEN:
        failure = SubElement(case, "failure", message=one_line(row.evidence[0] if row.evidence else row.asks), type=row.weight.value)
        failure.text = printable("\n".join((row.asks, *row.evidence)))
