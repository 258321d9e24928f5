from xml.etree.ElementTree import fromstring

from runflow_mock.kit.sheets.junit import write_junit
from runflow_mock.kit.sheets.markdown import write_markdown
from runflow_mock.kit.sheets.summaries import Summary
from runflow_mock.kit.sheets.terminal import lines
from runflow_mock.kit.suite.reports import summary_of
from runflow_mock.kit.suite.tallies import Breach, Tally

FOREIGN = "list\x1b[31m\nruns\x00"
SHOWN = r"list\x1b[31m runs\x00"


def broken_at(operation: str) -> Summary:
    tally = Tally()
    tally.cases = 1
    tally.checks["contract"] += 1
    for _ in range(3):
        tally.broke(Breach(check="contract", operation=operation, says="no integer", evidence="GET /v1/runs"))
    tally.notes.append(operation)
    return summary_of(tally, (), "suite")


def test_what_a_document_calls_an_operation_commands_no_terminal() -> None:
    shown = list(lines(broken_at(FOREIGN)))
    assert f"broken: contract at {SHOWN} (3x)" in shown
    assert f"note: {SHOWN}" in shown


def test_what_a_document_calls_an_operation_leaves_junit_well_formed() -> None:
    (case,) = fromstring(write_junit(broken_at(FOREIGN))).findall("testcase")
    assert (case.get("classname"), case.get("name")) == ("contract.contract", SHOWN)


def test_what_is_broken_is_a_row_of_a_table() -> None:
    text = write_markdown(broken_at("list|runs"))
    assert "| check | operation | times | what |\n|---|---|---|---|\n| contract | list\\|runs | 3 | no integer |\n\n" in text
