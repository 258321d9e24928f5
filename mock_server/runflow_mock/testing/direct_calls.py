"""Requests that go straight into the application on its own event loop, without a connection.

The control client of a fake in this process asks in this way. It passes no library that a test could have patched, and no socket. What
can be answered at once is answered in the turn of the loop in which it is asked, without a task and messages of its own: a test asks four
times at least, and the way to the answer would cost more than the answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any
from urllib.parse import unquote

import msgspec

from runflow_mock.testing.own_processes import OwnProcess

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]
AtOnce = Callable[[Scope, bytes, Callable[[tuple[Message, ...] | App], None]], None]
"""Gives the messages of the answer to a request, or what goes on with it."""

_STALLED = (
    "runflow-mock: the fake was asked from within an answer of its own, by a finalizer, or by what handles a signal or a line of a log: "
    "Python runs these wherever it is. Ask from the test, or from a fixture"
)


class Answered(msgspec.Struct):
    """The messages of an answer, and what cut it off, if anything did."""

    messages: list[Message]
    error: Exception | None = None


class _Failed(msgspec.Struct):
    error: BaseException


class DirectCalls:
    """Calls an application that lives on an event loop in another thread."""

    def __init__(self, app: App, loop: asyncio.AbstractEventLoop, at_once: AtOnce | None = None) -> None:
        """Takes what answers requests, and what gives the messages at once of an answer that need not wait for anything."""
        self._app = app
        self._loop = loop
        self._at_once = at_once
        self._process = OwnProcess()
        self._tasks: set[asyncio.Task[None]] = set()

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        """Returns status and body of the answer to a request; for those who wait for it in a thread."""
        messages = self.call(
            method, path, [(name.lower().encode(), value.encode()) for name, value in headers.items()], body or b""
        ).messages
        return messages[0]["status"], b"".join(message.get("body", b"") for message in messages[1:])

    def call(self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes) -> Answered:
        """Returns the answer to a request, message by message; for those who wait for it in a thread.

        Raises:
            RuntimeError: nobody could answer: the caller stands in the way, or this process was forked from the one of the fake.
        """
        if asyncio._get_running_loop() is self._loop:
            raise RuntimeError(_STALLED)
        path, _, query = target.partition("?")
        names = {name for name, _ in headers}
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [*headers, *([] if b"host" in names else [(b"host", b"localhost")])],
            "client": ("127.0.0.1", 0),
            "server": ("localhost", 80),
        }
        self._process.check()
        done: SimpleQueue[Answered | _Failed] = SimpleQueue()
        self._loop.call_soon_threadsafe(self._begin, scope, body, done)
        answered = done.get()
        if isinstance(answered, _Failed):
            raise answered.error
        return answered

    def submit(self, scope: Scope, body: bytes) -> "Future[Answered]":
        """Returns where the answer to a request will be; for those who go on meanwhile.

        Raises:
            RuntimeError: this process was forked from the one in which the fake runs.
        """
        self._process.check()
        return asyncio.run_coroutine_threadsafe(_ask(self._app, scope, body), self._loop)

    def close(self) -> None:
        """Does nothing: there is no connection."""

    def _begin(self, scope: Scope, body: bytes, done: "SimpleQueue[Answered | _Failed]") -> None:
        """Answers a request, in this turn of the loop where that is possible."""

        def give(given: tuple[Message, ...] | App) -> None:
            if isinstance(given, tuple):
                done.put(Answered(list(given)))
                return
            task = self._loop.create_task(_carry_out(given, scope, body, done))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        if self._at_once is None:
            give(self._app)
            return
        try:
            self._at_once(scope, body, give)
        except BaseException as error:
            done.put(_Failed(error))
            if not isinstance(error, Exception):
                raise


async def _carry_out(app: App, scope: Scope, body: bytes, done: "SimpleQueue[Answered | _Failed]") -> None:
    try:
        done.put(await _ask(app, scope, body))
    except BaseException as error:
        done.put(_Failed(error))
        if not isinstance(error, Exception):
            raise


async def _ask(app: App, scope: Scope, body: bytes) -> Answered:
    """Returns the answer of an application, on its own event loop."""
    messages: list[Message] = []
    incoming: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if not incoming:
            # Nobody hangs up in process.
            await asyncio.Event().wait()
        return incoming.pop()

    async def send(message: Message) -> None:
        messages.append(message)

    try:
        await app(scope, receive, send)
    except ConnectionError as error:
        # A fault of the connection: what was sent until then is the answer.
        return Answered(messages, error)
    return Answered(messages)
