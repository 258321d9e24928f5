"""The journal of a tenant: its latest exchanges in a ring, and how many it has seen in all."""

from collections import deque
from collections.abc import Iterator

from runflow_mock.domain.exchanges import Exchange


class Journal:
    """At most `exchanges_max` exchanges, oldest first."""

    def __init__(self, exchanges_max: int) -> None:
        self.total = 0
        self._ring: deque[Exchange] = deque(maxlen=exchanges_max)

    def __len__(self) -> int:
        return len(self._ring)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._ring)

    @property
    def dropped(self) -> int:
        """How many exchanges have left the ring."""
        return self.total - len(self._ring)

    def record(self, exchange: Exchange) -> None:
        """Adds an exchange; the oldest makes room."""
        self.total += 1
        self._ring.append(exchange)

    def clear(self) -> None:
        """Forgets all exchanges."""
        self.total = 0
        self._ring.clear()
