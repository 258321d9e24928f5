"""An event loop of which other threads may take a turn while it has nothing to do.

Two threads that wake each other for every answer take longer for that than for most answers, and each finds the caches of its core cold.
"""

import asyncio
import sys
from collections.abc import Callable
from contextvars import Context
from math import inf
from selectors import DefaultSelector, SelectorKey
from threading import Lock
from time import monotonic
from typing import TypeVarTuple

ArgsT = TypeVarTuple("ArgsT")
# These take clocks or sockets away from all of Python, its event loop included; uvloop has its own.
_TAKERS = frozenset(("freezegun", "pytest_socket", "time_machine"))


def open_shared_loop() -> "SharedLoop | None":
    """Returns a loop of which turns can be taken, unless a tool is loaded beside which that could not work."""
    return None if _TAKERS & sys.modules.keys() else SharedLoop()


class SharedLoop(asyncio.SelectorEventLoop):
    """Python's event loop: who has its turn runs what there is to do, and it lets go of the turn while it waits.

    Its clock is the machine's, also once a test has put another one in the place of `time.monotonic`.
    """

    def __init__(self) -> None:
        self._turn = Lock()
        self._waiting = _Waiting(self._turn)
        self._leaves_work = False
        # What a thread has set for itself, such as the precision of decimals, is nothing to what it does here.
        self._context = Context()
        super().__init__(self._waiting)

    def time(self, read: Callable[[], float] = monotonic) -> float:
        """Returns the seconds on the clock of the loop."""
        return read()

    def run_forever(self) -> None:
        """Runs until `stop`."""
        with self._turn:
            super().run_forever()

    def call_soon(self, callback: Callable[[*ArgsT], object], *args: *ArgsT, context: Context | None = None) -> asyncio.Handle:
        """Has something done next."""
        self._leaves_work = True
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*ArgsT], object], *args: *ArgsT, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Has something done at a time; a loop that wakes no later needs not be told."""
        self._leaves_work = self._leaves_work or when < self._waiting.until
        return super().call_at(when, callback, *args, context=context)

    def call_soon_threadsafe(self, callback: Callable[[*ArgsT], object], *args: *ArgsT, context: Context | None = None) -> asyncio.Handle:
        """Has something done next, from whatever thread; until then nobody takes a turn, so that what comes first is done first.

        Where that was done while it was said here, nobody takes a turn until the loop wakes once more.
        """
        handle = super().call_soon_threadsafe(callback, *args, context=context)
        self._waiting.is_called = True
        return handle

    def take_turn(self, work: Callable[[], object]) -> bool:
        """Does some work in this thread as the loop would in its own, and tells whether it could: while the loop had nothing else to do.

        A thread that runs an event loop cannot. None waits here, so that none can wait for ever.
        """
        if asyncio._get_running_loop() is not None or self.get_debug() or not self._turn.acquire(blocking=False):
            return False
        try:
            is_free = self.is_running() and not self._waiting.is_called
            self._leaves_work = False
            if is_free:
                self._work_off(work)
        finally:
            is_awaited = self._leaves_work
            self._turn.release()
            if is_awaited:
                self.call_soon_threadsafe(_look)
        return is_free

    def _work_off(self, work: Callable[[], object]) -> None:
        asyncio._set_running_loop(self)
        try:
            self._context.run(work)
        finally:
            asyncio._set_running_loop(None)


class _Waiting(DefaultSelector):
    """Waits without the turn: `until` when at the latest, and `is_called` once another thread has left something to do."""

    def __init__(self, turn: Lock) -> None:
        super().__init__()
        self._turn = turn
        self.until = inf
        self.is_called = False

    def select(self, timeout: float | None = None, read: Callable[[], float] = monotonic) -> list[tuple[SelectorKey, int]]:
        """Returns what is ready, once nobody else has the turn."""
        self.until = inf if timeout is None else read() + timeout
        self._turn.release()
        try:
            return super().select(timeout)
        finally:
            self._turn.acquire()
            self.is_called = False


def _look() -> None:
    """Does nothing: the loop looks at what there is to do."""
