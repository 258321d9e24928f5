"""Https beside http: the same worlds, the usual behaviour of HTTP/1.1, and an end that clients can tell from an attack."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import urllib3
from answers import ANSWERS
from doors import MANUAL, Door
from msgspec.structs import replace
from secure import connect, exchange
from steps import INPUT, RUNS, refusal
from worlds import catalog

from runflow_mock.runtime.certificates import ca_file
from runflow_mock.runtime.config import ConfigError
from runflow_mock.runtime.downloads import Downloads, Unreachable
from runflow_mock.testing.server import RunningServer, serve

KEY = {"Authorization": "Bearer rf_live_mock_tls"}
HELLO = b'{"status":"ok","ok":true}'


@pytest.fixture(scope="module")
def server(state: Path) -> Iterator[RunningServer]:
    with serve(replace(MANUAL, port=0, tls_port=0, state=state), catalog=catalog(), observer=ANSWERS) as running:
        yield running


@pytest.fixture(scope="module")
def pool(server: RunningServer) -> Iterator[urllib3.PoolManager]:
    with urllib3.PoolManager(ca_certs=str(server.ca_file), retries=False, timeout=10) as trusting:
        yield trusting


@pytest.fixture
def connection(server: RunningServer) -> Iterator[ssl.SSLSocket]:
    assert server.ca_file is not None
    with connect(str(server.tls_url), server.ca_file) as opened:
        yield opened


def read(pool: urllib3.PoolManager, url: str) -> Any:
    """The JSON at an address, as the tenant reads it."""
    return pool.request("GET", url, headers=KEY).json()


def test_both_ports_lead_to_the_same_world(server: RunningServer, pool: urllib3.PoolManager) -> None:
    made = pool.request("POST", f"{server.url}{RUNS}", json={"input": INPUT}, headers=KEY).json()
    assert read(pool, f"{server.tls_url}/v1/runs/{made['id']}")["id"] == made["id"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_addresses_in_answers_have_the_scheme_of_the_request(server: RunningServer, pool: urllib3.PoolManager, scheme: str) -> None:
    base = {"http": server.url, "https": server.tls_url}[scheme]
    body = {"filename": "shoe.jpg", "mime_type": "image/jpeg", "size_bytes": 3}
    upload = pool.request("POST", f"{base}/v1/asset-uploads", json=body, headers=KEY).json()["upload_url"]
    assert upload.startswith(f"{base}/")
    assert pool.request("PUT", upload, body=b"abc").status == 200


def test_connection_is_kept_between_requests(connection: ssl.SSLSocket) -> None:
    assert connection.selected_alpn_protocol() == "http/1.1"
    assert [exchange(connection).endswith(HELLO) for _ in range(3)] == [True] * 3


def test_server_says_goodbye_when_the_client_asked_to_close(connection: ssl.SSLSocket) -> None:
    assert exchange(connection, "Connection: close").endswith(HELLO)
    assert connection.recv(1) == b""


def test_server_answers_the_goodbye_of_the_client(connection: ssl.SSLSocket) -> None:
    exchange(connection)
    assert connection.unwrap().recv(1) == b""


@pytest.mark.slow(is_covering=True)
def test_server_says_goodbye_when_it_stops(state: Path) -> None:
    with ExitStack() as serving:
        running = serving.enter_context(serve(replace(MANUAL, port=0, tls_port=0, state=state), catalog=catalog()))
        with connect(str(running.tls_url), ca_file(state)) as opened:
            exchange(opened)
            serving.close()
            assert opened.recv(1) == b""


def test_client_that_does_not_trust_the_authority_refuses(server: RunningServer) -> None:
    with urllib3.PoolManager(retries=False, timeout=10) as pool, pytest.raises(urllib3.exceptions.SSLError):
        pool.request("GET", f"{server.tls_url}/v1/health")


def test_plain_http_on_the_secure_port_harms_nobody(server: RunningServer, pool: urllib3.PoolManager) -> None:
    plain = str(server.tls_url).replace("https://", "http://")
    with pytest.raises(urllib3.exceptions.HTTPError):
        pool.request("GET", f"{plain}/v1/health")
    assert pool.request("GET", f"{server.tls_url}/v1/health").data == HELLO


def test_authority_can_be_fetched_without_a_key(server: RunningServer, pool: urllib3.PoolManager) -> None:
    fetched = pool.request("GET", f"{server.url}/_mock/ca.pem")
    assert server.ca_file is not None
    assert (fetched.data, fetched.headers["content-type"]) == (server.ca_file.read_bytes(), "application/x-pem-file")


def test_server_without_https_has_no_authority_to_give(door: Door) -> None:
    assert "start it with --tls" in refusal(door.get("/_mock/ca.pem", key=None), 404, "no_tls")


@pytest.mark.slow(is_covering=True)
def test_https_without_a_state_folder_is_told() -> None:
    with pytest.raises(ConfigError, match="https needs a folder for the local CA"), serve(replace(MANUAL, port=0, tls_port=0)):
        pytest.fail("a server without a certificate has started")


def test_taken_port_names_the_option_of_https(server: RunningServer, state: Path) -> None:
    port = int(str(server.tls_url).rpartition(":")[2])
    with pytest.raises(ConfigError, match="another port with --tls-port"), serve(replace(MANUAL, port=0, tls_port=port, state=state)):
        pytest.fail("two servers listen on one port")


@pytest.mark.slow(is_covering=True)
def test_download_trusts_the_authority_for_the_name_of_its_address_alone(server: RunningServer) -> None:
    port = str(server.tls_url).rsplit(":", 1)[1]

    def loopback(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    for host in ("localhost", "127.0.0.1"):
        found = Downloads(server.ca_file, resolve=loopback).get(f"https://{host}:{port}/_mock/version", bytes_max=9_999)
        assert b"version" in found.body
    with pytest.raises(Unreachable, match="certificate"):
        Downloads(server.ca_file, resolve=loopback).get(f"https://somebody.example:{port}/_mock/version", bytes_max=9_999)
    with pytest.raises(Unreachable, match="certificate"):
        Downloads().get(f"https://localhost:{port}/_mock/version", bytes_max=9_999)
