"""A cluster: workers in this process that share a broker; the broker's client fails when told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import nats.errors
from kept import BASE_URL, KeptFake, Time, made_app
from nats.aio.client import Client
from nats.aio.msg import Msg

from runflow_mock.runtime.cluster_keeping import ClusterKeeper, Connect
from runflow_mock.runtime.kept_tenants import LogSize
from runflow_mock.runtime.revivals import Clocks
from runflow_mock.runtime.sender import CallbackSender
from runflow_mock.web.clusters import Membership


@asynccontextmanager
async def worker(
    address: str,
    *,
    time: Time | None = None,
    size: LogSize | None = None,
    connect: Connect = nats.connect,
    sender: CallbackSender | None = None,
    is_killed: bool = False,
    **settings: Any,
) -> AsyncIterator[KeptFake]:
    """Runs a worker while the context lasts; one that is killed writes nothing at its end."""
    time = time or Time()
    told: list[str] = []
    app = made_app(time, sender, **settings)
    runtime = app.state.runtime
    keeper = ClusterKeeper(address, clocks=Clocks(time, time), connect=connect, size=size or LogSize(), tell=told.append)
    member = Membership(runtime, keeper)
    await member.join()
    app.bring = member.bring
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE_URL) as client:
            yield KeptFake(client, runtime, Path(), told)
    finally:
        await runtime.close()
        if is_killed:
            for tenant in runtime.tenants:
                tenant.kept.close()
        await member.leave()


class Failing(Client):
    """A client whose requests to the broker fail when their turn comes: before they are sent, or after, so that only the answer is lost."""

    sent = 0
    fails_at: int | None = None
    is_sent = False

    async def request(self, *arguments: Any, **more: Any) -> Msg:
        """Sends a request, or fails."""
        cls = type(self)
        cls.sent += 1
        if cls.sent == cls.fails_at:
            if cls.is_sent:
                await super().request(*arguments, **more)
            raise nats.errors.TimeoutError
        return await super().request(*arguments, **more)


def failing() -> tuple[type[Failing], Connect]:
    """Returns the way to a broker for one test, and what connects over it."""

    class Way(Failing):
        pass

    async def connect(address: str, **options: Any) -> Client:
        client = Way()
        await client.connect(address, **options)
        return client

    return Way, connect


async def persistently(fake: KeptFake, method: str, path: str, body: object = None, **more: Any) -> httpx.Response:
    """Asks as often as the answer says that one may ask again."""
    for _ in range(10):
        answer = await fake.call(method, path, body, **more)
        if answer.status_code != 503:
            return answer
        assert answer.headers["retry-after"] == "1", answer.text
    raise AssertionError(answer.text)
