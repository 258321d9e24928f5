"""Addresses: what a capture says that was asked, and of whom. Only what the service's own hosts answered is believed.

A name counts in any case and with the dot of the root; a port of its own makes another host of it, since the service has none.
"""

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.wire.sites import HOSTS, Site

_USUAL_PORTS = (None, 80, 443)
_PORT = re.compile(r":[0-9]+$")


class Address(NamedTuple):
    """The path that was asked, and the host, unless it is one of the service's or unknown."""

    path: str
    host: str | None


def address_of(target: str, host: str = "") -> Address | None:
    """Returns the address in the API that a target leads to, absolute or at the host beside it; nothing where it leads elsewhere."""
    # Browsers take it for a slash, so that a host ends there, and other programs do not.
    if "\\" in target.partition("?")[0]:
        return None
    is_absolute = "://" in target.partition("?")[0]
    said = _authority(host)
    if not is_absolute and not target.startswith("/"):
        first, slash, rest = target.partition("/")
        names_host = not said and (":" in first or "." in first or first == "localhost")
        said, target = (first, slash + rest) if names_host else (said, f"/{target}")
    try:
        parts = urlsplit(target if is_absolute else f"//{said}{target}")
        site, other = _whose(parts.hostname or "", parts.port)
    except ValueError:
        return None
    if not is_absolute and not said:
        site, other = Site.API, None
    # Clients whose base address ends with /v1 may log what comes behind it.
    is_relative = said != "" and site is Site.API and not parts.path.startswith("/v1/")
    path = f"/v1{parts.path}" if is_relative else parts.path
    is_known = packaged_contract().address(path) is not None
    may_be_ours = is_known if site is None or is_relative else site is Site.API
    return Address(path, other) if may_be_ours and path.startswith("/v1/") else None


def authority_in(headers: Mapping[str, str]) -> str:
    """Returns whom the headers of a request name."""
    return headers.get(":authority") or headers.get("host") or ""


def other_host(authority: str) -> str | None:
    """Returns the host that an authority, or the address of a server, names, in one spelling; nothing where it is one of the service's."""
    said = _authority(authority)
    if not said:
        return None
    try:
        parts = urlsplit(f"//{said}")
        return _whose(parts.hostname or "", parts.port)[1]
    except ValueError:
        return said.lower()


def is_among(host: str, named: Collection[str | None]) -> bool:
    """Tells whether a host is one of those named, each with its port or for all of them."""
    return host in named or _PORT.sub("", host) in named


def _authority(text: str) -> str:
    """Returns the authority in a text that is one, or the address of a server."""
    return text.strip().rpartition("://")[2].partition("/")[0]


def _whose(name: str, port: int | None) -> tuple[Site | None, str | None]:
    name = name.rstrip(".")
    site = HOSTS.get(name) if port in _USUAL_PORTS else None
    written = f"[{name}]" if ":" in name else name
    return site, None if site is not None else written if port in _USUAL_PORTS else f"{written}:{port}"
