"""Callbacks that leave from another event loop than that of the fake."""

from asyncio import wrap_future

from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.runtime.sender import CallbackSender, OutgoingRequest
from runflow_mock.testing.loop_threads import LoopThread


class SenderApart:
    """Sends from a thread of its own: there connections can be uvloop's, which no tool sees that watches the sockets of Python."""

    def __init__(self, sender: CallbackSender) -> None:
        self._sender = sender
        self._thread = LoopThread("runflow-mock sender")

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        """Returns what came of a request."""
        return await wrap_future(self._thread.submit(self._sender.send(request)))

    async def close(self) -> None:
        """Closes the connections, and ends the thread."""
        await wrap_future(self._thread.submit(self._sender.close()))
        self._thread.stop()
