"""A fake that keeps its tenants, in this process: begun, ended, or killed by taking its folder as it stands at that moment."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from worlds import catalog

from runflow_mock.domain.money import Money
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.openapi.contracts import Contract
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.keeping import Keeper
from runflow_mock.runtime.kept_files import Connect, connect
from runflow_mock.runtime.kept_tenants import LogSize
from runflow_mock.runtime.revivals import Clocks
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.runtime.sender import CallbackSender, RecordingSender
from runflow_mock.web.app import Application, create_app

KEY = "rf_live_mock_kept"
BASE_URL = "http://127.0.0.1:8787"
MODEL = "/v1/models/runflow/background-removal"
INPUT = {"image_url": "https://cdn.example.com/a.png"}


class Time:
    """Both real clocks, which go on when told."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


class KeptFake:
    """The fake at work, with its folder; `told` is what it said to whoever runs it."""

    def __init__(self, client: httpx.AsyncClient, runtime: Runtime, folder: Path, told: list[str]) -> None:
        self.client = client
        self.runtime = runtime
        self.folder = folder
        self.told = told

    async def call(self, method: str, path: str, body: object = None, *, key: str = KEY, **headers: str) -> httpx.Response:
        """Sends one request with the tenant's key."""
        content = {} if body is None else {"json": body}
        return await self.client.request(method, path, headers={"Authorization": f"Bearer {key}", **headers}, **content)  # type: ignore[arg-type]

    async def create_run(self, **more: object) -> dict[str, Any]:
        """Returns a new run."""
        answer = await self.call("POST", f"{MODEL}/runs", {"input": INPUT, **more})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def killed(self, to: Path) -> Path:
        """Returns a folder in which everything stands as if the process had been killed at this moment."""
        return Path(shutil.copytree(self.folder, to))


def made_app(time: Time, sender: CallbackSender | None, contract: Contract | None = None, **settings: Any) -> Application:
    """Returns a fake that is told the time and sends nothing, with a small catalogue and much money; nobody keeps its tenants yet."""
    settings["clock"] = ClockMode(settings.get("clock", "manual"))
    config = Config(**{"speed": 1.0, "balance": Money(1_000_000_000), **settings})
    app = create_app(config, catalog=catalog(), sender=sender or RecordingSender(), monotonic=time, wall=time, contract=contract)
    assert isinstance(app, Application)
    return app


@asynccontextmanager
async def kept_fake(
    folder: Path,
    *,
    time: Time | None = None,
    stands: bool = False,
    connect: Connect = connect,
    size: LogSize | None = None,
    sender: CallbackSender | None = None,
    **settings: Any,
) -> AsyncIterator[KeptFake]:
    """Runs the fake on a folder while the context lasts."""
    time = time or Time()
    told: list[str] = []
    app = made_app(time, sender, **settings)
    runtime: Runtime = app.state.runtime
    clocks = Clocks(time, time)
    keeper = Keeper(folder, stands=stands, clocks=clocks, connect=connect, size=size or LogSize(), tell=told.append)
    runtime.tenants.keeper = keeper
    keeper.revive(runtime.tenants, runtime.go_on)
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE_URL) as client:
            yield KeptFake(client, runtime, folder, told)
    finally:
        await runtime.close()
        keeper.close(runtime.tenants)


class Failing(sqlite3.Connection):
    """A database whose statements fail, from the `fails_at`-th write on, as on a full disk."""

    writes = 0
    fails_at: int | None = None

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        """Runs a statement, or fails. The real disk below is never waited for: how busy it is decides nothing."""
        self._count(sql)
        if sql.startswith("PRAGMA synchronous ="):
            sql = "PRAGMA synchronous = OFF"
        return super().execute(sql, *arguments)

    def executemany(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        """Runs a statement with many rows, or fails."""
        self._count(sql)
        return super().executemany(sql, *arguments)

    @classmethod
    def _count(cls, sql: str) -> None:
        if sql.startswith(("INSERT", "DELETE", "UPDATE", "BEGIN", "COMMIT", "VACUUM")):
            cls.writes += 1
            if cls.fails_at is not None and cls.writes >= cls.fails_at:
                raise sqlite3.OperationalError("database or disk is full")


def disk() -> tuple[type[Failing], Connect]:
    """Returns a disk of its own for one test, and what opens files on it."""

    class Disk(Failing):
        pass

    def open_on_it(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, timeout=0.2, factory=Disk)

    return Disk, open_on_it


def bases(folder: Path) -> int:
    """Returns how often a base has taken the place of another one."""
    with sqlite3.connect(folder / "kept.sqlite") as file:
        (generation,) = file.execute("SELECT value FROM meta WHERE name = 'generation'").fetchone()
    file.close()
    return int(generation)


async def settled(fake: KeptFake) -> None:
    """Returns when nothing is left to be written."""
    for tenant in fake.runtime.tenants:
        if tenant.kept is not None:
            tenant.kept.touch()
            await tenant.kept.written()
    await asyncio.sleep(0)


async def everything(fake: KeptFake) -> dict[str, Any]:
    """What a client and its test can see of a tenant, but for what depends on how often they looked."""
    paths = ("/v1/runs", "/v1/batches", "/v1/billing/balance", "/v1/callback-secrets", "/_mock/ledger", "/_mock/faults")
    seen = {path: (await fake.call("GET", path)).json() for path in paths}
    clock = (await fake.call("GET", "/_mock/clock")).json()
    seen["clock"] = {name: clock[name] for name in ("now", "mode", "rate", "speed", "next_due", "timers")}
    seen["history"] = fake.runtime.tenants.find(KEY)[0].world.history.encoded()  # type: ignore[index]
    return seen
