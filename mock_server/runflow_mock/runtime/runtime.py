"""The runtime: brings worlds and the real world together.

It settles a world's time before every command, performs the effects that come out, and feeds each result back as another command. Where a
clock runs, an alarm of the event loop fires the timers that nobody asks for; where it stands, only `advance` and its kin, or a client's
poll under `auto`, move it. All changes of a world are synchronous calls: there is nothing to lock on the way of a request.
"""

import asyncio
import traceback
from asyncio import sleep
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator
from datetime import datetime, timedelta
from functools import partial
from sys import maxsize
from time import monotonic as real_monotonic
from time import perf_counter
from time import time as real_time
from typing import TYPE_CHECKING, Any

from runflow_mock.domain.commands import Command, CreateSecret, CreateWebhook, RemoveRule, SeePoll, UpdateWebhook
from runflow_mock.domain.instants import LATEST, instant_at, whole_milliseconds
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.scenarios import Scenario
from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.domain.snapshots import Timer
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.engine.journal import Journal
from runflow_mock.engine.polls import is_held
from runflow_mock.engine.world import Outcome
from runflow_mock.runtime.bounds import Bounds
from runflow_mock.runtime.callback_turns import CallbackTurns
from runflow_mock.runtime.change_feeds import ChangeFeeds
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.deliveries import Deliveries
from runflow_mock.runtime.holdings import Holdings
from runflow_mock.runtime.judgings import Judgings
from runflow_mock.runtime.keepers import Cluster
from runflow_mock.runtime.loop_watch import LoopWatch
from runflow_mock.runtime.media import MediaShelf
from runflow_mock.runtime.observers import NullObserver, Observer
from runflow_mock.runtime.polls import Poll
from runflow_mock.runtime.quotas import Meter
from runflow_mock.runtime.refusals import BeyondTime, StepsExceeded
from runflow_mock.runtime.sender import CallbackSender
from runflow_mock.runtime.steps import Timeline
from runflow_mock.runtime.tenants import Monotonic, Tenant, Tenants, WallClock, secrets_of
from runflow_mock.runtime.unbelieved import Unbelieved
from runflow_mock.wire.snapshots import SavedTenant
from runflow_mock.wire.timeline import represent_events, scrubbed_steps

if TYPE_CHECKING:
    from runflow_mock.openapi.contracts import Contract

# How many timers an advance, or an alarm, fires before it lets other requests in.
YIELD_EVERY_TIMERS = 100
# A moment is held against all rules: so many of them cost as much as a timer more.
RULES_PER_TIMER = 4
ALARM_SECONDS_MIN = 0.001
BACKGROUND_ERRORS_MAX = 100
# After these a world has a secret that it had not.
_TELLING = frozenset((CreateSecret, CreateWebhook, UpdateWebhook))

Sleep = Callable[[float], Coroutine[Any, Any, None]]


