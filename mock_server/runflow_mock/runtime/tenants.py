"""Tenants at work: a world with its clock, journal, keys and what is in flight for it; and the registry that finds them by credential.

The credential is the tenant: the first use of a `rf_live_mock_<tenant>` key makes its world. A reset replaces the world, so that whatever
was in flight for the old one has nobody to report to.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from weakref import WeakValueDictionary

from msgspec.structs import replace

from runflow_mock.domain.clauses import JournalSubject
from runflow_mock.domain.dialects import dialect_of
from runflow_mock.domain.errors import LimitReached, ModelNotFound
from runflow_mock.domain.identity import uuid7
from runflow_mock.domain.instants import instant_at, whole_milliseconds
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.principals import ADMIN, ADMIN_KEY_PREFIX, CUSTOMER_SCOPES, KEY_PREFIX, Principal
from runflow_mock.domain.runs import Run
from runflow_mock.domain.scenarios import Scenario
from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.domain.snapshots import Snapshot, rename
from runflow_mock.domain.tenants import STANDING_START, ClockMode, TenantSettings, name_in_key
from runflow_mock.engine.clock import VirtualClock
from runflow_mock.engine.journal import Journal
from runflow_mock.engine.moment import Renderers
from runflow_mock.engine.slots import caps_by_id
from runflow_mock.engine.store import Store
from runflow_mock.engine.world import World
from runflow_mock.runtime.alarms import Alarm
from runflow_mock.runtime.blobs import Blobs
from runflow_mock.runtime.bounds import Bounds
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.holdings import Held, Holdings
from runflow_mock.runtime.keepers import Keeping, TenantKeeper
from runflow_mock.runtime.parked import ParkedAttempts
from runflow_mock.runtime.polls import Poll
from runflow_mock.runtime.quotas import Meter
from runflow_mock.runtime.readings import Readings
from runflow_mock.runtime.refusals import KeyTaken, ModelMissing, TenantUnavailable, refuse_contradictions, refuse_unusable
from runflow_mock.runtime.rendering import renderers_of
from runflow_mock.runtime.steps import Timeline
from runflow_mock.wire.inputs import InputChecks
from runflow_mock.wire.requests import Rules
from runflow_mock.wire.snapshots import SavedTenant
from runflow_mock.wire.tenants import apply_settings, bytes_beyond, decode_tenant

WallClock = Callable[[], float]
Monotonic = Callable[[], float]
# The body of a request that asks for nothing in particular.
NOTHING = b"{}"


class Tenant:
    """One world at work."""

    def __init__(
        self,
        settings: TenantSettings,
        rules: Rules,
        clock: VirtualClock,
        make_world: Callable[[Renderers], World],
        scrubber: Scrubber | None = None,
    ) -> None:
        self.settings = settings
        self.basis = settings
        self.scenario: Scenario | None = None
        self.asked, self.sent = NOTHING, 0
        self.dialect = dialect_of(settings.dialect, settings.switches, is_strict=settings.strict)
        self.rules = rules
        self.clock = clock
        self.journal = Journal(settings.limits.journal_max, settings.limits.journal_bytes_max, scrubber)
        self.in_flight = self.requests_under_way = self.waits_open = self.turns_behind = 0
        self.held = Held()
        self.quiet = asyncio.Event()
        self.quiet.set()
        self.moving, self.catching_up, self.looking = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
        self.polls: list[Poll] = []
        self.places_open = WeakValueDictionary[str, object]()
        self.timelines: list[Timeline] = []
        self.blobs = Blobs()
        self.parked = ParkedAttempts()
        self.change_events: set[asyncio.Event] = set()
        self.latest_subjects: dict[str, JournalSubject] = {}
        self.alarm = Alarm()
        self.meter = Meter(settings.quota, is_shown=self.dialect.rate_limit_headers == "full", is_virtual=settings.client_time == "virtual")
        self.readings = Readings()
        self.last_delivery: asyncio.Task[None] | None = None
        self.is_dropped = False
        self.kept: Keeping | None = None
        self.is_made_by_use = False
        # By the clock of the machine; of one that was kept or saved it is not known.
        self.made_at: float | None = None
        self.changes = self.reads = 0
        self.world = make_world(renderers_of(self.dialect))
        self.change_ids = self.world.seed.child("request", "change")
        self.read_prefix = uuid7(self.world.started_at, 0, self.world.seed.child("request", "read"))[:24]
        self.rendered: dict[str, tuple[Run, bytes]] = {}
        self.principals = {principal.key: principal for principal in _principals(settings, self.world)}

    def issue_request_id(self, *, changes: bool) -> str:
        """Returns the id of a request. Reads are counted apart, so that the ids in records do not depend on how often a client polls."""
        if changes:
            self.changes += 1
            return uuid7(self.world.now, self.changes, self.change_ids)
        self.reads += 1
        return f"{self.read_prefix}{self.reads:012x}"

    def present(self, real: float) -> datetime:
        """Returns where the clock stands for a real reading, in the whole milliseconds in which instants are written."""
        return whole_milliseconds(self.clock.at(real))

    def wake(self) -> None:
        """Has all look again who wait for something to happen in the tenant."""
        for changed in self.change_events:
            changed.set()

    @property
    def key(self) -> str:
        """The tenant's ordinary key."""
        return KEY_PREFIX + self.settings.name

    @property
    def admin_key(self) -> str:
        """The tenant's key with the admin scope."""
        return ADMIN_KEY_PREFIX + self.settings.name


