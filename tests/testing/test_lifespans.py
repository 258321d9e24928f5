"""Lifespans of applications under test that do not come to their end, or say that they failed: told at once, and once.

On a loop whose time passes as soon as nothing else is to do, limits in seconds come in their order, however busy the machine is.
"""

import asyncio
import gc
import selectors
import sys
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import httpx
import pytest
from steps import MODEL

from runflow_mock.runtime.sender import OutgoingRequest, RecordingSender
from runflow_mock.testing.applications import HandlerFailed
from runflow_mock.testing.asynchronous import AsyncRunflow
from runflow_mock.testing.homes import Homes
from runflow_mock.testing.in_process import InProcess, open_tenant_in
from runflow_mock.testing.receivers_in_process import AppSender
from runflow_mock.testing.runflow import Runflow

ResultT = TypeVar("ResultT")


class _Hurrying(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Returns what is ready; where nothing is, the time that it would be waited for has passed."""
        ready = super().select(None if timeout is None else 0)
        if not ready:
            self.now += timeout or 0.0
        return ready


def run_hurrying(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Returns what a coroutine returns, on a loop that waits for no time."""
    selector = _Hurrying()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign]  # what the loop's own documentation has time come from
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(work)


RUN = f"http://localhost/v1/models/{MODEL}/runs"
BODY = {"input": {"image_url": "https://cdn.example.com/shirt.jpg"}, "callback_url": "http://localhost/hooks"}


@pytest.fixture
def hasty() -> Iterator[Runflow]:
    """A tenant of a fake that waits for no start, and for callbacks as long as ever."""
    app = InProcess(start_seconds=0.05)
    with open_tenant_in(app, clock="manual") as opened:
        yield opened
    app.stop()


class Shop:
    """An application whose start or end goes wrong."""

    def __init__(self, fails_at: str) -> None:
        self.fails_at = fails_at
        self.starts = self.ends = 0
        self._gone: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def _live(self, receive: Any, send: Any) -> None:
        self.starts += 1
        await receive()
        if self.fails_at == "hang":
            self._gone = asyncio.get_running_loop(), asyncio.Event()
            await self._gone[1].wait()
            return
        for kind in ("startup", "shutdown"):
            if self.fails_at == kind:
                await send({"type": f"lifespan.{kind}.failed", "message": "no database"})
                return
            await send({"type": f"lifespan.{kind}.complete"})
            if kind == "startup":
                await receive()
                self.ends += 1

    def let_go(self) -> None:
        """Ends a start that hangs."""
        if self._gone is not None:
            self._gone[0].call_soon_threadsafe(self._gone[1].set)


def told(runflow: Runflow) -> list[str]:
    return [f"{raised.where}: {raised.error}" for raised in runflow.exceptions]


def create(runflow: Runflow) -> list[int | None]:
    with httpx.Client(transport=runflow.transport, headers=runflow.headers) as client:
        client.post(RUN, json=BODY).raise_for_status()
    runflow.clock.run_until_idle()
    return [attempt.status_code for delivery in runflow.deliveries for attempt in delivery.attempts]


@pytest.mark.slow(is_covering=True)
def test_start_that_never_ends_is_told_and_waited_for_once(hasty: Runflow, caplog: pytest.LogCaptureFixture) -> None:
    shop = Shop("hang")
    hasty.deliver_to(shop)
    assert create(hasty) == [500] * 5
    shop.let_go()
    (says,) = told(hasty)
    assert "the start of the application did not end within 0.05 s" in says
    assert "deliver_to(app, lifespan=False)" in says
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


@pytest.mark.slow(is_covering=True)
def test_start_that_never_ends_keeps_no_test_waiting(hasty: Runflow) -> None:
    shop = Shop("hang")

    async def story() -> None:
        with pytest.raises(HandlerFailed, match="did not end within"):
            await AsyncRunflow(hasty).deliver_to(shop)
        shop.let_go()

    asyncio.run(story())
    assert len(told(hasty)) == 1


def test_start_that_never_ends_is_told_before_a_short_callback_is_given_up() -> None:
    homes = Homes()
    sender = AppSender(RecordingSender(), homes, timeout_seconds=1.0)
    shop = Shop("hang")
    mount = sender.mount("http://localhost", shop)

    async def story() -> list[int | None]:
        return [(await sender.send(OutgoingRequest("http://localhost/hooks", {}, b"{}"))).status_code for _ in range(2)]

    statuses = run_hurrying(story())
    shop.let_go()
    sender.unmount(mount)
    homes.stop()
    assert statuses == [500, 500]
    (raised,) = mount.exceptions.all()
    assert "the start of the application did not end within 0.9 s" in str(raised.error)


