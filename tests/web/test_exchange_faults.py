"""Every kind of the exchange family, over a real connection: what an ordinary client makes of it, and what is on the wire.

A socket tells byte by byte what arrived.
"""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest
from answers import ANSWERS
from msgspec.structs import replace
from secure import NOBODY, connect
from shown import Test, showing
from steps import INPUT, RUNS, Body
from worlds import catalog

from runflow_mock.domain.fault_kinds import KINDS, Family
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.testing.server import RunningServer, serve
from runflow_mock.web.faults.plans import GARBAGE, RESET_BYTES_MAX

SECONDS_MAX = 10.0


class Arrived(NamedTuple):
    """Everything that came until the connection ended, and whether it ended with a reset."""

    received: bytes
    was_reset: bool

    @property
    def head(self) -> bytes:
        """Status line and headers."""
        return self.received.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        """What came after the head."""
        return self.received.partition(b"\r\n\r\n")[2]

    @property
    def declared(self) -> int:
        """The length that the head promises."""
        lines = (line.partition(b": ") for line in self.head.split(b"\r\n"))
        return next(int(value) for name, _, value in lines if name == b"content-length")


class Wire:
    """One tenant of a running server."""

    def __init__(self, server: RunningServer, **settings: Any) -> None:
        self.server = server
        self.client = httpx.Client(base_url=server.url, timeout=SECONDS_MAX, verify=NOBODY)
        self.key: str = self.client.post("/_mock/tenants", json=settings).json()["key"]
        self.client.headers["Authorization"] = f"Bearer {self.key}"

    def rule(self, what: Body, where: Body | None = None, **rest: Any) -> Body:
        """Puts a rule into force: for every request to the API unless told otherwise."""
        made = self.client.post("/_mock/faults", json={"what": what, "where": where or {"path": "/v1/**"}, **rest})
        assert made.status_code == 201, made.text
        found: Body = made.json()
        return found

    def create(self, **headers: str) -> httpx.Response:
        """The answer to the creation of a run."""
        return self.client.post(RUNS, json={"input": INPUT}, headers=headers)

    def runs(self) -> int:
        """How many runs there are, whatever the rules say."""
        tenant = self.server.runtime.tenants.get(self.key.removeprefix("rf_live_mock_"))
        assert tenant is not None
        return len(tenant.world.store.runs)

    def send(self, target: str = "/v1/runs", method: str = "GET") -> socket.socket:
        """A connection on which a request was sent."""
        where = urlsplit(self.server.url)
        connection = socket.create_connection((where.hostname, where.port), timeout=SECONDS_MAX)
        connection.sendall(self.request(target, method))
        return connection

    def request(self, target: str, method: str = "GET") -> bytes:
        """The bytes of a request with the tenant's key."""
        return f"{method} {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.key}\r\n\r\n".encode()

    def ask(self, target: str = "/v1/runs", method: str = "GET") -> Arrived:
        """What arrives, byte by byte, until the server ends the connection."""
        with self.send(target, method) as connection:
            return drain(connection)

    def journal(self) -> list[Body]:
        """The exchanges so far."""
        found: list[Body] = self.client.get("/_mock/journal").json()["items"]
        return found

    def close(self) -> None:
        """Closes the client."""
        self.client.close()


def drain(connection: socket.socket) -> Arrived:
    """Reads a connection to its end; under TLS every end without a goodbye counts as a reset, because the library tells no difference."""
    received = b""
    try:
        while chunk := connection.recv(65_536):
            received += chunk
    except (ConnectionResetError, ssl.SSLEOFError):
        return Arrived(received, was_reset=True)
    return Arrived(received, was_reset=False)


CONFIG = Config(port=0, tls_port=0, clock=ClockMode.MANUAL, speed=1.0)
SLEPT: list[float] = []
SHOWN: dict[str, Test] = {}
shows = showing(SHOWN)


async def note(seconds: float) -> None:
    """Sleeps no time at all."""
    SLEPT.append(seconds)


@pytest.fixture(scope="module")
def server(state: Path) -> Iterator[RunningServer]:
    with serve(replace(CONFIG, state=state), catalog=catalog(), sleep=note, observer=ANSWERS) as running:
        yield running
        assert not running.runtime.background_errors


@pytest.fixture
def wire(server: RunningServer) -> Iterator[Wire]:
    SLEPT.clear()
    opened = Wire(server)
    yield opened
    opened.close()


@shows("answer")
def test_answer_takes_the_place_of_handling(wire: Wire) -> None:
    rule = wire.rule({"kind": "answer", "status": 503}, {"operation": "create_run"})
    answer = wire.create()
    assert (answer.status_code, answer.json()["code"], answer.headers["runflow-mock-fault"]) == (503, "SERVICE_UNAVAILABLE", rule["id"])
    assert wire.runs() == 0


