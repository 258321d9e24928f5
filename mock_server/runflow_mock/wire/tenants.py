"""Tenants on the wire of the control API: the settings that make one, and what is told about it."""

from collections.abc import Callable, Mapping, Sequence, Sized
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.dialects import dialect_of
from runflow_mock.domain.documents import read_object
from runflow_mock.domain.hints import with_all
from runflow_mock.domain.instants import EARLIEST, LATEST, is_reachable
from runflow_mock.domain.money import format_money
from runflow_mock.domain.paces import Pace
from runflow_mock.domain.principals import SCOPES
from runflow_mock.domain.scenarios import Scenario
from runflow_mock.domain.secrets import objection_to_material
from runflow_mock.domain.tenants import CAP_MAX, PULL, PUSH, ClockMode, KeySpec, TenantSettings, is_tenant_name
from runflow_mock.wire.control import decode, duration, instant, money, refused
from runflow_mock.wire.inputs import read_input_schema
from runflow_mock.wire.paces import WirePace, read_pace, represent_pace
from runflow_mock.wire.quotas import WireQuota, check_quota, read_quota, represent_quota
from runflow_mock.wire.times import write_instant, write_optional

CLIENT_TIMES = ("wall", "virtual")
BATCH_ITEMS_MAX = 10_000
WAITS_MAX = 100
SEED_CHARACTERS_MAX = 1_000
KEYS_MAX = SCOPES_MAX = NAMED_MODELS_MAX = 1_000
"""How many keys a tenant may have, scopes each of them, and models that are named in a setting."""
FOLDERS_MAX, FOLDER_CHARACTERS_MAX = 100, 200
LIFETIME_MIN = timedelta(seconds=1)
SPEED_MIN = 0.000_001


class _Scaled(msgspec.Struct, forbid_unknown_fields=True):
    scale: float


