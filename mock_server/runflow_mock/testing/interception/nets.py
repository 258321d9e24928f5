"""The last net: what was not led is refused, loudly, before it leaves.

An audit hook sees every look-up and every connection that Python's own sockets make, also by functions that somebody kept from before. It
cannot be taken away again, so that there is one for the whole process, which asks for nothing while nobody intercepts. A request that is
about to be handed to a proxy, or to an address that was found in another way, is seen by what it says.
"""

import re
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from runflow_mock.domain.callback_policy import is_loopback
from runflow_mock.testing.interception.patches import Patches
from runflow_mock.testing.interception.routes import RefusedWayOut, Route, peer_of
from runflow_mock.wire.sites import HOSTS

LOOKED_AT = 4_096
_NAMES = "|".join(re.escape(name) for name in HOSTS).encode()
_TO_PROXY = re.compile(
    # CONNECT host:port and GET http://host/, as they are said to a proxy for HTTP.
    rb"(?:CONNECT |[A-Z]{3,7} https?://)(" + _NAMES + rb")[:/ ?]"
    # The host by its name, as it is said to a SOCKS proxy of version 5 or 4a.
    rb"|\x05\x01\x00\x03.(" + _NAMES + rb")|\x04\x01..\x00\x00\x00.[^\x00]*\x00(" + _NAMES + rb")\x00",
    re.DOTALL | re.IGNORECASE,
)
_TO_SERVICE = re.compile(
    # A request whose host is the service's, as it is said to whoever was connected by an address.
    rb"[A-Z]{3,7} [^\r\n]+ HTTP/1\.[01]\r\n(?:[^\r\n]+\r\n)*?host:[ \t]*(" + _NAMES + rb")[\r:]"
    # The beginning of TLS, which names the host.
    rb"|\x16\x03[\x00-\x04]..\x01.+?\x00[\x0d-\x11](" + _NAMES + rb")",
    re.DOTALL | re.IGNORECASE,
)
_TO_ADDRESS = frozenset(("socket.connect", "socket.sendto", "socket.sendmsg"))
_LOOK_UPS = frozenset(("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", *_TO_ADDRESS))


class _Hook:
    """The one audit hook of this process, and the routes that are open."""

    def __init__(self) -> None:
        self._routes: list[Route] = []
        self._is_installed = False

    def watch(self, route: Route) -> None:
        if not self._is_installed:
            sys.addaudithook(self._look)
            self._is_installed = True
        self._routes.append(route)

    def forget(self, route: Route) -> None:
        self._routes.remove(route)

    def _look(self, event: str, given: tuple[Any, ...]) -> None:
        if self._routes and event in _LOOK_UPS:
            host = _host_in(event, given)
            if any(route.leads(host) for route in self._routes):
                raise RefusedWayOut(str(host), f"gone there by {event}, which was kept from before")


_HOOK = _Hook()


@contextmanager
def spread_net(patches: Patches, route: Route) -> Iterator[None]:
    """Refuses what would reach the service in a way that nobody has led."""
    for owner, names in ((socket.socket, ("send", "sendall")), (ssl.SSLSocket, ("send", "sendall", "write")), (ssl.SSLObject, ("write",))):
        for name in names:
            patches.put(owner, name, lambda usual: _sending(usual, route))
    if hasattr(socket.socket, "sendmsg"):
        patches.put(socket.socket, "sendmsg", lambda usual: _sending_pieces(usual, route))
    # trio keeps the functions of sockets that it found when it was loaded.
    patches.put(getattr(sys.modules.get("trio._socket"), "_SocketType", None), "send", lambda usual: _sending_by_trio(usual, route))
    _HOOK.watch(route)
    try:
        yield
    finally:
        _HOOK.forget(route)


def _host_in(event: str, given: tuple[Any, ...]) -> object:
    if event not in _TO_ADDRESS:
        return given[0] if given else None
    address = given[1] if len(given) > 1 else None
    return address[0] if isinstance(address, tuple) and address else None


def _sending(usual: Callable[..., Any], route: Route) -> Callable[..., Any]:
    def send(self: Any, data: Any, *rest: Any, **options: Any) -> Any:
        if route.is_open:
            _check(route, self, data)
        # Sockets of other kinds, such as gevent's, take more than those of the standard library.
        return usual(self, data, *rest, **options)

    return send


def _sending_by_trio(usual: Callable[..., Any], route: Route) -> Callable[..., Any]:
    async def send(self: Any, data: Any, *rest: Any) -> Any:
        if route.is_open:
            _check(route, self._sock, data)
        return await usual(self, data, *rest)

    return send


def _sending_pieces(usual: Callable[..., Any], route: Route) -> Callable[..., Any]:
    def sendmsg(self: Any, buffers: Any, *rest: Any, **options: Any) -> Any:
        pieces = list(buffers)
        if route.is_open and pieces:
            _check(route, self, pieces[0])
        return usual(self, pieces, *rest, **options)

    return sendmsg


def _check(route: Route, connected: Any, data: Any) -> None:
    said = memoryview(data)[:LOOKED_AT].tobytes()
    # A client that believes in a proxy, and was led past it, still speaks as to one.
    found, how = _TO_PROXY.match(said), "by way of a proxy"
    if found is None:
        found, how = _TO_SERVICE.match(said), "by an address that was found in another way"
        if found is None or not _may_be_the_service(connected, is_tls=said[:1] == b"\x16"):
            return
    if not route.is_end(peer_of(connected)):
        host = next(name for name in found.groups() if name is not None)
        raise RefusedWayOut(host.decode("latin-1"), f"gone there {how}")


def _may_be_the_service(connected: Any, *, is_tls: bool) -> bool:
    """Tells whether the other end may be the service: it is not on this machine, but who carries TLS to it may be."""
    peer = peer_of(connected)
    return isinstance(peer, tuple) and (is_tls or not is_loopback(peer[0]))
