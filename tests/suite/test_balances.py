"""What an account has may be told less exactly than what it is charged, and is held as exactly as it is told."""

from decimal import Decimal

import pytest
from mutants import Mutant, put, when

from runflow_mock.kit.suite.balances import balance, is_rounded
from runflow_mock.kit.suite.carriers import AppCarrier
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.testing.in_process import InProcess


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
        # At the coarsest, however few digits there are: zeros at the end may be left out.
        ("2", "1.250000", False),
        ("1.1", "1.000000", False),
        ("1.3", "1.250000", False),
        ("0", "0.018000", False),
        ("0", "0.010000", True),
        # What costs as little as is told is told.
        ("0.02", "0.02", True),
        ("0.03", "0.02", False),
        ("0.03", "0.0", False),
    ],
)
def test_balance_falls_by_what_was_charged_as_exactly_as_it_is_told(told: str, true: str, is_so: bool) -> None:
    assert is_rounded(Decimal(told), Decimal(true)) is is_so


def test_server_that_leaves_out_zeros_tells_balances_as_exactly_as_any_of_them(app: InProcess) -> None:
    without_zeros = when(lambda answer: answer.path == "/v1/billing/balance", put("balance", lambda text: text.rstrip("0").rstrip(".")))
    target = Target(Mutant(AppCarrier(app), without_zeros), None)
    told = [str(balance(target.open(balance=left))) for left in ("100000", "3.982", "100000")]
    assert told == ["100000", "3.982", "100000.000"]
