"""A world: the whole, deterministic, synchronous simulation of one tenant, without any I/O.

A command or a timer is decided by a handler that only reads; the events it returns are committed together with everything that follows
from them, and the callbacks to send come back as effects. A `DomainError` leaves before the commit, so that nothing is half done. So does
what cannot be recorded: every event is encoded before it changes the store. Whatever else goes wrong on the way is a bug of ours, and the
store is put back to where the history leads.
"""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from runflow_mock.domain.commands import AddCredit, Command, CreateSecret
from runflow_mock.domain.deliveries import AttemptStarted, Delivery, DeliveryStatus
from runflow_mock.domain.events import Event
from runflow_mock.domain.identity import OrganizationId, UserId, uuid7
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.seeds import Seed
from runflow_mock.domain.snapshots import Snapshot, Timer
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.engine.applying import apply
from runflow_mock.engine.deliveries import material_of
from runflow_mock.engine.handlers import COMMAND_HANDLERS, REACTIONS, continue_owner
from runflow_mock.engine.history import Base, Commit, History, Standing, encode, fold, repeat
from runflow_mock.engine.moment import Moment, Renderers
from runflow_mock.engine.snapshots import read_snapshot, write_snapshot
from runflow_mock.engine.store import Store


class SendCallback(msgspec.Struct, frozen=True, gc=False):
    """Send the last attempt of a delivery, and say what came of it with `RecordAttempt`."""

    delivery: Delivery
    secret: str | None


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What a command or timer led to: the events, the status each record had before its event, and what is to be done outside."""

    at: datetime
    events: tuple[Event, ...]
    before: tuple[str | None, ...]
    effects: tuple[SendCallback, ...]


class World:
    """One tenant's universe. `now` is where it stands; it moves only in `move_to` and `fire_next`."""

    def __init__(
        self, settings: TenantSettings, catalog: Catalog, render: Renderers, start: datetime, *, base: Base | None = None, commits: int = 0
    ) -> None:
        """Makes a world that begins at `start`, or one that began there and stands at a base by now, after a number of commits."""
        self.settings = settings
        self.catalog = (catalog.proven() if settings.strict else catalog).including(settings.models)
        self.started_at = start
        self.seed = Seed.from_text(settings.seed)
        self.org_id = OrganizationId(uuid7(start, 1, self.seed.child("organization")))
        self.user_id = UserId(uuid7(start, 1, self.seed.child("user")))
        stands = base or Base(start, 0, Store())
        self.now = stands.now
        self.sequence = stands.sequence
        # Another one: the base stays as it is, because the history is folded over it when a commit fails.
        self.store = Store() if base is None else stands.store.copy()
        self.history = History(stands, settings.limits.history_max, settings.limits.history_bytes_max, forgotten=commits)
        self._moment = Moment(
            store=self.store,
            settings=settings,
            catalog=self.catalog,
            render=render,
            now=self.now,
            sequence=self.sequence,
            seed=self.seed,
            org_id=self.org_id,
            user_id=self.user_id,
        )
        if base is None:
            self.execute(AddCredit(self.settings.balance))
            if self.settings.callback_secret is not None:
                self.execute(CreateSecret("pre-registered", self.settings.callback_secret))

    @classmethod
    def restore(cls, snapshot: Snapshot, catalog: Catalog, render: Renderers) -> "World":
        """Returns the world of a snapshot, which continues as the first one would have."""
        base = read_snapshot(snapshot)
        return cls(snapshot.settings, catalog, render, snapshot.started_at, base=base, commits=snapshot.commits)

    def snapshot(self) -> Snapshot:
        """Returns the world as it stands."""
        return write_snapshot(self.settings, self.started_at, self.history.total, Base(self.now, self.sequence, self.store))

    def snapshot_and_timers(self) -> tuple[Snapshot, Iterator[Timer]]:
        """Returns the world as it stands, its timers apart: to put many in order takes long, and is done while they are read."""
        base = Base(self.now, self.sequence, self.store)
        world = write_snapshot(self.settings, self.started_at, self.history.total, base, is_timed=False)
        return world, (Timer(due, owner) for due, owner in self.store.timers.copy().drained())

    def snapshot_before(self, history: History | Standing) -> Snapshot:
        """Returns the world as it stood before the oldest entry of its history."""
        return write_snapshot(self.settings, self.started_at, history.forgotten, history.base)

    def execute(self, command: Command) -> Outcome:
        """Carries a command out, whole.

        Raises:
            DomainError: it is refused, and the world has not changed.
        """
        moment = self._here()
        events = COMMAND_HANDLERS[type(command)](moment, command)
        return self._commit(moment, command, events)

    def fire_next(self) -> Outcome:
        """Moves to the next timer and fires it."""
        due, owner = self.store.timers.pop()
        self.now = max(self.now, due)
        moment = self._here()
        try:
            return self._commit(moment, None, continue_owner(moment, owner))
        except Exception:
            # A timer that cannot be carried out has gone off all the same, and nothing came of it: else it would be due for ever.
            self.store.timers.cancel(owner)
            self._commit(self._here(), None, ())
            raise

    def move_to(self, instant: datetime) -> None:
        """Moves to an instant up to which no timer is due; the past is left alone."""
        due = self.store.timers.next_due()
        assert due is None or due > instant, "a timer is due before this instant; fire it first"
        self.now = max(self.now, instant)

    def repeat(self, recorded: bytes) -> None:
        """Lets a commit happen again as it was recorded: nothing is decided anew, and nothing leaves.

        Raises:
            ValueError, LookupError: it is no commit of this world.
        """
        entry = repeat(self.store, recorded)
        self.now, self.sequence = max(self.now, entry.at), entry.sequence
        self.history.record(recorded, self.now, self.sequence, self.store)

    def under_way(self) -> tuple[SendCallback, ...]:
        """Returns the attempts that have begun and whose results are not known: in a restored world nobody else sends them."""
        deliveries = self.store.deliveries.values()
        return tuple(self._send(delivery) for delivery in deliveries if delivery.status is DeliveryStatus.DELIVERING)

    def _here(self) -> Moment:
        # One record serves all commands: nobody keeps it beyond the commit, and every request would pay for another.
        moment = self._moment
        moment.now, moment.sequence = self.now, self.sequence
        return moment

    def _commit(self, moment: Moment, command: Command | None, first: tuple[Event, ...]) -> Outcome:
        # Before anything happens: a refusal of the encoder at this point leaves nothing to put back.
        commit = Commit(self.now, command, first, moment.sequence)
        try:
            self._happen(moment, commit, first)
            events = tuple(commit.events)
            effects = self._effects(commit.attempts) if commit.attempts else ()
            entry = commit.entry(moment.sequence)
        # An interrupt from the keyboard as well: half of a commit must not stay.
        except BaseException:
            self.store.become(fold(self.history))
            raise
        self.sequence = moment.sequence
        self.history.record(entry, self.now, self.sequence, self.store)
        return Outcome(self.now, events, tuple(commit.before), effects)

    def _happen(self, moment: Moment, commit: Commit, events: tuple[Event, ...]) -> None:
        # What follows from an event precedes what was to come after it: a batch catches up with each member in turn.
        for event in events:
            commit.events.append(event)
            if type(event) is AttemptStarted:
                commit.attempts.append(event)
            commit.before.append(apply(self.store, event))
            react = REACTIONS.get(type(event))
            if react is not None:
                following = react(moment, event)
                if following:
                    # What cannot be recorded cannot happen.
                    encode(following)
                    self._happen(moment, commit, following)

    def _effects(self, attempts: list[AttemptStarted]) -> tuple[SendCallback, ...]:
        started = [self.store.deliveries[attempt.delivery_id] for attempt in attempts]
        # An attempt that has already ended is one that must not be sent.
        return tuple(self._send(delivery) for delivery in started if not delivery.is_terminal)

    def _send(self, delivery: Delivery) -> SendCallback:
        return SendCallback(delivery, material_of(self.store, self.seed, delivery))

    def __repr__(self) -> str:
        store = self.store
        return (
            f"<World {self.settings.name} at {self.now.isoformat()} "
            f"[runs: {len(store.runs)} | batches: {len(store.batches)} | timers: {len(store.timers)} | balance: {store.ledger.balance}]>"
        )
