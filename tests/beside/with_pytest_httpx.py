"""pytest-httpx patches the transports of httpx."""

import socket

import httpx
import pytest
from stories import BODY, PATH, BesideHttpx, tell


@pytest.fixture
def mocked(httpx_mock):
    httpx_mock.add_response(url="https://other.example/", json={"is": "mocked"})
    return httpx_mock


class TestFakeOfItsOwn(BesideHttpx):
    """What needs no line."""


check = TestFakeOfItsOwn.check


@pytest.mark.httpx_mock(should_mock=lambda request: request.url.host != "127.0.0.1")
def test_client_passes_through(runflow, runflow_receiver, mocked):
    check()
    tell(runflow, runflow_receiver, lambda url, headers, body: httpx.post(url, headers=headers, json=body).json())


@pytest.mark.httpx_mock(should_mock=lambda request: request.url.host != "api.runflow.io")
def test_hosts_1(monkeypatch, runflow_hosts, httpx_mock):
    assert httpx.post("https://api.runflow.io" + PATH, json=BODY, headers=runflow_hosts.headers).status_code == 201


@pytest.mark.httpx_mock(should_mock=lambda request: request.url.host != "api.runflow.io")
def test_hosts_2(httpx_mock, monkeypatch, runflow_hosts):
    assert httpx.post("https://api.runflow.io" + PATH, json=BODY, headers=runflow_hosts.headers).status_code == 201


def test_hosts_is_over():
    assert socket.getaddrinfo.__module__ == "socket"
    assert httpx.HTTPTransport.handle_request.__module__.startswith("httpx.")
