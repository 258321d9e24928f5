"""pytest-recording puts a cassette round every marked test, and can block the network."""

import pytest
import requests
from stories import tell, tell_in_process

pytestmark = pytest.mark.vcr


@pytest.fixture(scope="module")
def vcr_config():
    return {"ignore_localhost": True, "record_mode": "none"}


def test_over_loopback(runflow, runflow_receiver, vcr):
    tell(runflow, runflow_receiver, lambda url, headers, body: requests.post(url, headers=headers, json=body, timeout=20).json())
    assert len(vcr) == 0


def test_in_process(vcr, runflow_in_process):
    tell_in_process(runflow_in_process)
    assert len(vcr) == 0


@pytest.mark.block_network(allowed_hosts=["127.0.0.1", "localhost"])
def test_network_is_blocked_but_loopback(runflow, runflow_receiver):
    tell(runflow, runflow_receiver)


@pytest.mark.block_network
def test_network_is_blocked(runflow_in_process):
    tell_in_process(runflow_in_process)


@pytest.mark.vcr(ignore_hosts=["api.runflow.io"])
@pytest.mark.block_network(allowed_hosts=["127.0.0.1", "localhost"])
def test_hosts(runflow_hosts):
    assert requests.get("https://api.runflow.io/v1/auth/me", headers=runflow_hosts.headers, timeout=20).status_code == 200


@pytest.mark.block_network(allowed_hosts=["127.0.0.1", "api.runflow.io"])
def test_hosts_by_pycurl_which_the_tool_wraps(runflow_hosts):
    import pycurl

    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, "https://api.runflow.io/v1/auth/me")
    handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in runflow_hosts.headers.items()])
    handle.setopt(pycurl.WRITEFUNCTION, lambda data: None)
    handle.perform()
    assert handle.getinfo(pycurl.RESPONSE_CODE) == 200
