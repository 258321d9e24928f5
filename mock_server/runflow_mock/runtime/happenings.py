"""Happenings: steps of a tenant's timeline and its requests in the one order in which they came, the latest of them.

They are told from history and journal when somebody first looks, and kept up from then on. An exchange knows how many commits there were
before it, so that the order is exact also where time stands.
"""

import asyncio
from asyncio import to_thread
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from typing import NamedTuple, Self

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.faults import FaultRule
from runflow_mock.domain.identity import RuleId
from runflow_mock.engine.history import Standing, retell
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.wire.journal import represent_exchange_in_short
from runflow_mock.wire.timeline import Step, represent_commits

HAPPENINGS_MAX = 20_000
_Placed = tuple[int, int, Sequence[Step]]


class Past(NamedTuple):
    """History and journal of a tenant as they stood when somebody first looked, and the rules that were in force."""

    history: Standing
    rules: dict[RuleId, FaultRule]
    journal: tuple[Exchange, ...]

    def tell(self) -> tuple[deque[Step], int]:
        """Returns the latest of what happened, in order and numbered, and how much it was in all."""
        exchanges = ((exchange.commits, 1, (_request(exchange),)) for exchange in self.journal)
        placed = merge(_commits(self.history, self.rules), exchanges, key=lambda placed: placed[:2])
        rows, total = deque[Step](maxlen=HAPPENINGS_MAX), 0
        for total, step in enumerate((step for _, _, steps in placed for step in steps), 1):
            rows.append(_row(total, step))
        return rows, total


class Happenings:
    """The latest happenings of one tenant, each with its number; `total` counts those that have made room, too."""

    def __init__(self, tenant: Tenant) -> None:
        self.total = 0
        self._rows: deque[Step] = deque(maxlen=HAPPENINGS_MAX)
        self.forgotten = tenant.world.history.forgotten
        # What was there before; to tell it takes long, and meanwhile more may happen.
        # Nothing of an exchange is told but its line, as of those that come: whoever shows it scrubs it.
        exchanges = tenant.journal.as_they_came(len(tenant.journal))
        self._past: Past | None = Past(tenant.world.history.standing(), dict(tenant.world.store.rules), exchanges)
        self._later: list[Step] = []
        self._telling = asyncio.Lock()

    async def told(self) -> Self:
        """Returns these happenings once the past is among them; it is told beside the event loop."""
        async with self._telling:
            if self._past is not None:
                self._rows, self.total = await to_thread(self._past.tell)
                self._past = None
                self._number(self._later)
                self._later.clear()
        return self

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Step]:
        return iter(self._rows)

    def __reversed__(self) -> Iterator[Step]:
        return reversed(self._rows)

    def add_steps(self, steps: Iterable[Step]) -> None:
        """Adds what a commit has led to."""
        self._add(list(steps))

    def add_exchange(self, exchange: Exchange) -> None:
        """Adds a request."""
        self._add([_request(exchange)])

    def _add(self, steps: list[Step]) -> None:
        if self._past is None:
            self._number(steps)
        else:
            self._later += steps

    def _number(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self.total += 1
            self._rows.append(_row(self.total, step))


def _commits(history: Standing, rules: dict[RuleId, FaultRule]) -> Iterator[_Placed]:
    for position, steps in enumerate(represent_commits(retell(history), rules), history.forgotten + 1):
        yield position, 0, steps


def _row(number: int, step: Step) -> Step:
    return {"number": number, **step}


def _request(exchange: Exchange) -> Step:
    return {"kind": "request", **represent_exchange_in_short(exchange)}