@shows("html")
def test_html_is_a_page_that_is_no_json(wire: Wire) -> None:
    wire.rule({"kind": "html", "status": 504})
    answer = wire.create()
    assert (answer.status_code, answer.headers["content-type"]) == (504, "text/html")
    assert "<h1>504 Gateway Time-out</h1>" in answer.text
    assert wire.runs() == 0


@shows("hang")
def test_hang_ends_without_a_byte_after_its_time(wire: Wire) -> None:
    wire.rule({"kind": "hang", "seconds": 90})
    assert wire.ask() == (b"", False)
    assert SLEPT == [90.0]
    with pytest.raises(httpx.RemoteProtocolError, match="disconnected without"):
        wire.create()
    assert wire.runs() == 0


@shows("reset")
def test_reset_comes_before_any_byte(wire: Wire) -> None:
    wire.rule({"kind": "reset"})
    assert wire.ask() == (b"", True)
    with pytest.raises(httpx.ReadError):
        wire.create()
    assert wire.runs() == 0


@shows("empty")
def test_empty_is_an_orderly_end_without_a_byte(wire: Wire) -> None:
    wire.rule({"kind": "empty"})
    assert wire.ask() == (b"", False)
    with pytest.raises(httpx.RemoteProtocolError, match="disconnected without"):
        wire.create()
    assert wire.runs() == 0


@shows("garbage")
def test_garbage_is_no_http(wire: Wire) -> None:
    wire.rule({"kind": "garbage"})
    arrived = wire.ask()
    assert not arrived.was_reset
    assert arrived.received.startswith(b"\x15\x03\x01")
    with pytest.raises(httpx.RemoteProtocolError, match="illegal"):
        wire.create()
    assert wire.runs() == 0


@shows("latency")
def test_latency_keeps_the_real_answer_waiting(wire: Wire) -> None:
    wire.rule({"kind": "latency", "seconds": 2.5})
    assert wire.create().status_code == 201
    assert (SLEPT, wire.runs()) == ([2.5], 1)


@shows("reset_after_headers")
def test_reset_after_headers_leaves_half_a_body(wire: Wire) -> None:
    wire.rule({"kind": "reset_after_headers"})
    arrived = wire.ask("/v1/models")
    assert arrived.was_reset
    assert arrived.head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(arrived.body) == arrived.declared // 2 > 1000
    with pytest.raises(httpx.ReadError):
        wire.create()
    assert wire.runs() == 1


@shows("truncate")
def test_truncate_declares_the_whole_and_closes_inside_the_body(wire: Wire) -> None:
    wire.rule({"kind": "truncate"})
    arrived = wire.ask("/v1/models")
    assert not arrived.was_reset
    assert len(arrived.body) == arrived.declared // 2 > 1000
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        wire.create()
    assert wire.runs() == 1


@shows("wrong_length")
def test_wrong_length_declares_more_or_less_than_there_is(wire: Wire) -> None:
    body = wire.client.get("/v1/runs/statuses").content
    more = wire.rule({"kind": "wrong_length", "bytes_more": 7})
    arrived = wire.ask("/v1/runs/statuses")
    assert (arrived.body, arrived.declared, arrived.was_reset) == (body, len(body) + 7, False)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        wire.client.get("/v1/runs/statuses")
    wire.client.delete(f"/_mock/faults/{more['id']}")
    wire.rule({"kind": "wrong_length", "bytes_more": -5})
    arrived = wire.ask("/v1/runs/statuses")
    assert (arrived.body, arrived.declared) == (body, len(body) - 5)
    assert wire.client.get("/v1/runs/statuses").content == body[:-5]


@shows("slow_body")
def test_slow_body_comes_in_pieces_over_its_time(wire: Wire) -> None:
    wire.rule({"kind": "slow_body", "seconds": 20})
    assert len(wire.create().json()["id"]) == 36
    assert SLEPT == [2.0] * 10


@shows("malformed")
def test_malformed_is_complete_and_broken(wire: Wire) -> None:
    wire.rule({"kind": "malformed"})
    answer = wire.create()
    assert (answer.status_code, int(answer.headers["content-length"])) == (201, len(answer.content))
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert wire.runs() == 1


@shows("unknown_enum")
def test_unknown_enum_changes_the_field_wherever_it_stands(wire: Wire) -> None:
    run_id = wire.create().json()["id"]
    wire.rule({"kind": "unknown_enum", "value": "paused"})
    assert wire.client.get(f"/v1/runs/{run_id}").json()["status_code"] == "paused"
    assert [item["status_code"] for item in wire.client.get("/v1/runs").json()["items"]] == ["paused"]


