"""Assembles the Starlette application: the API, the control API, and nothing else."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic as real_monotonic
from time import time as real_time
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from runflow_mock.domain.models import Catalog
from runflow_mock.domain.outputs import MEDIA_PREFIX
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.observers import Observer
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.runtime.sender import CallbackSender, HttpSender
from runflow_mock.runtime.skills import load_skill
from runflow_mock.runtime.tenants import Monotonic, WallClock
from runflow_mock.web.api import Api
from runflow_mock.web.control.app import ControlApi
from runflow_mock.web.control.operations import CONTROL_OPERATIONS
from runflow_mock.web.media import Media
from runflow_mock.web.operations import API_OPERATIONS, SITE_OPERATIONS
from runflow_mock.web.storage import FILES, UPLOADS, Storage
from runflow_mock.web.sync_mode import SyncMode
from runflow_mock.wire.catalog import load_catalog


class Side(NamedTuple):
    """Everything below a prefix goes to one ASGI application, with its path untouched; an empty prefix takes what is left."""

    prefix: str
    app: ASGIApp


class Application(Starlette):
    """Starlette with sides in the place of routes and error pages: each answers every request below its prefix, and every error itself."""

    def __init__(self, sides: Sequence[Side], lifespan: Lifespan["Application"]) -> None:
        super().__init__(lifespan=lifespan)
        self._sides = tuple(sides)

    def build_middleware_stack(self) -> ASGIApp:
        """Returns the way to the sides; what is not HTTP is Starlette's own business."""
        return self._dispatch

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.router(scope, receive, send)
            return
        path = scope["path"]
        for prefix, app in self._sides:
            if path.startswith(prefix) or path + "/" == prefix:
                await app(scope, receive, send)
                return


def create_app(
    config: Config | None = None,
    *,
    catalog: Catalog | None = None,
    sender: CallbackSender | None = None,
    observer: Observer | None = None,
    monotonic: Monotonic = real_monotonic,
    wall: WallClock = real_time,
) -> Starlette:
    """Returns the fake as an ASGI application; `app.state.runtime` is what is behind it.

    Raises:
        CatalogError: a catalog file cannot be used.
        SkillError: the skill file cannot be used.
    """
    config = config or Config()
    if catalog is None:
        catalog = load_catalog(config.catalog, accept_unknown=config.unknown_models == "accept")
    if config.skill is not None:
        load_skill(config.skill)  # A file that cannot be served is told at the start.
    sender = sender or HttpSender(timeout_seconds=config.callback_timeout_seconds, ca_file=config.callback_ca)
    runtime = Runtime(config, catalog, sender, observer=observer, monotonic=monotonic, wall=wall)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await runtime.close()

    files = Media(runtime)
    inner = (Api(runtime, (*API_OPERATIONS, *SITE_OPERATIONS), SyncMode(runtime, files)), Storage(runtime), files)
    api, storage, media = (_for_browsers(side, config) for side in inner)
    control = ControlApi(runtime, CONTROL_OPERATIONS)
    # The side that is asked most comes first; the last one answers whatever belongs to none.
    prefixes: dict[str, ASGIApp] = {"/v1/": api, "/_mock/": control, UPLOADS: storage, FILES: storage, MEDIA_PREFIX: media, "": api}
    sides = [Side(prefix, side) for prefix, side in prefixes.items()]
    app = Application(sides, lifespan)
    app.state.runtime = runtime
    return app


def _for_browsers(side: ASGIApp, config: Config) -> ASGIApp:
    """Returns a side that pages of any origin may use, where that was asked for."""
    if not config.cors:
        return side
    return CORSMiddleware(side, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"], expose_headers=["*"])
