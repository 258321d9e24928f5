"""Configuration of a server: one record, filled from defaults, environment and command line, in this order."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from runflow_mock.domain.callback_policy import CallbackPolicy, Rewrite, is_origin
from runflow_mock.domain.hosts import objection_to_address, objection_to_name
from runflow_mock.domain.money import Money
from runflow_mock.domain.principals import ADMIN_KEY_PREFIX, KEY_PREFIX, looks_real
from runflow_mock.domain.quotas import Quota
from runflow_mock.domain.records import Limits
from runflow_mock.domain.tenants import CAP_MAX, NEW_ACCOUNT_BALANCE, OUTPUT_LIFETIME, ClockMode, TenantSettings
from runflow_mock.runtime.bounds import MEBIBYTE, BoundsMax

DEFAULT_PORT = 8787
DEFAULT_TLS_PORT = 8443
BROKER_SCHEMES = ("nats", "tls")

_CAP = re.compile(r"[0-9]{1,7}")
_TOKEN = re.compile(r"[!-~]{1,512}")
_SERVER = re.compile(r"https?://(?:[A-Z0-9_](?:[A-Z0-9_.-]*[A-Z0-9_])?|\[[0-9A-F:.]+\])(?::[1-9][0-9]{0,4})?", re.ASCII | re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|[0-9a-f:]*:[0-9a-f:.]*", re.ASCII)
_FACTOR = re.compile(r"[!-^`-~]*")
_BEHIND_PATH = re.compile(r"[?#]")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")


class ConfigError(ValueError):
    """A setting that cannot be used; the message names it, the value and the way out."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a server is made from.

    `keys` are explicit dummies (key → tenant). `public_url` replaces the address of the request in answers. `allowed_hosts` may address the
    control API besides loopback. `admin_token` guards its server-wide verbs where the server is not bound to loopback. `skill` is
    served in place of the packaged SKILL.md. With `tls_port` there is https too; its certificate is signed by the authority that the folder
    `state` keeps, and carries `tls_names` besides the usual ones.
    Tenants are kept in the folder `keep`, `keep_synced` against power loss too, or in the broker at `keep_url`; `after_restart` says where
    their clocks go on.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    tls_port: int | None = None
    tls_names: frozenset[str] = frozenset()
    state: Path | None = None
    seed: str = "0"
    clock: ClockMode = ClockMode.REAL
    scale: float = 1.0
    speed: float = 10.0
    start: datetime | None = None
    balance: Money = NEW_ACCOUNT_BALANCE
    dialect: str = "seed"
    switches: dict[str, str] = {}
    client_time: str = "wall"
    quota: Quota | None = None
    strict: bool = False
    comfyui_beta: bool = True
    magic: bool = True
    output_lifetime: timedelta = OUTPUT_LIFETIME
    keys: dict[str, str] = {}
    callback_secret: str | None = None
    callback_hosts: frozenset[str] = frozenset()
    callback_rewrites: tuple[Rewrite, ...] = ()
    callback_ca: Path | None = None
    callback_timeout_seconds: float = 10.0
    callbacks_open: bool = False
    admin_token: str | None = None
    public_url: str | None = None
    allowed_hosts: frozenset[str] = frozenset()
    cors: bool = False
    inspector: bool = True
    catalog: tuple[Path, ...] = ()
    scenario: str | None = None
    scenario_inline: str | None = None
    watch: bool = False
    unknown_models: str = "refuse"
    unknown_keys: str = "accept"
    skill: Path | None = None
    body_bytes_max: int = 72 * MEBIBYTE
    batch_items_max: int = 100
    concurrency: dict[str, int] = {}
    sync_seconds_max: float = 60.0
    tenants_max: int = 10_000
    keep: Path | None = None
    keep_url: str | None = None
    keep_synced: bool = False
    after_restart: str = "catch-up"
    limits: Limits = Limits()
    bounds: BoundsMax = BoundsMax()
    log_level: str = "info"
    log_format: str = "text"

    @property
    def callbacks(self) -> CallbackPolicy:
        """Where callbacks may go."""
        return CallbackPolicy(self.callback_hosts, self.callback_rewrites, self.strict, self.callbacks_open)

    def tenant(self, name: str) -> TenantSettings:
        """Returns the settings of a tenant that nobody configured."""
        return TenantSettings(
            name=name,
            seed=self.seed,
            clock=self.clock,
            scale=self.scale,
            speed=self.speed,
            start=self.start,
            balance=self.balance,
            dialect=self.dialect,
            switches=self.switches,
            client_time=self.client_time,
            callback_secret=self.callback_secret,
            batch_items_max=self.batch_items_max,
            concurrency=self.concurrency,
            quota=self.quota,
            strict=self.strict,
            comfyui_beta=self.comfyui_beta,
            magic=self.magic,
            output_lifetime=self.output_lifetime,
            limits=self.limits,
        )


def is_broker(keep: str) -> bool:
    """Tells whether what is given as `keep` is the address of a broker, and not a folder."""
    return keep.startswith(tuple(f"{scheme}://" for scheme in BROKER_SCHEMES))


def read_clock(text: str) -> tuple[ClockMode, float]:
    """Returns mode and scale of a text such as `real`, `manual`, `auto` or `scaled:60`.

    Raises:
        ConfigError: there is no such mode, or the scale is not a positive number.
    """
    mode, _, scale = text.partition(":")
    try:
        factor = float(scale) if scale else 1.0
        found = ClockMode(mode)
    except ValueError:
        found = None
    # Python reads digits of all scripts, and lines between digits.
    if found is None or not _FACTOR.fullmatch(scale):
        raise ConfigError(f"clock {text!r} is not one of real, manual, auto, scaled:FACTOR") from None
    if not 0 < factor <= 1_000_000 or (scale and found is not ClockMode.SCALED):
        raise ConfigError(f"clock {text!r}: write scaled:FACTOR with a factor above 0, for example scaled:60")
    return found, factor


