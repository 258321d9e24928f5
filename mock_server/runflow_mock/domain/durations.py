"""Durations as the API tells them: whole milliseconds between two instants, or nothing while one of them is missing."""

from datetime import datetime


def milliseconds_between(start: datetime | None, end: datetime | None) -> int | None:
    """Returns the whole milliseconds from `start` to `end`, or nothing before both are known."""
    if start is None or end is None:
        return None
    return round((end - start).total_seconds() * 1000)
