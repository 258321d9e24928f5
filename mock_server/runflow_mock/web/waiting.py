"""Holding: answers that wait for something else before they are given."""

from starlette.types import Receive

from runflow_mock.runtime.runtime import Runtime
from runflow_mock.web.calls import Answer, Call
from runflow_mock.web.presence import while_connected
from runflow_mock.web.sync_mode import SyncMode


class Holding:
    """Keeps an answer back until callbacks were answered that a rule has sent ahead of it, and until a run has ended in sync mode.

    Both waits end after `Config.sync_seconds_max` of real time at the latest, and when the client goes away.
    """

    def __init__(self, runtime: Runtime, sync_mode: SyncMode) -> None:
        self._runtime = runtime
        self._sync_mode = sync_mode

    async def __call__(self, call: Call, given: Answer, receive: Receive) -> Answer:
        if given.callbacks_before:
            answered = self._runtime.deliveries.until_answered(call.caller, given.callbacks_before, self._runtime.config.sync_seconds_max)
            # Where the client has left, what is given reaches nobody, and need not wait for more.
            if not await while_connected(answered, receive):
                return given
        return given if given.waits_for_run is None else await self._sync_mode(call, given, receive)
