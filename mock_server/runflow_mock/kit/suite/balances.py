"""Balances: what an account has, and whether it fell by what was charged.

A server may tell what an account has less exactly than what it charges: to the cent, but no worse. How it is cut off, or rounded, is its
own; what fell between two readings is then off by their last digit at most. How exactly a server tells is seen from all balances that it
has told: one that leaves out zeros at the end tells some of them with fewer digits.
"""

from decimal import Decimal

from runflow_mock.kit.suite.readings import expect
from runflow_mock.kit.suite.suite_tenants import SuiteTenant

CENT = Decimal("0.01")


def balance(tenant: SuiteTenant) -> Decimal:
    """Returns what the account has, with as many digits as the API has told of any balance so far."""
    left: Decimal = expect(tenant.get("/v1/billing/balance"), 200).amount("balance")
    tenant.target.balance_digit = min(tenant.target.balance_digit, _last_digit(left))
    return left + 0 * tenant.target.balance_digit


def exact_balance(tenant: SuiteTenant) -> Decimal:
    """Returns what the account has to its last digit, which only the control API tells."""
    return Decimal(tenant.control.ledger().balance)


def is_rounded(told: Decimal, true: Decimal) -> bool:
    """Tells whether a balance, or the difference of two, is an amount as exactly as it is told, written as exactly as it is charged."""
    digit = min(_last_digit(told), CENT)
    return told == true or (digit > _last_digit(true) and abs(told - true) <= digit)


def _last_digit(amount: Decimal) -> Decimal:
    return Decimal(1).scaleb(int(amount.as_tuple().exponent))
