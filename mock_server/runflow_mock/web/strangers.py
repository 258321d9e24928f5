"""Strangers: whether a request was sent by a page of somebody else in the browser of whoever runs the server.

Theory. A browser says of most requests which page they come from (`Origin`), and of all how that page stands to the server
(`Sec-Fetch-Site`). Programs that are no browsers say neither. A page's origin is ours if it was served from this machine, or by a host that
the operator named; an address or a short name elsewhere in the network is not, although it may well be a name of ours. Without an origin,
only a page that is our own, and nobody's page (the address bar), are let in: a neighbour's (`same-site`) is another host's or port's, and
nobody says whose. That a user follows a link to us is no harm, because a page cannot read what it leads to.
"""

import re
from urllib.parse import urlsplit

from runflow_mock.domain.callback_policy import is_ip_address, is_loopback
from runflow_mock.runtime.config import Config
from runflow_mock.web.calls import Call
from runflow_mock.wire.sites import HOSTS

# As a browser writes one: neither user nor path, nor anything behind a number in brackets that `urlsplit` would drop.
_ORIGIN = re.compile(r"https?://([^/?#@\\\s]+)", re.IGNORECASE | re.ASCII)
_PAGE = re.compile(r"https?://([^/?#]*)", re.IGNORECASE | re.ASCII)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.%a-z_-]+\]|[a-z0-9_.-]+)(?::[0-9]{0,5})?", re.IGNORECASE | re.ASCII)
_OWN_SITES = ("", "same-origin", "none")
_REFUSED = (
    "this server makes none at the first use of a key (--unknown-keys refuse): make one with POST /_mock/tenants. In pytest each test has "
    "a key of its own, runflow.api_key, and a client that was made in another test has the key of that one"
)
_FROM_ELSEWHERE = (
    "a page from another origin makes none. Use the key once from this machine, or name the page's host in RUNFLOW_MOCK_ALLOWED_HOSTS"
)


def strange_page(call: Call) -> tuple[str, str] | None:
    """Returns header and value by which a request shows that a page from elsewhere has sent it; nothing if it does not."""
    config = call.runtime.config
    origins = [value.decode("latin-1") for name, value in call.scope["headers"] if name == b"origin"]
    for origin in origins:
        served = _ORIGIN.fullmatch(origin)
        if served is None or not _is_trusted(_host_in(served[1]) or "", config):
            return "Origin", origin
    if origins:
        return None
    if call.method not in ("GET", "HEAD") and call.header(b"sec-fetch-site") is None:
        # Browsers of old send forms with nothing else.
        referer = call.header(b"referer") or ""
        came_from = _PAGE.match(referer)
        if came_from is not None and not _is_trusted(_host_in(came_from[1]) or "", config):
            return "Referer", referer
    site = (call.header(b"sec-fetch-site") or "").strip().lower()
    follows_link = call.method in ("GET", "HEAD") and call.header(b"sec-fetch-mode") == "navigate"
    return ("Sec-Fetch-Site", site) if site not in _OWN_SITES and not follows_link else None


def why_no_tenant(call: Call, key: str) -> str | None:
    """Returns why the first request with a key may not make its tenant; nothing if it may.

    A server may be told to take no key but those of tenants that were made on purpose. Else a page from elsewhere could have sent it: a
    browser lets a page use keys where the server says so (`--cors`), and where it takes the page for one of the server's own, because the
    name of the page's host leads here (DNS rebinding).
    """
    config = call.runtime.config
    if config.unknown_keys == "refuse" and key not in config.keys:
        return _REFUSED
    host = host_of(call)
    is_strange = config.cors and strange_page(call) is not None
    is_rebound = is_from_browser(call) and host not in HOSTS and not is_own_host(host, config)
    return _FROM_ELSEWHERE if is_strange or is_rebound else None


def is_from_browser(call: Call) -> bool:
    """Tells whether a request shows that a browser has sent it."""
    return call.header(b"origin") is not None or call.header(b"sec-fetch-site") is not None


def host_of(call: Call) -> str | None:
    """Returns the host that a request names as the one it is for, in lower case; nothing where what it names is no host."""
    return _host_in(call.header(b"host") or "")


def is_own_host(name: str | None, config: Config) -> bool:
    """Tells whether a host can only mean this server: an address, a name of loopback or of a container, or one that was named."""
    if not name:
        return False
    return _is_trusted(name, config) or "." not in name.rstrip(".") or is_ip_address(name)


def _hostname_of(url: str) -> str | None:
    """Returns the host of an address, in lower case, if it has one."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _host_in(authority: str) -> str | None:
    found = _AUTHORITY.fullmatch(authority)
    return None if found is None else found[1].strip("[]").lower()


def _is_trusted(name: str, config: Config) -> bool:
    return is_loopback(name) or name in config.allowed_hosts or name == _hostname_of(config.public_url or "")
