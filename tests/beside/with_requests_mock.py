"""requests-mock puts its own adapter in the place of every one that a session has."""

import pytest
import requests
from stories import BODY, PATH, BesideRequests, tell


@pytest.fixture
def mocked(requests_mock):
    requests_mock.get("https://other.example/", json={"is": "mocked"})
    return requests_mock


class TestFakeOfItsOwn(BesideRequests):
    """What needs no line."""


check = TestFakeOfItsOwn.check


def test_client_passes_through(runflow, runflow_receiver, mocked):
    check()
    mocked.register_uri("POST", runflow.base_url + PATH, real_http=True)
    tell(runflow, runflow_receiver, lambda url, headers, body: requests.post(url, headers=headers, json=body, timeout=20).json())


def test_hosts(runflow_hosts, requests_mock):
    requests_mock.register_uri("POST", "https://api.runflow.io" + PATH, real_http=True)
    assert requests.post("https://api.runflow.io" + PATH, json=BODY, headers=runflow_hosts.headers, timeout=20).status_code == 201
