import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from worlds import CALLBACK_URL, START, catalog, create_run, created

from runflow_mock.domain.commands import CancelRun
from runflow_mock.domain.deliveries import AttemptResult, DeliveryStatus
from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.identity import RunId
from runflow_mock.domain.money import parse_money
from runflow_mock.domain.records import Limits
from runflow_mock.domain.runs import RunStatus
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.polls import Poll
from runflow_mock.runtime.refusals import StepsExceeded
from runflow_mock.runtime.runtime import YIELD_EVERY_TIMERS, Runtime
from runflow_mock.runtime.sender import CallbackSender, OutgoingRequest, RecordingSender
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.runtime.waits import until

MANUAL = Config(clock=ClockMode.MANUAL, speed=1.0)
WALL = datetime(2026, 11, 22, tzinfo=UTC)


class Stopwatch:
    """A monotonic clock that goes on when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Backwards(RecordingSender):
    """Answers the last of a number of callbacks first."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.finished: list[str] = []
        self._gates = [asyncio.Event() for _ in range(count)]

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        result = await super().send(request)
        number = len(self.sent) - 1
        if number + 1 < len(self._gates):
            await self._gates[number + 1].wait()
        self.finished.append(request.headers["Runflow-Request-Id"])
        self._gates[number].set()
        return result


