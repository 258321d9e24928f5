"""The fake in this process, without a socket: an ASGI application that can be called from any event loop or none.

The fake lives on an event loop of its own, in a thread of its own, so that its clock can be moved by a plain function call while a client
waits, whatever framework that client uses. Requests are handed over whole, and so are the messages of their answers; `dialer` opens
connections to it that behave as sockets do.
"""

import asyncio
from asyncio import wrap_future
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from msgspec.structs import replace

from runflow_mock.openapi.contracts import Contract
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.runtime import Sleep
from runflow_mock.runtime.sender import HttpSender
from runflow_mock.runtime.tenants import Monotonic
from runflow_mock.testing.applications import START_SECONDS_MAX, AsgiApp
from runflow_mock.testing.control import Control
from runflow_mock.testing.dialers import MemoryDialer
from runflow_mock.testing.direct_calls import Answered, DirectCalls, Message, Scope
from runflow_mock.testing.homes import Homes, current_home
from runflow_mock.testing.loop_guards import GuardedExchanger
from runflow_mock.testing.loop_threads import LoopThread, ReadyExecutor
from runflow_mock.testing.receivers_in_process import AppSender, Mount
from runflow_mock.testing.runflow import Runflow
from runflow_mock.testing.wsgi_applications import WsgiApp
from runflow_mock.web.app import create_app
from runflow_mock.web.calls import in_messages
from runflow_mock.web.control import operations  # noqa: F401 - loaded before a test replaces clocks or sockets
from runflow_mock.web.server import protocols_of

ResultT = TypeVar("ResultT")
BASE_URL = "http://localhost"

__all__ = ["BASE_URL", "Answered", "InProcess", "Scope", "open_tenant_in"]


class InProcess:
    """One fake without a socket; an ASGI application, and an exchanger for the control client.

    `callbacks_open` takes plain HTTP to any host as the address of callbacks: an application that is mounted has whatever name it likes.
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        contract: Contract | None = None,
        seconds: Monotonic | None = None,
        sleep: Sleep = asyncio.sleep,
        callbacks_open: bool = True,
        start_seconds: float = START_SECONDS_MAX,
    ) -> None:
        """Starts the fake; `seconds` are those that have passed, in place of the machine's clocks, since 1970.

        `sleep` is how it waits where a rule delays an answer, and `start_seconds` how long it waits for an application to start.
        """
        config = replace(config or Config(), callbacks_open=callbacks_open)
        self.homes = Homes()
        limit = config.callback_timeout_seconds
        otherwise = HttpSender(timeout_seconds=limit, ca_file=config.callback_ca)
        self._sender = AppSender(otherwise, self.homes, timeout_seconds=limit, start_seconds=start_seconds)
        self._thread = LoopThread("runflow-mock")
        self._thread.loop.set_default_executor(ReadyExecutor())
        # Without other clocks the application has those that it was loaded with, whatever a test has put in their place since.
        clocks: dict[str, Any] = {} if seconds is None else {"monotonic": seconds, "wall": seconds, "timer": seconds}
        app = create_app(config, contract=contract, sender=self._sender, sleep=sleep, **clocks)
        self.runtime = app.state.runtime
        self._calls = DirectCalls(app, self._thread.loop, in_messages(app.at_once))
        self.dialer = MemoryDialer(self._thread.loop, protocols_of(app))

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        """Answers a request from whatever event loop it comes."""
        if scope["type"] != "http":
            answer = _OTHER_SCOPES.get(scope["type"])
            if answer is None:
                raise ValueError(f"the fake knows scopes of http, lifespan and websocket, not {scope['type']!r}")
            await answer(receive, send)
            return
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        self.note_loop()
        answered = await _wait(self._calls.submit(scope, bytes(body)))
        for message in answered.messages:
            await send(message)
        if answered.error is not None:
            raise answered.error

    def mount(self, prefix: str, app: AsgiApp | WsgiApp, *, lifespan: bool = True, beside: Mount | None = None) -> Mount:
        """Delivers callbacks whose URL begins with the prefix straight into an ASGI or WSGI application; see `AppSender.mount`."""
        self.note_loop()
        mount = self._sender.mount(prefix, app, lifespan=lifespan, beside=beside)
        if current_home() is not None:
            # The event loop is there already: what the test does next may need what the application opens at its start.
            mount.app.start()
        return mount

    def note_loop(self) -> None:
        """Takes the event loop of the caller for that of the test."""
        self.homes.note()

    def unmount(self, mount: Mount | None = None) -> None:
        """Takes an application away, or all of them, and lets it shut down."""
        for gone in self._sender.mounts if mount is None else (mount,):
            self._sender.unmount(gone)

    def needs_loop_of_caller(self) -> bool:
        """Tells whether a callback would need the event loop on which the caller is."""
        self.note_loop()
        return self._sender.needs_loop_of_caller()

    def is_handling(self, tenant: str) -> bool:
        """Tells whether the handler of a callback of a tenant is the caller, and has not answered."""
        return self._sender.is_handling(tenant)

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        """Returns status and body of the answer to a request; for those who wait for it in a thread."""
        return self._calls.exchange(method, path, headers, body)

    def call(self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes) -> Answered:
        """Returns the answer to a request, message by message; for those who wait for it in a thread."""
        return self._calls.call(method, target, headers, body)

    def close(self) -> None:
        """Does nothing: the fake outlives the tenants in it; see `stop`."""

    def stop(self) -> None:
        """Lets applications shut down that are still mounted, stops what is in flight and ends the threads.

        One that runs on the event loop of the caller is not waited for: that loop is closed by now, or waits for this call itself.
        """
        if not self._thread.loop.is_closed():
            self.unmount()
            self._thread.submit(self.runtime.close()).result()
            self._thread.stop()
            self.homes.stop()


async def _wait(future: "Future[ResultT]") -> ResultT:
    """Waits for a result of another thread, under asyncio or whatever anyio runs on."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        import anyio.to_thread

        return await anyio.to_thread.run_sync(future.result)
    return await wrap_future(future)


async def _live(receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
    while True:
        message = await receive()
        kind = message["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{kind}.complete"})
        if kind == "shutdown":
            return


async def _refuse(receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
    """Closes a WebSocket before it is open, which a server tells the client with 403: the service speaks none."""
    await receive()
    await send({"type": "websocket.close", "code": 1000, "reason": "the fake speaks no WebSocket"})


_OTHER_SCOPES = {"lifespan": _live, "websocket": _refuse}


def open_tenant_in(app: InProcess, **settings: Any) -> Runflow:
    """Makes a tenant in a fake without a socket and returns its handle; the settings are those of `POST /_mock/tenants`."""
    tenant = Control(BASE_URL, None, app).create_tenant(**settings)
    way = GuardedExchanger(app, app.needs_loop_of_caller, partial(app.is_handling, tenant.tenant))
    return Runflow(Control(BASE_URL, tenant.key, way), tenant, BASE_URL, app, guard=way)
