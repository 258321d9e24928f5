"""A door to the fake for tests: the whole application in process, called synchronously; time stands unless a test asks otherwise."""

import asyncio
import time
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

import httpx
from answers import ANSWERS, Answers
from msgspec.structs import replace
from worlds import catalog

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.runtime import Runtime, Sleep
from runflow_mock.runtime.sender import CallbackSender, RecordingSender
from runflow_mock.runtime.tenants import Monotonic, WallClock
from runflow_mock.web.app import create_app

Sent = dict[str, str] | list[tuple[str, str]]
ResultT = TypeVar("ResultT")

# Steps of the event loop in which a request reaches its handler in process.
STEPS_TO_BEGIN = 20
BASE_URL = "http://127.0.0.1:8787"
MANUAL = Config(clock=ClockMode.MANUAL, speed=1.0)
AUTO = Config(clock=ClockMode.AUTO, speed=1.0)


class Clocks(NamedTuple):
    """What the fake knows of real time."""

    monotonic: Monotonic = time.monotonic
    wall: WallClock = time.time
    sleep: Sleep = asyncio.sleep


REAL_CLOCKS = Clocks()


class Door:
    """Calls the application as a client with the tenant's key would; background work goes on while a call is under way.

    Every answer must fit the contract.
    """

    def __init__(
        self,
        config: Config = MANUAL,
        *,
        sender: CallbackSender | None = None,
        tenant: str = "test",
        answers: Answers = ANSWERS,
        clocks: Clocks = REAL_CLOCKS,
        **settings: Any,
    ) -> None:
        self.answers = answers
        self.sender = sender or RecordingSender()
        known = None if config.catalog else catalog()
        self.app = create_app(replace(config, **settings), catalog=known, sender=self.sender, observer=answers, **clocks._asdict())
        self.runtime: Runtime = self.app.state.runtime
        self.key = f"rf_live_mock_{tenant}"
        self.admin_key = f"rf_svc_mock_{tenant}"
        self._loop = asyncio.new_event_loop()
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url=BASE_URL)

    def __enter__(self) -> "Door":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.run_until_complete(self._client.aclose())
        self._loop.run_until_complete(self.runtime.close())
        self._loop.close()
        assert not self.runtime.background_errors, list(self.runtime.background_errors)
        wrong = self.answers.take_wrong()
        assert not wrong, wrong[:3]

    def request(
        self, method: str, path: str, *, key: str | None = "", headers: Sent | None = None, typed: bool = True, **kwargs: Any
    ) -> httpx.Response:
        """Sends a request with the tenant's key, another one, or (with `None`) without any; bytes for a verb say that they are JSON."""
        used = self.key if key == "" else key
        given = list(headers.items()) if isinstance(headers, dict) else headers or []
        has_own = used is None or any(name == "Authorization" for name, _ in given)
        sent = httpx.Headers([*([] if has_own else [("Authorization", f"Bearer {used}")]), *given])
        if typed and "content" in kwargs and path.startswith("/_mock/"):
            sent.setdefault("Content-Type", "application/json")
        return self._loop.run_until_complete(self._client.request(method, path, headers=sent, **kwargs))

    async def fetch(self, path: str, method: str = "GET", content: bytes = b"", key: str = "") -> httpx.Response:
        """Sends a request, for what a test runs beside it; bytes say that they are JSON."""
        headers = {"Authorization": f"Bearer {key or self.key}", **({"Content-Type": "application/json"} if content else {})}
        return await self._client.request(method, path, headers=headers, content=content)

    def run(self, story: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Lets a story happen where the application lives."""
        return self._loop.run_until_complete(story)

    def together(self, *requests: tuple[str, str, Any], headers: dict[str, str] | None = None) -> list[httpx.Response]:
        """Sends requests (method, path, JSON) that are under way at the same time; each begins before the next one is sent."""
        used = {"Authorization": f"Bearer {self.key}", **(headers or {})}

        async def send() -> list[httpx.Response]:
            under_way = []
            for method, path, body in requests:
                sending = self._client.request(method, path, json=body, headers=used)
                under_way.append(asyncio.ensure_future(sending))
                for _ in range(STEPS_TO_BEGIN):
                    await asyncio.sleep(0)
            return await asyncio.gather(*under_way)

        return self._loop.run_until_complete(send())

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        """Sends a GET."""
        return self.request("GET", path, **kwargs)

    def post(self, path: str, json: Any = None, **kwargs: Any) -> httpx.Response:
        """Sends a POST, with a JSON body if one is given."""
        return self.request("POST", path, **({} if json is None else {"json": json}), **kwargs)

    def patch(self, path: str, json: Any, **kwargs: Any) -> httpx.Response:
        """Sends a PATCH."""
        return self.request("PATCH", path, json=json, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> httpx.Response:
        """Sends a DELETE."""
        return self.request("DELETE", path, **kwargs)

    def settle(self) -> list[dict[str, Any]]:
        """Lets everything happen that is scheduled, and returns the timeline."""
        timeline: list[dict[str, Any]] = self.post("/_mock/clock/run-until-idle").json()["timeline"]
        return timeline
