"""What leads back to a group is said so that the validator means what ECMA-262 means, and can be told as it was written."""

from time import thread_time

import pytest

from runflow_mock.openapi.back_references import with_marks, without_marks
from runflow_mock.openapi.patterns import as_matched, as_written, is_pattern


@pytest.mark.parametrize(
    ("pattern", "marked"),
    [
        (r"(a)?\1", r"(a([0]{0}))?(?:\2\1|(?!\2))"),
        (r"(a)(b)?\2(c)\3", r"(a)(b([0]{0}))?(?:\3\2|(?!\3))(c([0]{0}))(?:\5\4|(?!\5))"),
        (r"((a)b)\1", r"((a)b([0]{0}))(?:\3\1|(?!\3))"),
        (r"(a\1)", r"(a(?:[1]{0}))"),
        (r"(a|b)\1", r"((?:[0]{0,0}a|b)([0]{0,0}))(?:\2\1|(?!\2))"),
        (r"(a(b|c)|d)[|]\1", r"((?:[0]{0,0}a(b|c)|d)([0]{0,0}))[|](?:\3\1|(?!\3))"),
        (r"(a|b)\1(?:(?:)c)", r"((?:[0]{0,0}a|b)([0]{0,0}))(?:\2\1|(?!\2))(?:(?:)c)"),
        (r"(a(?:b|c)\|)\1", r"(a(?:b|c)\|([0]{0}))(?:\2\1|(?!\2))"),
        (r"(?:(a)|b\1)+", r"(?:(a)|b(?:[1]{0}))+"),
        (r"(a)|\1", r"(a)|(?:[1]{0})"),
        (r"(?:x(a)|y(?:b\1)|c)*", r"(?:x(a)|y(?:b(?:[1]{0}))|c)*"),
        (r"((a)|b\2\1)", r"((a)|b(?:[2]{0})(?:[1]{0}))"),
        (r"(?:(a)|b\1)c\1", r"(?:(a([0]{0}))|b(?:[1]{0}))c(?:\2\1|(?!\2))"),
        (r"(?:(?:(a)|b)(?:c|\1))+", r"(?:(?:(a([0]{0}))|b)(?:c|(?:\2\1|(?!\2))))+"),
        (r"(?:\||(a)[|]\1)", r"(?:\||(a([0]{0}))[|](?:\2\1|(?!\2)))"),
        (r"a|(b|c)|d", r"a|(b|c)|d"),
        (r"(?:a)(?=b)[(\])](c)\1", r"(?:a)(?=b)[(\])](c([0]{0}))(?:\2\1|(?!\2))"),
        (r"(a)\(\)", r"(a)\(\)"),
        (r"\1(", r"\1("),
        (r"(a)\2", r"(a)\2"),
        (r"(a)\1\2", r"(a)\1\2"),
        (r"(a)\1(b)\2\3", r"(a)\1(b)\2\3"),
        (r"a)(b\1", r"a)(b\1"),
    ],
)
def test_group_that_is_led_to_has_a_mark_that_can_be_taken_away(pattern: str, marked: str) -> None:
    assert (with_marks(pattern), without_marks(marked)) == (marked, pattern)


def test_name_of_a_group_is_told_as_its_number() -> None:
    assert without_marks(with_marks(r"(a)(?<x>b)?\k<x>\k<y>")) == r"(a)(?<x>b)?\2\k<y>"


def test_what_leads_to_a_group_that_is_not_there_is_no_pattern() -> None:
    assert [is_pattern(as_matched(pattern)) for pattern in (r"^(a)\1\2$", r"^(a)\1(b)$")] == [False, True]


def test_text_beside_a_pattern_with_marks_is_told_as_it_is() -> None:
    said = '"foo())" does not match "{}"'
    assert as_written(said.format(as_matched(r"(a)?\1()x"))) == said.format(r"(a)?\1()x")


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a)\1" * 6_000,
        "(" * 30_000,
        r"\k<" * 10_000,
        "[" * 30_000,
        "\\" + "1" * 30_000,
        "(?<a" * 7_500,
        "(" * 4_000 + ")|" * 4_000 + r"\9" * 3_000,
    ],
)
def test_pattern_is_read_once(pattern: str) -> None:
    begun = thread_time()
    without_marks(with_marks(pattern))
    assert thread_time() - begun < 1
