"""Sync mode: the answer to a creation is held until the run has ended, and carries its media inline.

Under `auto` time jumps to the end; on a standing clock the request waits until somebody moves it. Whoever waits longer than
`Config.sync_seconds_max` of real time gets the run as it then stands, to be polled like any other. A client that goes away ends the wait,
and nothing is handed over. A replay under an Idempotency-Key is a conflict while the first request waits, and then answers with the run
as it was created: what was handed over is not kept.
"""

import base64
from urllib.parse import urlsplit

from msgspec import Raw
from starlette.types import Receive

from runflow_mock.domain.commands import HandOverOutput
from runflow_mock.domain.runs import Run
from runflow_mock.domain.sync_mode import addresses_in, with_media_inline
from runflow_mock.runtime.catching_up import catch_up
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.runtime.waits import until_ended
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.media import Media
from runflow_mock.web.presence import while_connected
from runflow_mock.web.runs import run_body
from runflow_mock.wire.problems import internal_error, represent_problem


class SyncMode:
    """Finishes the answers that name a run to wait for."""

    def __init__(self, runtime: Runtime, media: Media) -> None:
        self._runtime = runtime
        self._media = media

    async def __call__(self, call: Call, given: Answer, receive: Receive) -> Answer:
        assert given.waits_for_run is not None
        try:
            ended = until_ended(self._runtime, call.caller, given.waits_for_run, self._runtime.config.sync_seconds_max)
            if not await while_connected(ended, receive):
                return given
            return await self._finish(call, call.store.run(given.waits_for_run))
        except Exception as error:
            self._runtime.report(call.tenant, error)
            return answer(represent_problem(internal_error()), 500)

    async def _finish(self, call: Call, run: Run) -> Answer:
        if run.output is None:
            return answer(run_body(call, run), 201)
        ours = f"{run.base_url}/media/{call.caller.settings.name}/{run.id}/"
        media = {url: await self._inline(call, run, url) for url in addresses_in(run.output) if url.startswith(ours)}
        output = with_media_inline(run.output, media)
        body = {**run_body(call, run), "output": Raw(output)}
        # What a poll of somebody else has still to bring about comes first, piece by piece.
        await catch_up(self._runtime, call.caller)
        call.execute(HandOverOutput(run.id))
        return answer(body, 201)

    async def _inline(self, call: Call, run: Run, url: str) -> str:
        file = await self._media.file_of(call, run, urlsplit(url).path.rpartition("/")[2])
        return f"data:{file.media_type};base64,{base64.b64encode(file.data).decode()}"
