"""Balances: what an account has, and whether it fell by what was charged.

A server may tell what an account has less exactly than what it charges: to the cent, say. How it is cut off, or rounded, is its own;
what fell between two readings is then off by their last digit at most.
"""

from decimal import Decimal

from runflow_mock.kit.suite.readings import expect
from runflow_mock.kit.suite.suite_tenants import SuiteTenant


def balance(tenant: SuiteTenant) -> Decimal:
    """Returns what the account has, as exactly as the API tells it."""
    left: Decimal = expect(tenant.get("/v1/billing/balance"), 200).amount("balance")
    return left


def exact_balance(tenant: SuiteTenant) -> Decimal:
    """Returns what the account has to its last digit, which only the control API tells."""
    return Decimal(tenant.control.ledger().balance)


def is_rounded(told: Decimal, true: Decimal) -> bool:
    """Tells whether a balance, or the difference of two, is an amount as exactly as it is told, written as exactly as it is charged."""
    is_less_exact = _last_digit(told) > _last_digit(true)
    return told == true or (is_less_exact and abs(told - true) <= _last_digit(told))


def _last_digit(amount: Decimal) -> Decimal:
    return Decimal(1).scaleb(int(amount.as_tuple().exponent))
