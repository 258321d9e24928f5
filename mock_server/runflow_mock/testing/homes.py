"""Homes: the event loops on which applications under test run.

An application shares what belongs to an event loop, such as a pool of connections or a lock, with the test that calls it. So it runs on
the test's own loop, where there is one: the loop from which it was handed over, or from which the fake was asked last. Where a test has
none, it runs on a loop in a thread of its own, apart from the fake's, so that a handler that blocks never keeps the fake from answering it.
"""

import asyncio
import sys
from asyncio import wait as asyncio_wait
from asyncio import wrap_future
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from typing import Any, Protocol

from runflow_mock.testing.loop_threads import LoopThread, TrioThread

Work = Callable[[], Awaitable[None]]
Lost = Callable[[], None]


def _nothing() -> None:
    """Does nothing: a run of trio that has ended refuses even this, and nobody waits for some work."""


class Home(Protocol):
    """An event loop that can be given work from any thread; the work handles every exception of its own.

    `lost` is called in place of work that the loop does not take any more, because it is at its end.
    """

    def spawn(self, work: Work, lost: Lost = _nothing) -> None: ...

    def is_alive(self) -> bool: ...

    def is_open(self) -> bool: ...

    def is_here(self) -> bool: ...

    def wait_for(self, futures: "tuple[Future[None], ...]", seconds: float) -> None: ...


OwnHome = tuple[LoopThread | TrioThread, Home]


class Finder(Protocol):
    """What knows where an application is at home, and where it goes on when the home that it had `before` has ended."""

    def find(self, before: Home | None = None) -> Home: ...


class HomeTask(asyncio.Task[None]):
    """A task that knows whether its own work has asked for its end, or the end of its event loop has."""

    has_ended_itself = is_at_end_of_loop = False

    def cancel(self, msg: Any | None = None) -> bool:
        """Asks for the end of the task: its work does that itself, or somebody else, such as the end of the event loop."""
        self.has_ended_itself = self.has_ended_itself or _running_task() is self
        # Whoever closes a loop cancels what is left on it while it stands, and lets it run once more for that.
        self.is_at_end_of_loop = self.is_at_end_of_loop or not self.get_loop().is_running()
        return super().cancel(msg)


