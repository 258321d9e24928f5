"""The application as a server sees it: when it begins, when it ends, and what it has no part in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.types import Message, Scope

from runflow_mock.runtime.config import ConfigError
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.web.app import Application, State, create_app

LIFESPAN = {"type": "lifespan", "asgi": {"version": "3.0"}}


def _told(app: Application, scope: Scope, *received: str) -> list[Message]:
    """Returns what an application tells its server, which has these messages for it; what it raises the server has been told."""
    told, waiting = list[Message](), iter(received)

    async def receive() -> Message:
        return {"type": next(waiting)}

    async def send(message: Message) -> None:
        told.append(message)

    with suppress(OSError, ConfigError):
        asyncio.run(asyncio.wait_for(app(scope, receive, send), 5))
    return told


def test_application_begins_and_ends_with_its_server() -> None:
    ended = list[Runtime]()

    async def on_stop(runtime: Runtime) -> None:
        ended.append(runtime)

    app = create_app(on_stop=on_stop)
    told = _told(app, LIFESPAN, "lifespan.startup", "lifespan.shutdown")
    assert told == [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]
    assert ended == [app.state.runtime]


def test_server_is_told_that_an_end_failed_and_why() -> None:
    async def on_stop(runtime: Runtime) -> None:
        raise OSError("the report cannot be written")

    begun, ended = _told(create_app(on_stop=on_stop), LIFESPAN, "lifespan.startup", "lifespan.shutdown")
    assert (begun["type"], ended["type"]) == ("lifespan.startup.complete", "lifespan.shutdown.failed")
    assert "the report cannot be written" in ended["message"]


def test_server_has_no_trace_of_an_option_that_cannot_be_used() -> None:
    @asynccontextmanager
    async def refused(state: State) -> AsyncIterator[None]:
        state.refused.append(ConfigError("keep: the broker cannot be reached"))
        if state.refused:
            raise state.refused[0]
        yield

    app = Application(State(create_app().state.runtime), (), lambda site: (), refused, None)
    assert _told(app, LIFESPAN, "lifespan.startup") == [{"type": "lifespan.startup.failed", "message": ""}]


def test_nobody_opens_a_websocket() -> None:
    (closed,) = _told(create_app(), {"type": "websocket", "path": "/v1/runs"}, "websocket.connect")
    assert closed["type"] == "websocket.close"
