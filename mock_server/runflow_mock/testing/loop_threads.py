"""An event loop in a thread of its own: what runs there goes on while a test, or the event loop of a test, waits."""

import asyncio
from asyncio import gather
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar

ParamsT = ParamSpec("ParamsT")
ResultT = TypeVar("ResultT")
HANDS = 4
"""How many threads do for a loop what would keep it from going on."""
STOP_SECONDS_MAX = 5.0
"""How long the end of a run of trio may take."""


class LoopThread:
    """One event loop at work until it is stopped.

    It is uvloop's where that is installed: its timers do not ask `time`, which tools that freeze clocks take from a whole process.
    """

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop = loop or _new_loop()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, ResultT]) -> "Future[ResultT]":
        """Lets the loop do some work, and returns where its result will be."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def _run(self) -> None:
        while True:
            try:
                self.loop.run_forever()
            except (SystemExit, KeyboardInterrupt):
                # Somebody's task has asked the process to end. Whoever waits for the task is told; the others still need their loop.
                continue
            return

    def stop(self) -> None:
        """Ends the loop and its thread; what is still under way there is cancelled."""
        if not self.loop.is_closed():
            self.submit(_cancel_the_rest()).result()
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()
            self.loop.close()


class TrioThread:
    """One run of trio at work until it is stopped."""

    def __init__(self, name: str) -> None:
        self._begun: Future[tuple[Any, Any]] = Future()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self.token, self._scope = self._begun.result()

    def _run(self) -> None:
        import trio

        try:
            trio.run(self._stay)
        except BaseException as error:
            if self._begun.done():
                raise
            self._begun.set_exception(error)

    async def _stay(self) -> None:
        import trio

        with trio.CancelScope() as scope:
            self._begun.set_result((trio.lowlevel.current_trio_token(), scope))
            await trio.sleep_forever()

    def stop(self) -> None:
        """Ends the run and its thread; what is still under way there is cancelled."""
        import trio

        with suppress(trio.RunFinishedError):
            self.token.run_sync_soon(self._scope.cancel)
        # A handler under a shield may never end: the thread does not keep the process alive.
        self._thread.join(STOP_SECONDS_MAX)


class ReadyExecutor(ThreadPoolExecutor):
    """Threads that have all begun, and are Python's: once a test has put something else in the place of threads, no other would be."""

    def __init__(self) -> None:
        super().__init__(HANDS)
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._is_over = False
        self._hands = [Thread(target=_work_off, args=(self._jobs,), name="runflow-mock hand", daemon=True) for _ in range(HANDS)]
        for hand in self._hands:
            hand.start()

    def submit(self, function: Callable[ParamsT, ResultT], /, *args: ParamsT.args, **named: ParamsT.kwargs) -> "Future[ResultT]":
        """Lets a thread do some work as soon as one is free, and returns where its result will be."""
        if self._is_over:
            raise RuntimeError("cannot schedule new futures after shutdown")
        done: Future[ResultT] = Future()
        self._jobs.put(lambda: _work(done, lambda: function(*args, **named)))
        return done

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - Executor's own signature
        """Ends the threads once they have done what is waiting."""
        self._is_over = True
        for _ in self._hands:
            self._jobs.put(None)
        for hand in self._hands if wait else ():
            hand.join()


def begin(function: Callable[ParamsT, ResultT], /, *args: ParamsT.args, **named: ParamsT.kwargs) -> "Future[ResultT]":
    """Lets a thread of its own do some work that may wait for the fake, and returns where its result will be."""
    done: Future[ResultT] = Future()
    Thread(target=_work, args=(done, lambda: function(*args, **named)), name="runflow-mock guest", daemon=True).start()
    return done


def _work_off(jobs: "SimpleQueue[Callable[[], None] | None]") -> None:
    while (job := jobs.get()) is not None:
        job()


def _work(done: "Future[ResultT]", work: Callable[[], ResultT]) -> None:
    if done.set_running_or_notify_cancel():
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _cancel_the_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await gather(*rest, return_exceptions=True)
