"""What tools patch in HTTP libraries, while a test lasts, neither catches nor answers the fake's own traffic."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import aiohttp
import httpcore
import httpx
import pytest
import requests
import urllib3

import runflow_mock
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.testing.in_process import InProcess, open_tenant_in
from runflow_mock.testing.runflow import Runflow, open_tenant
from runflow_mock.testing.server import serve

ME = "/v1/auth/me"
PATH = "/v1/models/runflow/background-removal/runs"
# What aioresponses, responses, requests-mock, respx, pytest-httpx, vcrpy and pook put something else in the place of.
PATCHED = (
    (aiohttp.ClientSession, "_request"),
    (requests.Session, "get_adapter"),
    (requests.adapters.HTTPAdapter, "send"),
    (httpcore.ConnectionPool, "handle_request"),
    (httpcore.AsyncConnectionPool, "handle_async_request"),
    (httpx.HTTPTransport, "handle_request"),
    (httpx.AsyncHTTPTransport, "handle_async_request"),
    (urllib3.HTTPConnectionPool, "urlopen"),
)


def caught(*given: Any, **options: Any) -> NoReturn:
    raise AssertionError("caught by a tool")


@pytest.fixture
def app() -> Iterator[InProcess]:
    opened = InProcess()
    yield opened
    opened.stop()


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every library that a tool patches is patched."""
    for owner, name in PATCHED:
        monkeypatch.setattr(owner, name, caught)


def test_callback_reaches_a_real_receiver(app: InProcess, patched: None) -> None:
    with open_tenant_in(app, clock="auto") as runflow, runflow.receiver() as receiver:
        body = {"input": {"image_url": "https://cdn.example.com/a.png"}, "callback_url": receiver.url}
        headers = {**runflow.headers, "Content-Type": "application/json"}
        assert app.exchange("POST", PATH, headers, json.dumps(body).encode())[0] == 201
        assert len(receiver.wait(1)) == 1
        assert [attempt.status_code for attempt in runflow.deliveries[0].attempts] == [200]


def test_handle_of_a_server_elsewhere_asks_it(tenant: Runflow, patched: None) -> None:
    assert tenant.ledger.balance == "10.000000"


def test_transport_leads_to_the_fake(app: InProcess, patched: None) -> None:
    with open_tenant_in(app) as runflow, httpx.Client(transport=runflow.transport) as client:
        assert client.get("http://localhost/v1/auth/me", headers=runflow.headers).status_code == 200


WORKING = re.compile(r"(?<!Sleep = )\basyncio\.(sleep|timeout|to_thread|wait|gather|create_task|wrap_future|shield)\b")
SERVING = [file for floor in ("web", "runtime", "testing") for file in sorted((Path(runflow_mock.__file__).parent / floor).rglob("*.py"))]


def test_nothing_that_serves_looks_up_in_asyncio_what_it_works_with() -> None:
    """Tests of clients put something else there, such as an `AsyncMock`, and count how often it was called."""
    assert SERVING
    assert [file.name for file in SERVING if WORKING.search(file.read_text(encoding="utf-8"))] == []


