"""Requests that go straight into an application in another thread: its answer, or whatever it raised, comes back to who has asked."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from runflow_mock.testing.direct_calls import DirectCalls
from runflow_mock.testing.loop_threads import LoopThread


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    opened = LoopThread("direct calls")
    yield opened
    opened.stop()


def ask(thread: LoopThread, app: Any) -> tuple[int, bytes]:
    return DirectCalls(app, thread.loop).exchange("GET", "/a?b=c", {"X-Name": "value"}, b"body")


def test_answer_comes_back(thread: LoopThread) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        told = f"{scope['path']} {scope['query_string']} {dict(scope['headers'])[b'x-name']} {message['body']}"
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": told.encode()})

    assert ask(thread, app) == (201, b"/a b'b=c' b'value' b'body'")


@pytest.mark.parametrize("error", [ZeroDivisionError("own"), asyncio.CancelledError()], ids=repr)
def test_exception_comes_back(thread: LoopThread, error: BaseException) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0)
        raise error

    with pytest.raises(type(error)) as raised:
        ask(thread, app)
    assert raised.value is error


def test_who_waits_is_told_when_the_loop_stops() -> None:
    thread = LoopThread("direct calls")
    stopping = threading.Thread(target=thread.stop)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        # Stopping cancels what is under way, and waits for that.
        stopping.start()
        await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        ask(thread, app)
    stopping.join()
