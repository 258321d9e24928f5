"""What others wrote is shown, and never obeyed by a terminal."""

import json
import re

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runflow_mock.domain.printing import on_one_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with\ttabs\nand lines, é 🎉", "plain, with\ttabs\nand lines, é 🎉"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("over\rwritten", "over\\x0dwritten"),
        ("\x9b31m", "\\u009b31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\udcff", "\\udcff"),
        ("\x7f\ufeff\u200b\u2066", "\\u007f\\ufeff\\u200b\\u2066"),
        ("\U000e0041", "\\udb40\\udc41"),
        ("::error file=a::no", "\\u003a:error file=a::no"),
        ("fine\n  ::add-mask::x", "fine\n  \\u003a:add-mask::x"),
        ("a ##[error]b", "a ##\\u005berror]b"),
        ("tests/a.py::test_b, ::1 and [::]:80", "tests/a.py::test_b, ::1 and [::]:80"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_by_its_number(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_colours_may_stay_and_nothing_else() -> None:
    assert printable("\x1b[1;31mred\x1b[0m\x1b[2J", has_colours=True) == "\x1b[1;31mred\x1b[0m\\x1b[2J"


@given(st.text())
@example("::error::x")
@example("x\n \t::add-mask::x")
@example("x ##[error]x")
def test_nothing_that_is_shown_is_a_command(text: str) -> None:
    assert re.search(r"^[ \t]*::\w|##\[", printable(text), re.MULTILINE) is None
    assert all(
        character in "\t\n" or character.isprintable() or character.isspace() or ord(character) > 0x9F for character in printable(text)
    )


@pytest.mark.slow(is_covering=True)
@given(st.text())
@example("\x7f\x85\U000e0041::x##[y")
def test_json_that_is_shown_is_json_that_says_the_same(text: str) -> None:
    assert json.loads(printable(msgspec.json.encode([text]).decode())) == [text]


def test_value_on_one_line_has_escapes_for_what_breaks_it() -> None:
    assert (on_one_line("sku-1 é\n\x1b[2J\u2028"), on_one_line(7)) == ("sku-1 é\\n\\x1b[2J\\u2028", "7")
