"""Clients of other processes: here urllib with the proxy and the authority that the environment would name."""

import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from runflow_mock.testing.proxy import Proxy
from runflow_mock.testing.runflow import Runflow


@pytest.fixture(scope="module")
def proxy(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with Proxy(url, tmp_path_factory.mktemp("proxy"), is_open=False) as opened:
        yield opened


def read(proxy: Proxy, url: str, **headers: str) -> str:
    trusted = ssl.create_default_context(cafile=proxy.env["SSL_CERT_FILE"])
    through = urllib.request.ProxyHandler({"https": proxy.env["HTTPS_PROXY"]})
    opener = urllib.request.build_opener(through, urllib.request.HTTPSHandler(context=trusted))
    with opener.open(urllib.request.Request(url, headers=headers), timeout=5) as response:
        return str(response.read().decode())


def test_service_is_reached_under_its_own_name(proxy: Proxy, tenant: Runflow) -> None:
    assert '"ok"' in read(proxy, "https://api.runflow.io/v1/health")
    assert f'"{tenant.tenant}@runflow-mock.invalid"' in read(
        proxy, "https://api.runflow.io/v1/auth/me", Authorization=f"Bearer {tenant.api_key}"
    )
    assert "https://www.runflow.io" in read(proxy, "https://www.runflow.io/llms.txt")


def test_closed_proxy_reaches_nothing_else(proxy: Proxy) -> None:
    with pytest.raises(OSError, match="403"):
        read(proxy, "https://example.com/")


def test_proxy_is_for_https_only(proxy: Proxy) -> None:
    host, _, port = proxy.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall(b"GET http://api.runflow.io/ HTTP/1.1\r\nHost: api.runflow.io\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 405 ")


def test_environment_names_proxy_authority_and_what_is_direct(proxy: Proxy) -> None:
    env = proxy.env
    assert env["https_proxy"] == proxy.url
    assert "127.0.0.1" in env["NO_PROXY"]
    assert "BEGIN CERTIFICATE" in Path(env["NODE_EXTRA_CA_CERTS"]).read_text(encoding="ascii")
