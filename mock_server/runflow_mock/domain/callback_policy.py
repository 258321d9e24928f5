"""Where callbacks may go: what the API accepts as a callback URL, and which hosts the fake really calls.

Theory. The API takes HTTPS only. A local fake must reach plain `http://` on loopback and on named hosts, unless it is strict. Whatever is
accepted, the fake only ever calls loopback, allowed hosts and rewritten ones: it must never be a way to make it call arbitrary hosts.

Source: `callbacks.https-only`. The allowance and the rewriting are the kit's own.
"""

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from runflow_mock.domain.hosts import objection_to_name
from runflow_mock.domain.ports import PORT_MAX, PORT_OF_SCHEME

URL_CHARACTERS_MAX = 2048

# As in the contract's patterns: no credentials, and of IPv6 loopback alone.
_AUTHORITY = re.compile(r"(?P<host>[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[::1\])(?::(?P<port>[1-9][0-9]{0,4}))?", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*", re.ASCII)
_BLANK = re.compile(r"[\x00- \x7f]")
_END = re.compile(r"[/?#]")
_LOCAL_NAME = re.compile(r"(?:[a-z0-9][a-z0-9-]*\.)*localhost", re.ASCII | re.IGNORECASE)


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
    address = _split(url)
    if address is None:
        return f"{name} {_what_it_must(url)}"
    if address.scheme == "https":
        return None
    if address.scheme == "http" and not policy.is_strict and _may_be_called(policy, address.host):
        return None
    return f"{name} must be HTTPS"


def target_of(policy: CallbackPolicy, url: str) -> str | None:
    """Returns the URL that is really called for a callback URL, or nothing when its host must not be called."""
    address = _split(url)
    if address is None:
        return None
    for rewrite in policy.rewrites:
        # Scheme and host have no case, and the usual port need not be written.
        origin = _split(rewrite.origin)
        if origin is not None and origin.origin == address.origin:
            return rewrite.target + url.partition("://")[2][len(address.authority) :]
    return url if _may_be_called(policy, address.host) else None


def origin_of(url: str) -> str | None:
    """Returns scheme, host and port of a URL, in one spelling, or nothing where it has none that could be called."""
    address = _split(url)
    return None if address is None else f"{address.scheme}://{address.host}:{address.port}"


def is_origin(text: str) -> bool:
    """Tells whether a text is the beginning of callback URLs, up to their path."""
    address = _split(text)
    return address is not None and address.scheme in PORT_OF_SCHEME and text.partition("://")[2] == address.authority


def is_ip_address(host: str) -> bool:
    """Tells whether a host is given by its number, so that no resolver is asked for it."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


# To read a number takes longer than anything else that is asked of an address, and a client names one host in all of its requests.
@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Tells whether a host name or address is this machine's own."""
    if _LOCAL_NAME.fullmatch(host) is not None:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class _Address(NamedTuple):
    """What of a URL decides where it leads."""

    scheme: str
    host: str
    port: int
    authority: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Where it leads, however that is written."""
        return self.scheme, self.host, self.port


def _may_be_called(policy: CallbackPolicy, host: str) -> bool:
    return policy.is_open or is_loopback(host) or host in policy.hosts


@lru_cache(maxsize=256)
def _split(url: str) -> _Address | None:
    # `urlsplit` drops tabs and line breaks without a word: what is called would not be what was judged.
    if _BLANK.search(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    authority = _AUTHORITY.fullmatch(parts.netloc)
    if authority is None or int(authority["port"] or 0) > PORT_MAX or objection_to_name(authority["host"]) is not None:
        return None
    port = int(authority["port"] or PORT_OF_SCHEME.get(parts.scheme, 0))
    return _Address(parts.scheme, authority["host"].lower(), port, parts.netloc)


def _what_it_must(url: str) -> str:
    """Returns what a text would have to be, or not to have, to be an address that can be called."""
    scheme, _, rest = url.partition("://")
    authority = _END.split(rest, maxsplit=1)[0]
    host, colon, _ = authority.rpartition(":")
    if not authority or not _SCHEME.fullmatch(_BLANK.sub("", scheme)):
        return "must be an absolute URL"
    if "@" in authority:
        return "must not carry credentials (user:password@)"
    if _BLANK.search(url):
        return "must not have spaces or control characters"
    whole, named = _AUTHORITY.fullmatch(authority), _AUTHORITY.fullmatch(host)
    if whole is not None and (wrong := objection_to_name(whole["host"])) is not None:
        return wrong
    if colon and named is not None:
        kind = "one port" if named["port"] is not None else f"a port from 1 to {PORT_MAX}"
        return f"must have {kind}, not {authority[len(named['host']) + 1 :][:20]!r}"
    return f"must have a host of letters, digits, dots and hyphens, with none of these at its ends, or [::1], not {authority[:80]!r}"
