"""Connections without a socket: the server's own protocol at one end, a client's stream of bytes at the other.

What passes is what would pass over a socket, so that a client meets an end of the connection, a broken answer or a silence in its own way
and with its own exceptions. The server's end lives on the fake's event loop; the client's end is read from any thread or event loop.
"""

import asyncio
import threading
from asyncio import timeout
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from runflow_mock.testing.own_processes import OwnProcess

ProtocolFactory = Callable[[], asyncio.Protocol]


class Ends(NamedTuple):
    """Host and port of the client of a connection, and of its server."""

    client: tuple[str, int]
    server: tuple[str, int]


# Of a connection without a socket.
_ENDS = Ends(("127.0.0.1", 0), ("127.0.0.1", 80))


class MemoryConnection:
    """The client's end."""

    def __init__(self, loop: asyncio.AbstractEventLoop, make_protocol: ProtocolFactory, process: OwnProcess) -> None:
        """Opens a connection to a server whose loop is at work in this process."""
        process.check()
        self._loop = loop
        self._process = process
        self._arrived = threading.Condition()
        self._pieces = bytearray()
        self._error: ConnectionError | None = None
        self._is_ended = self._is_gone = False
        self._wakers: list[Callable[[], None]] = []
        self._transport = _Transport(self, make_protocol)
        loop.call_soon_threadsafe(self._transport.open)

    @property
    def ends(self) -> Ends:
        """Where the client and the server would be."""
        return _ENDS

    def send(self, data: bytes) -> None:
        """Hands bytes to the server.

        Raises:
            ConnectionError: the server has ended the connection.
            RuntimeError: the server is in another process, from which this one was forked.
        """
        self._process.check()
        with self._arrived:
            if self._error is not None:
                raise self._error
            if self._is_gone:
                raise BrokenPipeError("the server has ended the connection")
        self._loop.call_soon_threadsafe(self._transport.take, bytes(data))

    def receive(self, most: int, seconds: float | None) -> bytes:
        """Waits for bytes, in a thread that may wait; nothing is the end of the connection.

        Raises:
            TimeoutError: none came in time.
            ConnectionResetError: the server has reset the connection.
        """
        with self._arrived:
            if not self._arrived.wait_for(self._is_readable, seconds):
                raise TimeoutError("timed out")
            return self._take(most)

    async def receive_async(self, most: int, seconds: float | None) -> bytes:
        """Waits for bytes on an event loop; see `receive`."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return await self._receive_in_thread(most, seconds)
        arrived = asyncio.Event()
        with self._arrived:
            if self._is_readable():
                return self._take(most)
            self._wakers.append(lambda: _wake(loop, arrived))
        async with timeout(seconds):
            await arrived.wait()
        with self._arrived:
            return self._take(most)

    async def _receive_in_thread(self, most: int, seconds: float | None) -> bytes:
        from functools import partial

        import anyio.to_thread

        # Who gives up waiting closes the connection, and that ends the waiting in the thread.
        return await anyio.to_thread.run_sync(partial(self.receive, most, seconds), abandon_on_cancel=True)

    def is_dropped(self) -> bool:
        """Tells whether the server has ended the connection, or sent something that nobody asked for."""
        with self._arrived:
            return self._is_readable()

    def close(self) -> None:
        """Hangs up."""
        self.end(None)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._transport.leave)

    def arrive(self, data: bytes) -> None:
        """Takes bytes from the server."""
        with self._arrived:
            self._pieces += data
            self._tell()

    def end(self, error: ConnectionError | None) -> None:
        """Takes note that the connection has ended, in order or with an error."""
        with self._arrived:
            self._is_gone = True
            if not self._is_ended:
                self._is_ended, self._error = True, error
                self._tell()

    def finish(self) -> None:
        """Takes note that nothing more comes from the server, which still takes what is sent, and throws it away."""
        with self._arrived:
            self._is_ended = True
            self._tell()

    def _tell(self) -> None:
        self._arrived.notify_all()
        wakers, self._wakers = self._wakers, []
        for wake in wakers:
            wake()

    def _is_readable(self) -> bool:
        return bool(self._pieces) or self._is_ended

    def _take(self, most: int) -> bytes:
        if not self._pieces and self._error is not None:
            raise self._error
        taken = bytes(self._pieces[:most])
        del self._pieces[: len(taken)]
        return taken


class _Transport(asyncio.Transport):
    """The server's end: what its protocol writes goes to the client's end. Everything here happens on the server's event loop."""

    def __init__(self, client: MemoryConnection, make_protocol: ProtocolFactory) -> None:
        super().__init__({"peername": _ENDS.client, "sockname": _ENDS.server})
        self._client = client
        self._make_protocol = make_protocol
        self._protocol: asyncio.Protocol | None = None
        self._is_closing = False

    def open(self) -> None:
        self._protocol = self._make_protocol()
        self._protocol.connection_made(self)

    def take(self, data: bytes) -> None:
        if not self._is_closing:
            assert self._protocol is not None
            self._protocol.data_received(data)

    def leave(self) -> None:
        """The client has hung up."""
        self._close(None)

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        if not self._is_closing:
            self._client.arrive(bytes(data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self._client.finish()

    def close(self) -> None:
        self._close(None)

    def abort(self) -> None:
        self._close(ConnectionResetError(104, "Connection reset by peer"))

    def is_closing(self) -> bool:
        return self._is_closing

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = cast(asyncio.Protocol, protocol)

    def pause_reading(self) -> None:
        """Does nothing: what a client sends is in memory already."""

    def resume_reading(self) -> None:
        """Does nothing; see `pause_reading`."""

    def _close(self, error: ConnectionError | None) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        self._client.end(error)
        if self._protocol is not None:
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)


def _wake(loop: asyncio.AbstractEventLoop, arrived: asyncio.Event) -> None:
    # A loop that has ended has nobody who waits.
    if not loop.is_closed():
        loop.call_soon_threadsafe(arrived.set)
