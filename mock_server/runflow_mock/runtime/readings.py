"""How often each record was read, counted while somebody wants to know."""

from collections.abc import Set
from typing import NamedTuple


class SavedReadings(NamedTuple):
    """The rules that ask for numbers, and how often each record was read."""

    rules: tuple[str, ...]
    counts: dict[str, int]


class Readings:
    """The readings of one tenant's records, counted from 1 for as long as there are rules that ask for a number of them."""

    def __init__(self) -> None:
        self._rules: Set[str] = frozenset()
        self._counts: dict[str, int] = {}

    def saved(self) -> "SavedReadings":
        """Returns what was counted so far."""
        return SavedReadings(tuple(sorted(self._rules)), dict(self._counts))

    def restore(self, saved: "SavedReadings") -> None:
        """Goes on where another count stopped."""
        self._rules, self._counts = frozenset(saved.rules), dict(saved.counts)

    def count(self, record_id: str, rules: Set[str]) -> int:
        """Counts a reading and returns its number; where none of the rules was there the last time, counting begins anew."""
        if not rules & self._rules:
            self._counts.clear()
        self._rules = rules
        self._counts[record_id] = self._counts.get(record_id, 0) + 1
        return self._counts[record_id]
