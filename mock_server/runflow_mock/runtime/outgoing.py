"""The way out: every address that is opened because a user or a file names it, and what decides whether it may be.

Two things go out on somebody's behalf: callbacks, to where `domain.callback_policy` lets them, and downloads of documents that the user of
a command names. Both find their way here. Names of loopback lead to this machine and are never asked of a resolver, which may answer
anything; a redirect is followed only by downloads, and never from elsewhere into this machine or its network.

The kit also calls the server, the receiver or the sandbox that its user names; those are not addresses that a file or a request can choose.
"""

import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from runflow_mock.domain.callback_policy import is_loopback

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver

LOOPBACK: tuple[tuple[str, socket.AddressFamily], ...] = (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6))
"""Where names of loopback lead, in the order in which it is tried."""


def pinned_resolver() -> "AbstractResolver":
    """Returns what finds the addresses of hosts for callbacks: its own for names of loopback, the system's for names that were allowed."""
    from aiohttp.abc import AbstractResolver, ResolveResult
    from aiohttp.resolver import ThreadedResolver

    class Pinned(AbstractResolver):
        """Asks nobody about loopback."""

        def __init__(self) -> None:
            self._system = ThreadedResolver()

        async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
            """Returns the addresses of a host."""
            if not is_loopback(host):
                return await self._system.resolve(host, port, family)
            wanted = [known for known in LOOPBACK if family in (socket.AF_UNSPEC, known[1])]
            numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
            return [ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=numeric) for address, kind in wanted]

        async def close(self) -> None:
            """Closes the system's resolver."""
            await self._system.close()

    return Pinned()


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
