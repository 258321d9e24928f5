"""Tenants: how one world is set up. The settings are fixed when the world is made; a reset makes a new world from them."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from runflow_mock.domain.batches import BATCH_ITEMS_DEFAULT_MAX
from runflow_mock.domain.deliveries import RetrySchedule
from runflow_mock.domain.models import Model
from runflow_mock.domain.money import Money
from runflow_mock.domain.paces import Pace
from runflow_mock.domain.principals import ADMIN_KEY_PREFIX, CUSTOMER_SCOPES, KEY_PREFIX
from runflow_mock.domain.quotas import Quota
from runflow_mock.domain.records import Limits

NAME = re.compile(r"[a-z0-9_]{1,64}")
STANDING_START = datetime(2026, 1, 1, tzinfo=UTC)
# How long the addresses of output files work. Source: `outputs.lifetime`.
OUTPUT_LIFETIME = timedelta(hours=24)
CAP_MAX = 1_000_000
NEW_ACCOUNT_BALANCE = Money(10_000_000)


# Whether callbacks leave by themselves, or wait for a test to carry them.
PUSH, PULL = "push", "pull"


class ClockMode(StrEnum):
    """How a tenant's time passes: as real time does, faster, only when told, or by itself when a client waits."""

    REAL = "real"
    SCALED = "scaled"
    MANUAL = "manual"
    AUTO = "auto"

    @property
    def stands(self) -> bool:
        """Whether time only moves by jumps."""
        return self in (ClockMode.MANUAL, ClockMode.AUTO)


class KeySpec(msgspec.Struct, frozen=True):
    """A further key of a tenant, with its own scopes."""

    name: str
    scopes: tuple[str, ...]


class TenantSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a world is made from.

    `speed` divides the catalog's running times and leaves the timestamps honest; `scale` makes the clock itself run faster.
    `dialect` names the bundle of switches and `switches` single ones on top of it. `concurrency` is how many runs of a model may be under
    way at once, by its path; the one of `*` counts for each model that is not named. `models` differ from the catalog's or come on top.
    `real_waits` says that the client is a process with a real clock, so that every pause of its is its own. `keep` says that it outlives
    the process, where the server keeps tenants at all. `folders` are the names of the organization's asset folders.
    `paces` are those of models in the place of the catalog's, by their paths; the one of `*` counts for each that is not named.
    """

    name: str
    seed: str = "0"
    clock: ClockMode = ClockMode.AUTO
    scale: float = 1.0
    speed: float = 1.0
    start: datetime | None = None
    balance: Money = NEW_ACCOUNT_BALANCE
    scopes: tuple[str, ...] = CUSTOMER_SCOPES
    keys: tuple[KeySpec, ...] = ()
    dialect: str = "seed"
    switches: dict[str, str] = {}
    client_time: str = "wall"
    real_waits: bool = False
    keep: bool = True
    deliveries: str = PUSH
    callback_secret: str | None = None
    batch_items_max: int = BATCH_ITEMS_DEFAULT_MAX
    concurrency: dict[str, int] = {}
    quota: Quota | None = None
    strict: bool = False
    output_lifetime: timedelta = OUTPUT_LIFETIME
    comfyui_beta: bool = True
    folders: tuple[str, ...] = ()
    magic: bool = True
    models: tuple[Model, ...] = ()
    paces: dict[str, Pace] = {}
    retries: RetrySchedule = RetrySchedule()
    limits: Limits = Limits()

    @property
    def knows_magic(self) -> bool:
        """Whether magic inputs have their effects: never under `strict`, which is the API as it is."""
        return self.magic and not self.strict


def is_tenant_name(text: str) -> bool:
    """Tells whether the text can name a tenant: it becomes a part of a key and of URLs."""
    return NAME.fullmatch(text) is not None


def name_in_key(key: str) -> str | None:
    """Returns the name of the tenant that a key names by itself, if it names one."""
    for prefix in (KEY_PREFIX, ADMIN_KEY_PREFIX):
        if key.startswith(prefix) and is_tenant_name(key[len(prefix) :]):
            return key[len(prefix) :]
    return None
