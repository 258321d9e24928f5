"""Clients that have https://api.runflow.io written into them: their requests reach the fake without a change of the client.

Each HTTP library is caught where it lets connections or transports be exchanged, and only for the service's own hosts; everything else goes
its usual way. A client may have been made before: what counts is when it opens its connection. Requests keep their URL and their `Host`,
so that addresses in answers are the service's own and lead back here. Nothing is caught in other processes: see `testing.proxy`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from runflow_mock.wire.sites import HOSTS


@contextmanager
def intercept(url: str) -> Iterator[None]:
    """Leads requests of this process for the service to the fake at `url`, for as long as the context lasts."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    with ExitStack() as stack:
        for catch in (_catch_urllib3, _catch_httpx, _catch_httpx2, _catch_aiohttp):
            stack.enter_context(catch(host, port))
        yield


@contextmanager
def _catch_urllib3(host: str, port: int) -> Iterator[None]:
    """`HTTPSConnectionPool.ConnectionCls` is urllib3's own place for another kind of connection; requests stands on it."""
    import socket

    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPSConnectionPool

    class Connection(HTTPSConnection):
        """Connects to the fake, without TLS, when it is asked for the service."""

        def connect(self) -> None:
            if self.host.lower() not in HOSTS:
                super().connect()
                return
            self.sock = socket.create_connection((host, port), self.timeout)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Nothing left this machine: there is nobody to verify.
            self.is_verified = True

        def close(self) -> None:
            HTTPConnection.close(self)

    with _exchanged(HTTPSConnectionPool, "ConnectionCls", Connection):
        yield


@contextmanager
def _catch_httpx(host: str, port: int, name: str = "httpx") -> Iterator[None]:
    """A transport is httpx's place for what carries a request: the ordinary ones carry those for the service to the fake."""
    try:
        httpx: Any = import_module(name)
    except ImportError:
        yield
        return

    def led(request: Any) -> Any:
        if request.url.host not in HOSTS:
            return request
        there = request.url.copy_with(scheme="http", host=host, port=port)
        return httpx.Request(request.method, there, headers=request.headers, stream=request.stream, extensions=request.extensions)

    carry: Callable[..., Any] = httpx.HTTPTransport.handle_request
    carry_async: Callable[..., Any] = httpx.AsyncHTTPTransport.handle_async_request

    def handle_request(self: Any, request: Any) -> Any:
        return carry(self, led(request))

    async def handle_async_request(self: Any, request: Any) -> Any:
        return await carry_async(self, led(request))

    with (
        _exchanged(httpx.HTTPTransport, "handle_request", handle_request),
        _exchanged(httpx.AsyncHTTPTransport, "handle_async_request", handle_async_request),
    ):
        yield


def _catch_httpx2(host: str, port: int) -> AbstractContextManager[None]:
    """The successor of httpx has the same transports under another name."""
    return _catch_httpx(host, port, "httpx2")


@contextmanager
def _catch_aiohttp(host: str, port: int) -> Iterator[None]:
    """A connector is aiohttp's place for how a connection is made."""
    try:
        import aiohttp
    except ImportError:
        yield
        return
    create: Callable[..., Any] = aiohttp.TCPConnector._create_connection

    async def create_connection(self: Any, req: Any, *rest: Any) -> Any:
        if req.url.host not in HOSTS:
            return await create(self, req, *rest)
        _, protocol = await self._loop.create_connection(self._factory, host, port)
        return protocol

    with _exchanged(aiohttp.TCPConnector, "_create_connection", create_connection):
        yield


@contextmanager
def _exchanged(owner: Any, name: str, value: Any) -> Iterator[None]:
    usual = owner.__dict__[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, usual)