class Tenants:
    """All tenants of a server, by name and by key.

    `usual` is the scenario with which a tenant begins that nobody configured; `on_change` hears of each that is made, replaced or dropped.
    """

    def __init__(
        self,
        config: Config,
        catalog: Catalog,
        scrubber: Scrubber | None = None,
        *,
        monotonic: Monotonic,
        wall: WallClock,
        holdings: Holdings | None = None,
    ) -> None:
        """Makes an empty registry.

        Raises:
            ConfigError: no tenant could be made with what the server was told.
        """
        refuse_unusable(config, catalog)
        self._config = config
        self._scrubber = scrubber or Scrubber()
        self._catalog = catalog
        self._inputs = InputChecks()
        self._holdings = holdings or Holdings(Bounds(config.bounds, print, config.tenants_max))
        self._monotonic = monotonic
        self._wall = wall
        self._named = 0
        self._by_name: dict[str, Tenant] = {}
        self._by_key: dict[str, tuple[Tenant, Principal]] = {}
        self.keeper: TenantKeeper[Tenant] | None = None
        self.usual: Scenario | None = None
        self.on_change: Callable[[Tenant], None] = lambda tenant: None

    def __len__(self) -> int:
        return len(self._by_name)

    def __iter__(self) -> Iterator[Tenant]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Tenant | None:
        """Returns the tenant of that name, if it exists."""
        return self._by_name.get(name)

    def find(self, key: str) -> tuple[Tenant, Principal] | None:
        """Returns the tenant and principal of a key, making the tenant on the first use of a key that names one.

        Raises:
            ServerFull: it would have to be made and there is no room.
        """
        known = self._by_key.get(key)
        if known is not None:
            return known
        name = self._config.keys.get(key) or name_in_key(key)
        if name is None:
            return None
        self.refuse_unreadable(name)
        present = self._by_name.get(name)
        if present is None:
            self.create(self._config.tenant(name), self.usual).is_made_by_use = True
        else:
            self.repeat(present)
        return self._by_key.get(key)

    def known(self, key: str) -> tuple[Tenant, Principal] | None:
        """Returns the tenant and principal of a key, where they exist already."""
        return self._by_key.get(key)

    def name_of(self, key: str) -> str | None:
        """Returns the name of the tenant that a key leads to, whether or not it exists."""
        known = self._by_key.get(key)
        return self._config.keys.get(key) or name_in_key(key) if known is None else known[0].settings.name

    def create(self, basis: TenantSettings, scenario: Scenario | None = None, asked: bytes = NOTHING, sent: int = 0) -> Tenant:
        """Makes a tenant, or replaces the one of the same name.

        The scenario's settings come on top of the basis, and those of `asked`, a body of the control API, on top of them. So many bytes
        were `sent` for it in all.

        Raises:
            ServerFull: there is no room for it.
            KeyTaken: a key of it leads to another tenant already.
            ModelNotFound: it caps a model that does not exist.
            LimitReached: the scenario has more rules or files than a tenant may hold.
            ControlError: the body cannot be used.
        """
        settings = decode_tenant(asked, basis if scenario is None else apply_settings(scenario, basis))
        if settings.concurrency or settings.paces:
            catalog, name = self._catalog.including(settings.models), settings.name
            caps, paces = caps_by_id(settings.concurrency, catalog, name), caps_by_id(settings.paces, catalog, name)
            settings = replace(settings, concurrency=caps, paces=paces)
        start = settings.start or (STANDING_START if settings.clock.stands else instant_at(self._wall()))
        start = whole_milliseconds(start)
        clock = VirtualClock(start, self._monotonic(), _RATES[settings.clock](settings))
        tenant = Tenant(
            settings, self._rules(settings), clock, lambda render: World(settings, self._catalog, render, start), self._scrubber
        )
        tenant.basis, tenant.scenario, tenant.asked, tenant.sent, tenant.made_at = basis, scenario, asked, sent, self._wall()
        if scenario is not None:
            for rule in scenario.rules:
                tenant.world.execute(rule)
            for content in scenario.contents:
                tenant.blobs.keep(content)
        return self._take(tenant)

    def repeat(self, tenant: Tenant) -> Tenant:
        """Makes a tenant anew, as it was at its beginning; see `create`."""
        return self.create(tenant.basis, tenant.scenario, tenant.asked, tenant.sent)

    def play(self, tenant: Tenant, scenario: Scenario, sent: int) -> Tenant:
        """Makes a tenant anew with a scenario, whose settings come on top of whatever the tenant was made with; see `create`."""
        basis = decode_tenant(tenant.asked, tenant.basis)
        return self.create(basis, scenario, sent=sent + bytes_beyond(basis, self._config.tenant(basis.name)))

    def prepare(self, name: str, saved: SavedTenant) -> Tenant:
        """Returns a tenant of that name made from a saved one, which may have had another name; the limits are this server's own.

        That takes long, and a thread may do it: nobody finds the tenant before it is put in its place.

        Raises:
            LimitReached: it holds more than it may here.
            ModelMissing: a run needs a model that is not in this server's catalog.
            Contradiction: an invariant does not hold in it.
        """
        named = rename(saved.world, name)
        snapshot = replace(named, settings=replace(named.settings, limits=self._config.limits))
        self._admit(snapshot, saved.files)
        clock = VirtualClock(snapshot.now, self._monotonic(), saved.rate)
        settings = snapshot.settings
        tenant = Tenant(
            settings, self._rules(settings), clock, lambda render: World.restore(snapshot, self._catalog, render), self._scrubber
        )
        refuse_contradictions(tenant.world.store, settings)
        tenant.changes, tenant.reads = saved.changes, saved.reads
        tenant.sent = bytes_beyond(settings, self._config.tenant(name))
        for data in saved.files:
            tenant.blobs.keep(data)
        return tenant

    def put(self, prepared: Tenant) -> Tenant:
        """Puts a prepared tenant into the place of the one of its name; its clock passes from now on.

        Raises:
            ServerFull, KeyTaken: as `create`.
        """
        prepared.clock = VirtualClock(prepared.world.now, self._monotonic(), prepared.clock.rate)
        return self._take(prepared)

    def revive(self, snapshot: Snapshot, files: Sequence[bytes], clock: VirtualClock, take_up: Callable[[Tenant], None]) -> Tenant:
        """Makes a tenant again as it was kept: from a snapshot, and what `take_up` makes of it; see `prepare` for what it raises."""
        snapshot = replace(snapshot, settings=replace(snapshot.settings, limits=self._config.limits))
        self._admit(snapshot, files)
        settings = snapshot.settings
        tenant = Tenant(settings, self._rules(settings), clock, lambda render: World.restore(snapshot, self._catalog, render))
        take_up(tenant)
        refuse_contradictions(tenant.world.store, settings)
        return self._holdings.keep_found(self._take(tenant, is_kept=True), bytes_beyond(settings, self._config.tenant(settings.name)))

    def let_go(self, tenant: Tenant) -> None:
        """Forgets a tenant as it stands in memory; what is kept of it stays."""
        if self._by_name.get(tenant.settings.name) is tenant:
            self._forget(tenant.settings.name)

    def unused_name(self) -> str:
        """Returns a name that no tenant has."""
        self._named += 1
        while f"t{self._named}" in self._by_name:
            self._named += 1
        return f"t{self._named}"

    def drop(self, name: str) -> Tenant | None:
        """Forgets a tenant with everything in it, and returns it."""
        tenant = self._forget(name)
        if tenant is not None and self.keeper is not None:
            self.keeper.forget(tenant)
        if tenant is not None:
            self.on_change(tenant)
        return tenant

    def _forget(self, name: str) -> Tenant | None:
        tenant = self._by_name.pop(name, None)
        if tenant is not None:
            self._holdings.release(tenant)
            tenant.is_dropped = True
            tenant.wake()
            tenant.quiet.set()
            tenant.alarm.stop()
            for key in (*tenant.principals, *(key for key, owner in self._config.keys.items() if owner == name)):
                self._by_key.pop(key, None)
        return tenant

    def refuse_unreadable(self, name: str) -> None:
        """Raises `TenantUnavailable` for a kept tenant whose file could not be read."""
        reason = None if self.keeper is None else self.keeper.refusal(name)
        if reason is not None:
            raise TenantUnavailable(name, reason)

    def _take(self, tenant: Tenant, *, is_kept: bool = False) -> Tenant:
        """Puts a tenant into the place of the one of its name, or refuses it and leaves everything as it is."""
        name = tenant.settings.name
        self._holdings.admit(tenant, self._by_name.get(name))
        for key in tenant.principals:
            owner = self._by_key.get(key)
            if owner is not None and owner[0].settings.name != name:
                raise KeyTaken(key, owner[0].settings.name)
        if self.keeper is not None and not is_kept:
            self.refuse_unreadable(name)
            # Nothing has changed yet: what cannot be written does not come to be.
            self.keeper.adopt(tenant, self._by_name.get(name))
        replaced = self._forget(name)
        for secret in secrets_of(tenant.world.store):
            self._scrubber.learn(secret, name)
        self._by_name[name] = tenant
        self._holdings.take(tenant)
        for principal in tenant.principals.values():
            self._by_key[principal.key] = (tenant, principal)
        for key, owned in self._config.keys.items():
            if owned == name:
                self._by_key[key] = (tenant, tenant.principals[tenant.key])
        self.on_change(replaced or tenant)
        return tenant

    def _admit(self, snapshot: Snapshot, files: Sequence[bytes]) -> None:
        limits = self._config.limits
        for name, records in (("runs_max", snapshot.runs), ("batches_max", snapshot.batches), ("deliveries_max", snapshot.deliveries)):
            if len(records) > getattr(limits, name):
                raise LimitReached(name, getattr(limits, name))
        if sum(map(len, files)) > limits.asset_bytes_max:
            raise LimitReached("asset_bytes_max", limits.asset_bytes_max)
        own = {workflow.id for workflow in snapshot.workflows}
        catalog = self._catalog.including(snapshot.settings.models)
        for run in {(run.model, run.workflow_id): run for run in snapshot.runs}.values():
            if run.workflow_id not in own:
                try:
                    if run.workflow_id not in catalog.workflows:
                        catalog.get(run.model)
                except ModelNotFound:
                    raise ModelMissing(run.id, run.model) from None

    def _rules(self, settings: TenantSettings) -> Rules:
        policy = replace(self._config.callbacks, is_strict=settings.strict)
        return Rules(self._inputs, policy, settings.batch_items_max, settings.knows_magic)


def secrets_of(store: Store) -> Iterator[str]:
    """Returns all secrets of a world."""
    yield from (secret.material for secret in store.secrets.values())
    yield from (webhook.secret for webhook in store.webhooks.values())


_RATES: dict[ClockMode, Callable[[TenantSettings], float]] = {
    ClockMode.REAL: lambda settings: 1.0,
    ClockMode.SCALED: lambda settings: settings.scale,
    ClockMode.MANUAL: lambda settings: 0.0,
    ClockMode.AUTO: lambda settings: 0.0,
}


def _principals(settings: TenantSettings, world: World) -> list[Principal]:
    name = settings.name
    specs = [
        (KEY_PREFIX + name, "default", settings.scopes),
        (ADMIN_KEY_PREFIX + name, "admin", (*CUSTOMER_SCOPES, ADMIN)),
        *((f"{KEY_PREFIX}{name}_{key.name}", key.name, key.scopes) for key in settings.keys),
    ]
    return [
        Principal(key=key, name=label, org_id=world.org_id, user_id=world.user_id, scopes=frozenset(scopes)) for key, label, scopes in specs
    ]
