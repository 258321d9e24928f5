"""Libraries that know a way of their own: proxies that code names itself, own resolvers, and those whose requests are refused.

They are loaded where they are installed, so that one which a test imports only later is led as well.
"""

import socket
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from runflow_mock.testing.interception.libcurl import lead_curl_cffi, lead_pycurl
from runflow_mock.testing.interception.patches import Patches
from runflow_mock.testing.interception.refusals import FOREIGN, refuse_channels, refuse_foreign_requests
from runflow_mock.testing.interception.routes import MARKER, Route


def lead_libraries(patches: Patches, route: Route) -> None:
    """Leads the libraries that are installed."""
    import http.client
    import urllib.request

    patches.put(http.client.HTTPConnection, "set_tunnel", lambda usual: _without_tunnel(usual, route))
    patches.put(urllib.request.Request, "set_proxy", lambda usual: _without_proxy(usual, route))
    for name, lead in _LEADS.items():
        if _is_there(name):
            try:
                library = import_module(name)
            except (ImportError, OSError):
                # One that does not load, for want of a part of the system's, sends nothing.
                continue
            lead(patches, route, library)


def _is_there(name: str) -> bool:
    package = name.rpartition(".")[0]
    if package and not _is_there(package):
        return False
    if name in sys.modules:
        # What a test has put in the place of a module has no place that it was loaded from.
        return getattr(sys.modules[name], "__spec__", None) is not None
    return _FINDS.has(name)


class _Finds:
    """Which libraries can be loaded, as long as they are looked for in the same places: every test asks this of every library."""

    def __init__(self) -> None:
        self._places: tuple[object, ...] = ()
        self._seen: dict[str, bool] = {}

    def has(self, name: str) -> bool:
        # A test may keep a library away for a while, by a finder of its own.
        places = (*sys.path, *sys.meta_path)
        if places != self._places:
            self._places, self._seen = places, {}
        if name not in self._seen:
            try:
                self._seen[name] = find_spec(name) is not None
            except ModuleNotFoundError:
                # Not even the package to which it would belong.
                self._seen[name] = False
        return self._seen[name]


_FINDS = _Finds()


def _without_tunnel(usual: Callable[..., Any], route: Route) -> Callable[..., Any]:
    def set_tunnel(self: Any, host: Any, port: Any = None, *rest: Any, **options: Any) -> None:
        if route.leads(str(host).partition(":")[0]):
            self.host, self.port = self._get_hostport(host, port)
            return
        usual(self, host, port, *rest, **options)

    return set_tunnel


def _without_proxy(usual: Callable[..., Any], route: Route) -> Callable[..., Any]:
    def set_proxy(self: Any, host: str, type: str) -> None:  # noqa: A002 - the standard library's own name
        if not route.leads(str(self.host).partition(":")[0]):
            usual(self, host, type)

    return set_proxy


def _lead_urllib3(patches: Patches, route: Route, urllib3: Any) -> None:
    """A manager of proxies hands out direct connections to the service; requests stands on it."""

    def make(usual: Callable[..., Any]) -> Callable[..., Any]:
        def connection_from_host(self: Any, host: Any, port: Any = None, scheme: Any = "http", pool_kwargs: Any = None) -> Any:
            if not route.leads(host):
                return usual(self, host, port, scheme, pool_kwargs)
            settings = {**self.connection_pool_kw, **(pool_kwargs or {})}
            direct = {name: value for name, value in settings.items() if not name.startswith(("_proxy", "_socks"))}
            return urllib3.PoolManager(**direct).connection_from_host(host, port, scheme)

        return connection_from_host

    patches.put(urllib3.ProxyManager, "connection_from_host", make)
    if _is_there("socks"):
        patches.put(import_module("urllib3.contrib.socks").SOCKSProxyManager, "connection_from_host", make)


