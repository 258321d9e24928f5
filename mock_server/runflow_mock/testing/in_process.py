"""The fake in this process, without a socket: an ASGI application that can be called from any event loop or none.

The fake lives on an event loop of its own, in a thread of its own, so that its clock can be moved by a plain function call while a client
waits, whatever framework that client uses. Requests are handed over whole, and so are the messages of their answers.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from concurrent.futures import Future
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from runflow_mock.openapi.contracts import Contract
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.sender import HttpSender
from runflow_mock.runtime.tenants import Monotonic
from runflow_mock.testing.control import Control
from runflow_mock.testing.receivers_in_process import AppSender, AsgiApp, Message, WsgiApp
from runflow_mock.testing.runflow import Runflow
from runflow_mock.web.app import create_app

ResultT = TypeVar("ResultT")
Scope = MutableMapping[str, Any]
BASE_URL = "http://localhost"


class Answered(msgspec.Struct):
    """The messages of an answer, and what cut it off, if anything did."""

    messages: list[Message]
    error: Exception | None = None


class InProcess:
    """One fake without a socket; an ASGI application, and an exchanger for the control client."""

    def __init__(self, config: Config | None = None, *, contract: Contract | None = None, seconds: Monotonic | None = None) -> None:
        """Starts the fake; `seconds` are those that have passed, in place of the machine's clocks, since 1970."""
        config = replace(config or Config(), callbacks_open=True)
        self._sender = AppSender(HttpSender(timeout_seconds=config.callback_timeout_seconds, ca_file=config.callback_ca))
        self._loop = asyncio.new_event_loop()
        self._app = create_app(
            config,
            contract=contract,
            sender=self._sender,
            monotonic=seconds or time.monotonic,
            wall=seconds or time.time,
            timer=seconds or time.perf_counter,
        )
        self.runtime = self._app.state.runtime
        self._thread = threading.Thread(target=self._loop.run_forever, name="runflow-mock", daemon=True)
        self._thread.start()

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        """Answers a request from whatever event loop it comes."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await _live(receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        answered = await _wait(self._submit(self._answer(scope, body)))
        for message in answered.messages:
            await send(message)
        if answered.error is not None:
            raise answered.error

    def mount(self, prefix: str, app: AsgiApp | WsgiApp) -> None:
        """Delivers callbacks whose URL begins with the prefix straight into an ASGI or WSGI application."""
        self._sender.mount(prefix, app)

    def unmount(self) -> None:
        """Forgets every application that was mounted."""
        self._sender.unmount()

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
        return self._submit(self._answer(scope, body)).result()

    def close(self) -> None:
        """Does nothing: the fake outlives the tenants in it; see `stop`."""

    def stop(self) -> None:
        """Stops what is in flight and ends the thread."""
        if not self._loop.is_closed():
            self._submit(self.runtime.close()).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _submit(self, work: Coroutine[Any, Any, ResultT]) -> "Future[ResultT]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _answer(self, scope: Scope, body: bytes) -> Answered:
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


async def _wait(future: "Future[ResultT]") -> ResultT:
    """Waits for a result of another thread, under asyncio or whatever anyio runs on."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        import anyio.to_thread

        return await anyio.to_thread.run_sync(future.result)
    return await asyncio.wrap_future(future)


async def _live(receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
    while True:
        message = await receive()
        kind = message["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{kind}.complete"})
        if kind == "shutdown":
            return


def open_tenant_in(app: InProcess, **settings: Any) -> Runflow:
    """Makes a tenant in a fake without a socket and returns its handle; the settings are those of `POST /_mock/tenants`."""
    tenant = Control(BASE_URL, None, app).create_tenant(**settings)
    return Runflow(Control(BASE_URL, tenant.key, app), tenant, BASE_URL, app)
