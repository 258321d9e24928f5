"""Deliveries at work: each attempt is sent, or waits for a test to carry it, and its result comes back as a command."""

import asyncio
from asyncio import gather, wait
from collections import Counter
from collections.abc import Callable, Collection

from msgspec.structs import replace

from runflow_mock.domain.callback_policy import target_of
from runflow_mock.domain.commands import RecordAttempt
from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.domain.documents import write_document
from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.domain.tenants import PULL
from runflow_mock.engine.world import SendCallback
from runflow_mock.runtime.callback_turns import CallbackTurns, Hurried
from runflow_mock.runtime.keepers import KeepError
from runflow_mock.runtime.parked import Parked
from runflow_mock.runtime.sender import CallbackSender, OutgoingRequest
from runflow_mock.runtime.tenants import Tenant, WallClock
from runflow_mock.runtime.unbelieved import Unbelieved
from runflow_mock.wire.callbacks import Posting, build_posting

Record = Callable[[Tenant, RecordAttempt], object]
Report = Callable[[Tenant, Exception], None]


class Deliveries:
    """Performs the attempts of all tenants; `record` takes each result, `report` what nobody expected."""

    def __init__(
        self,
        sender: CallbackSender,
        wall: WallClock,
        record: Record,
        report: Report,
        *,
        scrubber: Scrubber,
        unbelieved: Unbelieved,
        turns: CallbackTurns,
    ) -> None:
        self._sender = sender
        self.turns = turns
        self._wall = wall
        self._record = record
        self._report = report
        self._scrubber = scrubber
        self._tasks: set[asyncio.Task[None]] = set()
        self._unbelieved = unbelieved
        # How many attempts came to what: the class of the status, or that there was none.
        self.outcomes: Counter[str] = Counter()
        self._unanswered: dict[asyncio.Future[None], tuple[Tenant, str]] = {}

    def perform(self, tenant: Tenant, effect: SendCallback) -> None:
        """Sends an attempt, or lets it wait where the tenant's deliveries are pulled."""
        if tenant.settings.deliveries == PULL and self._park(tenant, effect):
            return
        tenant.in_flight += 1
        tenant.quiet.clear()
        # Where time stands, results are recorded in the order of sending, so that the network cannot change what follows.
        earlier = None if tenant.clock.rate else tenant.last_delivery
        loop = asyncio.get_running_loop()
        answered = loop.create_future()
        self._unanswered[answered] = (tenant, effect.delivery.parent_id)
        task = loop.create_task(self._deliver(tenant, effect, earlier, answered))
        tenant.last_delivery = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def until_answered(self, tenant: Tenant, about: Collection[str], seconds: float) -> None:
        """Returns once every attempt on its way that tells about these records has been answered, or after `seconds` of real time.

        It does not wait until the answers are recorded, because those of other callbacks may have to be recorded before.
        """
        awaited = [answered for answered, (owner, told) in self._unanswered.items() if owner is tenant and told in about]
        if awaited:
            await wait(awaited, timeout=seconds)

    def conclude(self, tenant: Tenant, delivery_id: str, status: int) -> None:
        """Takes the answer to an attempt that the test carried itself.

        Raises:
            NotFound: no attempt of that delivery waits.
        """
        concluded = tenant.parked.answer(delivery_id, status)
        if concluded is not None:
            self._record(tenant, RecordAttempt(concluded.delivery_id, concluded.result))

    async def close(self) -> None:
        """Stops what is in flight and closes the sender."""
        for task in tuple(self._tasks):
            task.cancel()
        await gather(*self._tasks, return_exceptions=True)
        await self._sender.close()

    def _park(self, tenant: Tenant, effect: SendCallback) -> bool:
        """Lets an attempt wait for the test to carry it, and tells whether there is anything to carry."""
        delivery = effect.delivery
        posting = self._posting(tenant, effect)
        if posting.answer is not None:
            return False
        request = OutgoingRequest(delivery.url, posting.headers, posting.body)
        headers = write_document(dict(posting.headers))
        tenant.parked.add(Parked(delivery.id, delivery.attempts[-1].number, request, headers, posting.copies))
        return True

    async def _deliver(
        self, tenant: Tenant, effect: SendCallback, earlier: asyncio.Task[None] | None, answered: asyncio.Future[None]
    ) -> None:
        try:
            try:
                if tenant.kept is not None:
                    # What has not been written down may still be taken back, and nobody must have heard of it then.
                    await tenant.kept.written()
                    if tenant.is_dropped:
                        return
                result = await self._send(tenant, effect)
                self.outcomes["none" if result.status_code is None else f"{result.status_code // 100}xx"] += 1
            finally:
                del self._unanswered[answered]
                answered.set_result(None)
            if earlier is not None and not earlier.done():
                await wait((earlier,))
            if not tenant.is_dropped:
                self._record(tenant, RecordAttempt(effect.delivery.id, result))
        except KeepError:
            # Told where it arose; the tenant was read again, and sends what it knows of.
            tenant.last_delivery = None
        except Exception as error:
            self._report(tenant, error)
        finally:
            tenant.in_flight -= 1
            if not tenant.in_flight:
                tenant.quiet.set()

    async def _send(self, tenant: Tenant, effect: SendCallback) -> AttemptResult:
        posting = self._posting(tenant, effect)
        sent = write_document(dict(posting.headers))
        if posting.answer is not None:
            return replace(posting.answer, headers=sent)
        target = target_of(tenant.rules.callbacks, effect.delivery.url)
        if target is None:
            why = "runflow-mock calls loopback, --callback-hosts and --callback-rewrite targets only"
            return AttemptResult(error=f"not sent: {why}", reason="host_not_allowed", refused=True, headers=sent)
        request = OutgoingRequest(target, posting.headers, posting.body, tenant.settings.name)
        genuine = effect.delivery.attempts[-1].fault is None and effect.secret is not None
        *earlier, last = [self._kept(tenant, await self._post(tenant, request)) for _ in range(posting.copies)]
        if genuine:
            self._unbelieved.note(tenant.settings.name, effect.delivery.url, last.status_code, is_dated=tenant.dialect.dates_attempts)
        return replace(last, headers=sent, copies=tuple(earlier))

    async def _post(self, tenant: Tenant, request: OutgoingRequest) -> AttemptResult:
        """Returns what comes of one POST; each copy has a turn of its own, so that many of them hold up nobody."""
        try:
            async with self.turns.of(tenant):
                return await self._sender.send(request)
        except Hurried as hurried:
            why = f"no answer within {hurried.seconds:.1f} s, and callback_sockets_max is met: others have waited for the turn"
            return AttemptResult(error=why, reason="timeout", response_time_ms=round(hurried.seconds * 1000))

    def _kept(self, tenant: Tenant, result: AttemptResult) -> AttemptResult:
        """Returns what came of an attempt as the world keeps it: without secrets that the receiver gave back, and how long it really took
        only where the client's time is real.
        """
        body, error = (None if text is None else self._scrubber.scrub_text(text) for text in (result.response_body, result.error))
        took = 0 if tenant.settings.client_time == "virtual" and result.response_time_ms is not None else result.response_time_ms
        return replace(result, response_body=body, error=error, response_time_ms=took)

    def _posting(self, tenant: Tenant, effect: SendCallback) -> Posting:
        delivery = effect.delivery
        virtual = tenant.settings.client_time == "virtual"
        timestamp = int(delivery.attempts[-1].at.timestamp() if virtual else self._wall())
        return build_posting(delivery, timestamp, effect.secret, tenant.dialect)
