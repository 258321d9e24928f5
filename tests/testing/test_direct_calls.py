"""Requests that go straight into an application in another thread: its answer, or whatever it raised, comes back to who has asked."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from runflow_mock.testing.direct_calls import AtOnce, DirectCalls
from runflow_mock.testing.loop_threads import LoopThread


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    opened = LoopThread("direct calls")
    yield opened
    opened.stop()


def ask(thread: LoopThread, app: Any, at_once: AtOnce | None = None) -> tuple[int, bytes]:
    return DirectCalls(app, thread.loop, at_once).exchange("GET", "/a?b=c", {"X-Name": "value"}, b"body")


async def say_so(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 202, "headers": []})
    await send({"type": "http.response.body", "body": b"in a task"})


def never(*_: object) -> Any:
    raise AssertionError("a task was made")


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


def test_request_from_within_an_answer_is_refused_at_once() -> None:
    """As by a finalizer, or what handles a signal or a line of a log: Python runs them wherever it is."""
    thread = LoopThread("direct calls")

    def at_once(scope: Any, sent: bytes, give: Any) -> None:
        with pytest.raises(RuntimeError, match="within an answer"):
            calls.exchange("GET", "/", {}, None)
        give(READY)

    calls = DirectCalls(never, thread.loop, at_once)
    assert calls.exchange("GET", "/", {}, None) == (200, b"ready")
    thread.stop()


READY = {"type": "http.response.start", "status": 200, "headers": ()}, {"type": "http.response.body", "body": b"ready"}


def test_answer_that_is_ready_needs_no_task(thread: LoopThread) -> None:
    thread.loop.set_task_factory(never)
    answered = ask(thread, say_so, lambda scope, sent, give: give(READY))
    thread.loop.set_task_factory(None)
    assert answered == (200, b"ready")


def test_answer_that_has_to_wait_comes_from_what_goes_on(thread: LoopThread) -> None:
    assert ask(thread, never, lambda scope, sent, give: give(say_so)) == (202, b"in a task")


def test_answer_that_is_given_later_comes_back(thread: LoopThread) -> None:
    def at_once(scope: Any, sent: bytes, give: Any) -> None:
        asyncio.get_running_loop().call_soon(give, READY)

    assert ask(thread, never, at_once) == (200, b"ready")


@pytest.mark.parametrize("error", [ZeroDivisionError("own"), KeyboardInterrupt()], ids=repr)
def test_exception_of_what_answers_at_once_comes_back(thread: LoopThread, error: BaseException) -> None:
    """Also one that ends the loop: it goes on for the others."""

    def at_once(scope: Any, sent: bytes, give: Any) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        ask(thread, never, at_once)
    assert raised.value is error
    assert ask(thread, say_so) == (202, b"in a task")