class _Key(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    scopes: tuple[str, ...]


class WireTenant(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The body that makes a tenant."""

    name: str | None = None
    seed: str | int | None = None
    clock: str | _Scaled | None = None
    speed: float | None = None
    start: str | None = None
    balance: str | None = None
    scopes: tuple[str, ...] | None = None
    keys: tuple[_Key, ...] | None = None
    dialect: str | None = None
    switches: dict[str, str] = {}
    client_time: str | None = None
    real_waits: bool | None = None
    keep: bool | None = None
    deliveries: str | None = None
    callback_secret: str | None = None
    batch_limit: int | None = None
    concurrency: dict[str, int] | None = None
    paces: dict[str, WirePace] | None = None
    quota: WireQuota | msgspec.UnsetType | None = msgspec.UNSET
    strict: bool | None = None
    comfyui_beta: bool | None = None
    folders: tuple[str, ...] | None = None
    magic: bool | None = None
    output_lifetime: str | int | float | None = None
    scenario: str | dict[str, object] | None = None


# What a tenant is made from, besides its name and a scenario that may give the same.
SETTINGS = tuple(name for name in WireTenant.__struct_fields__ if name not in {"name", "scenario", "keep"})


def requested_name(raw: bytes) -> str | None:
    """Returns the name in a body, if it has one."""
    name = decode(raw, WireTenant).name
    if name is not None and not is_tenant_name(name):
        raise refused(f"name {name[:80]!r} must be of a-z, 0-9 and _, 1 to 64 of them: it becomes a part of the tenant's key")
    return name


def requested_scenario(raw: bytes) -> str | dict[str, object] | None:
    """Returns the name of a scenario in a body, or a whole one, if there is either."""
    return decode(raw, WireTenant).scenario


def decode_tenant(raw: bytes, defaults: TenantSettings) -> TenantSettings:
    """Returns the settings in a body, on top of the server's defaults."""
    body = decode(raw, WireTenant)
    clock, scale = (defaults.clock, defaults.scale) if body.clock is None else _clock(body.clock)
    # Whoever names a dialect means that one, and not what the server was told to speak.
    switches = {**(defaults.switches if body.dialect is None else {}), **body.switches}
    given = {_NAMES.get(name, name): read(value) for name, read in _READS.items() if (value := getattr(body, name)) is not None}
    quota = defaults.quota if body.quota is msgspec.UNSET else None if body.quota is None else read_quota(body.quota)
    settings = replace(defaults, clock=clock, scale=scale, switches=switches, quota=quota, **given)
    _check(settings)
    return settings


def apply_settings(scenario: Scenario, base: TenantSettings) -> TenantSettings:
    """Returns a tenant's settings with what the scenario says about them."""
    return replace(decode_tenant(scenario.settings, base), models=scenario.models)


def check_settings(settings: TenantSettings) -> None:
    """Accepts settings that come from elsewhere if a body could have led to them."""
    if not is_tenant_name(settings.name):
        raise refused(f"name {settings.name[:80]!r} must be of a-z, 0-9 and _, 1 to 64 of them")
    _seed(settings.seed)
    _clock(_Scaled(settings.scale))
    _speed(settings.speed)
    _batch_limit(settings.batch_items_max)
    _client_time(settings.client_time)
    _lifetime(settings.output_lifetime.total_seconds())
    if len(settings.retries.waits) > WAITS_MAX:
        raise refused(f"retries has {len(settings.retries.waits)} waits; {WAITS_MAX} are possible")
    _caps(settings.concurrency)
    _few(settings.paces, "paces", NAMED_MODELS_MAX)
    _few(settings.keys, "keys", KEYS_MAX)
    for scopes in (settings.scopes, *(key.scopes for key in settings.keys)):
        _scopes(scopes)
    if settings.quota is not None:
        check_quota(settings.quota, "quota.")
    if settings.start is not None:
        _start(settings.start.isoformat())
    for model in settings.models:
        try:
            read_input_schema(read_object(model.input_schema))
        except ValueError as error:
            raise refused(f"models, {model.id[:200]}: {error}") from None
    _check(settings)


def bytes_beyond(settings: TenantSettings, usual: TenantSettings) -> int:
    """Returns how many bytes settings hold beyond the usual ones, as they are sent."""
    size, least = (len(msgspec.json.encode(each)) for each in (settings, usual))
    return max(size - least, 0)


def represent_tenant(settings: TenantSettings, key: str, admin_key: str, keys: dict[str, str]) -> dict[str, object]:
    """Returns what there is to know about a tenant, its keys included: they are dummies."""
    return {
        "tenant": settings.name,
        "key": key,
        "admin_key": admin_key,
        "keys": keys,
        "seed": settings.seed,
        "clock": {"scale": settings.scale} if settings.clock is ClockMode.SCALED else settings.clock.value,
        "speed": settings.speed,
        "start": write_optional(settings.start),
        "balance": format_money(settings.balance),
        "scopes": list(settings.scopes),
        "dialect": settings.dialect,
        "switches": settings.switches,
        "client_time": settings.client_time,
        "real_waits": settings.real_waits,
        "keep": settings.keep,
        "deliveries": settings.deliveries,
        "batch_limit": settings.batch_items_max,
        "concurrency": settings.concurrency,
        "paces": {model: represent_pace(pace) for model, pace in settings.paces.items()},
        "quota": represent_quota(settings.quota),
        "strict": settings.strict,
        "comfyui_beta": settings.comfyui_beta,
        "folders": list(settings.folders),
        "magic": settings.magic,
        "output_lifetime": settings.output_lifetime.total_seconds(),
    }


def _clock(clock: str | _Scaled) -> tuple[ClockMode, float]:
    if isinstance(clock, _Scaled):
        if not 0 < clock.scale <= 1_000_000:
            raise refused(f"clock.scale {clock.scale} must be above 0 and at most 1000000")
        return ClockMode.SCALED, clock.scale
    return ClockMode(_choice("clock", clock, ("real", "manual", "auto"))), 1.0


def _speed(speed: float) -> float:
    if not SPEED_MIN <= speed <= 1_000_000:
        raise refused(f"speed {speed} must be from 0.000001 to 1000000; it divides the catalog's running times")
    return speed


def _start(text: str) -> datetime:
    start = instant(text, "start")
    if not is_reachable(start):
        raise refused(f"start {text[:80]!r} must be from {write_instant(EARLIEST)} to {write_instant(LATEST)}")
    return start


def _lifetime(value: str | int | float) -> timedelta:
    lifetime = duration(value, "output_lifetime")
    if lifetime < LIFETIME_MIN:
        raise refused(f"output_lifetime {value} must be at least {LIFETIME_MIN.total_seconds():g} s: expiries are whole seconds")
    return lifetime


def _seed(seed: str | int) -> str:
    text = str(seed)
    if len(text) > SEED_CHARACTERS_MAX:
        raise refused(f"seed has {len(text)} characters; {SEED_CHARACTERS_MAX} are possible")
    return text


def _scopes(scopes: Sequence[str]) -> tuple[str, ...]:
    _few(scopes, "scopes", SCOPES_MAX)
    for scope in scopes:
        if scope not in SCOPES:
            raise refused(f"scope {scope[:80]!r} does not exist{with_all(scope[:80], SCOPES, 'choose from')}")
    return tuple(scopes)


def _batch_limit(limit: int) -> int:
    if not 1 <= limit <= BATCH_ITEMS_MAX:
        raise refused(f"batch_limit {limit} must be from 1 to {BATCH_ITEMS_MAX}")
    return limit


def _few(given: Sized, name: str, most: int) -> None:
    if len(given) > most:
        raise refused(f"{name} has {len(given)} entries; {most} are possible")


def _caps(caps: dict[str, int]) -> dict[str, int]:
    _few(caps, "concurrency", NAMED_MODELS_MAX)
    for model, cap in caps.items():
        if not 1 <= cap <= CAP_MAX:
            raise refused(f"concurrency of {model[:80]!r}: {cap} must be from 1 to {CAP_MAX}; leave the model out for no cap")
    return caps


def _keys(keys: Sequence[_Key]) -> tuple[KeySpec, ...]:
    _few(keys, "keys", KEYS_MAX)
    return tuple(KeySpec(key.name, _scopes(key.scopes)) for key in keys)


def _folders(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > FOLDERS_MAX or not all(0 < len(name) <= FOLDER_CHARACTERS_MAX for name in names):
        raise refused(f"folders are at most {FOLDERS_MAX} names of 1 to {FOLDER_CHARACTERS_MAX} characters")
    return names


def _paces(wire: dict[str, WirePace]) -> dict[str, Pace]:
    _few(wire, "paces", NAMED_MODELS_MAX)
    try:
        return {model: read_pace(pace) for model, pace in wire.items()}
    except ValueError as error:
        raise refused(f"paces: {error}") from None


def _choice(name: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise refused(f"{name} {value[:80]!r} does not exist{with_all(value[:80], known)}")
    return value


def _client_time(value: str) -> str:
    return _choice("client_time", value, CLIENT_TIMES)


def _deliveries(value: str) -> str:
    return _choice("deliveries", value, (PUSH, PULL))


# What a body says becomes a setting of the same name, and is read in this order, so that the first wrong one is told.
_READS: Mapping[str, Callable[[Any], object]] = {
    "seed": _seed,
    "speed": _speed,
    "start": _start,
    "keys": _keys,
    "dialect": str,
    "batch_limit": _batch_limit,
    "concurrency": _caps,
    "paces": _paces,
    **dict.fromkeys(("real_waits", "keep", "strict", "comfyui_beta", "magic"), bool),
    "folders": _folders,
    "callback_secret": str,
    "output_lifetime": _lifetime,
    "balance": partial(money, name="balance"),
    "scopes": _scopes,
    "client_time": _client_time,
    "deliveries": _deliveries,
}
_NAMES = {"batch_limit": "batch_items_max"}


def _check(settings: TenantSettings) -> None:
    try:
        dialect_of(settings.dialect, settings.switches)
    except ValueError as error:
        raise refused(str(error)) from None
    for key in settings.keys:
        if not is_tenant_name(key.name):
            raise refused(f"keys: name {key.name[:80]!r} must be of a-z, 0-9 and _, 1 to 64 of them")
    objection = None if settings.callback_secret is None else objection_to_material(settings.callback_secret)
    if objection is not None:
        raise refused(f"callback_secret {objection}")
