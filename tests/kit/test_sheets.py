"""Sheets: what counts, what an exit code says, and that each rendering tells the same."""

from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace
from rich.console import Console

from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.domain.verdicts import Judgement
from runflow_mock.kit.drift import texts
from runflow_mock.kit.drift.drifts import Grade
from runflow_mock.kit.drift.records import Comparison
from runflow_mock.kit.sheets.junit import write_junit
from runflow_mock.kit.sheets.markdown import write_markdown
from runflow_mock.kit.sheets.records import Row, Sheet, check_expected, expecting, read_expected, represent_sheet, summary_of
from runflow_mock.kit.sheets.reports import rule_rows, sheet_of
from runflow_mock.kit.sheets.summaries import Case, Outcome, Summary
from runflow_mock.kit.sheets.terminal import lines, show

HELD = Row(subject="plain", rule="completes", judgement=Judgement.HELD, asks="It ends.", evidence=("exit 0",))
BROKEN = Row(subject="rate limit", rule="recovers", judgement=Judgement.BROKEN, asks="It goes on.", evidence=("exit | 1\nafter <b>",))
ABSENT = Row(subject="lost", rule="recovers", judgement=Judgement.NOT_EXERCISED, asks="It goes on.", reason="never met")
SHEET = Sheet(title="A client", rows=(HELD, BROKEN, ABSENT), notes=("a note",))


@pytest.mark.parametrize(
    ("sheet", "code"),
    [
        (Sheet(title="all held", rows=(HELD, ABSENT)), 0),
        (SHEET, 1),
        (Sheet(title="stale", rows=(HELD,), stale=("completes",)), 1),
        (Sheet(title="ours", rows=(HELD,), errors=("it fell",)), 2),
        (Sheet(title="nothing", rows=(ABSENT,)), 3),
        (Sheet(title="empty", rows=()), 3),
    ],
    ids=lambda value: value.title if isinstance(value, Sheet) else None,
)
def test_exit_code_says_what_the_rows_say(sheet: Sheet, code: int) -> None:
    assert sheet.exit_code == code


def test_what_is_expected_to_be_broken_is_neither_held_nor_broken() -> None:
    sheet = expecting(SHEET, ["rate limit:recovers"])
    assert (sheet.exit_code, sheet.counts) == (0, "1 held, 0 broken, 1 not exercised, 1 broken as expected; grade A")


def test_grade_over_few_of_the_rows_says_so() -> None:
    few, half = Sheet(title="few", rows=(HELD, ABSENT, ABSENT)), Sheet(title="half", rows=(HELD, ABSENT))
    assert few.counts == "1 held, 0 broken, 2 not exercised; grade A over the 1 that were exercised"
    assert half.counts == "1 held, 0 broken, 1 not exercised; grade A"


@pytest.mark.parametrize("row", [HELD, BROKEN], ids=["held", "broken"])
def test_rule_is_told_however_long_what_it_is_about_is_called(row: Row) -> None:
    shown = list(lines(summary_of(Sheet(title="long", rows=(replace(row, subject="s" * 1300),)))))
    assert any(f"s: {row.rule} (" in line for line in shown)


def test_expectation_is_called_stale_however_long_it_is() -> None:
    shown = list(lines(summary_of(Sheet(title="long", rows=(HELD,), stale=("s" * 1300,)))))
    assert any(line.endswith("take it off the list") for line in shown)


def test_expected_failure_that_holds_is_stale() -> None:
    sheet = expecting(Sheet(title="good", rows=(HELD,)), ["completes"])
    assert (sheet.stale, sheet.exit_code) == (("completes",), 1)


def test_expected_failure_that_was_not_exercised_is_not_stale() -> None:
    assert expecting(Sheet(title="good", rows=(HELD, ABSENT)), ["lost:recovers"]).stale == ()


def test_expected_failure_that_names_nothing_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"expected failure 'recover' names no rule; write subject:rule or a rule, such as plain:completes"
    ):
        check_expected(["lost:recovers", "recovers", "recover"], [("plain", "completes"), ("lost", "recovers")])


def test_list_of_expected_failures_has_comments_and_blank_lines() -> None:
    assert read_expected("# known\n\nrecovers  # issue 12\nlost:recovers\n") == ("recovers", "lost:recovers")


