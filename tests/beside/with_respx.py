"""respx patches httpcore, on which httpx stands."""

import httpx
import pytest
from stories import BODY, PATH, BesideHttpx, tell


@pytest.fixture
def mocked(respx_mock):
    respx_mock.get("https://other.example/").respond(json={"is": "mocked"})
    return respx_mock


class TestFakeOfItsOwn(BesideHttpx):
    """What needs no line."""


check = TestFakeOfItsOwn.check


def test_client_passes_through(runflow, runflow_receiver, mocked):
    check()
    mocked.route(host="127.0.0.1").pass_through()
    tell(runflow, runflow_receiver, lambda url, headers, body: httpx.post(url, headers=headers, json=body).json())


def test_hosts(runflow_hosts, mocked):
    check()
    mocked.route(host="api.runflow.io").pass_through()
    assert httpx.post("https://api.runflow.io" + PATH, json=BODY, headers=runflow_hosts.headers).status_code == 201


@pytest.mark.respx(assert_all_called=False)
def test_hosts_after_the_tool(respx_mock, runflow_hosts):
    respx_mock.route(host="api.runflow.io").pass_through()
    assert httpx.post("https://api.runflow.io" + PATH, json=BODY, headers=runflow_hosts.headers).status_code == 201
