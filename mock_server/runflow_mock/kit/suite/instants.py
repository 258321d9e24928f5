"""Instants: what a text tells of a moment, how exactly, and which of two lies before the other.

A server may tell a moment more exactly at one place than at another: from memory here, from a table there. How it is cut off, or
rounded, is its own.
"""

import re
from datetime import MAXYEAR, MINYEAR, datetime, timedelta
from typing import Any

SECOND, SKEW = timedelta(seconds=1), timedelta(seconds=1)
GRAIN = timedelta(milliseconds=1)
"""How exactly instants are held at most."""
FRACTION = re.compile(r"\.(\d{1,2})(?!\d)", re.ASCII)
# How exactly an instant is told that has so many digits behind its seconds.
BY_DIGITS = {1: timedelta(milliseconds=100), 2: timedelta(milliseconds=10)}


def instant(text: Any) -> datetime | None:
    """Returns the instant that a text tells, or nothing for what is no instant: without an offset, or at an end of the calendar."""
    try:
        read = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    # What lies around it can be reckoned as well.
    return read if read is not None and read.tzinfo is not None and MINYEAR < read.year < MAXYEAR else None


def grain_of(one: Any, other: Any) -> timedelta:
    """Returns how exactly one record tells two instants, which is as the more exact of them: who tells a zero less leaves it out."""
    return min(_last_digit(one), _last_digit(other))


def grain_between(*texts: Any) -> timedelta:
    """Returns how exactly the least exact of some instants is told, which need not be kept in one place: to its last digit."""
    return max(map(_last_digit, texts))


def is_before(one: Any, other: Any, skew: timedelta = GRAIN) -> bool:
    """Tells whether an instant lies before another one by more than the two are told exactly; what is no instant does not."""
    moments = instant(one), instant(other)
    return moments[0] is not None and moments[1] is not None and moments[1] - moments[0] > max(skew, grain_between(one, other))


def latest(*texts: Any) -> str | None:
    """Returns the text that tells the latest of some instants, or nothing where none does."""
    told = [(moment, text) for text in texts if (moment := instant(text)) is not None]
    return max(told)[1] if told else None


def _last_digit(text: Any) -> timedelta:
    digits = FRACTION.search(str(text))
    return BY_DIGITS[len(digits[1])] if digits else GRAIN if "." in str(text) else SECOND
