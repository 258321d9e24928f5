"""Whole numbers in headers and queries of others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow_mock.domain.whole_numbers import DIGITS_MAX, whole_number


def test_digits_say_a_number() -> None:
    assert [whole_number(text) for text in ("0", "60", "007", "9" * DIGITS_MAX)] == [0, 60, 7, 10**DIGITS_MAX - 1]


@pytest.mark.parametrize("text", [None, "", "²", "٣", "1_000", "+1", "-1", " 1", "1.0", "9" * 5000])
def test_anything_else_says_none(text: str | None) -> None:
    assert whole_number(text) is None


@pytest.mark.slow(is_covering=True)
@given(st.text(max_size=DIGITS_MAX))
def test_no_text_raises(text: str) -> None:
    number = whole_number(text)
    assert number is None or int(text) == number
