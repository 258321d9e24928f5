"""Runs the application with uvicorn on a socket that was bound before, so that the port is known and taken before anything is said."""

import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from runflow_mock.runtime.config import ConfigError
from runflow_mock.web.connections import Protocol

BACKLOG = 2048
GRACE_SECONDS = 0.8


def bind(host: str, port: int) -> socket.socket:
    """Returns a socket bound to an address; port 0 picks a free one.

    Raises:
        ConfigError: the address is taken, or is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except (OSError, OverflowError) as error:
        bound.close()
        way_out = "stop what listens there (another sandbox?), or choose another port with --port, 0 for any free one"
        raise ConfigError(f"cannot listen on {host}:{port}: {error}; {way_out}") from None
    return bound


def url_of(bound: socket.socket, scheme: str = "http") -> str:
    """Returns the address of a bound socket as a base URL; a wildcard address is named as loopback."""
    host, port = bound.getsockname()[:2]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - read, not bound
    return f"{scheme}://{name}:{port}"


class Server(uvicorn.Server):
    """A uvicorn server that says when it is ready."""

    def __init__(self, app: ASGIApp, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_graceful_shutdown=GRACE_SECONDS,  # type: ignore[arg-type]  # a fraction works and is typed as a whole
            )
        )
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to accept connections, then says so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()
