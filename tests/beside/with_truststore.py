"""truststore puts contexts of its own in the place of Python's, which ask the system whom to trust."""

import ssl
import urllib.request

import httpx
import pytest
import requests
import truststore

URL = "https://api.runflow.io/v1/auth/me"


def by_urllib(headers):
    return urllib.request.urlopen(urllib.request.Request(URL, headers=headers), timeout=20).status


GETS = [
    lambda headers: requests.get(URL, headers=headers, timeout=20).status_code,
    lambda headers: httpx.get(URL, headers=headers).status_code,
    lambda headers: httpx.get(URL, headers=headers, verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)).status_code,
    by_urllib,
]


@pytest.fixture
def injected():
    truststore.inject_into_ssl()
    yield
    truststore.extract_from_ssl()


def ask(runflow):
    assert [get(runflow.headers) for get in GETS] == [200] * len(GETS)


def test_tool_first(injected, runflow_hosts):
    ask(runflow_hosts)


def test_tool_last(runflow_hosts, injected):
    ask(runflow_hosts)


def test_tool_comes_and_goes(runflow_hosts):
    ask(runflow_hosts)
    truststore.inject_into_ssl()
    ask(runflow_hosts)
    truststore.extract_from_ssl()
    ask(runflow_hosts)


def test_hosts_is_over():
    assert ssl.SSLContext.wrap_socket.__module__ == "ssl"
