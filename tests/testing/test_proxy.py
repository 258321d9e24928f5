"""Clients of other processes: here urllib with the proxy and the authority that the environment would name."""

import os
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from runflow_mock.testing.proxy import NODE_PRELOAD, Proxy
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


@pytest.mark.slow(is_covering=True)
def test_service_is_reached_under_its_own_name(proxy: Proxy, tenant: Runflow) -> None:
    assert '"ok"' in read(proxy, "https://api.runflow.io/v1/health")
    assert f'"{tenant.tenant}@runflow-mock.invalid"' in read(
        proxy, "https://api.runflow.io/v1/auth/me", Authorization=f"Bearer {tenant.api_key}"
    )
    assert "https://www.runflow.io" in read(proxy, "https://www.runflow.io/llms.txt")


@pytest.mark.slow(is_covering=True)
def test_closed_proxy_reaches_nothing_else(proxy: Proxy) -> None:
    with pytest.raises(OSError, match="403"):
        read(proxy, "https://example.com/")


def dial(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2])), 5)


@pytest.mark.parametrize("asked", [b"GET http://api.runflow.io/", b"CONNECT api.runflow.io:\xb2", b"CONNECT api.runflow.io:65536"])
def test_proxy_is_for_https_only(proxy: Proxy, asked: bytes) -> None:
    with dial(proxy) as connection:
        connection.sendall(asked + b" HTTP/1.1\r\nHost: api.runflow.io\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 405 ")


def test_client_that_never_says_where_it_wants_to_go_is_let_go(url: str, tmp_path: Path) -> None:
    with Proxy(url, tmp_path, head_seconds_max=0.05) as proxy, dial(proxy) as connection:
        connection.sendall(b"CONNECT api.runflow.io:443 HTTP/1.1\r\n")
        assert connection.recv(1000) == b""


def test_connections_beyond_the_bound_are_told_so_and_places_come_back(url: str, tmp_path: Path) -> None:
    with Proxy(url, tmp_path, connections_max=1) as proxy:
        with dial(proxy) as first, dial(proxy) as second:
            assert second.recv(1000).startswith(b"HTTP/1.1 503 ")
            first.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while first.recv(1000):
                continue
        with dial(proxy) as third:
            third.sendall(b"CONNECT api.runflow.io:443 HTTP/1.1\r\n\r\n")
            assert third.recv(1000).startswith(b"HTTP/1.1 200 ")


@pytest.mark.slow(is_covering=True)
def test_connection_that_a_client_keeps_ends_with_the_proxy(url: str, tmp_path: Path) -> None:
    with Proxy(url, tmp_path) as proxy:
        connection = socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2])), 5)
        connection.sendall(b"CONNECT api.runflow.io:443 HTTP/1.1\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
        kept = ssl.create_default_context(cafile=proxy.env["SSL_CERT_FILE"]).wrap_socket(connection, server_hostname="api.runflow.io")
        kept.sendall(b"GET /v1/health HTTP/1.1\r\nHost: api.runflow.io\r\n\r\n")
        assert kept.recv(1000).startswith(b"HTTP/1.1 200 ")
    # What ends by nothing but the client's patience raises TimeoutError.
    with kept, suppress(ConnectionResetError):
        while kept.recv(1000):
            continue


def test_environment_names_proxy_authority_and_what_is_direct(proxy: Proxy) -> None:
    env = proxy.env
    assert env["https_proxy"] == proxy.url
    assert "127.0.0.1" in env["NO_PROXY"]
    assert "BEGIN CERTIFICATE" in Path(env["NODE_EXTRA_CA_CERTS"]).read_text(encoding="ascii")


# Ways in which Node programs send requests; each prints what it was answered.
NODE_PROGRAMS = {
    "fetch": "fetch(url, { headers }).then((answer) => answer.text()).then(console.log)",
    "https": "require('https').get(url, { headers }, (answer) => answer.on('data', (piece) => process.stdout.write(piece)))",
    "import": "import('node:https').then(({ get }) => get(url, { headers }, (answer) => answer.pipe(process.stdout)))",
    "agent": "require('https').get({ host: new URL(url).host, path: '/v1/auth/me', headers, agent: false }, (a) => a.pipe(process.stdout))",
    "post": "fetch(url, { method: 'POST', headers, body: 'x'.repeat(100000) }).then((answer) => console.log(answer.status))",
}


def run_node(env: Mapping[str, str], program: str, key: str = "") -> str:
    given = f"const url = 'https://api.runflow.io/v1/auth/me', headers = {{ Authorization: 'Bearer {key}' }}; {program}"
    done = subprocess.run(["node", "-e", given], env={**os.environ, **env}, capture_output=True, text=True, check=False, timeout=30)
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("way", NODE_PROGRAMS)
def test_node_program_with_the_host_written_into_it_reaches_the_fake(proxy: Proxy, tenant: Runflow, way: str) -> None:
    told = run_node(proxy.env, NODE_PROGRAMS[way], tenant.api_key)
    assert ("405" if way == "post" else f'"{tenant.tenant}@runflow-mock.invalid"') in told


@pytest.mark.slow
def test_node_program_reaches_everything_else_as_usual(proxy: Proxy) -> None:
    told = run_node(proxy.env, "require('https').get('https://127.0.0.1:9/').on('error', (error) => console.log(error.code))")
    assert "ECONNREFUSED" in told


def test_options_that_node_has_already_stay(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--max-old-space-size=512")
    assert proxy.env["NODE_OPTIONS"] == f'--max-old-space-size=512 --require "{NODE_PRELOAD}"'
    assert NODE_PRELOAD.is_file()
