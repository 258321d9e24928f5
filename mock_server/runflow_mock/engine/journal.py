"""The journal of a tenant: its latest exchanges, and how many it has seen in all.

An exchange is scrubbed when somebody first reads it, and so before it is shown or written anywhere: on the way of a request there is no
time for that, and a secret that the request itself brings is known only after it.

Whoever wants to hear of new exchanges adds a listener; a listener must be quick, because it is called on the way of a request.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from runflow_mock.domain.exchanges import Exchange, scrubbed
from runflow_mock.domain.scrubbing import Scrubber


class Journal:
    """The latest exchanges, oldest first, bounded by their number and by the bytes of their bodies."""

    def __init__(self, exchanges_max: int, bytes_max: int, scrubber: Scrubber | None = None) -> None:
        self._scrubber = scrubber or Scrubber()
        self._scrubbed_to = 0
        self.total = 0
        self.clearings = 0
        self.judge_at = exchanges_max // 2
        self.listeners: list[Callable[[], None]] = []
        self.exchanges_max = exchanges_max
        self._bytes_max = bytes_max
        self._bytes = 0
        self._exchanges: deque[Exchange] = deque()

    def __len__(self) -> int:
        return len(self._exchanges)

    def __iter__(self) -> Iterator[Exchange]:
        self._scrub()
        return iter(self._exchanges)

    def latest(self, count: int) -> tuple[Exchange, ...]:
        """Returns so many exchanges that were added last, oldest first, or all that are left."""
        self._scrub()
        return tuple(self._exchanges[-place] for place in range(min(count, len(self._exchanges)), 0, -1))

    def _scrub(self) -> None:
        raw = [self._exchanges.pop() for _ in range(self.total - max(self._scrubbed_to, self.dropped))]
        self._exchanges.extend(scrubbed(exchange, self._scrubber) for exchange in reversed(raw))
        self._scrubbed_to = self.total

    def restore(self, exchanges: Iterable[Exchange], total: int) -> None:
        """Takes the latest exchanges of a journal that had seen `total`."""
        for exchange in exchanges:
            self.record(exchange)
        self.total = total

    @property
    def is_filling(self) -> bool:
        """Whether it is time to judge what is here, before it makes room: `judge_at` says when that is, and so do the bytes."""
        return self.total >= self.judge_at or self._bytes * 2 > self._bytes_max

    @property
    def dropped(self) -> int:
        """How many exchanges have made room for later ones."""
        return self.total - len(self._exchanges)

    def record(self, exchange: Exchange) -> None:
        """Adds an exchange; the oldest make room."""
        self.total += 1
        self._exchanges.append(exchange)
        self._bytes += len(exchange.request_body) + len(exchange.response_body)
        while len(self._exchanges) > self.exchanges_max or self._bytes > self._bytes_max:
            oldest = self._exchanges.popleft()
            self._bytes -= len(oldest.request_body) + len(oldest.response_body)
        for listener in self.listeners:
            listener()

    def clear(self) -> None:
        """Forgets all exchanges."""
        self.total = self._scrubbed_to = 0
        self.clearings += 1
        self.judge_at = self.exchanges_max // 2
        self._bytes = 0
        self._exchanges.clear()
