"""Applications under test in process: on the test's own event loop, with their lifespan, and with nothing swallowed."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from queue import SimpleQueue
from typing import Any

import anyio
import httpx
import pytest
import trio
from fastapi import BackgroundTasks, FastAPI
from flask import Flask
from orders_in_process import BODY, HOOK, RUN, create_and_wait, shop
from steps import MODEL

from runflow_mock.runtime.config import Config
from runflow_mock.testing.applications import HandlerFailed
from runflow_mock.testing.asynchronous import AsyncRunflow
from runflow_mock.testing.in_process import InProcess, open_tenant_in
from runflow_mock.testing.loop_guards import BlockedLoop
from runflow_mock.testing.runflow import Runflow, open_tenant


async def create(runflow: Runflow) -> None:
    async with httpx.AsyncClient(transport=runflow.transport, headers=runflow.headers) as client:
        (await client.post(RUN, json=BODY)).raise_for_status()


async def raises() -> None:
    raise KeyError("order 17")


def test_exception_of_a_handler_is_kept_with_its_traceback(runflow: Runflow) -> None:
    runflow.deliver_to(shop(raises))
    assert create_and_wait(runflow) == [500] * 5
    error, where = runflow.exceptions[0]
    assert (repr(error), where, len(runflow.exceptions)) == ("KeyError('order 17')", f"POST {HOOK}", 5)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    assert trace is not None
    assert trace.tb_frame.f_code.co_name == "raises"


def test_exception_that_flask_answers_is_kept_too(runflow: Runflow) -> None:
    made = Flask("shop")

    @made.post("/hooks")
    def hook() -> str:
        raise KeyError("order 17")

    runflow.deliver_to(made)
    assert create_and_wait(runflow) == [500] * 5
    assert {repr(raised.error) for raised in runflow.exceptions} == {"KeyError('order 17')"}


def test_exception_after_the_answer_is_kept_and_the_answer_stands(runflow: Runflow) -> None:
    made = FastAPI()

    @made.post("/hooks")
    async def hook(later: BackgroundTasks) -> None:
        later.add_task(raises)

    runflow.deliver_to(made)
    assert create_and_wait(runflow) == [200]
    runflow.stop_deliveries()
    assert [repr(raised.error) for raised in runflow.exceptions] == ["KeyError('order 17')"]


def test_failure_that_a_handler_tells_pytest_of_is_kept(runflow: Runflow) -> None:
    async def handle() -> None:
        pytest.fail("no such order")

    runflow.deliver_to(shop(handle))
    assert create_and_wait(runflow)[0] == 500
    assert str(runflow.exceptions[0].error) == "no such order"


async def waits_for_what_was_cancelled() -> None:
    waited = asyncio.ensure_future(asyncio.Event().wait())
    waited.cancel()
    await waited


async def cancels_itself() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel("no such order")
    await asyncio.sleep(0)


async def is_too_slow() -> None:
    with trio.fail_after(0):
        await trio.sleep(1)


async def is_too_slow_in_company() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever)
        await is_too_slow()


@pytest.mark.parametrize(
    ("run", "handle", "told"),
    [
        (asyncio.run, waits_for_what_was_cancelled, "CancelledError()"),
        (asyncio.run, cancels_itself, "CancelledError('no such order')"),
        (trio.run, is_too_slow, "TooSlowError()"),
        (trio.run, is_too_slow_in_company, "ExceptionGroup('Exceptions from Trio nursery', [TooSlowError()])"),
    ],
)
def test_time_out_or_cancellation_in_a_handler_is_its_exception(
    runflow: Runflow, run: Callable[..., Any], handle: Callable[[], Awaitable[None]], told: str
) -> None:
    async def bare(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await handle()

    async def story() -> None:
        handles = AsyncRunflow(runflow)
        await handles.deliver_to(bare)
        await create(runflow)
        await handles.clock.run_until_idle()

    run(story) if run is trio.run else run(story())
    assert {repr(raised.error) for raised in runflow.exceptions} == {told}


@pytest.mark.parametrize("in_company", [False, True])
def test_end_of_the_event_loop_is_no_exception_of_a_handler(runflow: Runflow, in_company: bool) -> None:
    arrived = trio.Event()

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if arrived.is_set():
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body"})
            return
        async with trio.open_nursery() as nursery:
            if in_company:
                nursery.start_soon(trio.sleep_forever)
            arrived.set()
            await trio.sleep_forever()

    async def story() -> None:
        handles = AsyncRunflow(runflow)
        await handles.deliver_to(bare)
        await create(runflow)
        await handles.clock.advance("30m")

    async def part() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(story)
            await arrived.wait()
            nursery.cancel_scope.cancel()

    trio.run(part)
    runflow.clock.run_until_idle()
    assert runflow.exceptions == ()


@pytest.mark.parametrize("run", [asyncio.run, trio.run])
def test_verb_whose_waiting_is_given_up_lets_its_caller_go_at_once(runflow: Runflow, run: Any) -> None:
    states: list[str] = []

    async def story() -> None:
        handles, arrived, release = AsyncRunflow(runflow), anyio.Event(), anyio.Event()

        async def hang() -> None:
            arrived.set()
            await release.wait()

        await handles.deliver_to(shop(hang))
        await create(runflow)
        async with anyio.create_task_group() as group:
            group.start_soon(handles.clock.advance, "10m")
            await arrived.wait()
            group.cancel_scope.cancel()
        states.extend(delivery.state for delivery in runflow.deliveries)
        release.set()

    run(story() if run is asyncio.run else story)
    assert states == ["delivering"]


def test_application_runs_on_the_event_loop_of_the_test(runflow: Runflow) -> None:
    async def story() -> None:
        loop, seen = asyncio.get_running_loop(), []

        async def handle() -> None:
            seen.append(asyncio.get_running_loop() is loop)

        handles = AsyncRunflow(runflow)
        await handles.deliver_to(shop(handle))
        await create(runflow)
        await handles.clock.run_until_idle()
        assert seen == [True]

    asyncio.run(story())


def test_application_that_was_handed_over_before_the_loop_began_runs_there_as_well(runflow: Runflow) -> None:
    seen = []

    async def handle() -> None:
        seen.append(asyncio.get_running_loop())

    runflow.deliver_to(shop(handle))

    async def story() -> None:
        await create(runflow)
        await AsyncRunflow(runflow).clock.run_until_idle()
        assert seen == [asyncio.get_running_loop()]

    asyncio.run(story())


def test_lock_and_pool_are_shared_by_test_and_handler(runflow: Runflow) -> None:
    async def story() -> None:
        arrived, lock, pool = asyncio.Event(), asyncio.Semaphore(1), httpx.AsyncClient(transport=runflow.transport, headers=runflow.headers)

        async def handle() -> None:
            arrived.set()
            async with lock:
                assert (await pool.get("http://localhost/v1/runs")).status_code == 200

        async with lock, pool:
            handles = AsyncRunflow(runflow)
            await handles.deliver_to(shop(handle))
            assert (await pool.post(RUN, json=BODY)).status_code == 201
            waiting = asyncio.create_task(handles.clock.run_until_idle())
            await arrived.wait()
            lock.release()
            await waiting
            await lock.acquire()
            assert [attempt.status_code for attempt in (await handles.deliveries.list())[0].attempts] == [200]

    asyncio.run(story())
    assert runflow.exceptions == ()


def goes_on_under_asyncio(runflow: Runflow) -> None:
    async def story() -> None:
        await AsyncRunflow(runflow).clock.run_until_idle()

    asyncio.run(story())


@pytest.mark.parametrize("goes_on", [lambda runflow: runflow.clock.run_until_idle(), goes_on_under_asyncio], ids=["plain", "asyncio"])
def test_application_of_trio_runs_under_trio_once_the_run_of_the_test_has_ended(
    runflow: Runflow, goes_on: Callable[[Runflow], None]
) -> None:
    bodies: list[int] = []

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            with trio.fail_after(5):
                bodies.append(len((await receive())["body"]))
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body"})
            await trio.lowlevel.checkpoint()

    async def story() -> None:
        await AsyncRunflow(runflow).deliver_to(bare)
        await create(runflow)

    trio.run(story)
    goes_on(runflow)
    assert [delivery.state for delivery in runflow.deliveries] == ["succeeded"]
    assert len(bodies) == 1
    assert runflow.exceptions == ()


def test_application_runs_under_trio(runflow: Runflow) -> None:
    seen = []

    async def handle() -> None:
        seen.append(trio.lowlevel.current_trio_token())

    async def story() -> None:
        handles = AsyncRunflow(runflow)
        await handles.deliver_to(shop(handle))
        await create(runflow)
        await handles.clock.run_until_idle()
        assert seen == [trio.lowlevel.current_trio_token()]

    trio.run(story)


def test_without_an_event_loop_a_handler_may_block_and_ask_the_fake(runflow: Runflow) -> None:
    async def handle() -> None:
        with httpx.Client(transport=runflow.transport, headers=runflow.headers) as client:
            assert client.get("http://localhost/v1/runs").json()["items"]  # noqa: ASYNC212 - as careless as users are

    runflow.deliver_to(shop(handle))
    assert create_and_wait(runflow) == [200]
    assert runflow.exceptions == ()


def test_lifespan_begins_before_the_first_callback_and_ends_with_the_test(app: InProcess, runflow: Runflow) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(made: FastAPI) -> AsyncIterator[dict[str, str]]:
        seen.append("up")
        yield {"pool": "open"}
        seen.append("down")

    async def handle() -> None:
        seen.append("callback")

    runflow.deliver_to(shop(handle, lifespan))
    assert create_and_wait(runflow) == [200]
    runflow.close()
    assert seen == ["up", "callback", "down"]


def test_lifespan_is_up_once_the_handing_over_was_awaited(runflow: Runflow) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(made: FastAPI) -> AsyncIterator[None]:
        await asyncio.sleep(0)
        seen.append("up")
        yield

    async def story() -> None:
        await AsyncRunflow(runflow).deliver_to(shop(raises, lifespan))
        assert seen == ["up"]

    asyncio.run(story())


def test_lifespan_that_something_else_runs_is_left_to_it(runflow: Runflow) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(made: FastAPI) -> AsyncIterator[None]:
        seen.append("up")
        yield

    async def handle() -> None:
        seen.append("callback")

    runflow.deliver_to(shop(handle, lifespan), lifespan=False)
    assert create_and_wait(runflow) == [200]
    assert seen == ["callback"]


def test_lifespan_that_fails_is_told_with_its_exception(runflow: Runflow) -> None:
    @asynccontextmanager
    async def lifespan(made: FastAPI) -> AsyncIterator[None]:
        if made.title:
            raise KeyError("DATABASE_URL")
        yield

    runflow.deliver_to(shop(raises, lifespan))
    assert create_and_wait(runflow)[0] == 500
    assert [(repr(raised.error), raised.where) for raised in runflow.exceptions] == [
        ("KeyError('DATABASE_URL')", "the lifespan of the application")
    ]


def test_start_that_fails_is_told_where_its_end_is_awaited(runflow: Runflow) -> None:
    @asynccontextmanager
    async def lifespan(made: FastAPI) -> AsyncIterator[None]:
        if made.title:
            raise KeyError("no database at " + "/a/long/path" * 40)
        yield

    async def story() -> None:
        with pytest.raises(HandlerFailed, match="the start of the application failed: KeyError: 'no database at /a/long"):
            await AsyncRunflow(runflow).deliver_to(shop(raises, lifespan))

    asyncio.run(story())


def test_function_that_never_looks_at_its_scope_is_asked_for_no_lifespan(runflow: Runflow) -> None:
    calls = []

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        calls.append(1)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    runflow.deliver_to(bare)
    assert (create_and_wait(runflow), calls) == ([204], [1])


@pytest.mark.parametrize("knows", ["takes the first message as a request", "refuses what is no request", "ends at once"])
def test_application_that_knows_no_lifespan_is_called_all_the_same(runflow: Runflow, knows: str) -> None:
    bodies = []

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        if knows == "refuses what is no request":
            assert scope["type"] == "http"
        if knows == "ends at once" and scope["type"] != "http":
            return
        bodies.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    runflow.deliver_to(bare)
    assert create_and_wait(runflow) == [204]
    assert (len(bodies), runflow.exceptions) == (1, ())


def test_handler_that_gives_no_answer_meets_the_time_out_of_the_service() -> None:
    # The application hears of the end beside the sender, which does not wait for it.
    seen = SimpleQueue[list[str]]()

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            seen.put([(await receive())["type"], (await receive())["type"]])

    app = InProcess(Config(callback_timeout_seconds=0.05))
    with open_tenant_in(app, clock="manual") as runflow:
        # Its start is waited for here, as long as it takes, and takes nothing from the callbacks' time.
        runflow.deliver_to(bare).app.wait_started()
        assert create_and_wait(runflow) == [None] * 5
        assert runflow.deliveries[0].attempts[0].error == "no answer within 0.05 s"
        told = [seen.get(timeout=30) for _ in range(5)]
        runflow.stop_deliveries()
        assert (told, seen.empty(), runflow.exceptions) == ([["http.request", "http.disconnect"]] * 5, True, ())
    app.stop()


def test_request_stays_connected_until_it_was_answered(runflow: Runflow) -> None:
    seen = []

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await receive()
        waiting = asyncio.create_task(receive())
        await asyncio.sleep(0)
        seen.append(waiting.done())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})
        seen.append((await waiting)["type"])

    runflow.deliver_to(bare)
    assert create_and_wait(runflow) == [200]
    runflow.stop_deliveries()
    assert seen == [False, "http.disconnect"]


def test_blocking_verb_on_the_loop_of_the_application_is_refused_at_once(runflow: Runflow) -> None:
    async def story() -> None:
        runflow.deliver_to(shop(raises))
        await create(runflow)
        with pytest.raises(BlockedLoop, match="runflow_async"):
            runflow.clock.advance("10m")

    asyncio.run(story())


@pytest.mark.slow(is_covering=True)
def test_blocking_verb_is_refused_where_the_application_listens_on_the_same_loop(url: str) -> None:
    async def story() -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        hook = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
        with open_tenant(url, clock="manual") as runflow:
            runflow.control.client.post(f"/v1/models/{MODEL}/runs", {**BODY, "callback_url": hook})
            with pytest.raises(BlockedLoop, match=f"(?s)the callback to {hook} waits for an answer.*runflow_async"):
                runflow.clock.advance("10m")
            await AsyncRunflow(runflow).clock.run_until_idle()
            assert [delivery.state for delivery in runflow.deliveries] == ["succeeded"]
            runflow.control.delete_tenant(runflow.tenant)
        server.close()
        await server.wait_closed()

    asyncio.run(story())


def test_blocking_verb_that_waits_for_nobody_on_the_loop_is_carried_out(runflow: Runflow) -> None:
    def old_shop(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [threading.current_thread().name.encode()]

    async def story() -> list[str]:
        runflow.deliver_to(old_shop)
        await create(runflow)
        runflow.clock.run_until_idle()
        return [delivery.state for delivery in runflow.deliveries]

    assert asyncio.run(story()) == ["succeeded"]
