"""The handle for tests that are coroutines: every verb waits in a thread, so that an application under test on the same event loop goes on.

It needs no test framework: whatever runs the coroutine, asyncio or another loop that anyio knows, does.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import anyio.to_thread

from runflow_mock.testing.applications import Raised
from runflow_mock.testing.control import Duration
from runflow_mock.testing.forgotten_awaits import Awaited, noting_forgotten
from runflow_mock.testing.receiver import WAIT_SECONDS, CallbackReceiver, Received
from runflow_mock.testing.records import Delivery, Exchange, Ledger, Rule, Step
from runflow_mock.testing.runflow import Runflow
from runflow_mock.testing.tenant_parts import PulledDelivery, TenantRecords

if TYPE_CHECKING:
    from runflow_mock.testing.httpx_transports import Transport

Given = ParamSpec("Given")
ResultT = TypeVar("ResultT")


class InThread:
    """Calls blocking functions in a thread; `note_loop` is told on which event loop that is waited for.

    `awaited` knows the verbs that were called and have not come here yet.
    """

    def __init__(self, note_loop: Callable[[], None], awaited: Awaited) -> None:
        self._note_loop = note_loop
        self.awaited = awaited

    async def __call__(self, function: Callable[Given, ResultT], *args: Given.args, **kwargs: Given.kwargs) -> ResultT:
        """Returns what a function returns, while the event loop goes on. Who is cancelled goes on at once; the function ends alone."""
        self._note_loop()
        return await anyio.to_thread.run_sync(partial(function, *args, **kwargs), abandon_on_cancel=True)


@noting_forgotten
class AsyncClock:
    """The tenant's clock; see `TenantClock`."""

    def __init__(self, runflow: Runflow) -> None:
        self._in_thread = InThread(runflow.note_loop, runflow.awaited)
        self._clock = runflow.clock

    async def now(self) -> str:
        """Returns the present, as RFC 3339 text."""
        return await self._in_thread(lambda: self._clock.now)

    async def advance(self, by: Duration) -> list[Step]:
        """Moves on by a duration."""
        return await self._in_thread(self._clock.advance, by)

    async def advance_to(self, to: str) -> list[Step]:
        """Moves on to an instant."""
        return await self._in_thread(self._clock.advance_to, to)

    async def next(self) -> list[Step]:
        """Moves to the next instant at which something is due."""
        return await self._in_thread(self._clock.next)

    async def run_until_idle(self, limit: Duration | None = None) -> list[Step]:
        """Moves from timer to timer until none is left."""
        return await self._in_thread(self._clock.run_until_idle, limit)

    async def freeze(self) -> None:
        """Lets the clock stand."""
        await self._in_thread(self._clock.freeze)

    async def resume(self) -> None:
        """Lets the clock pass again."""
        await self._in_thread(self._clock.resume)


@noting_forgotten
class AsyncFaults:
    """The fault rules of the tenant; see `TenantFaults`."""

    def __init__(self, runflow: Runflow) -> None:
        self._in_thread = InThread(runflow.note_loop, runflow.awaited)
        self._faults = runflow.faults

    async def list(self) -> Sequence[Rule]:
        """Returns all rules with how often each fired."""
        return await self._in_thread(lambda: tuple(self._faults))

    async def add(
        self,
        *,
        what: str | Mapping[str, Any],
        where: str | Mapping[str, Any] | None = None,
        when: Mapping[str, Any] | None = None,
        label: str | None = None,
    ) -> Rule:
        """Puts a rule into force."""
        return await self._in_thread(self._faults.add, what=what, where=where, when=when, label=label)

    async def remove(self, rule: Rule | str) -> None:
        """Takes a rule out of force."""
        await self._in_thread(self._faults.remove, rule)

    async def clear(self) -> None:
        """Takes all rules out of force."""
        await self._in_thread(self._faults.clear)


@noting_forgotten
class AsyncRecords:
    """The runs or the batches of the tenant; see `TenantRecords`."""

    def __init__(self, runflow: Runflow, records: TenantRecords) -> None:
        self._in_thread = InThread(runflow.note_loop, runflow.awaited)
        self._records = records

    async def list(self) -> Sequence[dict[str, Any]]:
        """Returns all of them, oldest first."""
        return await self._in_thread(lambda: tuple(self._records))

    async def cancel(self, record_id: str, reason: str | None = None) -> dict[str, Any]:
        """Stops one, as the service would, and returns it."""
        return await self._in_thread(self._records.cancel, record_id, reason)


