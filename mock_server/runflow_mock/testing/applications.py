"""Applications under test: an ASGI application is called as a server would call it, with its lifespan, and what it raises is kept.

In production nobody but the application's own log hears of an exception in a handler; here it is handed to the test.
"""

import asyncio
import dis
import sys
import threading
from asyncio import wait, wrap_future
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from types import FunctionType
from typing import Any, NamedTuple

import anyio

from runflow_mock.runtime.sender import OutgoingRequest
from runflow_mock.testing.application_answers import AsgiAnswer
from runflow_mock.testing.application_requests import scope_of
from runflow_mock.testing.homes import Finder, Home, HomeTask

Message = MutableMapping[str, Any]
AsgiApp = Callable[[MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

START_SECONDS_MAX = 9.0
"""How long an application may take to start up: less than a callback waits, so that it is told what it waits for."""
FAILED = 500
"""What a framework answers for an exception with which the application has not dealt."""
# An application that calls `sys.exit` ends its server; raised in a task of the test's loop that would end the loop, and tests after it.
_ITS_OWN = (Exception, SystemExit)
GOODBYE_SECONDS_MAX = 2.0
"""How long the end of a lifespan, and what handlers do after their answer, may take when a test ends."""


class Raised(NamedTuple):
    """An exception of an application under test, and where it was raised."""

    error: BaseException
    where: str


class Exceptions:
    """The exceptions of applications under test, in the order in which they were raised."""

    def __init__(self) -> None:
        self._raised: list[Raised] = []
        self._lock = threading.Lock()

    def add(self, error: BaseException, where: str) -> None:
        """Keeps an exception, once."""
        with self._lock:
            if not any(raised.error is error for raised in self._raised):
                self._raised.append(Raised(error, where))

    def all(self) -> tuple[Raised, ...]:
        """Returns all of them."""
        with self._lock:
            return tuple(self._raised)


class AsgiApplication:
    """One ASGI application at work on the event loop of the test."""

    def __init__(
        self,
        app: AsgiApp,
        homes: Finder,
        exceptions: Exceptions,
        *,
        has_lifespan: bool = True,
        start_seconds: float = START_SECONDS_MAX,
        state: dict[str, Any] | None = None,
    ) -> None:
        """Calls an application; `state` is that of its lifespan, where somebody else runs that."""
        self._app = app
        self._state = state or {}
        self._start_seconds = start_seconds
        self._homes = homes
        self._exceptions = exceptions
        self._has_lifespan = has_lifespan
        self._lock = threading.Lock()
        self._lifespan: _Lifespan | None = None
        self._earlier: list[_Lifespan] = []
        self._under_way: set[Future[None]] = set()

    def start(self) -> "Future[None]":
        """Begins the lifespan, where it has not begun on an event loop that is still alive; the result comes once it is up."""
        with self._lock:
            home = self._find_home()
            if self._lifespan is None or not self._lifespan.home.is_alive():
                if self._lifespan is not None:
                    self._earlier.append(self._lifespan)
                self._lifespan = _Lifespan(self._app, home, self._exceptions, self._state, is_wanted=self._has_lifespan)
            return self._lifespan.up

    def wait_started(self) -> None:
        """Waits until the application is up, in a thread that may wait.

        Raises:
            HandlerFailed: its start has failed, or has not ended in time.
        """
        started = self.start()
        try:
            started.result(self._start_seconds)
        except TimeoutError:
            self._give_up(started)
            started.result()

    async def _let_start(self, started: "Future[None]") -> None:
        waited = wrap_future(started)
        # Whoever does not wait to the end leaves it behind, and asyncio would tell the user of an exception that nobody took.
        waited.add_done_callback(lambda done: done.cancelled() or done.exception())
        await wait([waited], timeout=self._start_seconds)
        if not started.done():
            self._give_up(started)

    def _give_up(self, started: "Future[None]") -> None:
        """Counts a start that does not end as one that has failed: every callback would wait for it anew."""
        says = (
            f"the start of the application did not end within {self._start_seconds:g} s: its lifespan never says lifespan.startup.complete"
        )
        error = RuntimeError(f"{says}; deliver_to(app, lifespan=False) leaves it out")
        self._exceptions.add(error, "the lifespan of the application")
        with suppress(InvalidStateError):
            started.set_exception(HandlerFailed(error))

    async def post(self, request: OutgoingRequest) -> tuple[int, bytes]:
        """Returns status and body of the answer to a callback; what the handler does after its answer goes on."""
        started = self.start()
        if not started.done():
            await self._let_start(started)
        started.result()
        assert self._lifespan is not None
        call = _Call(self._app, scope_of(request, self._lifespan.state), request.body)
        done: Future[None] = Future()
        self._under_way.add(done)

        async def work() -> None:
            try:
                await call.run()
            except BaseException as error:
                if not _is_end_of_loop(error):
                    if isinstance(error, asyncio.CancelledError) and _has_ended_itself():
                        error.add_note("the handler has cancelled its own task")
                    self._exceptions.add(error, f"POST {request.url}")
                if not call.answered.done():
                    call.answered.set_exception(HandlerFailed(error))
                if not isinstance(error, _ITS_OWN):
                    # The end of the event loop, or of the test run, is not ours to hold up.
                    raise
            finally:
                self._under_way.discard(done)
                done.set_result(None)

        def lost() -> None:
            self._under_way.discard(done)
            done.set_result(None)
            call.answered.set_exception(HandlerFailed(RuntimeError("the event loop of the test is at its end")))

        self._lifespan.home.spawn(work, lost)
        try:
            return await wrap_future(call.answered)
        finally:
            call.hang_up(self._lifespan.home)

    def is_here(self) -> bool:
        """Tells whether the application runs, or would run, on the event loop of the caller."""
        lifespan = self._lifespan
        home = self._find_home() if lifespan is None or not lifespan.home.is_alive() else lifespan.home
        return home.is_here()

    def _find_home(self) -> Home:
        return self._homes.find(None if self._lifespan is None else self._lifespan.home)

    def stop(self) -> None:
        """Lets handlers come to their end and the application shut down, and waits for both as long as somebody can."""
        lifespans = [*self._earlier, *([] if self._lifespan is None else [self._lifespan])]
        for lifespan in lifespans:
            lifespan.home.wait_for((*self._under_way,), GOODBYE_SECONDS_MAX)
            lifespan.end()
            lifespan.home.wait_for((lifespan.over,), GOODBYE_SECONDS_MAX)


class HandlerFailed(Exception):
    """A handler has raised an exception in place of an answer."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(words_of(error)[:300])


def words_of(error: BaseException) -> str:
    """Returns the kind of an exception and what it says, also of one that fails to say anything."""
    try:
        says = str(error)
    except Exception:
        says = "<exception str() failed>"
    return f"{type(error).__name__}: {says}".removesuffix(": ")


class _Lifespan:
    """The lifespan of an application on one event loop: up, and over."""

    def __init__(self, app: AsgiApp, home: Home, exceptions: Exceptions, state: dict[str, Any], *, is_wanted: bool) -> None:
        self.home = home
        self.state = state.copy()
        self.up: Future[None] = Future()
        self.over: Future[None] = Future()
        self._app = app
        self._exceptions = exceptions
        self._has_asked = False
        self._failed: RuntimeError | None = None
        self._ending: anyio.Event | None = None
        if is_wanted and _may_know_lifespans(app):
            home.spawn(self._run, self._not_begun)
        else:
            self._not_begun()

    def end(self) -> None:
        """Lets the application shut down."""
        if not self.over.done() and self.home.is_open():
            self.home.spawn(self._end)

    def _not_begun(self) -> None:
        self._be_up()
        self.over.set_result(None)

    async def _end(self) -> None:
        if self._ending is not None:
            self._ending.set()

    async def _run(self) -> None:
        self._ending = anyio.Event()
        scope = _Watched({"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state})
        try:
            await self._app(scope, self._receiving(scope), self._send)
            if self._failed is not None:
                self._exceptions.add(self._failed, "the lifespan of the application")
        except _NoLifespan:
            self._be_up()
        except BaseException as error:
            # An application that knows no lifespan may refuse the scope: it had then not asked for a message.
            if self._has_asked and not _is_end_of_loop(error):
                self._exceptions.add(error, "the lifespan of the application")
                if not self.up.done():
                    self.up.set_exception(HandlerFailed(error))
            self._be_up()
            if not isinstance(error, _ITS_OWN):
                raise
        finally:
            self._be_up()
            self.over.set_result(None)

    def _be_up(self) -> None:
        if not self.up.done():
            self.up.set_result(None)

    def _receiving(self, scope: "_Watched") -> Callable[[], Awaitable[Message]]:
        async def receive() -> Message:
            if not scope.was_read:
                raise _NoLifespan
            if not self._has_asked:
                self._has_asked = True
                return {"type": "lifespan.startup"}
            assert self._ending is not None
            try:
                await self._ending.wait()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if not (isinstance(task, HomeTask) and task.is_at_end_of_loop):
                    raise
                # The loop waits for what it has cancelled, and no server ends its own before its applications.
                task.uncancel()
                task.get_loop().call_later(GOODBYE_SECONDS_MAX, self._cut, task)
            return {"type": "lifespan.shutdown"}

        return receive

    def _cut(self, task: "asyncio.Task[None]") -> None:
        error = RuntimeError(f"the end of the application did not end within {GOODBYE_SECONDS_MAX:g} s")
        self._exceptions.add(error, "the lifespan of the application")
        task.cancel()

    async def _send(self, message: Message) -> None:
        kind, _, outcome = message["type"].removeprefix("lifespan.").partition(".")
        if message["type"] == "lifespan.startup.complete":
            self._be_up()
        elif outcome == "failed":
            # What frameworks say here is a traceback, which ends with what was wrong.
            says = str(message.get("message", "")).strip().splitlines() or ["no reason was given"]
            error = RuntimeError(f"the {'start' if kind == 'startup' else 'end'} of the application failed: {says[-1]}")
            self._failed = error
            if kind == "startup" and not self.up.done():
                self.up.set_exception(HandlerFailed(error))


class _NoLifespan(Exception):
    """An application takes messages without asking what they are about: it knows nothing of lifespans."""


class _Watched(dict[str, Any]):
    """A scope that knows whether anybody has read it."""

    was_read = False

    def __getitem__(self, name: str) -> Any:
        self.was_read = True
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.was_read = True
        return super().get(name, default)

    def __iter__(self) -> Any:
        self.was_read = True
        return super().__iter__()

    def items(self) -> Any:
        self.was_read = True
        return super().items()

    def copy(self) -> dict[str, Any]:
        self.was_read = True
        return super().copy()


def _may_know_lifespans(app: AsgiApp) -> bool:
    """Tells whether an application may tell a lifespan from a request: a plain function that never looks at its scope cannot."""
    if not isinstance(app, FunctionType) or not app.__code__.co_argcount:
        return True
    scope = app.__code__.co_varnames[0]
    named = (step.argval for step in dis.get_instructions(app.__code__) if step.opname.startswith("LOAD"))
    return any(name == scope or (isinstance(name, tuple) and scope in name) for name in named)


def _is_end_of_loop(error: BaseException) -> bool:
    """Tells whether an exception is only the end of the event loop, which cancels what is still under way.

    A handler that waits for a task that somebody has cancelled is not cancelled itself, and fails as it would in production; so does one
    that cancels its own.
    """
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_end_of_loop, error.exceptions))
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        # What the end of a loop cancels beside an application ends with it.
        is_beside = isinstance(task, HomeTask) and task.is_at_end_of_loop
        return is_beside or (task is not None and task.cancelling() > 0 and not _has_ended_itself())
    trio = sys.modules.get("trio")
    return trio is not None and isinstance(error, trio.Cancelled)


def _has_ended_itself() -> bool:
    task = asyncio.current_task()
    return isinstance(task, HomeTask) and task.has_ended_itself


class _Call:
    """One request to an ASGI application; it is answered when the last piece of the answer was sent, whatever is done after that."""

    def __init__(self, app: AsgiApp, scope: dict[str, Any], body: bytes) -> None:
        self.answered: Future[tuple[int, bytes]] = Future()
        self._app = app
        self._scope = scope
        self._incoming = iter([{"type": "http.request", "body": body, "more_body": False}])
        self._gone: anyio.Event | None = None
        self._answer = AsgiAnswer()

    async def run(self) -> None:
        self._gone = anyio.Event()
        await self._app(self._scope, self._receive, self._send)
        if not self.answered.done():
            raise RuntimeError(
                "the application did not answer" if self._answer.status is None else "the application did not end its answer"
            )

    def hang_up(self, home: Home) -> None:
        """Lets the application know that nobody waits for its answer any more."""
        if home.is_open():
            home.spawn(self._leave)

    async def _leave(self) -> None:
        if self._gone is not None:
            self._gone.set()

    async def _receive(self) -> Message:
        message = next(self._incoming, None)
        if message is None:
            assert self._gone is not None
            await self._gone.wait()
            return {"type": "http.disconnect"}
        return message

    async def _send(self, message: Message) -> None:
        answer = self._answer
        answer.take(message)
        if answer.is_enough and not self.answered.done():
            assert answer.status is not None
            self.answered.set_result((answer.status, answer.body))
