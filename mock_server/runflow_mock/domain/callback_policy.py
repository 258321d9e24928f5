"""Where callbacks may go: what the API accepts as a callback URL, and which hosts the fake really calls.

Theory. The API takes HTTPS only. A local fake must reach plain `http://` on loopback and on named hosts, unless it is strict. Whatever is
accepted, the fake only ever calls loopback, allowed hosts and rewritten ones: it must never be a way to make it call arbitrary hosts.

Source: `callbacks.https-only`. The allowance and the rewriting are the kit's own.
"""

import ipaddress
from urllib.parse import SplitResult, urlsplit

import msgspec

URL_CHARACTERS_MAX = 2048


class Rewrite(msgspec.Struct, frozen=True):
    """Callbacks for one origin go to another: `https://app.example` → `http://web:8000`."""

    origin: str
    target: str


class CallbackPolicy(msgspec.Struct, frozen=True):
    """The hosts that may be called besides loopback, the rewritten origins, and whether plain HTTP is refused everywhere.

    `is_open` is for a sender that stays within the process: it may be asked for any host.
    """

    hosts: frozenset[str] = frozenset()
    rewrites: tuple[Rewrite, ...] = ()
    is_strict: bool = False
    is_open: bool = False


def objection(policy: CallbackPolicy, url: str, name: str = "callback_url") -> str | None:
    """Returns why a callback URL is not accepted, or nothing when it is; `name` is the field it stands in."""
    parts = _split(url)
    if parts is None or not parts.hostname:
        return f"{name} must be an absolute URL"
    if parts.scheme == "https":
        return None
    if parts.scheme == "http" and not policy.is_strict and _may_be_called(policy, parts.hostname):
        return None
    return f"{name} must be HTTPS"


def target_of(policy: CallbackPolicy, url: str) -> str | None:
    """Returns the URL that is really called for a callback URL, or nothing when its host must not be called."""
    for rewrite in policy.rewrites:
        if url == rewrite.origin or url.startswith((rewrite.origin + "/", rewrite.origin + "?")):
            return rewrite.target + url[len(rewrite.origin) :]
    parts = _split(url)
    return url if parts is not None and parts.hostname and _may_be_called(policy, parts.hostname) else None


def is_loopback(host: str) -> bool:
    """Tells whether a host name or address is this machine's own."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _may_be_called(policy: CallbackPolicy, host: str) -> bool:
    return policy.is_open or is_loopback(host) or host in policy.hosts


def _split(url: str) -> SplitResult | None:
    if any(character <= " " or character == "\x7f" for character in url):
        return None
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        return parts if parts.port is None or parts.port > 0 else None
    except ValueError:
        return None
