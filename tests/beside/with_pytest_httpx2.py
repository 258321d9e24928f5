"""pytest-httpx2 answers for httpx2 by a router of respx."""

import httpx2
import pytest
from stories import BODY, PATH, BesideAPatch, tell


@pytest.fixture
def mocked(httpx2_mock):
    httpx2_mock.get("https://other.example/").respond(json={"is": "mocked"})
    return httpx2_mock


class TestFakeOfItsOwn(BesideAPatch):
    """What needs no line."""

    @staticmethod
    def check():
        assert httpx2.get("https://other.example/").json() == {"is": "mocked"}

    def test_transport(self, mocked, runflow_in_process):
        self.check()
        with httpx2.Client(transport=runflow_in_process.transport) as client:
            assert client.post("http://localhost" + PATH, json=BODY, headers=runflow_in_process.headers).status_code == 201


check = TestFakeOfItsOwn.check


def test_client_passes_through(runflow, runflow_receiver, mocked):
    check()
    mocked.route(host="127.0.0.1").pass_through()
    tell(runflow, runflow_receiver, lambda url, headers, body: httpx2.post(url, headers=headers, json=body).json())


def test_hosts(runflow_hosts, mocked):
    check()
    mocked.route(host="api.runflow.io").pass_through()
    assert httpx2.post("https://api.runflow.io" + PATH, json=BODY, headers=runflow_hosts.headers).status_code == 201


@pytest.mark.httpx2(assert_all_called=False)
def test_hosts_after_the_tool(httpx2_mock, runflow_hosts):
    httpx2_mock.route(host="api.runflow.io").pass_through()
    assert httpx2.post("https://api.runflow.io" + PATH, json=BODY, headers=runflow_hosts.headers).status_code == 201