@noting_forgotten
class AsyncDeliveries:
    """The deliveries of the tenant; see `TenantDeliveries`."""

    def __init__(self, runflow: Runflow) -> None:
        self._in_thread = InThread(runflow.note_loop, runflow.awaited)
        self._deliveries = runflow.deliveries

    async def list(self) -> Sequence[Delivery]:
        """Returns all of them, oldest first."""
        return await self._in_thread(lambda: tuple(self._deliveries))

    async def pull(self) -> Sequence[PulledDelivery]:
        """Returns the attempts that are due, for the test to carry."""
        return await self._in_thread(self._deliveries.pull)

    async def settle(self) -> None:
        """Counts every attempt that was pulled and not answered as answered with 200."""
        await self._in_thread(self._deliveries.settle)


@noting_forgotten
class AsyncRunflow:
    """One tenant, for one test that is a coroutine."""

    def __init__(self, runflow: Runflow) -> None:
        self._in_thread = InThread(runflow.note_loop, runflow.awaited)
        self.sync = runflow
        self.tenant = runflow.tenant
        self.base_url = runflow.base_url
        self.api_key = runflow.api_key
        self.headers = runflow.headers
        self.env = runflow.env
        self.clock = AsyncClock(runflow)
        self.faults = AsyncFaults(runflow)
        self.runs = AsyncRecords(runflow, runflow.runs)
        self.batches = AsyncRecords(runflow, runflow.batches)
        self.deliveries = AsyncDeliveries(runflow)

    @property
    def transport(self) -> "Transport":
        """A transport for `httpx.AsyncClient`; see `Runflow.transport`."""
        return self.sync.transport

    @property
    def exceptions(self) -> tuple[Raised, ...]:
        """What applications under test have raised while they handled callbacks; see `Runflow.exceptions`."""
        return self.sync.exceptions

    def receiver(self) -> "AsyncReceiver":
        """Returns a callback receiver on loopback, which listens in an `async with`; waiting for it moves a clock that stands."""
        return AsyncReceiver(self.sync.receiver(), self.sync.awaited)

    async def deliver_to(self, app: Any, prefix: str = "http://localhost", *, lifespan: bool = True) -> None:
        """Delivers callbacks into an application under test on this event loop; returns once it has started up."""
        mount = self.sync.deliver_to(app, prefix, lifespan=lifespan)
        await self._in_thread(mount.app.wait_started)

    async def journal(self, **filters: Any) -> Sequence[Exchange]:
        """Returns what the client under test asked and was answered, oldest first."""
        return await self._in_thread(self.sync.journal.find, **filters)

    async def ledger(self) -> Ledger:
        """Returns balance, holds, charges, entries and invariants."""
        return await self._in_thread(lambda: self.sync.ledger)

    async def timeline(self) -> list[Step]:
        """Returns everything that happened so far."""
        return await self._in_thread(lambda: self.sync.timeline)

    async def callback_secret(self) -> str:
        """Returns the secret that signs callbacks; one is made where there is none."""
        return await self._in_thread(lambda: self.sync.callback_secret)

    async def stub(self, model: str | None = None, *, returns: Mapping[str, Any], **place: Any) -> dict[str, Any]:
        """Lets runs of this kind give an output."""
        return await self._in_thread(lambda: self.sync.stub(model, **place).returns(returns))

    async def scenario(self, scenario: str | Mapping[str, Any]) -> dict[str, Any]:
        """Replaces the tenant's world by that of a scenario."""
        return await self._in_thread(self.sync.scenario, scenario)

    async def verify(self, **clause: Any) -> dict[str, Any]:
        """Checks the journal; raises `AssertionError` with the nearest miss."""
        return await self._in_thread(self.sync.verify, **clause)

    async def report(self) -> dict[str, Any]:
        """Returns the verdicts on the client under test so far."""
        return await self._in_thread(self.sync.report)


@noting_forgotten
class AsyncReceiver:
    """A real callback receiver whose waiting lets the event loop go on; see `CallbackReceiver`."""

    def __init__(self, receiver: CallbackReceiver, awaited: Awaited | None = None) -> None:
        self._in_thread = InThread(lambda: None, awaited or Awaited())
        self.sync = receiver
        self.url = receiver.url
        self.reply_with = receiver.reply_with

    @property
    def deliveries(self) -> Sequence[Received]:
        """Every POST received so far."""
        return self.sync.deliveries

    async def wait(self, count: int = 1, seconds: float = WAIT_SECONDS) -> Sequence[Received]:
        """Returns the POSTs received, once there are at least `count`; raises `TimeoutError`."""
        return await self._in_thread(self.sync.wait, count, seconds)

    async def __aenter__(self) -> "AsyncReceiver":
        # It only starts a thread; the end waits for what is being answered.
        self.sync.__enter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._in_thread(self.sync.__exit__, kind, error, trace)
