"""How often each record was read, counted while somebody wants to know."""

from collections.abc import Set


class Readings:
    """The readings of one tenant's records, counted from 1 for as long as there are rules that ask for a number of them."""

    def __init__(self) -> None:
        self._rules: Set[str] = frozenset()
        self._counts: dict[str, int] = {}

    def count(self, record_id: str, rules: Set[str]) -> int:
        """Counts a reading and returns its number; where none of the rules was there the last time, counting begins anew."""
        if not rules & self._rules:
            self._counts.clear()
        self._rules = rules
        self._counts[record_id] = self._counts.get(record_id, 0) + 1
        return self._counts[record_id]
