"""Worlds for tests: a world from a few settings, and the commands that tests send most."""

from datetime import UTC, datetime
from functools import cache

from runflow_mock.domain.commands import CreateBatch, CreateRun, NewItem, Origin
from runflow_mock.domain.dialects import BUNDLES
from runflow_mock.domain.documents import Json, write_document
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.money import parse_money
from runflow_mock.domain.runs import Run, RunCreated
from runflow_mock.domain.tenants import ClockMode, TenantSettings
from runflow_mock.engine.moment import Renderers
from runflow_mock.engine.world import Outcome, World
from runflow_mock.runtime.rendering import renderers_of
from runflow_mock.wire.catalog import load_catalog

START = datetime(2026, 1, 1, tzinfo=UTC)
ORIGIN = Origin("http://127.0.0.1:8787", "019b76da-a800-7000-8000-000000000001")
SHIRT: Json = {"image_url": "https://cdn.example.com/shirt.jpg"}
CALLBACK_URL = "http://127.0.0.1:9000/hook"


@cache
def catalog() -> Catalog:
    """The packaged catalog, read once."""
    return load_catalog()


def renderers(dialect: str = "seed") -> Renderers:
    """What a world needs to freeze payloads."""
    return renderers_of(BUNDLES[dialect])


def make_world(
    name: str = "test", *, seed: str = "0", balance: str = "10.00", callback_secret: str | None = None, folders: tuple[str, ...] = ()
) -> World:
    """A world that stands at the start of 2026."""
    settings = TenantSettings(
        name=name, seed=seed, clock=ClockMode.MANUAL, balance=parse_money(balance), callback_secret=callback_secret, folders=folders
    )
    return World(settings, catalog(), renderers(), START)


def create_run(model: str = "runflow/background-removal", inputs: Json = SHIRT, *, callback_url: str | None = None) -> CreateRun:
    """A command to run a model once."""
    return CreateRun(model=model, input=write_document(inputs), callback_url=callback_url, origin=ORIGIN)


def create_batch(items: int = 2, *, callback_url: str | None = None) -> CreateBatch:
    """A command to remove the background of a number of shirts."""
    return CreateBatch(
        model="runflow/background-removal",
        items=tuple(NewItem(write_document(SHIRT), f"sku-{number}") for number in range(items)),
        callback_url=callback_url,
        origin=ORIGIN,
    )


def created(outcome: Outcome) -> Run:
    """The run that a command has created."""
    event = outcome.events[0]
    assert isinstance(event, RunCreated)
    return event.run


def run_all(world: World) -> list[Outcome]:
    """Fires timers until none is left; callbacks are not answered."""
    outcomes = []
    while world.store.timers.next_due() is not None:
        outcomes.append(world.fire_next())
    return outcomes