class AsyncioHome:
    """An event loop of asyncio, or of uvloop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Work, lost: Lost = _nothing) -> None:
        """Begins some work."""
        if self.is_here():
            self._begin(work)
            return
        try:
            self._loop.call_soon_threadsafe(self._begin, work)
        except RuntimeError:
            # It was closed since it was asked whether it lives.
            lost()

    def is_alive(self) -> bool:
        """Tells whether the loop runs at this moment."""
        return self._loop.is_running()

    def is_open(self) -> bool:
        """Tells whether the loop can be given work, now or when it runs again."""
        return not self._loop.is_closed()

    def is_here(self) -> bool:
        """Tells whether the caller is on this loop."""
        return _running_loop() is self._loop

    def wait_for(self, futures: "tuple[Future[None], ...]", seconds: float) -> None:
        """Waits until work has ended. Between a test and the end of its fixtures its loop stands: then it runs for that long."""
        waited = tuple(future for future in futures if not future.done())
        if not waited or self._loop.is_closed() or self.is_here():
            return
        if self._loop.is_running():
            wait(waited, seconds)
        elif _running_loop() is None:
            self._loop.run_until_complete(asyncio_wait([wrap_future(future, loop=self._loop) for future in waited], timeout=seconds))

    def _begin(self, work: Work) -> None:
        task = HomeTask(_carry_out(work), loop=self._loop)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class TrioHome:
    """A run of trio."""

    def __init__(self, token: Any) -> None:
        self._token = token

    def spawn(self, work: Work, lost: Lost = _nothing) -> None:
        """Begins some work."""
        import trio

        def begin() -> None:
            try:
                trio.lowlevel.spawn_system_task(self.carry_out, work)
            except RuntimeError:
                # A run takes no task once its main one is gone, and calls an exception here a fault within trio itself.
                lost()

        try:
            self._token.run_sync_soon(begin)
        except trio.RunFinishedError:
            lost()

    async def carry_out(self, work: Work) -> None:
        """Does some work; what it raises is its own affair."""
        await work()

    def is_alive(self) -> bool:
        """Tells whether the run has not ended."""
        import trio

        try:
            self._token.run_sync_soon(_nothing)
        except trio.RunFinishedError:
            return False
        return True

    def is_open(self) -> bool:
        """Tells whether the run has not ended."""
        return self.is_alive()

    def is_here(self) -> bool:
        """Tells whether the caller is in this run."""
        return _trio_token() is self._token

    def wait_for(self, futures: "tuple[Future[None], ...]", seconds: float) -> None:
        """Does nothing: nobody but its own caller can let a run of trio go on."""


class TrioThreadHome(TrioHome):
    """A run of trio in a thread of its own."""

    async def carry_out(self, work: Work) -> None:
        """Does some work, and keeps the run alive where it asks the process to end: others still need the run."""
        import trio

        try:
            await work()
        except BaseException as error:
            if isinstance(error, trio.Cancelled):
                raise

    def wait_for(self, futures: "tuple[Future[None], ...]", seconds: float) -> None:
        """Waits until work has ended."""
        if not self.is_here():
            wait(futures, seconds)


class Homes:
    """Finds the home of an application: the test's own event loop where there is one."""

    def __init__(self) -> None:
        self._seen: Home | None = None
        self._own: dict[Callable[[str], OwnHome], OwnHome] = {}

    def note(self) -> None:
        """Remembers the event loop of the caller, if there is one, as that of the test."""
        here = current_home()
        if here is not None and not (self._seen is not None and self._seen.is_here()):
            self._seen = here

    def find(self, before: Home | None = None) -> Home:
        """Returns the event loop of the test, or one in a thread: one of trio's for what began there, and would fail on any other."""
        seen, began_under_trio = self._seen, isinstance(before, TrioHome)
        if seen is not None and seen.is_alive() and (isinstance(seen, TrioHome) or not began_under_trio):
            return seen
        begin = _begin_trio if began_under_trio else _begin_asyncio
        own = self._own.get(begin)
        if own is None or not own[1].is_open():
            own = self._own[begin] = begin("runflow-mock applications")
        return own[1]

    def forget(self) -> None:
        """Forgets the event loop of a test that has ended."""
        self._seen = None

    def stop(self) -> None:
        """Ends the threads, if there are any."""
        for thread, _ in self._own.values():
            thread.stop()


class HomeOfClient:
    """The event loop of a test client, as long as it is entered; what it leads to is what anyio calls a portal."""

    def __init__(self, portal: Any) -> None:
        found: Home = portal.call(current_home)
        self._home = found

    def find(self, before: Home | None = None) -> Home:
        """Returns the event loop."""
        return self._home


def current_home() -> Home | None:
    """Returns the event loop of the caller, if the caller is on one."""
    loop = _running_loop()
    if loop is not None:
        return AsyncioHome(loop)
    token = _trio_token()
    return None if token is None else TrioHome(token)


def _begin_asyncio(name: str) -> OwnHome:
    thread = LoopThread(name)
    return thread, AsyncioHome(thread.loop)


def _begin_trio(name: str) -> OwnHome:
    thread = TrioThread(name)
    return thread, TrioThreadHome(thread.token)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _running_task() -> asyncio.Task[Any] | None:
    return None if _running_loop() is None else asyncio.current_task()


def _trio_token() -> Any:
    trio = sys.modules.get("trio")
    if trio is None:
        return None
    try:
        return trio.lowlevel.current_trio_token()
    except RuntimeError:
        return None


async def _carry_out(work: Work) -> None:
    await work()
