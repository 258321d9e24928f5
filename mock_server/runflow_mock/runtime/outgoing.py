"""The way out: every address that is opened because a user or a file names it, and what decides whether it may be.

Two things go out on somebody's behalf: callbacks, to where `domain.callback_policy` lets them, and downloads of documents that the user of
a command names. Both find their way here. Names of loopback lead to this machine and are never asked of a resolver, which may answer
anything; a redirect is followed only by downloads, and never from elsewhere into this machine or its network. What counts there is the
address that is connected to, and not the name: names are looked up once, and what was judged is what is opened.

The kit also calls the server, the receiver or the sandbox that its user names; those are not addresses that a file or a request can choose.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from runflow_mock.domain.callback_policy import is_ip_address, is_loopback

LOOPBACK = ("127.0.0.1", "::1")
"""Where names of loopback lead, in the order in which it is tried."""


Resolve = Callable[[str, int], tuple[str, ...]]
"""Looks up the addresses of a host and port.

Raises:
    OSError: there is no such host.
"""
# Addresses of IPv6 that carry one of IPv4, and where in them it stands (RFC 6052).
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


class Destination(NamedTuple):
    """Where a host leads: its addresses, in the order in which they are tried."""

    addresses: tuple[str, ...]

    @property
    def is_near(self) -> bool:
        """Whether one of them is in this machine or its network."""
        return any(map(_is_near_address, self.addresses))


async def addresses_of(host: str, port: int) -> tuple[str, ...]:
    """Returns the addresses at which a host is tried for callbacks: fixed ones for names of loopback, the system's for allowed names.

    Raises:
        OSError: the system knows no such host.
    """
    if is_ip_address(host):
        return (host,)
    if is_loopback(host):
        return LOOPBACK
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


def system_addresses(host: str, port: int) -> tuple[str, ...]:
    """Returns the addresses that the system knows for a host, whatever form of number it takes for one.

    Raises:
        OSError: it knows none.
    """
    return tuple(dict.fromkeys(str(address[0]) for _, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def destination_of(host: str, port: int, resolve: Resolve = system_addresses) -> Destination:
    """Returns where a host leads; names of loopback are not looked up.

    Raises:
        OSError: there is no such host.
    """
    return Destination(LOOPBACK) if is_loopback(host.rstrip(".")) and not is_ip_address(host) else Destination(resolve(host, port))


def refuses_redirect(source: str, target: str) -> str | None:
    """Returns why a redirect is not followed, or nothing when as much as its text says is no reason: see `refuses_destination`."""
    if not target.lower().startswith(("http://", "https://")):
        return f"it leads to {target[:200]}, which is no http address"
    return _leads_near(target) if _is_near(target) and not _is_near(source) else None


def refuses_destination(source: Destination, destination: Destination, target: str) -> str | None:
    """Returns why a redirect is not followed now that it is known where it leads; `target` is what messages call that."""
    return _leads_near(target) if destination.is_near and not source.is_near else None


def _leads_near(target: str) -> str:
    return f"it leads into this machine or its network ({target[:200]}); name that address yourself"


def _is_near(url: str) -> bool:
    try:
        host = (urlsplit(url).hostname or "").strip(".")
    except ValueError:
        return True
    if is_loopback(host) or "." not in host:
        return ":" not in host or _is_near_address(host)
    # Also 127.1, 0x7f.0.0.1 and 0177.0.0.1 are addresses for whoever connects.
    with suppress(OSError, UnicodeError):
        host = socket.inet_ntoa(socket.inet_aton(host))
    return is_ip_address(host) and _is_near_address(host)


def _is_near_address(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour
        if address in _TRANSLATED:
            carried = ipaddress.IPv4Address(address.packed[-4:])
        address = carried or address
    return not address.is_global or address.is_multicast
