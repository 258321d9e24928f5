"""Money in millionths of a US dollar: exact integers inside, decimal strings with six places outside.

Source: money is a decimal string (`"0.410000"`), provenance `money.decimal-string`.
"""

import re
from functools import lru_cache
from typing import NewType

Money = NewType("Money", int)

ZERO = Money(0)
# What one thing can cost, and what an account can have or owe: whatever follows from them by the million is still a number of 64 bits.
PRICE_MAX = Money(10**12)
BALANCE_MAX = Money(10**18)
_DECIMAL = re.compile(r"(?P<sign>[-+]?)(?P<whole>[0-9]{0,12})(?:\.(?P<places>[0-9]*))?")


def parse_money(text: str) -> Money:
    """Returns the amount of a decimal string.

    Raises:
        ValueError: the text is not a decimal number, or it has a digit beyond the sixth place that is not zero.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None or not (match["whole"] or match["places"]):
        raise ValueError(f"{text[:80]!r} is not an amount of money; write a decimal number such as '10.00'")
    places = (match["places"] or "").rstrip("0")
    if len(places) > 6:
        raise ValueError(f"{text[:80]!r} has more than six decimal places")
    micros = int(match["whole"] or "0") * 1_000_000 + int(places.ljust(6, "0"))
    return Money(-micros if match["sign"] == "-" else micros)


@lru_cache(maxsize=1024)
def format_money(amount: Money) -> str:
    """Returns the amount with six decimal places, as in `0.410000`."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 1_000_000}.{abs(amount) % 1_000_000:06d}"
