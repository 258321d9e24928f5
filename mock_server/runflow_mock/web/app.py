"""Assembles the Starlette application: the API, the control API, and nothing else."""

import asyncio
import sys
from asyncio import create_task, to_thread
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from importlib import import_module
from time import monotonic as real_monotonic
from time import perf_counter
from time import time as real_time
from typing import TYPE_CHECKING, NamedTuple

from starlette.applications import Starlette
from starlette.types import ASGIApp, Lifespan, Message, Receive, Scope, Send

from runflow_mock.domain.models import Catalog
from runflow_mock.domain.outputs import MEDIA_PREFIX
from runflow_mock.runtime.config import Config, ConfigError
from runflow_mock.runtime.observers import Observer
from runflow_mock.runtime.runtime import Runtime, Sleep
from runflow_mock.runtime.sender import CallbackSender, HttpSender
from runflow_mock.runtime.skills import load_skill
from runflow_mock.runtime.tenants import Monotonic, WallClock
from runflow_mock.web.api import Api
from runflow_mock.web.bodies import SMALL_BYTES_MAX, is_large
from runflow_mock.web.browsers import LeadBrowsers
from runflow_mock.web.calls import Give, Handler, headers_of
from runflow_mock.web.hosts import operations_at
from runflow_mock.web.media import Media
from runflow_mock.web.operations import API_OPERATIONS, SITE_OPERATIONS
from runflow_mock.web.routing import Operation
from runflow_mock.web.storage import FILES, UPLOADS, Storage
from runflow_mock.web.sync_mode import SyncMode
from runflow_mock.web.waiting import Holding
from runflow_mock.wire.catalog import load_catalog
from runflow_mock.wire.sites import HOSTS, Site

if TYPE_CHECKING:
    from runflow_mock.openapi.contracts import Contract
    from runflow_mock.runtime.keeping import Keeper
    from runflow_mock.runtime.scenarios import ScenarioWatch
    from runflow_mock.web.clusters import Membership
    from runflow_mock.web.control.app import ControlApi


class Side(NamedTuple):
    """Everything below a prefix goes to one ASGI application, with its path untouched; an empty prefix takes what is left."""

    prefix: str
    app: ASGIApp


Sides = tuple[Side, ...]
Bring = Callable[[Scope, Send], Awaitable[bool]]
CONTROL_MODULE = "runflow_mock.web.control.operations"
_SITES = {host.encode(): site for host, site in HOSTS.items()}


class Application(Starlette):
    """Starlette with sides in the place of routes and error pages: each answers every request below its prefix, and every error itself.

    `sides_at` gives those that there are under a host of the service's own. `bring` sees to it first that the tenant is here, or answers.
    """

    def __init__(
        self, sides: Sides, sides_at: Callable[[Site], Sides], lifespan: Lifespan["Application"], bring: Bring | None = None
    ) -> None:
        super().__init__(lifespan=lifespan)
        self.bring = bring
        self._sides = sides
        self._sides_at = sides_at

    def build_middleware_stack(self) -> ASGIApp:
        """Returns the way to the sides; what is not HTTP is Starlette's own business."""
        return self._dispatch

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.router(scope, receive, self._without_trace(send))
            return
        if self.bring is not None and not await self.bring(scope, send):
            return
        side = self._side_of(scope)
        if side is not None:
            await side(scope, receive, send)

    def at_once(self, scope: Scope, body: bytes, give: Give) -> None:
        """Gives the answer to a request that is here as a whole, or what answers it where that takes more than a look at what is here."""
        is_long = is_large(scope) or len(body) > SMALL_BYTES_MAX
        side = None if self.bring is not None or is_long else self._side_of(scope)
        if isinstance(side, (Api, _WhenAsked)):
            side.at_once(scope, body, give)
        else:
            give(self)

    def _side_of(self, scope: Scope) -> ASGIApp | None:
        path = scope["path"]
        host: bytes = headers_of(scope).get(b"host", b"")
        site = _SITES.get(host.partition(b":")[0].lower())
        for prefix, app in self._sides if site is None else self._sides_at(site):
            if path.startswith(prefix) or path + "/" == prefix:
                return app
        return None

    def _without_trace(self, send: Send) -> Send:
        """Returns what tells a server how the start went: of an option that cannot be used whoever started it says so, in a line."""

        async def tell(message: Message) -> None:
            is_told = message["type"] == "lifespan.startup.failed" and self.state.refused
            await send({**message, "message": ""} if is_told else message)

        return tell


