"""Peers: the workers of a cluster know of each other, and ask each other what only all of them know together.

Each says once a second that it is there. Who was heard of lately is waited for when something is asked; who does not answer in time is left
out, and named.
"""

import asyncio
import re
from asyncio import create_task, sleep, timeout
from collections.abc import Awaitable, Callable

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error
from nats.nuid import NUID

from runflow_mock.runtime.keepers import Told

BEAT_SECONDS = 1.0
SILENT_SECONDS_MAX = 3.0
ANSWER_SECONDS_MAX = 1.0
HEARD_MAX = 1_000
"""How many workers are known at most; anybody who may use the broker can say that there is one."""
_NAME = re.compile(r"[0-9A-Za-z]{8}")
_ALIVE, _ASK = "runflow_mock.alive", "runflow_mock.ask"

Answering = Callable[[str], Awaitable[bytes]]


class Peers:
    """This worker among the others."""

    def __init__(self, client: Client, answering: Answering) -> None:
        self._client = client
        self._heard: dict[str, float] = {}
        self._beating: asyncio.Task[None] | None = None
        self.name = NUID().next().decode()[-8:]
        self._answering = answering

    async def open(self) -> None:
        """Begins to listen and to tell."""
        await self._client.subscribe(_ALIVE, cb=self._hear)
        await self._client.subscribe(_ASK, cb=self._answer)
        self._beating = create_task(self._beat())

    def close(self) -> None:
        """Ends telling."""
        if self._beating is not None:
            self._beating.cancel()

    async def ask(self, question: str) -> Told:
        """Asks every worker, this one included, and returns what they say."""
        now = asyncio.get_running_loop().time()
        awaited = {name for name, at in self._heard.items() if now - at < SILENT_SECONDS_MAX} | {self.name}
        answers: dict[str, bytes] = {}
        everybody = asyncio.Event()

        async def take(message: Msg) -> None:
            answers[(message.headers or {}).get("Worker", "")] = message.data
            if awaited <= answers.keys():
                everybody.set()

        inbox = self._client.new_inbox()
        subscription = await self._client.subscribe(inbox, cb=take)
        try:
            await self._client.publish(_ASK, question.encode(), reply=inbox)
            async with timeout(ANSWER_SECONDS_MAX):
                await everybody.wait()
        except (TimeoutError, Error):
            silent = awaited - answers.keys()
        else:
            silent = set()
        finally:
            await subscription.unsubscribe()
        return Told(answers, tuple(sorted(silent)))

    async def _beat(self) -> None:
        while True:
            try:
                await self._client.publish(_ALIVE, self.name.encode())
            except Error:
                # Without a connection nobody hears; the next beat comes.
                self._heard.clear()
            await sleep(BEAT_SECONDS)

    async def _hear(self, message: Msg) -> None:
        name = message.data.decode(errors="replace")
        if _NAME.fullmatch(name) is None or (name not in self._heard and len(self._heard) >= HEARD_MAX):
            return
        is_new = name not in self._heard
        self._heard[name] = asyncio.get_running_loop().time()
        if is_new and name != self.name:
            # Whoever has just come is not to wait a second before it knows of us.
            await self._client.publish(_ALIVE, self.name.encode())

    async def _answer(self, message: Msg) -> None:
        if not message.reply:
            return
        await self._client.publish(
            message.reply, await self._answering(message.data.decode(errors="replace")), headers={"Worker": self.name}
        )