class Telling(RecordingSender):
    """Says when a callback has arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = asyncio.Event()

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        self.arrived.set()
        return await super().send(request)


class Broken:
    """A sender with a bug."""

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        raise RuntimeError("planted")

    async def close(self) -> None:
        """Does nothing."""


def make(sender: CallbackSender | None = None, config: Config = MANUAL) -> tuple[Runtime, Tenant, Stopwatch]:
    stopwatch = Stopwatch()
    runtime = Runtime(config, catalog(), sender or RecordingSender(), monotonic=stopwatch, wall=WALL.timestamp)
    return runtime, runtime.tenants.create(config.tenant("test")), stopwatch


def test_settle_fires_what_is_due_and_stops_at_the_present() -> None:
    async def story() -> None:
        runtime, tenant, stopwatch = make(config=Config(clock=ClockMode.REAL, speed=1.0))
        run = created(runtime.execute(tenant, create_run()))
        stopwatch.seconds = 1.0
        runtime.settle(tenant)
        assert tenant.world.store.run(run.id).status is RunStatus.RUNNING
        assert tenant.world.now == WALL + timedelta(seconds=1)
        await runtime.close()

    asyncio.run(story())


def test_refused_command_leaves_the_world_as_it_was() -> None:
    runtime, tenant, _ = make()
    before = tenant.world.history.encoded()
    with pytest.raises(NotFound):
        runtime.execute(tenant, CancelRun(RunId("nobody")))
    assert tenant.world.history.encoded() == before


def test_results_are_recorded_in_the_order_of_sending_where_time_stands() -> None:
    """Whichever receiver is faster, the story is the same."""

    async def story(sender: CallbackSender) -> bytes:
        runtime, tenant, _ = make(sender)
        for _ in range(3):
            run = created(runtime.execute(tenant, create_run(callback_url=CALLBACK_URL)))
            runtime.execute(tenant, CancelRun(run.id))
        await runtime.advance_by(tenant, timedelta(minutes=1))
        await runtime.close()
        return tenant.world.history.encoded()

    async def backwards() -> tuple[bytes, list[str]]:
        sender = Backwards(3)
        return await story(sender), [request.headers["Runflow-Request-Id"] for request in sender.sent] + sender.finished

    plain = asyncio.run(story(RecordingSender()))
    told, order = asyncio.run(backwards())
    assert order[3:] == order[:3][::-1]
    assert told == plain


def test_error_in_the_background_is_kept_and_told_and_the_advance_ends() -> None:
    async def story() -> None:
        runtime, tenant, _ = make(Broken())
        runtime.execute(tenant, create_run(callback_url=CALLBACK_URL))
        await runtime.run_until_idle(tenant)
        assert len(runtime.background_errors) == 1
        assert runtime.background_errors[0].startswith("tenant test: RuntimeError: planted")
        assert tenant.in_flight == 0
        await runtime.close()

    asyncio.run(story())


def test_advance_stops_after_so_many_steps() -> None:
    async def story() -> None:
        runtime, tenant, _ = make(config=Config(clock=ClockMode.MANUAL, limits=Limits(steps_max=2)))
        run = created(runtime.execute(tenant, create_run()))
        with pytest.raises(StepsExceeded) as raised:
            await runtime.run_until_idle(tenant)
        assert raised.value.steps_max == 2
        assert tenant.world.store.run(run.id).status is RunStatus.RUNNING
        await runtime.close()

    asyncio.run(story())


def test_advances_take_turns_and_each_tells_its_own_part() -> None:
    async def story() -> None:
        runtime, tenant, _ = make()
        runtime.execute(tenant, create_run(callback_url=CALLBACK_URL))
        both = await asyncio.gather(*(runtime.advance(tenant, START + timedelta(hours=hours)) for hours in (1, 2)))
        assert [len(await timeline.tell(runtime.scrubber)) for timeline in both] == [6, 0]
        assert tenant.world.now == START + timedelta(hours=2)
        await runtime.close()

    asyncio.run(story())


def test_advance_into_the_past_changes_nothing() -> None:
    async def story() -> None:
        runtime, tenant, _ = make()
        timeline = await runtime.advance(tenant, START - timedelta(days=1))
        assert await timeline.tell(runtime.scrubber) == []
        assert tenant.world.now == START
        await runtime.close()

    asyncio.run(story())


def test_poll_moves_an_auto_clock_to_the_next_change_of_what_is_polled() -> None:
    async def story() -> None:
        runtime, tenant, _ = make(config=Config(clock=ClockMode.AUTO, speed=1.0))
        first = created(runtime.execute(tenant, create_run()))
        second = created(runtime.execute(tenant, create_run("runflow/background-replace", {"prompt": "x"})))
        for _ in range(3):
            runtime.poll(tenant, Poll(tenant.world.store, second.id))
        statuses = [tenant.world.store.run(run.id).status for run in (first, second)]
        assert statuses == [RunStatus.SUCCEEDED, RunStatus.SUCCEEDED]
        await runtime.close()

    asyncio.run(story())


def test_poll_waits_while_a_callback_is_in_flight() -> None:
    async def story() -> None:
        runtime, tenant, _ = make(config=Config(clock=ClockMode.AUTO, speed=1.0))
        told = created(runtime.execute(tenant, create_run(callback_url=CALLBACK_URL)))
        runtime.execute(tenant, CancelRun(told.id))
        other = created(runtime.execute(tenant, create_run()))
        assert tenant.in_flight == 1
        runtime.poll(tenant, Poll(tenant.world.store, other.id))
        assert tenant.world.store.run(other.id).status is RunStatus.QUEUED
        await runtime.idle(tenant)
        runtime.poll(tenant, Poll(tenant.world.store, other.id))
        assert tenant.world.store.run(other.id).status is RunStatus.DISPATCHING
        await runtime.close()

    asyncio.run(story())


def test_dropped_tenant_is_told_nothing_more() -> None:
    async def story() -> None:
        sender = RecordingSender(500)
        runtime, tenant, stopwatch = make(sender, Config(clock=ClockMode.REAL, speed=1.0))
        run = created(runtime.execute(tenant, create_run(callback_url=CALLBACK_URL)))
        runtime.execute(tenant, CancelRun(run.id))
        runtime.reset(tenant, "all")
        assert tenant.last_delivery is not None
        await tenant.last_delivery
        stopwatch.seconds = 3600
        assert len(sender.sent) == 1
        (delivery,) = tenant.world.store.deliveries.values()
        assert delivery.status is DeliveryStatus.DELIVERING
        assert tenant.alarm.due is None
        await runtime.close()

    asyncio.run(story())


def test_wait_for_a_tenant_that_goes_moves_its_world_no_further() -> None:
    async def story() -> None:
        runtime, tenant, _ = make(RecordingSender(200), Config(clock=ClockMode.AUTO))
        run = created(runtime.execute(tenant, create_run()))
        runtime.tenants.drop(tenant.settings.name)
        before = tenant.world.history.total
        assert not await until(runtime, tenant, lambda: tenant.world.store.run(run.id).is_terminal, run.id, 0.01)
        assert tenant.world.history.total == before
        await runtime.close()

    asyncio.run(story())


@pytest.mark.parametrize("looks_at_requests", [False, True])
def test_wait_for_a_record_does_not_look_up_at_each_request(looks_at_requests: bool) -> None:
    async def story() -> None:
        runtime, tenant, _ = make(RecordingSender(200), Config(clock=ClockMode.MANUAL))
        run, looks = created(runtime.execute(tenant, create_run())), list[bool]()

        def holds() -> bool:
            looks.append(tenant.world.store.run(run.id).is_terminal)
            return looks[-1]

        waiting = asyncio.ensure_future(until(runtime, tenant, holds, run.id, 60.0, looks_at_requests=looks_at_requests))
        await asyncio.sleep(0)
        for tell in tenant.journal.listeners:
            tell()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(looks) == (2 if looks_at_requests else 1)
        runtime.execute(tenant, CancelRun(run.id))
        assert await waiting
        assert not tenant.journal.listeners
        await runtime.close()

    asyncio.run(story())


def test_alarm_fires_what_nobody_asks_for() -> None:
    async def story() -> None:
        sender = Telling()
        runtime = Runtime(Config(clock=ClockMode.SCALED, scale=1000.0), catalog(), sender)
        tenant = runtime.tenants.create(runtime.config.tenant("test"))
        runtime.execute(tenant, create_run(callback_url=CALLBACK_URL))
        await sender.arrived.wait()
        await runtime.idle(tenant)
        (delivery,) = tenant.world.store.deliveries.values()
        assert delivery.status is DeliveryStatus.SUCCEEDED
        await runtime.close()

    asyncio.run(story())


def test_alarm_is_set_anew_where_a_clock_that_passes_was_moved() -> None:
    async def story() -> None:
        runtime, tenant, stopwatch = make(config=Config(clock=ClockMode.REAL, speed=1.0))
        run = created(runtime.execute(tenant, create_run()))
        while tenant.world.store.run(run.id).status is not RunStatus.RUNNING:
            await runtime.next(tenant)
        due = tenant.world.store.timers.next_due()
        # As long before as the alarm would come late.
        assert due is not None
        assert due - tenant.world.now > timedelta(seconds=1)
        # The real time until the next change is over, but for a moment.
        await runtime.advance(tenant, due - timedelta(milliseconds=1))
        stopwatch.seconds += 0.001
        assert await until(runtime, tenant, lambda: tenant.world.store.run(run.id).is_terminal, run.id, 0.9)
        await runtime.close()

    asyncio.run(story())


def test_alarm_lets_others_in_between_the_timers_of_many_runs_that_are_due_at_once() -> None:
    async def story() -> None:
        config = Config(clock=ClockMode.REAL, speed=1.0, balance=parse_money("1000.00"))
        runtime, tenant, stopwatch = make(RecordingSender(), config)
        for _ in range(2 * YIELD_EVERY_TIMERS):
            runtime.execute(tenant, create_run())
        stopwatch.seconds = 3600
        at_once = list[int]()
        while tenant.world.store.runs_open:
            before = tenant.world.history.total
            await asyncio.sleep(0)
            at_once.append(tenant.world.history.total - before)
        assert sorted(at_once)[-6:] == [YIELD_EVERY_TIMERS] * 6
        assert tenant.world.now == WALL + timedelta(hours=1)
        await runtime.close()

    asyncio.run(story())


def test_close_stops_what_is_in_flight() -> None:
    class Endless(RecordingSender):
        async def send(self, request: OutgoingRequest) -> AttemptResult:
            await asyncio.Event().wait()
            raise AssertionError

    async def story() -> None:
        runtime, tenant, _ = make(Endless())
        run = created(runtime.execute(tenant, create_run(callback_url=CALLBACK_URL)))
        runtime.execute(tenant, CancelRun(run.id))
        await asyncio.sleep(0)
        await runtime.close()
        assert tenant.in_flight == 0
        assert list(runtime.background_errors) == []

    asyncio.run(story())
