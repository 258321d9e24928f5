"""Runs the application with uvicorn on sockets that were bound before, so that ports are known and taken before anything is said.

One socket speaks http and another one, where that is asked for, https: both lead to the same application on the same event loop.
"""

import asyncio
import os
import socket
import ssl
from asyncio import create_task, sleep
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from runflow_mock.runtime.bounds import Bounds
from runflow_mock.runtime.config import Config, ConfigError
from runflow_mock.web.app import Application
from runflow_mock.web.calls import AtOnce
from runflow_mock.web.connections import STUCK_SECONDS_MAX, Protocol
from runflow_mock.web.secure_connections import SecureConnection
from runflow_mock.web.untaken_answers import UntakenAnswers

BACKLOG = 2048
SWEEP_SECONDS = 5.0
GRACE_SECONDS = 0.8
TICK_SECONDS = 0.1
TICKS_OF_A_DAY = 864_000
GOODBYE_SECONDS_MAX = 0.4
"""How long a client may take to answer the end of a TLS connection when the server stops."""


class SecureSocket(NamedTuple):
    """A bound socket that speaks TLS, and the file of the authority that clients have to trust."""

    bound: socket.socket
    context: ssl.SSLContext
    ca_file: Path


@contextmanager
def open_secure(config: Config, now: datetime) -> Iterator[SecureSocket | None]:
    """Opens the https socket that a configuration asks for, if it does, while the context lasts.

    Raises:
        ConfigError: the port is taken, or there can be no certificate.
    """
    if config.tls_port is None:
        yield None
        return
    if config.state is None:
        raise ConfigError("state: https needs a folder for the local CA; name one")
    from runflow_mock.runtime.certificates import ca_file, server_context

    context = server_context(config.state, (*sorted(config.tls_names), *_own_names(config)), now)
    with bind(config.host, config.tls_port, "--tls-port") as bound:
        yield SecureSocket(bound, context, ca_file(config.state))


def bind(host: str, port: int, option: str = "--port") -> socket.socket:
    """Returns a socket bound to an address; port 0 picks a free one.

    Raises:
        ConfigError: the address is taken, or is none of this machine's.
    """
    if not host.strip():
        # The system would take it for every interface that there is.
        raise ConfigError("host: it is empty; give an address, 0.0.0.0 for all of them, or leave the option out")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":  # On Windows the option would let two servers share a port, and nobody would be told that it is taken.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except (OSError, OverflowError, TypeError, UnicodeError) as error:
        bound.close()
        way_out = f"stop what listens there (another sandbox?), or choose another port with {option}, 0 for any free one"
        raise ConfigError(f"cannot listen on {host[:200]}:{port}: {error}; {way_out}") from None
    return bound


def url_of(bound: socket.socket, scheme: str = "http") -> str:
    """Returns the address of a bound socket as a base URL; a wildcard address is named as loopback."""
    host, port = bound.getsockname()[:2]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - read, not bound
    return f"{scheme}://{name}:{port}"


def protocols_of(app: ASGIApp) -> Callable[[], asyncio.Protocol]:
    """Returns what makes the server's end of a connection that comes by another way than a socket."""
    config, state = _configure(app), ServerState()
    config.load()
    return lambda: Protocol(config=config, server_state=state, app_state={}, at_once=_at_once_of(app))


def _at_once_of(app: ASGIApp) -> AtOnce | None:
    return app.at_once if isinstance(app, Application) else None


def _configure(app: ASGIApp, make_protocol: Callable[..., asyncio.Protocol] = Protocol) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=cast("type[Protocol]", make_protocol),
        ws="none",
        lifespan="on",
        # Logs are left as they are: without one of accesses uvicorn would take those who listen to it from the whole process.
        log_config=None,
        server_header=False,
        proxy_headers=False,  # `Call.base_url` reads what a proxy says
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,  # type: ignore[arg-type]  # a fraction works and is typed as a whole
    )


class Server(uvicorn.Server):
    """A uvicorn server that says when it is ready and when it stops, and that may listen for https beside http."""

    def __init__(
        self,
        app: ASGIApp,
        on_ready: Callable[[], None],
        secure: SecureSocket | None = None,
        bounds: Bounds | None = None,
        on_stopping: Callable[[], None] | None = None,
    ) -> None:
        connections, untaken = (None, None) if bounds is None else (bounds.connections, UntakenAnswers(bounds.answer_bytes))
        self._make_protocol = partial(Protocol, bound=connections, untaken=untaken, at_once=_at_once_of(app))
        super().__init__(_configure(app, self._make_protocol))
        self._on_ready = on_ready
        self._on_stopping = on_stopping
        self._secure = secure
        self._connections = connections
        self._beginning: set[SecureConnection] = set()
        self._sweeping: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to accept connections, then says so."""
        await super().startup(sockets)
        if self._secure is not None:
            self.servers.append(await self._listen(self._secure))
        if self.started:
            self._sweeping = create_task(self._sweep())
            self._on_ready()

    async def main_loop(self) -> None:
        """Ticks until it is to stop; as uvicorn's own, but for a sleep that a test may have put something else in the place of."""
        ticks = 0
        while not await self.on_tick(ticks):
            ticks = (ticks + 1) % TICKS_OF_A_DAY
            await sleep(TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops: lets the requests under way be answered, and waits for nobody who has nothing to wait for."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        if self._on_stopping is not None:
            self._on_stopping()
        hanging_up = asyncio.get_running_loop().call_later(GOODBYE_SECONDS_MAX, self._hang_up)
        await super().shutdown(sockets)
        hanging_up.cancel()

    def _hang_up(self) -> None:
        """Ends the connections that are idle: a client with kept connections looks at a goodbye when it needs the connection again."""
        for beginning in tuple(self._beginning):
            beginning.abort()
        for connection in tuple(self.server_state.connections):
            assert isinstance(connection, Protocol)
            if connection.cycle is None or connection.cycle.response_complete:
                connection.transport.abort()

    async def _sweep(self) -> None:
        """Ends, every now and then, the connections on which nothing happens."""
        while True:
            await sleep(SWEEP_SECONDS)
            for connection in tuple(self.server_state.connections):
                assert isinstance(connection, Protocol)
                connection.end_if_idle(asyncio.get_running_loop().time())

    async def _listen(self, secure: SecureSocket) -> asyncio.Server:
        # Whoever takes nothing any more has gone by then: `end_if_idle` gives a client as long for what is still under way.
        make = partial(
            SecureConnection,
            self._protocol,
            secure.context,
            beginning=self._beginning,
            bound=self._connections,
            goodbye_seconds_max=STUCK_SECONDS_MAX,
        )
        return await asyncio.get_running_loop().create_server(make, sock=secure.bound, backlog=BACKLOG)

    def _protocol(self) -> asyncio.Protocol:
        """Returns what uvicorn itself makes for a connection: it has one setting of TLS for all of its sockets."""
        return self._make_protocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)


def _own_names(config: Config) -> Iterator[str]:
    """Returns the names by which the configuration itself calls the server."""
    if config.host not in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        yield config.host
    public = None if config.public_url is None else urlsplit(config.public_url).hostname
    if public is not None:
        yield public
