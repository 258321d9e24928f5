"""The journal of a tenant: its latest exchanges, and how many it has seen in all."""

from collections import deque
from collections.abc import Iterator

from runflow_mock.domain.exchanges import Exchange


class Journal:
    """The latest exchanges, oldest first, bounded by their number and by the bytes of their bodies."""

    def __init__(self, exchanges_max: int, bytes_max: int) -> None:
        self.total = 0
        self._exchanges_max = exchanges_max
        self._bytes_max = bytes_max
        self._bytes = 0
        self._exchanges: deque[Exchange] = deque()

    def __len__(self) -> int:
        return len(self._exchanges)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)

    @property
    def dropped(self) -> int:
        """How many exchanges have made room for later ones."""
        return self.total - len(self._exchanges)

    def record(self, exchange: Exchange) -> None:
        """Adds an exchange; the oldest make room."""
        self.total += 1
        self._exchanges.append(exchange)
        self._bytes += len(exchange.request_body) + len(exchange.response_body)
        while len(self._exchanges) > self._exchanges_max or self._bytes > self._bytes_max:
            oldest = self._exchanges.popleft()
            self._bytes -= len(oldest.request_body) + len(oldest.response_body)

    def clear(self) -> None:
        """Forgets all exchanges."""
        self.total = 0
        self._bytes = 0
        self._exchanges.clear()
