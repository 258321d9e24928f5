"""Summaries as JUnit: the cases, and the counts that its readers look at first."""

from xml.etree.ElementTree import Element, SubElement, tostring

from runflow_mock.domain.printing import printable
from runflow_mock.kit.sheets.summaries import Outcome, Summary
from runflow_mock.kit.sheets.texts import one_line


def write_junit(summary: Summary) -> bytes:
    """Returns the document."""
    suite = Element("testsuite", name=one_line(summary.suite or summary.title))
    for case in summary.cases:
        element = SubElement(suite, "testcase", {"classname": one_line(case.group), "name": one_line(case.name)})
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
