"""Requests that go straight into the application on its own event loop, without a connection.

The control client of a fake in this process asks in this way. It passes no library that a test could have patched, and no socket.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec

from runflow_mock.testing.own_processes import OwnProcess

ResultT = TypeVar("ResultT")
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


class Answered(msgspec.Struct):
    """The messages of an answer, and what cut it off, if anything did."""

    messages: list[Message]
    error: Exception | None = None


class _Failed(msgspec.Struct):
    error: BaseException


class DirectCalls:
    """Calls an application that lives on an event loop in another thread."""

    def __init__(self, app: App, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop
        self._process = OwnProcess()
        self._tasks: set[asyncio.Task[None]] = set()

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        """Returns status and body of the answer to a request; for those who wait for it in a thread."""
        messages = self.call(
            method, path, [(name.lower().encode(), value.encode()) for name, value in headers.items()], body or b""
        ).messages
        return messages[0]["status"], b"".join(message.get("body", b"") for message in messages[1:])

    def call(self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes) -> Answered:
        """Returns the answer to a request, message by message; for those who wait for it in a thread."""
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
        return self._wait_for(self.answer(scope, body))

    def submit(self, work: Coroutine[Any, Any, ResultT]) -> "Future[ResultT]":
        """Lets the application's event loop do some work.

        Raises:
            RuntimeError: this process was forked from the one in which the fake runs.
        """
        self._check_process(work)
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _wait_for(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Does the same as to submit work and wait for its result, in half the time: every test does so several times."""
        self._check_process(work)
        done: SimpleQueue[ResultT | _Failed] = SimpleQueue()

        async def carry_out() -> None:
            try:
                done.put(await work)
            except BaseException as error:
                done.put(_Failed(error))
                if not isinstance(error, Exception):
                    raise

        def begin() -> None:
            task = self._loop.create_task(carry_out())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        self._loop.call_soon_threadsafe(begin)
        result = done.get()
        if isinstance(result, _Failed):
            raise result.error
        return result

    def _check_process(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            self._process.check()
        except RuntimeError:
            work.close()
            raise

    async def answer(self, scope: Scope, body: bytes) -> Answered:
        """Returns the answer to a request; on the application's event loop."""
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
            await self._app(scope, receive, send)
        except ConnectionError as error:
            # A fault of the connection: what was sent until then is the answer.
            return Answered(messages, error)
        return Answered(messages)

    def close(self) -> None:
        """Does nothing: there is no connection."""
