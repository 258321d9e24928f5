"""Turns of an event loop in the threads of others: what is done in one is done as on the loop, and in the order in which it was asked."""

import asyncio
import decimal
import sys
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Event, Thread, current_thread
from types import ModuleType
from typing import Any

import pytest

from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.runtime.sender import OutgoingRequest
from runflow_mock.testing.direct_calls import DirectCalls
from runflow_mock.testing.loop_threads import LoopThread
from runflow_mock.testing.senders_apart import SenderApart
from runflow_mock.testing.shared_loops import SharedLoop, open_shared_loop

SECONDS_MAX = 10.0
READY = {"type": "http.response.start", "status": 200, "headers": ()}, {"type": "http.response.body", "body": b"ready"}


@pytest.fixture
def loop() -> Iterator[SharedLoop]:
    shared = SharedLoop()
    thread = LoopThread("shared", shared)
    yield shared
    thread.stop()


def take(loop: SharedLoop, work: Callable[[], object]) -> None:
    """Takes a turn as soon as the loop has nothing to do, and wakes it where it has not: it may wait without knowing that all is done."""
    until = time.monotonic() + SECONDS_MAX
    while not loop.take_turn(work):
        assert time.monotonic() < until
        loop.call_soon_threadsafe(lambda: None)


def test_work_of_a_turn_is_done_here_and_on_the_loop(loop: SharedLoop) -> None:
    seen: list[object] = []
    take(loop, lambda: seen.extend((current_thread(), asyncio.get_running_loop())))
    assert seen == [current_thread(), loop]


@pytest.mark.parametrize(
    "leave",
    [
        lambda loop, put: loop.call_soon(put),
        lambda loop, put: loop.call_later(0.001, put),
        lambda loop, put: loop.create_task(asyncio.to_thread(put)),
    ],
    ids=["soon", "later", "task"],
)
def test_what_a_turn_leaves_is_done_by_the_thread_of_the_loop(loop: SharedLoop, leave: Any) -> None:
    done: SimpleQueue[object] = SimpleQueue()
    take(loop, lambda: leave(loop, lambda: done.put(current_thread())))
    assert done.get(timeout=SECONDS_MAX) is not current_thread()


def test_no_turn_is_taken_of_a_loop_that_is_at_work(loop: SharedLoop) -> None:
    begun, over = Event(), Event()
    loop.call_soon_threadsafe(begun.set)
    loop.call_soon_threadsafe(over.wait, SECONDS_MAX)
    assert begun.wait(SECONDS_MAX)
    assert not loop.take_turn(over.set)
    assert not over.is_set()
    over.set()


def test_what_was_left_to_the_loop_first_is_done_first(loop: SharedLoop) -> None:
    numbers: list[int] = []
    for number in range(300):
        loop.call_soon_threadsafe(numbers.append, 2 * number)
        if not loop.take_turn(lambda second=2 * number + 1: numbers.append(second)):  # type: ignore[misc]  # the default is the number
            loop.call_soon_threadsafe(numbers.append, 2 * number + 1)
    over = Event()
    loop.call_soon_threadsafe(over.set)
    assert over.wait(SECONDS_MAX)
    assert numbers == list(range(600))


def test_thread_with_a_loop_of_its_own_takes_no_turn(loop: SharedLoop) -> None:
    async def ask() -> bool:
        return loop.take_turn(lambda: None)

    take(loop, lambda: None)
    assert not asyncio.run(ask())


def test_no_turn_is_taken_of_a_loop_that_is_not_running() -> None:
    shared = SharedLoop()
    assert not shared.take_turn(lambda: None)
    shared.close()


def test_precision_of_a_thread_is_not_that_of_its_turn(loop: SharedLoop) -> None:
    told: list[decimal.Decimal] = []
    with decimal.localcontext(prec=2):
        take(loop, lambda: told.append(decimal.Decimal(1) / 8))
    assert told == [decimal.Decimal("0.125")]


@pytest.mark.parametrize("error", [ZeroDivisionError("own"), KeyboardInterrupt()], ids=repr)
def test_exception_of_a_turn_comes_here_and_the_loop_goes_on(loop: SharedLoop, error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        take(loop, fail)
    assert raised.value is error
    assert asyncio._get_running_loop() is None
    assert asyncio.run_coroutine_threadsafe(asyncio.sleep(0, "on"), loop).result(SECONDS_MAX) == "on"


def test_clock_of_the_loop_stays_the_machines(loop: SharedLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 7.0)
    rung = Event()
    loop.call_soon_threadsafe(loop.call_later, 0.001, rung.set)
    assert rung.wait(SECONDS_MAX)
    assert loop.time() != 7.0


def test_answer_that_is_ready_is_given_in_the_thread_of_who_asks(loop: SharedLoop) -> None:
    threads: list[object] = []

    def at_once(scope: Any, sent: bytes, give: Any) -> None:
        threads.append(current_thread())
        give(READY)

    calls = DirectCalls(None, loop, at_once)  # type: ignore[arg-type]  # nobody asks the application
    take(loop, lambda: None)
    assert calls.exchange("GET", "/", {}, None) == (200, b"ready")
    assert threads == [current_thread()]


@pytest.mark.parametrize("name", ["freezegun", "pytest_socket", "time_machine"])
def test_no_loop_is_shared_beside_what_takes_clocks_or_sockets(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, ModuleType(name))
    assert open_shared_loop() is None


def test_sender_apart_sends_from_another_thread_and_ends_it() -> None:
    class Sender:
        def __init__(self) -> None:
            self.threads: list[Thread] = []

        async def send(self, request: OutgoingRequest) -> AttemptResult:
            self.threads.append(current_thread())
            return AttemptResult(status_code=200)

        async def close(self) -> None:
            self.threads.append(current_thread())

    async def send_and_close() -> AttemptResult:
        result = await apart.send(OutgoingRequest("http://localhost/", {}, b""))
        await apart.close()
        return result

    apart = SenderApart(sender := Sender())
    assert asyncio.run(send_and_close()) == AttemptResult(status_code=200)
    assert current_thread() not in sender.threads
    assert [thread.is_alive() for thread in sender.threads] == [False, False]