class Runtime:
    """All tenants of one server at work."""

    def __init__(
        self,
        config: Config,
        catalog: Catalog,
        sender: CallbackSender,
        *,
        contract: "Contract | None" = None,
        observer: Observer | None = None,
        monotonic: Monotonic = real_monotonic,
        wall: WallClock = real_time,
        timer: Monotonic = perf_counter,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.config = config
        self.catalog = catalog
        self.bounds = Bounds(config.bounds, self.warn, config.tenants_max)
        self.holdings = Holdings(self.bounds)
        self.scrubber = Scrubber((config.admin_token, config.callback_secret, *config.keys))
        self.loop_watch = LoopWatch(timer, self.warn)
        self.tenants = Tenants(config, catalog, self.scrubber, monotonic=monotonic, wall=wall, holdings=self.holdings)
        self.background_errors: deque[str] = deque(maxlen=BACKGROUND_ERRORS_MAX)
        self.unwritten: list[str] = []
        self.is_stopping = False
        self.looks = asyncio.Lock()
        # How many requests were answered, by operation and status.
        self.requests: Counter[tuple[str, int]] = Counter()
        self.wall, self.timer, self.sleep, self._monotonic = wall, timer, sleep, monotonic
        self.media = MediaShelf()
        self.judgings = Judgings(contract)
        turns, unbelieved = CallbackTurns(self.bounds.callback_sockets), Unbelieved(self.warn)
        self.deliveries = Deliveries(sender, wall, self.execute, self.report, scrubber=self.scrubber, unbelieved=unbelieved, turns=turns)
        self.observer: Observer = observer or NullObserver()
        self.lobby = Journal(config.limits.journal_max, config.limits.journal_bytes_max, self.scrubber, space=self.holdings.journals)
        self.feeds = ChangeFeeds(wall)
        self.tenants.on_change = self.feeds.replaced
        self.cluster: Cluster | None = None

    def execute(self, tenant: Tenant, command: Command) -> Outcome:
        """Carries a command out at the tenant's present, and whatever is due at once after it.

        Raises:
            DomainError: it is refused.
        """
        self.settle(tenant)
        return self.carry_out(tenant, command)

    def carry_out(self, tenant: Tenant, command: Command) -> Outcome:
        """Carries a command out in a world that was settled in this step of the event loop; see `execute`."""
        outcome = tenant.world.execute(command)
        if type(command) in _TELLING:
            for secret in secrets_of(tenant.world.store):
                self.scrubber.learn(secret, tenant.settings.name)
        self._follow(tenant, outcome)
        due = tenant.world.store.timers.next_due()
        if due is not None and due <= tenant.world.now:
            self.settle(tenant)
        elif tenant.clock.rate:
            self._arm(tenant, due)
        return outcome

    def settle(self, tenant: Tenant, timers_max: int = maxsize) -> bool:
        """Brings the world to where its clock stands, firing what is due on the way, and tells whether it is there.

        Beyond `timers_max` the alarm goes on with it. A tenant that was dropped stays where it is.
        """
        if tenant.is_dropped:
            return True
        left = self._bring_on(tenant, timers_max) if tenant.polls else timers_max
        if tenant.polls:
            return False
        world, present = tenant.world, tenant.present(self._monotonic())
        due = world.store.timers.next_due()
        while left > 0 and due is not None and (due <= present or due <= world.now):
            self._fire(tenant)
            due, left = world.store.timers.next_due(), left - cost_of_timer(tenant)
        is_there = due is None or due > present
        if present > world.now and is_there:
            world.move_to(present)
        if tenant.clock.rate:
            self._arm(tenant, due)
        return is_there

    def poll(self, tenant: Tenant, poll: Poll) -> None:
        """Counts a poll where a rule asks for the number of them; under `auto` the next change of what is polled comes at once.

        A poll costs a client a real pause, so each is worth a change of the very resource that it asks for; whatever else is due until then
        happens on the way, in order. While a callback is in flight, time stands still. What is more than one step may take happens piece
        by piece, and before anything else does in the tenant.
        """
        if tenant.is_dropped:
            return
        if tenant.settings.clock is ClockMode.AUTO and not tenant.moving.locked():
            tenant.polls.append(poll)
            self.settle(tenant, YIELD_EVERY_TIMERS)
        elif (counted := poll.counted(tenant.world.store)) is not None:
            self.execute(tenant, SeePoll(counted))

    async def advance(self, tenant: Tenant, to: datetime) -> Timeline:
        """Moves to an instant and returns what happened, once all of it has: the receivers' answers included.

        Raises:
            BeyondTime: no clock can stand there.
        """
        if to > LATEST:
            raise BeyondTime
        to = whole_milliseconds(to)
        return await self._move(tenant, lambda due: due <= to, to)

    async def advance_by(self, tenant: Tenant, by: timedelta) -> Timeline:
        """Moves on by a duration; see `advance`."""
        now = self.now(tenant)
        if by > LATEST - now:
            raise BeyondTime
        return await self.advance(tenant, now + by)

    async def next(self, tenant: Tenant) -> Timeline:
        """Moves to the next instant at which something is due and returns what happened there; nothing is due after `LATEST`."""
        self.settle(tenant)
        due = tenant.world.store.timers.next_due()
        return Timeline({}) if due is None or due > LATEST else await self.advance(tenant, due)

    async def run_until_idle(self, tenant: Tenant, limit: datetime = LATEST) -> Timeline:
        """Moves from timer to timer until none is left, or until `limit`."""
        return await self._move(tenant, lambda due: due <= limit, None)

    def now(self, tenant: Tenant) -> datetime:
        """Returns the tenant's present."""
        return max(tenant.world.now, tenant.present(self._monotonic()))

    def client_now(self, tenant: Tenant) -> datetime:
        """Returns where the clock stands with which the tenant's clients compare what they are told."""
        return tenant.world.now if tenant.settings.client_time == "virtual" else instant_at(self.wall())

    def meter(self, tenant: Tenant) -> Meter:
        """Returns the tenant's meter, brought to the present."""
        tenant.meter.pass_time(self._monotonic(), self.now(tenant), stands=not tenant.clock.rate)
        return tenant.meter

    def set_rate(self, tenant: Tenant, rate: float) -> None:
        """Lets the clock pass at another rate from now on; 0 lets it stand. At a high one much is due by the time this returns."""
        self.settle(tenant)
        self.meter(tenant)
        tenant.clock = tenant.clock.with_rate(rate, self._monotonic())
        tenant.alarm.stop()
        self.settle(tenant, YIELD_EVERY_TIMERS)
        self.feeds.moved(tenant)

    def reset(self, tenant: Tenant, what: str) -> None:
        """Replaces the tenant's world by a fresh one, or only forgets its journal or its fault rules."""
        if what == "journal":
            tenant.journal.clear()
            self.feeds.changed(tenant, "requests")
        elif what == "faults":
            for rule_id in tuple(tenant.world.store.rules):
                self.execute(tenant, RemoveRule(rule_id))
        else:
            self.tenants.repeat(tenant)

    def play(self, scenario: Scenario) -> None:
        """Takes the scenario for new tenants, and begins those anew that were made from the one before."""
        before, self.tenants.usual = self.tenants.usual, scenario
        for tenant in tuple(self.tenants):
            if tenant.scenario is before:
                self.tenants.create(tenant.basis, scenario, tenant.asked, tenant.sent)

    def warn(self, text: str) -> None:
        """Tells whoever observes the server of something that is not the server's fault."""
        self.observer.problem(self.scrubber.scrub_text(text))

    def save(self, tenant: Tenant) -> tuple[SavedTenant, Iterator[Timer]]:
        """Returns all of a tenant as it stands, its journal aside, and its timers apart: a thread may put them in order."""
        self.settle(tenant)
        (world, timers), files = tenant.world.snapshot_and_timers(), tenant.blobs.all()
        return SavedTenant(rate=tenant.clock.rate, changes=tenant.changes, reads=tenant.reads, world=world, files=files), timers

    def restore(self, prepared: Tenant) -> None:
        """Replaces a tenant by one that was prepared from a saved one.

        What was under way when it was saved is sent again; what is under way now is forgotten.

        Raises:
            DomainError: it does not fit here, and nothing has changed.
        """
        self.go_on(self.tenants.put(prepared))

    def go_on(self, tenant: Tenant) -> None:
        """Lets a tenant go on that was kept or saved: attempts that were under way go out again, and what has become due happens."""
        for effect in tenant.world.under_way():
            self.deliveries.perform(tenant, effect)
        self.settle(tenant, YIELD_EVERY_TIMERS)

    async def idle(self, tenant: Tenant) -> None:
        """Returns once nothing is in flight for the tenant, or it is gone."""
        while tenant.in_flight and not tenant.is_dropped:
            await tenant.quiet.wait()

    def stop(self) -> None:
        """Lets nobody wait any longer: the server is about to end."""
        self.is_stopping = True
        for tenant in self.tenants:
            tenant.wake()

    async def close(self) -> None:
        """Stops what is in flight and closes the sender."""
        for tenant in self.tenants:
            tenant.alarm.stop()
        await self.deliveries.close()

    async def _move(self, tenant: Tenant, is_wanted: Callable[[datetime], bool], to: datetime | None) -> Timeline:
        async with tenant.moving:
            timeline = Timeline(tenant.world.store.rules)
            tenant.timelines.append(timeline)
            try:
                for _ in range(tenant.settings.limits.steps_max):
                    if self.settle(tenant, YIELD_EVERY_TIMERS):
                        break
                    await sleep(0)
                await self._fire_while(tenant, is_wanted)
                if to is not None and not tenant.is_dropped:
                    tenant.world.move_to(to)
            finally:
                self._follow_clock(tenant)
                tenant.timelines.remove(timeline)
                self.feeds.moved(tenant)
            return timeline

    async def _fire_while(self, tenant: Tenant, is_wanted: Callable[[datetime], bool]) -> None:
        world, fired, since = tenant.world, 0, 0
        while not tenant.is_dropped:
            due = world.store.timers.next_due()
            if tenant.in_flight and (due is None or due > world.now):
                # Virtual time stands still while a callback is in flight; its answer may schedule something earlier.
                self._follow_clock(tenant)
                await self.idle(tenant)
                continue
            if due is None or not is_wanted(due):
                return
            if fired >= tenant.settings.limits.steps_max:
                raise StepsExceeded(tenant.settings.limits.steps_max)
            self._fire(tenant)
            fired, since = fired + 1, since + cost_of_timer(tenant)
            if since >= YIELD_EVERY_TIMERS:
                since = 0
                self._follow_clock(tenant)
                await sleep(0)

    def _bring_on(self, tenant: Tenant, timers_max: int) -> int:
        """Lets happen what polls bring about, up to a number of timers, and returns how many are left."""
        try:
            while tenant.polls and timers_max > 0:
                # Out of the way first: what cannot happen is not tried for ever.
                poll = tenant.polls.pop(0)
                if self._wants_more(tenant, poll):
                    self._fire(tenant)
                    timers_max -= cost_of_timer(tenant)
                    tenant.polls.insert(0, poll)
        finally:
            self._follow_clock(tenant)
            if tenant.polls:
                # Whatever else it was set for is due later, and the clock may take its time until then.
                tenant.alarm.set(tenant.world.now, 0, partial(self._ring, tenant))
        return timers_max

    def _wants_more(self, tenant: Tenant, poll: Poll) -> bool:
        store, due = tenant.world.store, tenant.world.store.timers.next_due()
        if poll.begins():
            counted = poll.counted(store)
            if counted is not None:
                self._follow(tenant, tenant.world.execute(SeePoll(counted)))
                due = store.timers.next_due()
            if is_held(store, poll.resource_id):
                return False
        is_possible = not tenant.in_flight and due is not None and due <= LATEST
        return is_possible and poll.wants_more(store, tenant.settings.limits.steps_max)

    def _fire(self, tenant: Tenant) -> None:
        self._follow(tenant, tenant.world.fire_next())

    def _follow(self, tenant: Tenant, outcome: Outcome) -> None:
        self.holdings.follow(tenant)
        for timeline in tenant.timelines:
            timeline.add(outcome)
        if self.observer.is_listening:
            steps = represent_events(outcome.events, outcome.before, tenant.world.store.rules)
            self.observer.steps(tenant.settings.name, scrubbed_steps(steps, self.scrubber))
        tenant.wake()
        if self.feeds.is_watched:
            self.feeds.happened(tenant, outcome)
        for effect in outcome.effects:
            self.deliveries.perform(tenant, effect)

    def _follow_clock(self, tenant: Tenant) -> None:
        # Before anybody else is let in: the clock of a tenant never stays behind its world.
        real = self._monotonic()
        if tenant.world.now > tenant.clock.at(real):
            tenant.clock = tenant.clock.jumped(tenant.world.now, real)
            if tenant.clock.rate:
                # It was set by the clock as that stood before.
                tenant.alarm.stop()
                self._arm(tenant, tenant.world.store.timers.next_due())

    def _arm(self, tenant: Tenant, due: datetime | None) -> None:
        if due is None or tenant.is_dropped or (tenant.alarm.due is not None and tenant.alarm.due <= due):
            return
        seconds = tenant.clock.real_seconds_until(due, self._monotonic())
        assert seconds is not None
        tenant.alarm.set(due, max(seconds, ALARM_SECONDS_MIN), partial(self._ring, tenant))

    def _ring(self, tenant: Tenant) -> None:
        started = self.timer()
        try:
            # Nobody waits for all of it: a request brings the world to the present by itself.
            self.settle(tenant, YIELD_EVERY_TIMERS)
        except Exception as error:
            self.report(tenant, error)
        self.loop_watch.note(f"timers of tenant {tenant.settings.name}", self.timer() - started)

    def report(self, tenant: Tenant | None, error: Exception) -> None:
        """Keeps an error that nobody asked for: a bug of ours, shown by `/_mock/health` and at a test's teardown."""
        whose = "no tenant" if tenant is None else f"tenant {tenant.settings.name}"
        place = traceback.extract_tb(error.__traceback__)[-1:]
        where = "".join(f" at {frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in place)
        text = f"{whose}: {type(error).__name__}: {error}{where}"
        self.background_errors.append(self.scrubber.scrub_text(text))
        self.observer.problem(self.scrubber.scrub_text("\n".join((text, *traceback.format_exception(error)))))


def cost_of_timer(tenant: Tenant) -> int:
    """Returns how many timers of a tenant without rules take as long as one of this tenant."""
    return 1 + len(tenant.world.store.rules) // RULES_PER_TIMER