def test_grade_is_a_letter_for_the_share_that_held() -> None:
    grades = [
        Sheet(title="", rows=(HELD,) * held + (BROKEN,) * broken).grade for held, broken in ((9, 0), (9, 1), (3, 1), (1, 1), (0, 1), (0, 0))
    ]
    assert grades == ["A", "B", "C", "D", "F", "-"]


def test_terminal_begins_with_what_is_broken_and_ends_with_the_grade() -> None:
    out = StringIO()
    show(summary_of(SHEET), Console(file=out, highlight=False))
    told = out.getvalue().splitlines()
    assert told[2:5] == ["broken   rate limit: recovers (error)", "         It goes on.", "         - exit | 1 after <b>"]
    assert told[-4:] == ["not exercised  lost: recovers (never met)", "note     a note", "", SHEET.counts]


def test_junit_has_a_case_for_each_row() -> None:
    suite = ElementTree.fromstring(write_junit(summary_of(SHEET)))
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    failure = suite.find("testcase[@classname='rate limit']/failure")
    assert failure is not None
    assert failure.get("message") == "exit | 1 after <b>"


def test_markdown_keeps_its_table_whatever_the_evidence_is() -> None:
    told = write_markdown(summary_of(SHEET))
    assert "| **broken** | rate limit | recovers | exit \\| 1 after &lt;b> |\n" in told
    assert "- never met: lost: recovers\n" in told


@pytest.mark.parametrize(
    ("evidence", "shown"),
    [
        ("a \\| b", "a \\\\\\| b"),
        ("![x](http://x.example/)", "!\\[x](http://x.example/)"),
        ("`code", "\\`code"),
        ("&lt;b> <script>", "&amp;lt;b> &lt;script>"),
    ],
)
def test_markdown_has_what_others_wrote_as_text(evidence: str, shown: str) -> None:
    row = Row(subject="s", rule="r", judgement=Judgement.BROKEN, asks="It goes on.", evidence=(evidence,))
    assert f"| **broken** | s | r | {shown} |\n" in write_markdown(summary_of(Sheet(title="t", rows=(row,))))


def test_terminal_has_no_line_of_others() -> None:
    row = Row(subject="s\nheld     x", rule="r\n::error::y", judgement=Judgement.BROKEN, asks="It goes on.", evidence=("a\nb",))
    assert list(lines(summary_of(Sheet(title="t\nu", rows=(row,), stale=("v\nw",)))))[2:5] == [
        "broken   s held x: r ::error::y (error)",
        "         It goes on.",
        "         - a b",
    ]


def test_terminal_has_no_line_of_others_among_what_was_not_exercised() -> None:
    row = replace(ABSENT, subject="s\nheld     x", rule="r\x1b[2J", reason="never\nmet")
    assert list(lines(summary_of(Sheet(title="t", rows=(row,)))))[2] == r"not exercised  s\nheld     x: r\x1b[2J (never met)"


