"""Happenings: steps of a tenant's timeline and its requests in the one order in which they came, the latest of them.

They are told from history and journal when somebody first looks, and kept up from then on. An exchange knows how many commits there were
before it, so that the order is exact also where time stands.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import merge

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.faults import RuleAdded
from runflow_mock.engine.history import retell
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.wire.journal import represent_exchange_in_short
from runflow_mock.wire.timeline import Step, represent_events

HAPPENINGS_MAX = 20_000
_Placed = tuple[int, int, tuple[Step, ...]]


class Happenings:
    """The latest happenings of one tenant, each with its number; `total` counts those that have made room, too."""

    def __init__(self, tenant: Tenant) -> None:
        self.total = 0
        self._rows: deque[Step] = deque(maxlen=HAPPENINGS_MAX)
        self.forgotten = tenant.world.history.forgotten
        for _, _, steps in merge(_commits(tenant), _exchanges(tenant.journal), key=lambda placed: placed[:2]):
            self._add(steps)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Step]:
        return iter(self._rows)

    def __reversed__(self) -> Iterator[Step]:
        return reversed(self._rows)

    def add_steps(self, steps: Iterable[Step]) -> None:
        """Adds what a commit has led to."""
        self._add(steps)

    def add_exchange(self, exchange: Exchange) -> None:
        """Adds a request."""
        self._add((_request(exchange),))

    def _add(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self.total += 1
            self._rows.append({"number": self.total, **step})


def _commits(tenant: Tenant) -> Iterator[_Placed]:
    history, rules = tenant.world.history, dict(tenant.world.store.rules)
    for position, (events, before) in enumerate(retell(history), history.forgotten + 1):
        # Rules that were taken out of force are told as they were.
        rules |= {event.rule.id: event.rule for event in events if isinstance(event, RuleAdded)}
        yield position, 0, tuple(represent_events(events, before, rules))


def _exchanges(journal: Iterable[Exchange]) -> Iterator[_Placed]:
    return ((exchange.commits, 1, (_request(exchange),)) for exchange in journal)


def _request(exchange: Exchange) -> Step:
    return {"kind": "request", **represent_exchange_in_short(exchange)}
