"""Instants that a world can reach: ids hold the time since 1970, and whatever is computed from the present must still be an instant.

The last thousand years of the calendar are the room for that: a world at its end still has durations, expiries and retries before it.
"""

from datetime import UTC, datetime, timedelta

# Signatures and addresses hold seconds since the epoch, never negative; whatever is reckoned from the latest has a year of four digits.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)

DURATION_MAX = timedelta(days=36_500)
"""The longest duration that anybody can ask for."""


def is_reachable(instant: datetime) -> bool:
    """Tells whether a clock can stand there."""
    return instant.tzinfo is not None and EARLIEST <= instant <= LATEST


def instant_at(seconds: float) -> datetime:
    """Returns the instant so many seconds after 1970 began.

    It is of the kind that was there when this module was loaded: tests put others in the place of `datetime`, which cannot be encoded.
    """
    return EARLIEST + timedelta(seconds=seconds)


def whole_milliseconds(instant: datetime) -> datetime:
    """Returns an instant without its fraction of a millisecond, which no client ever sees."""
    fraction = instant.microsecond % 1000
    return instant.replace(microsecond=instant.microsecond - fraction) if fraction else instant


def milliseconds_between(start: datetime | None, end: datetime | None) -> int | None:
    """Returns the whole milliseconds from one instant to another, as the API tells durations, or nothing before both are known."""
    if start is None or end is None:
        return None
    return round((end - start).total_seconds() * 1000)
