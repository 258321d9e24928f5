import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runflow_mock.domain.money import Money, format_money, parse_money

# The pattern that the API's reference gives for amounts.
PUBLISHED = re.compile(r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$")


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("0.410000", 410_000),
        ("10", 10_000_000),
        ("10.00", 10_000_000),
        (".5", 500_000),
        ("1.", 1_000_000),
        ("+0.000001", 1),
        ("-2.5", -2_500_000),
        ("0.10000000", 100_000),
        ("999999999999.999999", 999_999_999_999_999_999),
    ],
)
def test_amount_is_read_exactly(text: str, micros: int) -> None:
    assert parse_money(text) == micros


@pytest.mark.parametrize("text", ["", ".", "-", "+.", "1e3", "1,00", " 1", "1\n", "0x1", "NaN", "1.2.3", "1" * 13, "٣", "1.٣", "²"])
def test_anything_else_is_not_an_amount(text: str) -> None:
    with pytest.raises(ValueError, match="is not an amount of money"):
        parse_money(text)


@pytest.mark.parametrize("text", ["9" * 5_000, "0." + "9" * 5_000])
def test_refused_amount_is_repeated_no_further_than_it_takes_to_know_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^'[9.0]{80}' ") as told:
        parse_money(text)
    assert len(str(told.value)) < 200


def test_seventh_decimal_place_is_refused_rather_than_rounded() -> None:
    with pytest.raises(ValueError, match="more than six decimal places"):
        parse_money("0.0000001")


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "0.000000"), (410_000, "0.410000"), (1, "0.000001"), (-1, "-0.000001"), (-2_500_000, "-2.500000"), (10_000_000, "10.000000")],
)
def test_amount_is_written_with_six_places(micros: int, text: str) -> None:
    assert format_money(Money(micros)) == text


@given(st.integers(-(10**17), 10**17))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_written_amount_is_read_back_and_fits_the_published_pattern(micros: int) -> None:
    text = format_money(Money(micros))
    assert parse_money(text) == micros
    assert PUBLISHED.fullmatch(text)
    assert Decimal(text) * 1_000_000 == micros