def read_keys(text: str) -> dict[str, str]:
    """Returns key → tenant of a text such as `demo:test,ci:dummy-key`.

    Raises:
        ConfigError: a part is not `tenant:key`, or a key has characters that no header can carry safely, or leads to two tenants, be it
            by its form.
    """
    keys = dict[str, str]()
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        tenant, colon, key = part.partition(":")
        if not colon or not re.fullmatch(r"[a-z0-9_]{1,64}", tenant) or not _KEY.fullmatch(key):
            raise ConfigError(f"keys: {part!r} is not tenant:key with a tenant of a-z, 0-9, _ and a key of letters, digits, _ and -")
        if looks_real(key):
            raise ConfigError(f"keys: the key of {tenant} looks like a real Runflow key; use a dummy, such as {tenant}:test")
        if key.startswith((KEY_PREFIX, ADMIN_KEY_PREFIX)) and key != KEY_PREFIX + tenant:
            raise ConfigError(f"keys: {key} has a meaning of its own{_meaning(key, tenant)}; use a dummy, such as {tenant}:test")
        if keys.setdefault(key, tenant) != tenant:
            raise ConfigError(f"keys: one key leads to {keys[key]} and to {tenant}; give each tenant a key of its own")
    return keys


def _meaning(key: str, tenant: str) -> str:
    """Returns how a key that has a meaning by its form, but for the usual one of a tenant, concerns the tenant."""
    if key == ADMIN_KEY_PREFIX + tenant:
        return f": it is the admin key of {tenant}"
    name = key.removeprefix(f"{KEY_PREFIX}{tenant}_")
    return (
        f": it is the key {name} of {tenant}, or that of the tenant {tenant}_{name}"
        if name != key
        else f", and {tenant} is not meant by it"
    )


def read_admin_token(text: str | None) -> str | None:
    """Returns the token of server-wide verbs, if there is one.

    Raises:
        ConfigError: it is empty, so that anybody could send it, has characters that no header carries, or looks like a real key.
    """
    if text is not None and looks_real(text):
        raise ConfigError("admin-token: it looks like a real Runflow key; use a dummy")
    if text is not None and _TOKEN.fullmatch(text) is None:
        what = "is empty" if not text.strip() else "has spaces or other characters that a header does not carry"
        raise ConfigError(f"admin-token: it {what}; give one of visible ASCII characters, or leave the option out")
    return text


def read_rewrites(text: str) -> tuple[Rewrite, ...]:
    """Returns the rewrites of a text such as `https://app.example=http://web:8000`, several separated by commas.

    Raises:
        ConfigError: a part is not `origin=target`.
    """
    rewrites = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        origin, equals, target = part.partition("=")
        if not equals or not is_origin(origin) or _SERVER.fullmatch(target) is None or objection_to_address(target) is not None:
            raise ConfigError(f"callback-rewrite: {part!r} is not https://host=http://host:port (origins without a path)")
        rewrites.append(Rewrite(origin, target))
    return tuple(rewrites)


def read_caps(text: str) -> dict[str, int]:
    """Returns model → cap of a text such as `runflow/dyver-removal=2,*=5`.

    Raises:
        ConfigError: a part is not `model=number`, or the number is out of range.
    """
    caps = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        model, _, cap = part.rpartition("=")
        if not model or not (_CAP.fullmatch(cap) and 1 <= int(cap) <= CAP_MAX):
            raise ConfigError(f"concurrency: {part!r} is not model=number (or *=number) with a number from 1 to {CAP_MAX}")
        caps[model] = int(cap)
    return caps


def read_names(text: str) -> frozenset[str]:
    """Returns the names of hosts in a text, separated by commas, in lower case: they have none.

    Raises:
        ConfigError: a part is more than a host, or no host, so that it would never be met.
    """
    names = frozenset(filter(None, (piece.strip().lower() for piece in text.split(","))))
    for name in sorted(names):
        if _HOST.fullmatch(name) is None:
            raise ConfigError(f"{name[:200]!r} is not the name or the address of a host: give it without scheme, port and path")
        objection = objection_to_name(name)
        if objection is not None:
            raise ConfigError(f"{name[:200]!r} is not the name of a host: it {objection}")
    return names


def read_public_url(text: str | None) -> str | None:
    """Returns the base of the addresses in answers, without a slash at its end, if there is one.

    Raises:
        ConfigError: no client can reach anything below it.
    """
    if text is None:
        return None
    objection = objection_to_address(text) or ("must end with its path, without ? and #" if _BEHIND_PATH.search(text) else None)
    if objection is None and "@" in text:
        objection = "must not carry credentials (user:password@)"
    if objection is not None:
        raise ConfigError(f"public-url: {text.rpartition('@')[2]!r} is not an address such as https://mock.example:8787: it {objection}")
    return text.rstrip("/")


def environment_for_client(url: str, key: str) -> Mapping[str, str]:
    """Returns the variables by which a client under test finds the fake."""
    return {"RUNFLOW_API_KEY": key, "RUNFLOW_KEY": key, "RUNFLOW_BASE_URL": url, "RUNFLOW_API_BASE": url}