def test_what_cannot_be_shown_stands_by_its_escape_in_every_rendering() -> None:
    sheet = replace(SHEET, rows=(replace(BROKEN, evidence=("a\x1b[2Jb\ud800",)),))
    failure = ElementTree.fromstring(write_junit(summary_of(sheet))).find("testcase/failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == (r"a\x1b[2Jb\ud800", "It goes on.\n" + r"a\x1b[2Jb\ud800")
    assert r"a\x1b[2Jb\ud800" in "\n".join(lines(summary_of(sheet)))
    assert r"a\\x1b\[2Jb\\ud800" in write_markdown(summary_of(sheet))


def test_junit_can_carry_every_character() -> None:
    text = "".join(map(chr, (*range(0x3000), *range(0xD7FE, 0x10002), 0xE0041, 0x10FFFF)))
    case = Case(group=text, name=text, outcome=Outcome.FAILURE, message=text, text=text)
    suite = ElementTree.fromstring(write_junit(Summary(title=text, cases=(case,))))
    assert suite.get("failures") == "1"


def test_junit_whose_names_are_secrets_can_be_read() -> None:
    document = write_junit(summary_of(SHEET))

    def names(written: bytes) -> list[str]:
        return [name for element in ElementTree.fromstring(written).iter() for name in (element.tag, *element.attrib)]

    secrets = {name for name in names(document) if len(name) >= 8}
    assert secrets >= {"testcase", "classname"}
    assert {secret: names(Scrubber((secret,)).scrub(document)) for secret in secrets} == dict.fromkeys(secrets, names(document))


def test_json_has_every_row() -> None:
    told = represent_sheet(SHEET)
    assert (told["exit_code"], told["held"], told["broken"], told["not_exercised"]) == (1, 1, 1, 1)
    assert isinstance(told["rows"], list)
    assert told["rows"][2]["reason"] == "never met"


def test_report_of_a_long_session_says_each_thing_once_and_how_often_it_was() -> None:
    sample = {"operation": "list_runs", "loc": ["query", "limit"], "rule": "minimum", "message": "too small", "exchange": "e1"}
    seen = {"message": "waited 0.10 s", "exchanges": ["e1", "e2"]}
    paths = [("GET", f"/v1/run/{number}", "GET /v1/runs/{id}") for number in range(60)]
    report: dict[str, Any] = {
        "tenant": "t",
        "exchanges": {"total": 250, "unjudged": 4, "waiting": 2},
        "judge": {"document": None, "operations": ["list_runs"]},
        "operations": [{"operation": "list_runs", "violations": {"minimum": 120}, "notes": {}, "statuses": {"422": 120}}],
        "violations": [sample] * 33,
        "verdicts": [
            {
                "rule": "retry-after",
                "verdict": "broken",
                "asks": "It waits.",
                "weight": "error",
                "evidence": [seen] * 20,
                "broken": 80,
                "reason": None,
            }
        ],
        "unmatched_requests": [
            {"method": method, "path": path, "nearest": nearest} for method, path, nearest in [*paths, ("POST", "/v2/runs", None)]
        ],
        **dict.fromkeys(("ours", "background_errors", "undelivered_callbacks", "unfired_faults", "hints"), ()),
        "pending_callbacks": 0,
        "relies_on": {},
    }
    sheet = sheet_of(report, {})
    assert [row.evidence[0] for row in sheet.rows] == ["120 times in all", "80 times in all"]
    assert sheet.notes == (
        "GET /v1/run/0 and 59 other paths lead to no operation; did you mean GET /v1/runs/{id}?",
        "POST /v2/runs leads to no operation",
        "4 exchanges left the journal before they were judged",
        "2 exchanges came while the report was made: the next report judges them",
    )


def test_many_rows_that_were_not_exercised_for_one_reason_are_counted() -> None:
    many = tuple(replace(ABSENT, subject=f"operation_{number}", rule="contract") for number in range(80))
    sheet = Sheet(title="t", rows=(*many, *(replace(ABSENT, subject=f"cell {number}") for number in range(3))))
    assert "not exercised  80x contract, 3x recovers (never met)" in list(lines(summary_of(sheet)))
    assert "- never met: 80x contract, 3x recovers" in write_markdown(summary_of(sheet))
    few = replace(sheet, rows=many[:2])
    assert "not exercised  operation_0: contract, operation_1: contract (never met)" in list(lines(summary_of(few)))


def test_path_of_a_lock_is_told_as_it_is() -> None:
    found = texts.summary_of(Comparison(kind="openapi", pinned="a", newer="b"), Grade.BREAKING, Path("/a/my  folder/b"))
    assert "pinned in /a/my  folder/b" in lines(found)


@pytest.mark.parametrize(("held", "broken", "judgement"), [(0, 0, "not exercised"), (2, 0, "held"), (2, 1, "broken")])
def test_verdict_whose_word_is_masked_is_told_by_its_figures(held: int, broken: int, judgement: str) -> None:
    """Somebody else's callback secret may be called "not exercised"."""
    told = {"rule": "retry-after", "asks": "It waits.", "weight": "error", "evidence": (), "reason": None}
    verdict = {**told, "verdict": "redacted*****", "held": held, "broken": broken}
    (row,) = rule_rows({"verdicts": [verdict]}, {})
    assert row.judgement == judgement
