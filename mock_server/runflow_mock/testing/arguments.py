"""Arguments of verbs: looked at where they are given, so that one that cannot be meant is told with its name, its value and the way out."""

import math
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from urllib.parse import quote

from runflow_mock.domain.hosts import objection_to_address
from runflow_mock.testing.json_bodies import is_sendable

# Every tenant of a session is asked at the same address.
_objection_to = lru_cache(maxsize=32)(objection_to_address)
_EXAMPLE_ADDRESS = "'http://127.0.0.1:8787'"
_EXAMPLE_ID = "'019b76da-a800-7000-8002-e1c4d4ca0a8b'"


def check_text(name: str, value: object, example: str) -> None:
    """Accepts a text that can be sent, and says something.

    Raises:
        TypeError: it is no text; of bytes and of a whole record the message says what to give instead.
        ValueError: it is empty, or half a character.
    """
    if not isinstance(value, str):
        is_record = isinstance(value, Mapping) and "id" in value
        way_out = ": decode it" if isinstance(value, bytes | bytearray) else ": give its ['id']" if is_record else ""
        raise TypeError(f"{name} is a text such as {example}, not {value!r:.80}{way_out}")
    if not value or not is_sendable(value):
        raise ValueError(f"{name} is a text such as {example}, not {value!r:.80}")


def check_address(name: str, value: object) -> None:
    """Accepts an address of http or https that names a host; raises as `check_text` does."""
    check_text(name, value, _EXAMPLE_ADDRESS)
    text = str(value)
    objection = _objection_to(text)
    if objection is not None:
        # What stands before an @ may be a password.
        told = text.rpartition("@")[2]
        raise ValueError(f"{name} is an address such as {_EXAMPLE_ADDRESS}, not {told!r:.80}: it {objection}")


def check_count(name: str, value: object, least: int = 0) -> None:
    """Accepts a whole number from `least` on.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is less.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is a whole number such as 1, not {value!r:.80}")
    if value < least:
        raise ValueError(f"{name} is a whole number from {least} on, not {value!r:.80}")


def check_seconds(name: str, value: object) -> None:
    """Accepts a number of seconds from 0 on.

    Raises:
        TypeError: it is no number.
        ValueError: it is less, or without an end.
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{name} is a number of seconds such as 2.5, not {value!r:.80}")
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} is a number of seconds from 0 on that has an end, not {value!r:.80}")


def check_flag(name: str, value: object) -> None:
    """Accepts True and False.

    Raises:
        TypeError: it is neither.
    """
    if not isinstance(value, bool):
        raise TypeError(f"{name} is True or False, not {value!r:.80}")


def path_part(name: str, value: object) -> str:
    """Returns an id or a name as one part of a path; raises as `check_text` does."""
    check_text(name, value, _EXAMPLE_ID)
    return quote(str(value), safe="")


def money_text(amount: object) -> object:
    """Returns a number as the text of an amount: exactly what was written, and never as a power of ten. Anything else stays what it is."""
    if isinstance(amount, int | float | Decimal) and not isinstance(amount, bool):
        return f"{Decimal(str(amount)):f}"
    return amount
