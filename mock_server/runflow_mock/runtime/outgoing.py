"""The way out: every address that is opened because a user or a file names it, and what decides whether it may be.

Two things go out on somebody's behalf: callbacks, to where `domain.callback_policy` lets them, and downloads of documents that the user of
a command names. Both find their way here. Names of loopback lead to this machine and are never asked of a resolver, which may answer
anything; a redirect is followed only by downloads, and never from elsewhere into this machine or its network.

The kit also calls the server, the receiver or the sandbox that its user names; those are not addresses that a file or a request can choose.
"""

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

from runflow_mock.domain.callback_policy import is_ip_address, is_loopback

LOOPBACK = ("127.0.0.1", "::1")
"""Where names of loopback lead, in the order in which it is tried."""


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


def refuses_redirect(source: str, target: str) -> str | None:
    """Returns why a redirect is not followed, or nothing when it is."""
    if not target.lower().startswith(("http://", "https://")):
        return f"it leads to {target[:200]}, which is no http address"
    if _is_near(target) and not _is_near(source):
        return f"it leads into this machine or its network ({target[:200]}); name that address yourself"
    return None


def _is_near(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return True
    if is_loopback(host) or "." not in host.strip("."):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not address.is_global
