"""The page "Beside other tools": each of its lines stands in the suite that it names, and each suite that is run is on it."""

import re

from commands import ROOT

PAGE = (ROOT / "docs" / "how-to" / "beside-other-tools.md").read_text(encoding="utf-8")
SUITES = {file.name: file.read_text(encoding="utf-8") for file in (ROOT / "tests" / "beside").glob("with_*.py")}
# Not a tool, but ways out of the process, which have a page of their own.
ELSEWHERE = {"with_ways_out.py"}
# What is said of the cells in their own words, and options of the command, which the suites' own words name.
OURS = re.compile(r"runflow\w*|socket_disabled|vcr_config|\"api\.runflow\.io\"|tests/beside")


def rows() -> list[tuple[list[str], str]]:
    """The code that each row shows, and its suite."""
    found = [re.findall(r"`([^`]+)`", line) for line in PAGE.splitlines() if line.startswith("| ") and "with_" in line]
    return [([code for code in codes[:-1] if not OURS.fullmatch(code)], codes[-1]) for codes in found]


def test_every_suite_is_on_the_page_and_the_other_way_round() -> None:
    assert {suite for _, suite in rows()} == set(SUITES) - ELSEWHERE


def test_every_line_of_the_page_stands_in_its_suite() -> None:
    shown = [(code, suite) for codes, suite in rows() for code in codes]
    assert len(shown) > 20
    assert [(code, suite) for code, suite in shown if code not in SUITES[suite]] == []
