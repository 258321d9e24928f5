"""Ways to the fake for clients under test: without a socket where it runs in this process, over one where it does not."""

import asyncio
import socket
from typing import Protocol
from urllib.parse import urlsplit

from runflow_mock.domain.ports import port_of
from runflow_mock.testing.memory_connections import Ends, MemoryConnection, ProtocolFactory
from runflow_mock.testing.own_processes import OwnProcess


def place_of(url: str) -> tuple[str, int]:
    """Returns host and port of a fake to which bytes of clients are carried as they are.

    Raises:
        ValueError: it is at no http address; one that speaks TLS would take them for none of it.
    """
    parts = urlsplit(url)
    if parts.scheme != "http":
        raise ValueError(f"{url}: only a fake at an http address is reached this way; let the client connect by itself")
    return parts.hostname or "127.0.0.1", port_of(parts.scheme, parts.port)


class Stream(Protocol):
    """A client's end of a connection; see `MemoryConnection`."""

    @property
    def ends(self) -> Ends: ...

    def send(self, data: bytes) -> None: ...

    def receive(self, most: int, seconds: float | None) -> bytes: ...

    async def receive_async(self, most: int, seconds: float | None) -> bytes: ...

    def is_dropped(self) -> bool: ...

    def close(self) -> None: ...


class Dialer(Protocol):
    """Opens connections to the fake."""

    def dial(self, seconds: float | None) -> Stream: ...


class MemoryDialer:
    """Opens connections without a socket to a fake on an event loop of this process."""

    def __init__(self, loop: asyncio.AbstractEventLoop, make_protocol: ProtocolFactory) -> None:
        self._loop = loop
        self._make_protocol = make_protocol
        self._process = OwnProcess()

    def dial(self, seconds: float | None) -> Stream:
        """Returns a new connection.

        Raises:
            RuntimeError: this process was forked from the one in which the fake runs.
        """
        return MemoryConnection(self._loop, self._make_protocol, self._process)


class SocketDialer:
    """Opens connections to a server that runs elsewhere."""

    def __init__(self, url: str) -> None:
        self._address = place_of(url)

    def dial(self, seconds: float | None) -> Stream:
        """Returns a new connection.

        Raises:
            OSError: the server cannot be reached.
        """
        return SocketStream(socket.create_connection(self._address, seconds))


class SocketStream:
    """A connection over a socket."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def ends(self) -> Ends:
        """Where the client is, and where the server.

        Raises:
            OSError: the connection is gone.
        """
        # Addresses of IPv6 have a flow and a scope behind host and port.
        return Ends(self._socket.getsockname()[:2], self._socket.getpeername()[:2])

    def send(self, data: bytes) -> None:
        """Sends bytes."""
        self._socket.sendall(data)

    def receive(self, most: int, seconds: float | None) -> bytes:
        """Waits for bytes; see `MemoryConnection.receive`."""
        self._socket.settimeout(seconds)
        return self._socket.recv(most)

    async def receive_async(self, most: int, seconds: float | None) -> bytes:
        """Waits for bytes in a thread, so that the event loop goes on."""
        from functools import partial

        import anyio.to_thread

        return await anyio.to_thread.run_sync(partial(self.receive, most, seconds), abandon_on_cancel=True)

    def is_dropped(self) -> bool:
        """Tells whether there is something to read, be it the end."""
        import select

        return bool(select.select([self._socket], [], [], 0)[0])

    def close(self) -> None:
        """Hangs up."""
        self._socket.close()