class KeptNowhere:
    """Tenants end with the process; all that there are are here, and need not be brought."""

    bring: Bring | None = None

    async def join(self) -> None:
        """Does nothing."""

    async def leave(self) -> None:
        """Does nothing."""


class KeptHere(KeptNowhere):
    """Tenants are in files of this machine, which are read at the start."""

    def __init__(self, runtime: Runtime, keeper: "Keeper") -> None:
        self._runtime = runtime
        self._keeper = runtime.tenants.keeper = keeper

    async def join(self) -> None:
        """Reads the files."""
        self._keeper.revive(self._runtime.tenants, self._runtime.go_on)

    async def leave(self) -> None:
        """Writes what is still to be written."""
        self._keeper.close(self._runtime.tenants)


def create_app(
    config: Config | None = None,
    *,
    catalog: Catalog | None = None,
    contract: "Contract | None" = None,
    sender: CallbackSender | None = None,
    observer: Observer | None = None,
    monotonic: Monotonic = real_monotonic,
    wall: WallClock = real_time,
    timer: Monotonic = perf_counter,
    sleep: Sleep = asyncio.sleep,
    on_stop: Callable[[Runtime], Awaitable[None]] | None = None,
) -> Application:
    """Returns the fake as an ASGI application; `app.state.runtime` is what is behind it, and `on_stop` looks at it once all is answered.

    A `contract` of the user's judges the exchanges in place of the packaged one; it never decides what the fake answers. The `timer`
    measures how long answers take.

    Raises:
        CatalogError: a catalog file cannot be used.
        SkillError: the skill file cannot be used.
        ConfigError, ScenarioFileError: the scenario or the file of authorities cannot be used.
    """
    config = config or Config()
    if catalog is None:
        catalog = load_catalog(config.catalog, accept_unknown=config.unknown_models == "accept")
    if config.skill is not None:
        load_skill(config.skill)  # A file that cannot be served is told at the start.
    sender = sender or HttpSender(timeout_seconds=config.callback_timeout_seconds, ca_file=config.callback_ca)
    runtime = Runtime(
        config, catalog, sender, contract=contract, observer=observer, monotonic=monotonic, wall=wall, timer=timer, sleep=sleep
    )

    keeping = _keeping(runtime, config, monotonic, wall)
    watch = _play(config, runtime)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            await keeping.join()
        except ConfigError as error:
            app.state.refused.append(error)
            raise
        beside = [create_task(runtime.loop_watch.pulse())]
        if watch is not None:
            beside.append(create_task(watch.keep_looking()))
        yield
        for task in beside:
            task.cancel()
        try:
            if on_stop is not None:
                await on_stop(runtime)
        finally:
            # Whoever looks at the end may fail: what is kept is written all the same.
            await runtime.close()
            await keeping.leave()

    app = Application(*_assemble(runtime), lifespan, keeping.bring)
    app.state.runtime = runtime
    app.state.refused = list[ConfigError]()
    return app


def _play(config: Config, runtime: Runtime) -> "ScenarioWatch | None":
    """Lets new tenants begin with the scenario that was asked for; returns the watch over its file, where that was asked for too."""
    if config.scenario is None and config.scenario_inline is None:
        return None
    from runflow_mock.runtime.scenarios import ScenarioWatch, configured_scenario, find_scenario_file

    runtime.tenants.usual = configured_scenario(config, runtime.catalog)
    return ScenarioWatch(find_scenario_file(config.scenario), runtime) if config.scenario and config.watch else None


