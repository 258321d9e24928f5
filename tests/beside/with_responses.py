"""responses patches the adapters of requests."""

import httpx
import pytest
import requests
import responses
from stories import BODY, PATH, BesideRequests, tell


@pytest.fixture
def mocked():
    with responses.RequestsMock() as mock:
        mock.get("https://other.example/", json={"is": "mocked"})
        yield mock


class TestFakeOfItsOwn(BesideRequests):
    """What needs no line."""


check = TestFakeOfItsOwn.check


def test_client_passes_through(runflow, runflow_receiver, mocked):
    check()
    mocked.add_passthru(runflow.base_url)
    tell(runflow, runflow_receiver, lambda url, headers, body: requests.post(url, headers=headers, json=body, timeout=20).json())


@responses.activate
def test_decorator_and_hosts(runflow_hosts):
    responses.add_passthru("https://api.runflow.io")
    assert requests.post("https://api.runflow.io" + PATH, json=BODY, headers=runflow_hosts.headers, timeout=20).status_code == 201
    assert httpx.post("https://api.runflow.io" + PATH, json=BODY, headers=runflow_hosts.headers).status_code == 201


def test_adapter_is_let_through(runflow_in_process, mocked):
    check()
    mocked.add_passthru("http://localhost")
    with requests.Session() as session:
        session.mount("http://localhost", runflow_in_process.adapter)
        assert session.post("http://localhost" + PATH, json=BODY, headers=runflow_in_process.headers, timeout=20).status_code == 201
