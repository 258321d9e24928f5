import asyncio
import json
import logging
import threading
from collections.abc import Iterator, MutableMapping
from typing import Any

import anyio
import httpx
import pytest
from steps import MODEL

from runflow_mock.runtime.callback_turns import TENANT_TURNS_MAX
from runflow_mock.runtime.config import Config
from runflow_mock.testing.in_process import BASE_URL, InProcess, open_tenant_in
from runflow_mock.testing.runflow import Runflow
from runflow_mock.testing.server import serve

BODY = {"input": {"image_url": "https://cdn.example.com/shirt.jpg"}}


@pytest.fixture
def runflow(app: InProcess, request: pytest.FixtureRequest) -> Iterator[Runflow]:
    handle = open_tenant_in(app, clock="manual")
    yield handle
    handle.control.delete_tenant(handle.tenant)
    app.unmount()


def client(runflow: Runflow) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=runflow.app), base_url=BASE_URL, headers=runflow.headers)


async def create(runflow: Runflow, url: str | None = None) -> int:
    async with client(runflow) as opened:
        return (await opened.post(f"/v1/models/{MODEL}/runs", json={**BODY, "callback_url": url})).status_code


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_app_answers_on_any_event_loop(runflow: Runflow, backend: str) -> None:
    assert anyio.run(create, runflow, backend=backend) == 201
    assert [run["status_code"] for run in runflow.runs] == ["queued"]


def test_clock_moves_by_a_plain_call_inside_a_coroutine(runflow: Runflow) -> None:
    async def story() -> list[str]:
        await create(runflow)
        runflow.clock.run_until_idle()
        return [run["status_code"] for run in runflow.runs]

    assert asyncio.run(story()) == ["succeeded"]


def test_callback_without_an_app_is_refused_with_what_is_mounted(app: InProcess, runflow: Runflow) -> None:
    runflow.deliver_to(lambda environ, start_response: [], "https://other.example")
    asyncio.run(create(runflow, "https://shop.example/hooks"))
    runflow.clock.run_until_idle()
    (delivery,) = runflow.deliveries
    assert (delivery.state, "https://other.example" in (delivery.attempts[0].error or "")) == ("failed", True)


def test_exception_of_the_app_under_test_is_a_500_and_is_retried(runflow: Runflow) -> None:
    calls = []

    def shop(environ: dict[str, object], start_response: object) -> list[bytes]:
        calls.append(environ["HTTP_RUNFLOW_REQUEST_ID"])
        raise ValueError("no such order")

    runflow.deliver_to(shop, "https://shop.example")
    asyncio.run(create(runflow, "https://shop.example/hooks"))
    runflow.clock.run_until_idle()
    assert [attempt.status_code for attempt in runflow.deliveries[0].attempts] == [500] * 5
    assert len(set(calls)) == 5


def test_receiver_may_call_the_api_from_inside_its_handler(runflow: Runflow) -> None:
    seen = []

    async def shop(scope: object, receive: object, send: object) -> None:
        async with client(runflow) as opened:
            seen.append((await opened.get("/v1/runs")).json()["items"][0]["status_code"])
        await send({"type": "http.response.start", "status": 204, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body"})  # type: ignore[operator]

    runflow.deliver_to(shop, "https://shop.example")
    asyncio.run(create(runflow, "https://shop.example/hooks"))
    runflow.clock.run_until_idle()
    assert (seen, runflow.deliveries[0].state) == (["succeeded"], "succeeded")


def test_web_socket_is_refused_before_it_is_open(app: InProcess) -> None:
    """A client that waits for an answer to its handshake would wait for ever otherwise."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app({"type": "websocket", "path": "/v1/runs", "headers": []}, receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_scope_of_an_unknown_kind_is_told(app: InProcess) -> None:
    async def receive() -> MutableMapping[str, Any]:
        return {"type": "webtransport.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        """Takes nothing."""

    with pytest.raises(ValueError, match="the fake knows scopes of http, lifespan and websocket, not 'webtransport'"):
        asyncio.run(app({"type": "webtransport", "path": "/", "headers": []}, receive, send))


def test_app_of_a_tenant_on_a_server_is_explained() -> None:
    from runflow_mock.testing.control import Control
    from runflow_mock.testing.records import Tenant

    handle = Runflow(Control("http://127.0.0.1:1"), Tenant("x", "k", "a"), "http://127.0.0.1:1")
    with pytest.raises(TypeError, match="runflow_in_process"):
        _ = handle.app


@pytest.mark.slow(is_covering=True)
def test_handler_of_wsgi_gets_a_file_while_all_others_are_at_work(app: InProcess) -> None:
    """As many as callbacks of a tenant leave at once: whoever makes the file has threads of its own."""
    together, done = threading.Barrier(TENANT_TURNS_MAX), threading.Barrier(TENANT_TURNS_MAX + 1)
    fetched = list[int]()

    def shop(environ: Any, start_response: Any) -> list[bytes]:
        (url,) = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))["output"]["image_urls"]
        if together.wait(9) == 0:
            with httpx.Client(transport=tenant.transport) as fetching:
                fetched.append(fetching.get(url).status_code)
        done.wait(9)
        start_response("204 No Content", [])
        return []

    with open_tenant_in(app, clock="manual", concurrency={"*": TENANT_TURNS_MAX}) as tenant:
        tenant.deliver_to(shop, "https://shop.example")
        with httpx.Client(transport=tenant.transport, base_url=BASE_URL, headers=tenant.headers) as ordering:
            for number in range(TENANT_TURNS_MAX):
                order = {"input": {"image_url": f"https://cdn.example.com/{number}.jpg"}, "callback_url": "https://shop.example/hooks"}
                ordering.post(f"/v1/models/{MODEL}/runs", json=order).raise_for_status()
        # They end at different moments, and time does not stand still between these.
        tenant.control.scale(10_000)
        done.wait(9)
    assert fetched == [200]


@pytest.mark.parametrize("kind", ["runflow", "tenant"])
def test_requests_are_in_no_log_of_the_process(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    """Pytest listens to every logger there is, and uvicorn writes once somebody listens."""
    of_uvicorn = logging.getLogger("uvicorn.access")
    of_uvicorn.addHandler(caplog.handler)
    runflow = request.getfixturevalue(kind)
    with caplog.at_level(logging.DEBUG, "uvicorn.access"), httpx.Client(transport=runflow.transport, headers=runflow.headers) as opened:
        assert opened.post(f"{BASE_URL}/v1/models/{MODEL}/runs", json=BODY).status_code == 201
    of_uvicorn.removeHandler(caplog.handler)
    assert [record.name for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_log_of_requests_to_an_application_of_the_users_own_stays_as_it_was() -> None:
    """It is uvicorn's, which would take away who listens to it."""
    log, heard = logging.getLogger("uvicorn.access"), logging.NullHandler()
    log.addHandler(heard)
    propagated, log.propagate = log.propagate, True
    listening = tuple(log.handlers)
    InProcess().stop()
    with serve(Config(port=0)):
        stayed = tuple(log.handlers), log.propagate
    log.propagate = propagated
    log.removeHandler(heard)
    assert stayed == (listening, True)
