"""The end of ways to the service on this machine: a port that speaks TLS under its names, one that does not, and both lead to the fake."""

import asyncio
import socket
import ssl
from asyncio import create_task, gather, open_connection, start_server
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from runflow_mock.runtime.certificates import ca_file, server_context
from runflow_mock.testing.dialers import place_of
from runflow_mock.testing.loop_threads import LoopThread
from runflow_mock.testing.proxy import trusted_bundle
from runflow_mock.testing.tunnels import Tunnels, carry


class ServiceEndpoint:
    """Listens on loopback until it is stopped; keeps an authority of its own in the folder."""

    def __init__(self, url: str, folder: Path) -> None:
        self.fake_address = place_of(url)
        # The time of a file is the machine's: a test may have put another clock in the place of Python's.
        present = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        context = server_context(folder, (), present)
        self._ca_file = ca_file(folder)
        self._folder = folder
        # Not uvloop's: closing that waits for the goodbye of TLS connections that a client keeps.
        self._thread = LoopThread("runflow-mock endpoint", asyncio.new_event_loop())
        self._tunnels = Tunnels()
        self._servers = [self._thread.submit(self._listen(each)).result() for each in (context, None)]
        self.secure_port, self.plain_port = (int(server.sockets[0].getsockname()[1]) for server in self._servers)

    @cached_property
    def client_context(self) -> ssl.SSLContext:
        """What a client needs to speak TLS with the endpoint."""
        context = context_class()(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self._ca_file)
        context.set_alpn_protocols(["http/1.1"])
        return context

    @cached_property
    def bundle(self) -> Path:
        """A file with the authorities that this machine trusts, and the endpoint's."""
        return trusted_bundle(self._ca_file, self._folder)

    def hang_up(self) -> None:
        """Ends every connection: a client that keeps one would come by it to the fake when nobody leads it there any more."""
        if self._tunnels:
            self._thread.submit(self._tunnels.end()).result()

    def stop(self) -> None:
        """Stops listening."""
        self._thread.submit(self._close()).result()
        self._thread.stop()

    async def _listen(self, context: ssl.SSLContext | None) -> asyncio.Server:
        return await start_server(self._serve, "127.0.0.1", 0, ssl=context)

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        await self._tunnels.end()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._tunnels.keep(writer, self._tunnel(reader, writer))

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await open_connection(*self.fake_address)
        near: socket.socket | None = writer.get_extra_info("socket")
        try:
            inward = create_task(carry(reader, far_writer))
            try:
                await carry(far_reader, writer)
            except ConnectionResetError:
                if near is not None:
                    # A reset of the fake is a reset of the service.
                    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                writer.transport.abort()
            finally:
                inward.cancel()
                await gather(inward, return_exceptions=True)
        finally:
            far_writer.close()


def context_class() -> type[ssl.SSLContext]:
    """Returns the class of contexts below that of truststore, which has others under it that do the work, and asks the system besides."""
    return next(kind for kind in ssl.SSLContext.__mro__ if not kind.__module__.startswith("truststore"))
