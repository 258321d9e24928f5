"""Names: whoever looks the service up, or connects to it by name, is led to the endpoint."""

import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from runflow_mock.testing.interception.patches import Patches
from runflow_mock.testing.interception.routes import MARKER, RefusedWayOut, Route, name_of

MARKERS = (MARKER, f"::ffff:{MARKER}")
_PORTS = {"https": 443, "http": 80, "wss": 443, "ws": 80, b"https": 443, b"http": 80}


def lead_names(patches: Patches, route: Route) -> None:
    """Leads the ways in which Python finds a host."""
    patches.put(socket, "getaddrinfo", lambda usual: _found(usual, route))
    for name in ("gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
        patches.put(socket, name, lambda usual: _by_name(usual, route))
    for name in ("connect", "connect_ex"):
        patches.put(socket.socket, name, lambda usual: _connecting(usual, route))
    for name, position in (("sendto", -1), ("sendmsg", 3)):
        patches.put(socket.socket, name, partial(_sending_to, route, position))
    loop = getattr(sys.modules.get("uvloop"), "Loop", None)
    if loop is not None:
        patches.put(loop, "create_connection", lambda usual: _uvloop_connecting(usual, route))
        patches.put(loop, "getaddrinfo", lambda usual: _uvloop_found(usual, route))
        patches.put(loop, "create_datagram_endpoint", lambda usual: _uvloop_datagrams(usual, route))


def _found(usual: Callable[..., Any], route: Route) -> Callable[..., Any]:
    def getaddrinfo(  # noqa: PLR0917 - the standard library's own signature
        host: Any,
        port: Any,
        family: int = 0,
        type: int = 0,  # noqa: A002 - the standard library's own names
        proto: int = 0,
        flags: int = 0,
    ) -> Any:
        return _entries(port, family, type) if route.leads(host) else usual(host, port, family, type, proto, flags)

    return getaddrinfo


def _entries(port: Any, family: int, kind: int) -> list[Any]:
    """Returns what the look-up of a service's name finds: an address that stands for it, for some look up without the port they mean."""
    number = _PORTS.get(port, port) or 0
    # Datagrams are refused when they are sent.
    kinds = (kind, socket.IPPROTO_UDP) if kind == socket.SOCK_DGRAM else (socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if family == socket.AF_INET6:
        return [(socket.AF_INET6, *kinds, "", (f"::ffff:{MARKER}", int(number), 0, 0))]
    return [(socket.AF_INET, *kinds, "", (MARKER, int(number)))]


def _by_name(usual: Callable[..., Any], route: Route) -> Callable[..., Any]:
    is_extended = usual.__name__ != "gethostbyname"

    def gethostbyname(host: Any) -> Any:
        if not route.leads(host):
            return usual(host)
        return (host, [], [MARKER]) if is_extended else MARKER

    gethostbyname.__name__ = usual.__name__
    return gethostbyname


def _connecting(usual: Callable[..., Any], route: Route) -> Callable[..., Any]:
    def connect(self: Any, address: Any) -> Any:
        if route.is_open and isinstance(address, tuple) and len(address) >= 2:
            is_marked = address[0] in MARKERS
            if is_marked or route.leads(address[0]):
                there = _there(route, self, address)
                address = (f"::ffff:{there[0]}", there[1], 0, 0) if self.family == socket.AF_INET6 else there
            elif route.leads(name := getattr(self, "server_hostname", None)) and not route.is_end(address):
                raise RefusedWayOut(name_of(name), f"spoken TLS with {address[0]}, an address that was found in another way")
        return usual(self, address)

    return connect


def _there(route: Route, connecting: Any, address: Any) -> tuple[str, int]:
    host = "the service" if address[0] in MARKERS else address[0]
    if connecting.type == socket.SOCK_DGRAM:
        raise RefusedWayOut(name_of(host), "gone there in datagrams")
    return route.address_of(host, address[1])


def _sending_to(route: Route, position: int, usual: Callable[..., Any]) -> Callable[..., Any]:
    """Refuses a datagram to the service; whoever sends one names its address in this position."""

    def send(self: Any, *given: Any, **options: Any) -> Any:
        address = given[position] if len(given) > max(position, 0) else None
        if route.is_open and isinstance(address, tuple) and address and (address[0] in MARKERS or route.leads(address[0])):
            _there(route, self, address)
        return usual(self, *given, **options)

    return send


def _uvloop_connecting(usual: Callable[..., Any], route: Route) -> Callable[..., Any]:
    async def create_connection(self: Any, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        is_marked = route.is_open and host in MARKERS
        if is_marked or route.leads(host) or (host is not None and route.leads(options.get("server_hostname"))):
            if options.get("ssl") and options.get("server_hostname") is None:
                options["server_hostname"] = host
            host, port = route.address_of(host, port)
            options.pop("family", None)
        return await usual(self, protocol_factory, host, port, **options)

    return create_connection


def _uvloop_datagrams(usual: Callable[..., Any], route: Route) -> Callable[..., Any]:
    async def create_datagram_endpoint(self: Any, protocol_factory: Any, *given: Any, **options: Any) -> Any:
        there = options.get("remote_addr") or (given[1] if len(given) > 1 else None)
        if there and route.leads(there[0]):
            raise RefusedWayOut(name_of(there[0]), "gone there in datagrams")
        return await usual(self, protocol_factory, *given, **options)

    return create_datagram_endpoint


def _uvloop_found(usual: Callable[..., Any], route: Route) -> Callable[..., Any]:
    async def getaddrinfo(self: Any, host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        if route.leads(host):
            return _entries(port, options.get("family", 0), options.get("type", 0))
        return await usual(self, host, port, *rest, **options)

    return getaddrinfo