@pytest.mark.slow(is_covering=True)
def test_server_goes_on_where_asyncio_sleeps_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[object] = []

    async def note(*given: object) -> None:
        slept.append(given)

    monkeypatch.setattr(asyncio, "sleep", note)
    with serve(Config(port=0)) as server, open_tenant(server.url, clock="manual", exchanger=server.calls) as runflow:
        answer = requests.get(f"{server.url}/v1/auth/me", headers=runflow.headers, timeout=5)
        assert (answer.status_code, runflow.clock.run_until_idle(), runflow.report()["clean"]) == (200, [], True)
    # What remains is the end of uvicorn's own server, after the last test.
    assert slept in ([], [(0.1,)])


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("name", ["timeout", "to_thread", "wait", "gather", "create_task", "wrap_future", "shield"])
def test_callbacks_and_the_world_are_there_whatever_a_test_puts_into_asyncio(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    arrived: list[bytes] = []

    async def shop(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            arrived.append((await receive())["body"])
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    body = {"input": {"image_url": "https://cdn.example.com/a.png"}, "callback_url": "https://shop.example/hooks"}
    app = InProcess(Config(clock=ClockMode.MANUAL))
    with open_tenant_in(app) as runflow, monkeypatch.context() as patch:
        runflow.deliver_to(shop, "https://shop.example/")
        patch.setattr(asyncio, name, caught)
        with httpx.Client(transport=runflow.transport, base_url=runflow.base_url, headers=runflow.headers) as client:
            assert client.post(PATH, json=body).status_code == 201
        runflow.clock.run_until_idle()
        assert len(arrived) == 1
        assert runflow.control.wait(**{"for": {"run": runflow.runs[0]["id"], "status": "succeeded"}})["held"]
        assert (runflow.control.snapshot()["format"], runflow.report()["clean"]) == ("runflow-mock/snapshot", True)
        assert (runflow.scenario("happy-path")["name"], runflow.control.history()["format"]) == ("happy-path", "runflow-mock/history")
    app.stop()


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("name", ["timeout", "to_thread", "wait", "gather", "create_task", "wrap_future", "shield"])
def test_server_goes_on_whatever_a_test_puts_into_asyncio(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with (
        serve(Config(port=0, clock=ClockMode.AUTO)) as server,
        open_tenant(server.url, exchanger=server.calls) as runflow,
        monkeypatch.context() as patch,
        runflow.receiver() as receiver,
    ):
        patch.setattr(asyncio, name, caught)
        body = {"input": {"image_url": "https://cdn.example.com/a.png"}, "callback_url": receiver.url}
        requests.post(server.url + PATH, json=body, headers=runflow.headers, timeout=5).raise_for_status()
        assert len(receiver.wait(1, seconds=5)) == 1
        address = runflow.runs[0]["output"]["image_urls"][0]
        assert requests.get(address, timeout=5).headers["content-type"] == "image/webp"
        assert runflow.report()["clean"]


@pytest.mark.parametrize("name", ["open_connection", "start_server", "create_task", "gather"])
def test_service_is_reached_whatever_a_test_puts_into_asyncio(hosts: Runflow, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(asyncio, name, caught)
    assert requests.get(f"https://api.runflow.io{ME}", headers=hosts.headers, timeout=5).status_code == 200


class NoThread:
    """What a test of code that begins threads puts in their place: none begins."""

    def __init__(self, **given: Any) -> None:
        """Takes everything."""

    def start(self) -> None:
        """Does nothing."""


@pytest.mark.slow(is_covering=True)
def test_fake_and_receiver_go_on_where_no_thread_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        serve(Config(port=0, clock=ClockMode.AUTO)) as server,
        open_tenant(server.url, exchanger=server.calls) as runflow,
        monkeypatch.context() as patch,
        runflow.receiver() as receiver,
    ):
        patch.setattr(threading, "Thread", NoThread)
        body = {"input": {"image_url": "https://cdn.example.com/a.png"}, "callback_url": receiver.url}
        requests.post(server.url + PATH, json=body, headers=runflow.headers, timeout=5).raise_for_status()
        assert len(receiver.wait(1)) == 1
        # Made, read and written by threads of the server.
        address = runflow.runs[0]["output"]["image_urls"][0]
        assert requests.get(address, timeout=5).headers["content-type"] == "image/webp"
        assert (len(runflow.timeline) > 1, runflow.report()["clean"]) == (True, True)


def test_fake_in_process_goes_on_where_no_thread_begins(app: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "Thread", NoThread)
    with open_tenant_in(app) as runflow:
        assert (runflow.timeline[0].kind, runflow.report()["clean"]) == ("credit", True)
