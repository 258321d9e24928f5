"""What an account has may be told less exactly than what it is charged, and is held as exactly as it is told."""

from decimal import Decimal

import pytest

from runflow_mock.kit.suite.balances import is_rounded


@pytest.mark.parametrize(
    ("told", "true", "is_so"),
    [
        # As exactly as it is charged: to its last digit.
        ("0.018000", "0.018000", True),
        ("0.018001", "0.018000", False),
        ("0.036000", "0.018000", False),
        ("0.0360", "0.02", False),
        # To the cent: whatever was cut off, or rounded, at both ends.
        ("0.01", "0.018000", True),
        ("0.02", "0.018000", True),
        ("0.03", "0.018000", False),
        ("0.00", "0.018000", False),
        ("0.00", "0.005000", True),
        ("0.00", "0.010000", True),
        ("2", "1.250000", True),
        ("3", "1.250000", False),
        # What costs as little as is told is told.
        ("0.02", "0.02", True),
        ("0.03", "0.02", False),
        ("0.03", "0.0", False),
    ],
)
def test_balance_falls_by_what_was_charged_as_exactly_as_it_is_told(told: str, true: str, is_so: bool) -> None:
    assert is_rounded(Decimal(told), Decimal(true)) is is_so