@pytest.mark.parametrize(("fails_at", "noun", "statuses"), [("startup", "start", [500] * 5), ("shutdown", "end", [204])])
def test_lifespan_that_says_it_failed_is_told(runflow: Runflow, fails_at: str, noun: str, statuses: list[int]) -> None:
    runflow.deliver_to(Shop(fails_at))
    assert create(runflow) == statuses
    runflow.stop_deliveries()
    assert told(runflow) == [f"the lifespan of the application: the {noun} of the application failed: no database"]


def test_lifespan_that_is_well_is_told_of_nothing(runflow: Runflow) -> None:
    shop = Shop("")
    runflow.deliver_to(shop)
    assert create(runflow) == [204]
    runflow.stop_deliveries()
    assert (told(runflow), shop.starts) == ([], 1)


@pytest.mark.parametrize(("fails_at", "says"), [("", []), ("shutdown", ["the end of the application failed: no database"])])
def test_application_shuts_down_with_the_event_loop_of_its_test(runflow: Runflow, fails_at: str, says: list[str]) -> None:
    """Whoever runs a test in a loop of its own, as anyio's plugin does, has closed that before fixtures end."""
    shop = Shop(fails_at)

    async def story() -> None:
        await AsyncRunflow(runflow).deliver_to(shop)

    asyncio.run(story())
    assert shop.ends == 1
    runflow.stop_deliveries()
    assert told(runflow) == [f"the lifespan of the application: {each}" for each in says]


def test_application_that_waits_for_its_end_with_limits_of_its_own_lives_as_long_as_its_test(runflow: Runflow) -> None:
    heard = list[str]()

    async def shop(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        await receive()
        await send({"type": "lifespan.startup.complete"})
        while "lifespan.shutdown" not in heard:
            try:
                async with asyncio.timeout(1):
                    heard.append((await receive())["type"])
            except TimeoutError:
                heard.append("nothing")
        await send({"type": "lifespan.shutdown.complete"})

    async def story() -> None:
        await AsyncRunflow(runflow).deliver_to(shop)
        await asyncio.sleep(2.5)
        heard.append("the test ends")

    run_hurrying(story())
    assert (set(heard[:-2]), heard[-2:], told(runflow)) == ({"nothing"}, ["the test ends", "lifespan.shutdown"], [])


def test_worker_that_ends_with_the_event_loop_is_no_failure_of_its_application(runflow: Runflow) -> None:
    async def shop(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        await receive()
        worker = asyncio.create_task(asyncio.sleep(3600))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await worker

    async def story() -> None:
        await AsyncRunflow(runflow).deliver_to(shop)

    run_hurrying(story())
    runflow.stop_deliveries()
    assert told(runflow) == []


def test_shutdown_that_does_not_come_to_its_end_is_told(runflow: Runflow) -> None:
    async def shop(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.Event().wait()

    async def story() -> None:
        await AsyncRunflow(runflow).deliver_to(shop)

    run_hurrying(story())
    runflow.stop_deliveries()
    assert told(runflow) == ["the lifespan of the application: the end of the application did not end within 2 s"]


@pytest.mark.parametrize("leaves_at", ["startup", "hooks", "shutdown"])
def test_application_that_exits_is_told_and_ends_no_event_loop(runflow: Runflow, leaves_at: str) -> None:
    async def shop(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            sys.exit("no database at hooks")
        while True:
            kind = (await receive())["type"].removeprefix("lifespan.")
            if kind == leaves_at:
                sys.exit(f"no database at {kind}")
            await send({"type": f"lifespan.{kind}.complete"})
            if kind == "shutdown":
                return

    async def story() -> str:
        with suppress(HandlerFailed):
            await AsyncRunflow(runflow).deliver_to(shop)
        if leaves_at == "hooks":
            await asyncio.to_thread(create, runflow)
        return "came to its end"

    assert asyncio.run(story()) == "came to its end"
    runflow.stop_deliveries()
    assert {f"{type(raised.error).__name__}: {raised.error}" for raised in runflow.exceptions} == {
        f"SystemExit: no database at {leaves_at}"
    }


def test_fake_that_is_stopped_lets_applications_shut_down_that_are_still_mounted() -> None:
    told = list[str]()

    async def shop(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})
            return
        for _ in range(2):
            told.append((await receive())["type"])
            await send({"type": f"{told[-1]}.complete"})

    app = InProcess()
    mount = app.mount("http://localhost", shop)
    with open_tenant_in(app, clock="manual") as runflow:
        assert create(runflow) == [204]
    app.stop()
    app.stop()
    assert told == ["lifespan.startup", "lifespan.shutdown"]
    assert mount.exceptions.all() == ()
