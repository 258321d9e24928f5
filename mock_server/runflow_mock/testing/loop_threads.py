"""An event loop in a thread of its own: what runs there goes on while a test, or the event loop of a test, waits."""

import asyncio
from asyncio import gather
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Thread
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")
HANDS = 4
"""How many threads do for a loop what would keep it from going on."""


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


def ready_executor() -> ThreadPoolExecutor:
    """Returns threads that have all begun: once a test has put something else in the place of threads, no other would."""
    executor, all_there = ThreadPoolExecutor(HANDS, "runflow-mock hand"), Barrier(HANDS + 1)
    for _ in range(HANDS):
        executor.submit(all_there.wait)
    all_there.wait()
    return executor


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