def _lead_httpcore(patches: Patches, route: Route, httpcore: Any) -> None:
    """A pool of connections by a proxy makes direct ones to the service; httpx stands on it, and httpx2 on httpcore2."""

    def make(direct: Any) -> Callable[[Any], Callable[..., Any]]:
        def around(usual: Callable[..., Any]) -> Callable[..., Any]:
            def create_connection(self: Any, origin: Any) -> Any:
                if not route.leads(origin.host):
                    return usual(self, origin)
                return direct(origin=origin, ssl_context=self._ssl_context, keepalive_expiry=self._keepalive_expiry)

            return create_connection

        return around

    for name in ("HTTPProxy", "SOCKSProxy"):
        patches.put(getattr(httpcore, name, None), "create_connection", make(httpcore.HTTPConnection))
        patches.put(getattr(httpcore, f"Async{name}", None), "create_connection", make(httpcore.AsyncHTTPConnection))


def _lead_aiohttp(patches: Patches, route: Route, aiohttp: Any) -> None:
    """A connector makes direct connections to the service, without its own resolver."""

    def connecting(usual: Callable[..., Any]) -> Callable[..., Any]:
        async def create_connection(self: Any, req: Any, *rest: Any) -> Any:
            if not route.leads(req.url.host):
                return await usual(self, req, *rest)
            _, protocol = await self._create_direct_connection(req, *rest)
            return protocol

        return create_connection

    def resolving(usual: Callable[..., Any]) -> Callable[..., Any]:
        async def resolve_host(self: Any, host: str, port: int, *rest: Any, **options: Any) -> Any:
            if not route.leads(host):
                return await usual(self, host, port, *rest, **options)
            # A connector that is told to take IPv6 alone leaves out every other address.
            way = (f"::ffff:{MARKER}", socket.AF_INET6) if self._family == socket.AF_INET6 else (MARKER, socket.AF_INET)
            return [{"hostname": host, "host": way[0], "port": port, "family": way[1], "proto": 0, "flags": 0}]

        return resolve_host

    patches.put(aiohttp.TCPConnector, "_create_connection", connecting)
    patches.put(aiohttp.TCPConnector, "_resolve_host", resolving)


def _lead_httplib2(patches: Patches, route: Route, httplib2: Any) -> None:
    """A connection to the service forgets a proxy that code names."""

    def make(usual: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self: Any) -> Any:
            if route.leads(self.host):
                self.proxy_info = None
            return usual(self)

        return connect

    for name in ("HTTPConnectionWithTimeout", "HTTPSConnectionWithTimeout"):
        patches.put(getattr(httplib2, name, None), "connect", make)


def _lead_websockets(patches: Patches, route: Route, client: Any) -> None:
    """A proxy that code names itself is passed by; one of the environment is, because the environment says so."""

    def make(usual: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self: Any) -> Any:
            if route.leads(self.ws_uri.host):
                self.proxy = None
            return usual(self)

        return connect

    for name in ("open_tcp_connection", "create_connection"):
        patches.put(client.connect, name, make)


def _lead_blocking_websockets(patches: Patches, route: Route, client: Any) -> None:
    """The same, where a function asks for a connection by a proxy."""

    def make(usual: Callable[..., Any]) -> Callable[..., Any]:
        def connect(proxy: Any, ws_uri: Any, deadline: Any, *rest: Any, **options: Any) -> Any:
            if route.leads(ws_uri.host):
                return socket.create_connection((ws_uri.host, ws_uri.port), deadline.timeout())
            return usual(proxy, ws_uri, deadline, *rest, **options)

        return connect

    for name in ("connect_http_proxy", "connect_socks_proxy"):
        patches.put(client, name, make)


_LEADS: dict[str, Callable[[Patches, Route, Any], None]] = {
    "httplib2": _lead_httplib2,
    "urllib3": _lead_urllib3,
    "httpcore": _lead_httpcore,
    "httpcore2": _lead_httpcore,
    "aiohttp": _lead_aiohttp,
    "pycurl": lead_pycurl,
    "websockets.asyncio.client": _lead_websockets,
    "websockets.sync.client": _lead_blocking_websockets,
    "curl_cffi": lead_curl_cffi,
    "grpc": refuse_channels,
    **dict.fromkeys(FOREIGN, refuse_foreign_requests),
}