def _keeping(runtime: Runtime, config: Config, monotonic: Monotonic, wall: WallClock) -> "Membership | KeptHere | KeptNowhere":
    """Returns what keeps the tenants; database and client library are only loaded where they are asked for."""
    if config.keep_url is not None:
        try:
            from runflow_mock.runtime.revivals import Clocks
            from runflow_mock.web.clusters import membership
        except ModuleNotFoundError:
            raise ConfigError("keep: a broker needs the client of NATS: pip install 'runflow-mock[cluster]'") from None
        return membership(runtime, config, Clocks(monotonic, wall))
    if config.keep is not None:
        from runflow_mock.runtime.keeping import open_keeper
        from runflow_mock.runtime.revivals import Clocks

        return KeptHere(runtime, open_keeper(config, Clocks(monotonic, wall), runtime.warn))
    return KeptNowhere()


def _assemble(runtime: Runtime) -> tuple[Sides, Callable[[Site], Sides]]:
    """Returns the sides, and what gives those of the service's own hosts: they are made when a client first asks for one."""
    config, media = runtime.config, Media(runtime)
    hold = Holding(runtime, SyncMode(runtime, media))
    control = _WhenAsked(partial(_control, runtime), CONTROL_MODULE)
    storage = _for_browsers(Storage(runtime), config)
    files = {UPLOADS: storage, FILES: storage, MEDIA_PREFIX: _for_browsers(media, config)}

    def with_api(operations: tuple[Operation[Handler], ...], *, is_local: bool = False) -> Sides:
        api = _for_browsers(Api(runtime, operations, hold), config)
        # The side that is asked most comes first; the last one answers whatever belongs to none.
        prefixes: dict[str, ASGIApp] = {
            "/v1/": api,
            "/_mock/": control,
            **files,
            "": LeadBrowsers(api) if is_local and config.inspector else api,
        }
        return tuple(Side(prefix, side) for prefix, side in prefixes.items())

    @cache
    def at_host(site: Site) -> Sides:
        if site is Site.API:
            return with_api(operations_at(site))
        # The other hosts are sites for people and agents: all there is public, and a key opens nothing.
        return Side("/_mock/", control), Side("", Api(runtime, operations_at(site), hold, takes_keys=False))

    return with_api((*API_OPERATIONS, *SITE_OPERATIONS), is_local=True), at_host


class _WhenAsked:
    """A side that is loaded with the first request to it: the client under test asks for none of it, and need not wait for it.

    Its modules are imported beside the loop, on which others go on meanwhile; the side itself is made on it, once.
    """

    def __init__(self, load: Callable[[], "ControlApi"], module: str) -> None:
        self._loaded = cache(load)
        self._module = module
        self._is_imported = module in sys.modules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A module stands among the others before it is whole: whoever comes meanwhile waits in a thread as well.
        if not self._is_imported:
            await to_thread(import_module, self._module)
            self._is_imported = True
        await self._loaded()(scope, receive, send)

    def at_once(self, scope: Scope, body: bytes, give: Give) -> None:
        """Gives the answer of a side that is loaded, or what goes on with the request."""
        if self._is_imported:
            self._loaded().at_once(scope, body, give)
        else:
            give(self)


def _control(runtime: Runtime) -> "ControlApi":
    from runflow_mock.web.control.app import ControlApi
    from runflow_mock.web.control.operations import CONTROL_OPERATIONS

    return ControlApi(runtime, CONTROL_OPERATIONS)


def _for_browsers(side: ASGIApp, config: Config) -> ASGIApp:
    """Returns a side that pages of any origin may use, where that was asked for."""
    if not config.cors:
        return side
    from runflow_mock.web.cors import ForPages

    return ForPages(side)