@shows("unknown_fields")
def test_unknown_fields_stand_in_every_object_but_those_of_the_client(wire: Wire) -> None:
    run_id = wire.create().json()["id"]
    wire.rule({"kind": "unknown_fields", "fields": {"x_new": [1]}})
    run = wire.client.get(f"/v1/runs/{run_id}").json()
    assert (run["x_new"], run["input"], run["id"]) == ([1], INPUT, run_id)
    page = wire.client.get("/v1/runs").json()
    assert (page["x_new"], page["items"][0]["x_new"]) == ([1], [1])


def test_every_kind_of_the_family_is_shown_here() -> None:
    assert set(SHOWN) == {kind.name for kind in KINDS if kind.family is Family.EXCHANGE}


@pytest.mark.parametrize("kind", ["reset", "empty", "garbage", "hang", "truncate", "reset_after_headers"])
def test_server_goes_on_after_a_broken_connection(wire: Wire, kind: str) -> None:
    wire.rule({"kind": kind}, when={"times": 2})
    wire.ask()
    wire.ask(f"{RUNS}", "POST")
    assert wire.create().status_code == 201
    assert wire.client.get("/_mock/health").json()["background_errors"] == []


@pytest.mark.slow(is_covering=True)
def test_large_body_is_cut_where_all_before_it_arrives(wire: Wire) -> None:
    run = wire.client.post(RUNS, json={"input": {**INPUT, "pad": "x" * 3_000_000}}).json()
    wire.rule({"kind": "reset_after_headers"}, when={"times": 1})
    arrived = wire.ask(f"/v1/runs/{run['id']}")
    assert (arrived.was_reset, len(arrived.body)) == (True, RESET_BYTES_MAX)
    wire.rule({"kind": "truncate"})
    arrived = wire.ask(f"/v1/runs/{run['id']}")
    assert (arrived.was_reset, len(arrived.body)) == (False, arrived.declared // 2)


@pytest.mark.parametrize("kind", ["reset", "empty", "garbage", "truncate", "reset_after_headers"])
def test_end_of_a_connection_is_the_same_under_tls(wire: Wire, kind: str) -> None:
    whole = wire.client.get("/v1/runs/statuses").content
    wire.rule({"kind": kind})
    server = wire.server
    assert server.ca_file is not None
    with connect(str(server.tls_url), server.ca_file) as secure:
        secure.sendall(wire.request("/v1/runs/statuses"))
        arrived = drain(secure)
    assert arrived.was_reset is ("reset" in kind)
    parts = {"garbage": GARBAGE, "truncate": whole[: len(whole) // 2], "reset_after_headers": whole[: len(whole) // 2]}
    assert arrived.received.endswith(parts.get(kind, b""))
    assert bool(arrived.received) is (kind in parts)


def test_journal_keeps_what_was_really_sent(wire: Wire) -> None:
    rule = wire.rule({"kind": "truncate"}, label="cut short")
    wire.client.delete("/_mock/journal")
    arrived = wire.ask("/v1/runs/statuses")
    lost = wire.rule({"kind": "reset"}, {"operation": "get_balance"})
    wire.client.delete(f"/_mock/faults/{rule['id']}")
    wire.ask("/v1/billing/balance")
    first, second = wire.journal()
    assert (first["fault"], first["response"]["status"], first["response"]["body"]) == (rule["id"], 200, arrived.body.decode())
    assert first["response"]["headers"]["runflow-mock-fault-label"] == "cut short"
    assert (second["fault"], second["response"]["status"], second["response"]["body"]) == (lost["id"], 0, None)


@pytest.mark.slow(is_covering=True)
def test_opposite_faults_of_two_tenants_never_meet(server: RunningServer) -> None:
    broken, slow, well = wires = Wire(server), Wire(server), Wire(server)
    broken.rule({"kind": "reset"})
    slow.rule({"kind": "answer", "status": 429})
    seen: dict[str, set[object]] = {"broken": set(), "slow": set(), "well": set()}

    def ask(name: str, wire: Wire) -> None:
        for _ in range(8):
            arrived = wire.ask("/v1/runs/statuses", "HEAD") if name == "broken" else None
            seen[name].add(arrived.was_reset if arrived else wire.create().status_code)

    threads = [threading.Thread(target=ask, args=each) for each in (("broken", broken), ("slow", slow), ("well", well))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for wire in wires:
        wire.close()
    assert seen == {"broken": {True}, "slow": {429}, "well": {201}}
    assert [each.runs() for each in (broken, slow, well)] == [0, 0, 8]
