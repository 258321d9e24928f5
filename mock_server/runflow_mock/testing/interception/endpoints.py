"""The end of TLS for the service's names on this machine: a port that speaks it, and hands the bytes to the fake."""

import asyncio
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from runflow_mock.runtime.certificates import ca_file, server_context
from runflow_mock.testing.loop_threads import LoopThread
from runflow_mock.testing.proxy import carry, trusted_bundle


class ServiceEndpoint:
    """Listens on loopback until it is stopped; keeps an authority of its own in the folder."""

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        self.plain_address = (parts.hostname or "127.0.0.1", parts.port or 80)
        # The time of a file is the machine's: a test may have put another clock in the place of Python's.
        present = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        context = server_context(folder, (), present)
        self._ca_file = ca_file(folder)
        self._folder = folder
        self._is_stopping = False
        # Not uvloop's: closing that waits for the goodbye of TLS connections that a client keeps.
        self._thread = LoopThread("runflow-mock endpoint", asyncio.new_event_loop())
        self._tunnels: set[asyncio.Task[None]] = set()
        self._server = self._thread.submit(self._listen(context)).result()
        self.secure_port: int = self._server.sockets[0].getsockname()[1]

    @cached_property
    def client_context(self) -> ssl.SSLContext:
        """What a client needs to speak TLS with the endpoint."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self._ca_file)
        context.set_alpn_protocols(["http/1.1"])
        return context

    @cached_property
    def bundle(self) -> Path:
        """A file with the authorities that this machine trusts, and the endpoint's."""
        return trusted_bundle(self._ca_file, self._folder)

    def stop(self) -> None:
        """Stops listening."""
        self._thread.submit(self._close()).result()
        self._thread.stop()

    async def _listen(self, context: ssl.SSLContext) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)

    async def _close(self) -> None:
        self._is_stopping = True
        self._server.close()
        for tunnel in tuple(self._tunnels):
            tunnel.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tunnels.add(task)
        try:
            # A peer that hangs up in the middle of anything ends its tunnel, and nothing else.
            with suppress(OSError):
                await self._tunnel(reader, writer)
        except asyncio.CancelledError:
            # Before 3.12 asyncio takes a tunnel that was cancelled for one that failed, and logs it among the lines of the last test.
            if not self._is_stopping:
                raise
        finally:
            if self._is_stopping:
                # A client that keeps its connection would have to be waited for.
                writer.transport.abort()
            writer.close()
            with suppress(OSError, TimeoutError):
                await writer.wait_closed()
            self._tunnels.discard(task)

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self.plain_address)
        near: socket.socket | None = writer.get_extra_info("socket")
        try:
            inward = asyncio.create_task(carry(reader, far_writer))
            try:
                await carry(far_reader, writer)
            except ConnectionResetError:
                if near is not None:
                    # A reset of the fake is a reset of the service.
                    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                writer.transport.abort()
            finally:
                inward.cancel()
                await asyncio.gather(inward, return_exceptions=True)
        finally:
            far_writer.close()
