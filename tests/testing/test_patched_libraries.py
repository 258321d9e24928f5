"""What tools patch in HTTP libraries, while a test lasts, neither catches nor answers the fake's own traffic."""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

import aiohttp
import httpcore
import httpx
import pytest
import requests
import urllib3

from runflow_mock.testing.in_process import InProcess, open_tenant_in
from runflow_mock.testing.runflow import Runflow

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
