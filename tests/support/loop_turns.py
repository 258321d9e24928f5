"""A fake without a socket whose clocks pass as a test says, asked over connections of its own, turn by turn of the event loop."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from transports import NotedTransport

from runflow_mock.domain.money import Money
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.observers import NullObserver, Observer
from runflow_mock.runtime.runtime import YIELD_EVERY_TIMERS, Runtime
from runflow_mock.web.app import create_app
from runflow_mock.web.connections import Protocol
from runflow_mock.web.server import protocols_of
from runflow_mock.wire.timeline import Step

ITEMS = 4 * YIELD_EVERY_TIMERS
BATCH = {"model": "runflow/background-removal", "items": [{"input": {"image_url": "https://cdn.example.com/a.png"}}] * ITEMS}


class Turns(NullObserver):
    """Counts what happens to tenants in each turn of the loop."""

    is_listening = True

    def __init__(self) -> None:
        self._turn = 0
        self._happened = Counter[int]()

    def steps(self, tenant: str, steps: Sequence[Step]) -> None:
        """Counts what one command or timer brought about."""
        self._happened[self._turn] += 1

    async def most_during(self, work: Awaitable[object]) -> int:
        """Waits for something, and returns how much happened at most in one turn meanwhile."""
        self._happened.clear()
        waiting = asyncio.ensure_future(work)
        while not waiting.done():
            self._turn += 1
            await asyncio.sleep(0)
        await waiting
        return max(self._happened.values(), default=0)


class Fake:
    """A fake whose clocks pass as a test says, and that nobody else calls."""

    def __init__(self, observer: Observer | None = None) -> None:
        self.seconds = 0.0
        self.seconds_between_looks = 0.0
        app = create_app(
            Config(clock=ClockMode.SCALED, scale=1.0, seed="late", batch_items_max=ITEMS, balance=Money(10**12)),
            monotonic=self._look,
            observer=observer,
        )
        self.runtime: Runtime = app.state.runtime
        self.make: Callable[[], asyncio.Protocol] = protocols_of(app)

    def _look(self) -> float:
        self.seconds += self.seconds_between_looks
        return self.seconds

    def ask(self, method: str, path: str, tenant: str, body: object = None, headers: str = "") -> "Asked":
        """Sends a request; `headers` are lines of its head, and a body that is a text is sent as it is."""
        return Asked(cast(Protocol, self.make()), f"{method} {path}", tenant, body, headers)

    async def late(self) -> None:
        """Leaves a tenant behind: each item of its batch has something to come by now."""
        assert (await self.ask("POST", "/v1/batches", "late", BATCH).answer())[0] == 201
        self.seconds = 3_600.0


class Asked:
    """One request on a connection of its own."""

    def __init__(self, protocol: Protocol, asks: str, tenant: str, body: object, headers: str) -> None:
        self._protocol, self._transport = protocol, NotedTransport()
        protocol.connection_made(cast(asyncio.Transport, self._transport))
        content = b"" if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        head = f"{asks} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer rf_live_mock_{tenant}\r\n{headers}"
        fields = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n" if content else ""
        protocol.data_received(f"{head}{fields}\r\n".encode() + content)

    @property
    def has_answer(self) -> bool:
        """Whether the answer, or some of it, is there."""
        return bool(self._transport.pieces)

    async def is_answered(self) -> bool:
        """Whether the answer is there after one turn."""
        await asyncio.sleep(0)
        return self.has_answer

    async def status(self) -> int:
        """Status of the answer, whatever others still wait for."""
        while not await self.is_answered():
            pass
        return int(self._transport.pieces[0].split()[1])

    async def answer(self) -> tuple[int, Any]:
        """Status and JSON of the answer."""
        status, body = await self.ended()
        return status, json.loads(body)

    async def give_up(self) -> None:
        """Ends what works for the answer before it goes on."""
        tasks = tuple(self._protocol.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def ended(self) -> tuple[int, bytes]:
        """Status and body of the answer."""
        await asyncio.gather(*self._protocol.tasks)
        await asyncio.sleep(0)
        head, _, body = b"".join(self._transport.pieces).partition(b"\r\n\r\n")
        self._protocol.connection_lost(ConnectionError())
        return int(head.split()[1]), body
