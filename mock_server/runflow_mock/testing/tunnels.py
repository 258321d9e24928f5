"""Connections that clients have open through this process: each is a task, and all end together when whoever listens stops."""

import asyncio
from asyncio import gather
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

PIECE = 64 * 1024


class Tunnels:
    """The connections that are open; all of them live on one event loop."""

    def __init__(self) -> None:
        self._open: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._open)

    async def keep(self, writer: asyncio.StreamWriter, work: Coroutine[Any, Any, None]) -> None:
        """Lets a connection do its work; a peer that hangs up in the middle of anything ends its own tunnel, and nothing else."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            try:
                with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                    await work
            finally:
                if task in self._ending:
                    # A client that keeps its connection would have to be waited for.
                    writer.transport.abort()
                writer.close()
                with suppress(OSError, TimeoutError):
                    await writer.wait_closed()
        except asyncio.CancelledError:
            # Before 3.12 asyncio takes a tunnel that was cancelled for one that failed, and logs it among the lines of the last test.
            if task not in self._ending:
                raise
            writer.transport.abort()
        finally:
            self._open.discard(task)

    async def end(self) -> None:
        """Ends those that are open now, and returns when they are gone."""
        tunnels = tuple(self._open)
        self._ending.update(tunnels)
        for tunnel in tunnels:
            tunnel.cancel()
        await gather(*tunnels, return_exceptions=True)
        self._ending.difference_update(tunnels)


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hands bytes on until their end, and that too."""
    try:
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    finally:
        # Over TLS there is no half-closed connection: the end is the end.
        with suppress(OSError):
            if writer.can_write_eof():
                writer.write_eof()
            else:
                writer.close()
