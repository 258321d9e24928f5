"""The quota of one tenant at work: what each key has used, as time passes.

A window passes with real seconds and with whatever the clock is moved: where time stands, both add up; where it runs, real seconds are part
of it already; and under `client_time: virtual` only the tenant's clock counts.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from runflow_mock.domain.quotas import NOMINAL, Allowance, Quota, Window, count, look


class SavedMeter(NamedTuple):
    """The quota in force, the window of each key, and how much time has passed."""

    quota: Quota | None
    windows: dict[str, Window]
    elapsed: timedelta


class Meter:
    """Counts the requests of each key. Without a quota nothing is refused, and nothing need be counted unless answers show it."""

    def __init__(self, quota: Quota | None, *, is_shown: bool, is_virtual: bool) -> None:
        self._quota = quota
        self._is_shown = is_shown
        self._is_virtual = is_virtual
        self._windows: dict[str, Window] = {}
        self._elapsed = timedelta()
        self._read_at: tuple[float, datetime] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether requests need not be counted."""
        return self._quota is None and not self._is_shown

    @property
    def quota(self) -> Quota | None:
        """The quota in force."""
        return self._quota

    def set(self, quota: Quota | None) -> None:
        """Puts another quota into force, or none; every key begins anew."""
        self._quota = quota
        self._windows.clear()

    def saved(self) -> "SavedMeter":
        """Returns what was counted so far."""
        return SavedMeter(self._quota, dict(self._windows), self._elapsed)

    def restore(self, saved: "SavedMeter") -> None:
        """Goes on where another meter stopped."""
        self._quota, self._windows, self._elapsed = saved.quota, dict(saved.windows), saved.elapsed

    def pass_time(self, real: float, virtual: datetime, *, stands: bool) -> None:
        """Takes note of where both clocks are; `stands` says that the tenant's has not moved by itself since the last time."""
        if self._read_at is not None:
            real_before, virtual_before = self._read_at
            self._elapsed += virtual - virtual_before
            if stands and not self._is_virtual:
                self._elapsed += timedelta(seconds=real - real_before)
        self._read_at = (real, virtual)

    def count(self, key: str) -> Allowance:
        """Counts a request and returns what it is allowed."""
        self._windows[key], allowance = count(self._quota or NOMINAL, self._windows.get(key), self._elapsed)
        return allowance if self._quota is not None else replace(allowance, is_exceeded=False)

    def look(self) -> dict[str, Allowance]:
        """Returns what is left to each key that has sent something."""
        return {key: look(self._quota or NOMINAL, window, self._elapsed) for key, window in self._windows.items()}
