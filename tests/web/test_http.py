"""What only a real connection can show: the wire, a real receiver, and a client that blocks."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from answers import ANSWERS
from steps import BATCHES, INPUT, MODEL, RUNS
from worlds import catalog

from runflow_mock.domain.signing import verify_timestamped
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.testing.client import Client, ClientError
from runflow_mock.testing.receiver import CallbackReceiver
from runflow_mock.testing.server import RunningServer, serve

SECRET = "rf_whsec_0123456789"
CONFIG = Config(port=0, clock=ClockMode.AUTO, speed=1.0, callback_secret=SECRET, body_bytes_max=100_000)
CLOSE = "Connection: close"


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve(CONFIG, catalog=catalog(), observer=ANSWERS) as running:
        yield running


@pytest.fixture
def client(server: RunningServer) -> Iterator[Client]:
    tenant = Client(server.url, "rf_live_mock_maker").post("/_mock/tenants")
    opened = Client(server.url, tenant["key"])
    yield opened
    opened.close()


def head_of(*lines: str) -> bytes:
    """The head of a request."""
    return "\r\n".join((*lines, "", "")).encode()


def exchange(server: RunningServer, request: bytes) -> bytes:
    """Sends bytes and returns all that comes back until the server closes."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    return received


def test_client_that_blocks_and_polls_comes_to_an_end(client: Client) -> None:
    run = client.post(RUNS, {"input": INPUT})
    seen = [client.get(f"/v1/runs/{run['id']}")["status_code"] for _ in range(4)]
    assert seen == ["queued", "dispatching", "running", "succeeded"]


def test_signed_callback_arrives_at_a_real_receiver(client: Client) -> None:
    with CallbackReceiver(500) as receiver:
        batch = client.post(BATCHES, {"input": [INPUT] * 3, "callback_url": receiver.url})
        client.post("/_mock/clock/run-until-idle")
        first, second = receiver.received
    assert first.body == second.body
    assert [each.request_id and each.request_id[-2:] for each in (first, second)] == ["-1", "-2"]
    for each in (first, second):
        verify_timestamped(each.body, signature=each.signature, timestamp=each.timestamp, secret=SECRET, now=datetime.now(UTC))
    assert isinstance(first.json, dict)
    assert (first.json["event"], first.json["batch_id"]) == ("batch.succeeded", batch["id"])


def test_encoded_slash_in_a_model_id_is_one(client: Client) -> None:
    path = f"/v1/models/{MODEL.replace('/', '%2F')}/runs"
    assert client.post(path, {"input": INPUT})["status_code"] == "queued"


def test_oversized_body_is_read_to_its_end_and_answered_in_the_envelope(client: Client) -> None:
    with pytest.raises(ClientError) as raised:
        client.post(RUNS, {"input": {**INPUT, "padding": "x" * 2_000_000}})
    assert (raised.value.status, raised.value.body["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert client.get("/v1/runs")["items"] == []


def test_http_1_0_without_a_host_is_answered(server: RunningServer) -> None:
    head, _, body = exchange(server, b"GET /v1/health HTTP/1.0\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b'{"status":"ok","ok":true}'


def test_get_with_a_content_type_and_no_body_is_answered(server: RunningServer) -> None:
    lines = ("GET /v1/runs HTTP/1.1", "HOST: x", "AUTHORIZATION: Bearer rf_live_mock_get", "CONTENT-TYPE: application/json", CLOSE)
    assert exchange(server, head_of(*lines)).startswith(b"HTTP/1.1 200")


def test_body_in_chunks_is_read(server: RunningServer) -> None:
    lines = (f"POST {RUNS} HTTP/1.1", "Host: x", "Authorization: Bearer rf_live_mock_chunks", "Transfer-Encoding: chunked", CLOSE)
    body = b'{"input": {"image_url": "https://a.example/b.png"}}'
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:10], body[10:])) + b"0\r\n\r\n"
    assert exchange(server, head_of(*lines) + chunks).startswith(b"HTTP/1.1 201")


def test_client_that_goes_away_in_mid_body_leaves_no_trace(server: RunningServer) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        lines = (f"POST {RUNS} HTTP/1.1", "Host: x", "Authorization: Bearer rf_live_mock_gone", "Content-Length: 1000")
        connection.sendall(head_of(*lines) + b'{"input"')
    client = Client(server.url, "rf_live_mock_gone")
    assert client.get("/v1/runs")["items"] == []
    assert client.get("/_mock/health")["background_errors"] == []
    client.close()
