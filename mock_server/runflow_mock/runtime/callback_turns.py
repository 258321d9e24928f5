"""Turns of callbacks: how many leave at once, for the whole server and for each tenant, so that one that hangs holds up nobody else's.

Theory. A tenant has `TENANT_TURNS_MAX` at most. Where others have some, or wait for one, it has less than half of what is free when it
takes another one: the more tenants have some, the fewer the next ones get. (This is the dynamic threshold by which switches share the
memory of their queues.) An eighth of all is for tenants that have none. So 60 tenants whose receivers hang do not have all of 256, and the
next tenant need not wait.

Where all turns are taken all the same, by more tenants than there are turns, the attempt that has taken longest gets `HURRIED_SECONDS` in
all for each tenant that has none and waits for one. As soon as nobody waits, it has all of its time again.

Whoever waits for a turn has not begun: neither the receiver's time nor the time that is measured runs.
"""

import asyncio
from asyncio import timeout
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runflow_mock.runtime.bounds import Bound
from runflow_mock.runtime.tenants import Tenant

TENANT_TURNS_MAX = 16
"""How many callbacks of one tenant leave at once."""
FREE_FOR_EACH = 2
"""How many turns have to be free for each that a tenant has beside others when it takes another one."""
FIRST_SHARE = 8
"""One of so many turns is for tenants that have none."""
HURRIED_SECONDS = 2.0
"""How long an attempt may take that has taken longest while all turns are taken, and a tenant without one waits."""


class Hurried(Exception):
    """An attempt was ended for others after so many `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"ended for others after {seconds:.1f} s")
        self.seconds = seconds


class CallbackTurns:
    """Gives out turns: within a tenant first come, first served, and from one tenant that waits to the next.

    `hurried` is how many attempts were ended for others.
    """

    def __init__(self, bound: Bound, hurried_seconds: float = HURRIED_SECONDS) -> None:
        self.hurried = 0
        self._hurried_seconds = hurried_seconds
        # When each began, the one first that has taken longest.
        self._under_way: dict[asyncio.Timeout, float] = {}
        self._hurrying: list[asyncio.Timeout] = []
        self._bound = bound
        self._taken: Counter[Tenant] = Counter()
        self._waiting: dict[Tenant, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def of(self, tenant: Tenant) -> AsyncIterator[None]:
        """Waits for a turn of a tenant, which lasts as long as the context.

        Raises:
            Hurried: it was ended for others.
        """
        if tenant not in self._waiting and self._may_take(tenant):
            self._take(tenant)
        else:
            await self._wait(tenant)
        ending, clock = timeout(None), asyncio.get_running_loop().time
        began = self._under_way[ending] = clock()
        try:
            async with ending:
                yield
        except TimeoutError as error:
            if not ending.expired():
                raise
            self.hurried += 1
            raise Hurried(clock() - began) from error
        finally:
            del self._under_way[ending]
            self._give(tenant)

    def _may_take(self, tenant: Tenant) -> bool:
        taken, free = self._taken[tenant], self._bound.maximum - self._bound.used
        if not taken:
            return free > 0
        is_alone = len(self._taken) == 1 and self._waiting.keys() <= {tenant}
        needed = 0 if is_alone else FREE_FOR_EACH * taken
        return taken < TENANT_TURNS_MAX and needed < free - self._bound.maximum // FIRST_SHARE

    def _take(self, tenant: Tenant) -> None:
        self._taken[tenant] += 1
        self._bound.take()

    def _give(self, tenant: Tenant) -> None:
        self._taken[tenant] -= 1
        if not self._taken[tenant]:
            del self._taken[tenant]
        self._bound.give()
        # What one gives back is enough for itself, or for one of the others.
        while (following := next(filter(self._may_take, self._waiting), None)) is not None:
            self._call(following)
        self._let_all_take_their_time()

    async def _wait(self, tenant: Tenant) -> None:
        if self._taken[tenant] < TENANT_TURNS_MAX and self._bound.used == self._bound.maximum:
            self._bound.meet()
            if not self._taken[tenant] and tenant not in self._waiting:
                self._hurry()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give(tenant)
            else:
                self._leave(tenant, turn)
            raise

    def _hurry(self) -> None:
        """Has the attempt end soon that has taken longest, of those that need not yet."""
        ending = next((each for each in self._under_way if each.when() is None), None)
        if ending is not None:
            ending.reschedule(self._under_way[ending] + self._hurried_seconds)
            self._hurrying.append(ending)

    def _leave(self, tenant: Tenant, turn: asyncio.Future[None]) -> None:
        line = self._waiting.get(tenant, deque())
        # Whoever gave a turn to the next one has perhaps passed it over by now.
        if turn in line:
            line.remove(turn)
        if not line:
            self._waiting.pop(tenant, None)
        self._let_all_take_their_time()

    def _let_all_take_their_time(self) -> None:
        """Hurries nobody any more as soon as nobody waits."""
        if self._waiting:
            return
        for ending in self._hurrying:
            if ending in self._under_way and not ending.expired():
                ending.reschedule(None)
        self._hurrying.clear()

    def _call(self, tenant: Tenant) -> None:
        """Gives a turn to the first of a tenant that still waits; the tenant goes to the end of the line."""
        line = self._waiting.pop(tenant)
        while line:
            turn = line.popleft()
            if not turn.done():
                self._take(tenant)
                turn.set_result(None)
                break
        if line:
            self._waiting[tenant] = line
