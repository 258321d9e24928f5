"""What arrives on the socket: errors of the protocol in the API's envelope, bounds of heads, and what clients offer to speak."""

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from answers import ANSWERS
from steps import INPUT, RUNS
from worlds import catalog

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.bounds import BoundsMax
from runflow_mock.runtime.config import Config
from runflow_mock.testing.server import RunningServer, serve

KEY = b"Authorization: Bearer rf_live_mock_raw\r\n"
BODY = json.dumps({"input": INPUT}).encode()
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
TYPE = b"Content-Type: application/json\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
POST = b"POST " + RUNS.encode() + b" HTTP/1.1\r\nHost: a\r\n" + KEY + TYPE


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve(Config(port=0, clock=ClockMode.AUTO, speed=1.0), catalog=catalog(), observer=ANSWERS) as running:
        yield running


def connected(server: RunningServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=20)


@pytest.fixture
def wire(server: RunningServer) -> Iterator[socket.socket]:
    with connected(server) as opened:
        yield opened


def read_answer(wire: socket.socket, *, is_head: bool = False) -> tuple[int, dict[str, str], Any]:
    """Returns status, headers and JSON of the next answer."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        piece = wire.recv(1)
        assert piece, raw
        raw += piece
    lines = raw.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:-2])
    length = 0 if is_head else int(headers.get("content-length", 0))
    body = b""
    while len(body) < length:
        body += wire.recv(length - len(body))
    return int(lines[0].split()[1]), headers, json.loads(body) if body else None


def is_over(wire: socket.socket) -> bool:
    try:
        return wire.recv(1) == b""
    except ConnectionResetError:
        return True


def send_all(wire: socket.socket, piece: bytes, times: int) -> None:
    """Sends what may be refused on the way."""
    try:
        for _ in range(times):
            wire.sendall(piece)
    except (ConnectionResetError, BrokenPipeError):
        return


NO_REQUESTS = {
    "no method": (b"FOO / HTTP/1.1\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "later version": (b"GET /v1/health HTTP/2.0\r\n\r\n", 505),
    "no header": (b"GET / HTTP/1.1\r\nnocolon\r\n\r\n", 400),
    "two hosts": (b"GET /v1/health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "two lengths": (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400),
    "length and chunks": (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "bad length": (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
    "bad path": (b"GET /v1/\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "no path": (b"GET v1 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "address of another protocol": (b"GET ftp://localhost/v1/health HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "address of a socket": (b"GET WS://localhost/v1/health HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "address that only begins as one of http": (b"GET httpx://localhost/v1/health HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "address without a host": (b"GET http:///v1/health HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "nothing but a protocol": (b"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "proxy": (b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n", 405),
    "one large header": (b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    "one large name": (b"GET / HTTP/1.1\r\n" + b"x" * 70_000 + b": a\r\n\r\n", 431),
    "headers that are large together": (
        b"GET / HTTP/1.1\r\n" + b"".join(b"H%d: " % n + b"x" * 700 + b"\r\n" for n in range(99)) + b"\r\n",
        431,
    ),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 501 + b"\r\n", 431),
    "long path": (b"GET /v1/" + b"a" * 17_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "long query": (b"GET /v1/runs?q=" + b"a" * 17_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "half an address as host": (b"GET /llms.txt HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    "two words as host": (b"GET /llms.txt HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "two hosts in one": (b"GET /llms.txt HTTP/1.1\r\nHost: 127.0.0.1, evil.example\r\n\r\n", 400),
    "no host": (b"GET /v1/health HTTP/1.1\r\n\r\n", 400),
    "no host beside an address": (b"GET http://127.0.0.1/v1/health HTTP/1.1\r\n\r\n", 400),
    "no host beside an offer": (b"GET /v1/health HTTP/1.1\r\n" + H2C + b"\r\n", 400),
    "fragment": (b"GET /v1/health#x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "fragment of a query": (b"GET /v1/health?x=1#y HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "fragment of an address": (b"GET http://127.0.0.1/v1/health#x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "fragment of a host": (b"GET http://127.0.0.1#x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "user as host": (b"GET http://127.0.0.1@evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "packed chunks": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunks after nothing": (POST + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", 400),
    "bad chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
}


@pytest.mark.parametrize(("raw", "status"), NO_REQUESTS.values(), ids=NO_REQUESTS.keys())
def test_what_is_no_request_is_told_in_the_envelope(wire: socket.socket, raw: bytes, status: int) -> None:
    wire.sendall(raw)
    told, headers, body = read_answer(wire)
    assert (told, headers["content-type"], headers["connection"]) == (status, "application/json", "close")
    assert set(body) == {"code", "message", "errors"}
    assert body["errors"] is None
    assert is_over(wire)


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nA: ", POST + b"Transfer-Encoding: chunked\r\n\r\n4;", b"GET /"])
def test_head_without_end_is_cut_short_and_the_answer_arrives(wire: socket.socket, start: bytes) -> None:
    wire.sendall(start)
    send_all(wire, b"x" * 65_536, 40)
    assert read_answer(wire)[0] == 431


def test_trailer_without_end_is_cut_short(wire: socket.socket) -> None:
    wire.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: ")
    send_all(wire, b"x" * 65_536, 40)
    assert read_answer(wire)[0] == 431


def test_head_that_just_fits_is_taken(wire: socket.socket) -> None:
    wire.sendall(b"GET /v1/health HTTP/1.1\r\nHost: a\r\nA: " + b"x" * 65_000 + b"\r\n\r\n")
    assert read_answer(wire)[0] == 200
    wire.sendall(b"GET /v1/health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert read_answer(wire)[0] == 200


def test_large_body_in_small_pieces_is_no_head(wire: socket.socket) -> None:
    body = json.dumps({"input": {**INPUT, "note": "x" * 300_000}}).encode()
    wire.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body))
    for at in range(0, len(body), 10_000):
        wire.sendall(body[at : at + 10_000])
    assert read_answer(wire)[0] == 201


@pytest.mark.parametrize("offer", [H2C, b"Connection: upgrade\r\nUpgrade: websocket\r\n", b"Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n"])
@pytest.mark.parametrize("pieces", ["whole", "body apart", "byte by byte", "chunks"])
def test_offer_to_speak_something_else_is_not_taken_up(wire: socket.socket, offer: bytes, pieces: str) -> None:
    head, body = POST + offer + LENGTH + b"\r\n", BODY
    if pieces == "chunks":
        head, body = POST + offer + b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    parts = {"body apart": [head, body], "byte by byte": [bytes([byte]) for byte in head + body]}.get(pieces, [head + body])
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for part in parts:
        wire.sendall(part)
    assert read_answer(wire)[0] == 201
    wire.sendall(b"GET /v1/health HTTP/1.1\r\nHost: a\r\n" + offer + b"\r\nGET /v1/readiness HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [read_answer(wire)[0] for _ in range(2)] == [200, 200]


def test_offer_is_in_the_journal_as_it_was_sent(wire: socket.socket) -> None:
    wire.sendall(b"GET /v1/runs HTTP/1.1\r\nHost: a\r\n" + KEY + H2C + b"\r\n")
    assert read_answer(wire)[0] == 200
    wire.sendall(b"GET /_mock/journal?operation=list_runs HTTP/1.1\r\nHost: localhost\r\n" + KEY + b"\r\n")
    assert "upgrade" in read_answer(wire)[2]["items"][-1]["request"]["headers"]


def test_credential_behind_the_body_is_none(wire: socket.socket) -> None:
    head = POST.replace(KEY, b"") + b"Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n"
    wire.sendall(head + b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(BODY), BODY, KEY))
    assert read_answer(wire)[0] == 401
    wire.sendall(b"GET /v1/health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert read_answer(wire)[0] == 200


def test_client_that_takes_the_server_for_a_proxy_is_answered(wire: socket.socket) -> None:
    for target in (b"http://api.runflow.io/v1/health", b"HTTP://api.runflow.io/v1/health?x=1"):
        wire.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: api.runflow.io\r\n\r\n")
        assert read_answer(wire)[0] == 200
    wire.sendall(b"GET http://api.runflow.io?x=1 HTTP/1.1\r\nHost: api.runflow.io\r\n\r\n")
    assert read_answer(wire)[2]["code"] == "NOT_FOUND"


def test_host_may_be_empty_and_a_number_sign_be_written_out(wire: socket.socket) -> None:
    for head in (b"/v1/health HTTP/1.1\r\nHost:", b"/v1/health HTTP/1.1\r\nHost: ", b"/v1/health?x=%23 HTTP/1.1\r\nHost: a"):
        wire.sendall(b"GET " + head + b"\r\n\r\n")
        assert read_answer(wire)[0] == 200


def test_host_of_an_address_counts_whatever_the_header_says(wire: socket.socket) -> None:
    wire.sendall(b"GET http://evil.example/_mock/tenants HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    status, _, body = read_answer(wire)
    assert (status, body["error"]["type"]) == (403, "foreign_host")
    wire.sendall(b"GET http://127.0.0.1/_mock/tenants HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert read_answer(wire)[0] == 200


def test_old_clients_and_those_that_ask_first_are_served(server: RunningServer, wire: socket.socket) -> None:
    wire.sendall(POST + LENGTH + b"Expect: 100-continue\r\n\r\n")
    assert read_answer(wire)[0] == 100
    wire.sendall(BODY)
    assert read_answer(wire)[0] == 201
    wire.sendall(b"GET /v1/health HTTP/1.0\r\n\r\n")
    status, headers, body = read_answer(wire)
    assert (status, headers["connection"], body["status"]) == (200, "close", "ok")
    assert is_over(wire)


@pytest.mark.parametrize("field", [b"Host:", b"Host: evil.example", b"Origin: http://evil.example", b"Sec-Fetch-Site: cross-site"])
def test_old_client_that_says_who_it_is_is_judged_by_that(wire: socket.socket, field: bytes) -> None:
    wire.sendall(b"GET /_mock/version HTTP/1.0\r\n" + field + b"\r\n\r\n")
    assert read_answer(wire)[0] == 403


def test_old_client_without_a_host_is_served_by_the_control_api(wire: socket.socket) -> None:
    """No page can have sent it: browsers name a host, and HTTP/1.1 asks everybody to."""
    wire.sendall(b"GET /_mock/version HTTP/1.0\r\n\r\n")
    status, _, body = read_answer(wire)
    assert (status, body["name"]) == (200, "runflow-mock")


def read_to_the_end(wire: socket.socket, until: bytes = b"never") -> bytes:
    raw = b""
    while until not in raw and (piece := wire.recv(65_536)):
        raw += piece
    return raw


def test_stream_to_a_client_of_http_1_0_has_no_chunks(wire: socket.socket) -> None:
    """It has never heard of them (RFC 9112, 6.1): where no length is told, the end of the connection is the end."""
    wire.sendall(b"GET /_mock/events HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n" + KEY + b"\r\n")
    head, _, events = read_to_the_end(wire, b"\n\n").partition(b"\r\n\r\n")
    assert (b"chunked" in head.lower(), b"connection: close" in head) == (False, True)
    assert events.startswith(b"retry: "), events


def test_old_client_that_asks_first_gets_the_answer_alone(wire: socket.socket) -> None:
    wire.sendall(POST.replace(b"HTTP/1.1", b"HTTP/1.0") + LENGTH + b"Expect: 100-continue\r\n\r\n" + BODY)
    assert read_answer(wire)[0] == 201
    assert is_over(wire)


@pytest.mark.parametrize(
    ("request_line", "more", "status"),
    [
        (b"DELETE /_mock/faults", b"", 204),
        (b"DELETE /v1/callback-secrets/{id}", b"", 204),
        (b"GET /llms.txt", b"If-None-Match: *\r\n", 304),
        (b"GET /_mock/inspector/app.js", b"If-None-Match: *\r\n", 304),
    ],
)
def test_answer_that_has_no_body_says_no_length(wire: socket.socket, request_line: bytes, more: bytes, status: int) -> None:
    label = b'{"label": "a"}'
    wire.sendall(b"POST /v1/callback-secrets HTTP/1.1\r\nHost: a\r\n" + KEY + TYPE + b"Content-Length: 14\r\n\r\n" + label)
    secret = read_answer(wire)[2]["id"].encode()
    wire.sendall(request_line.replace(b"{id}", secret) + b" HTTP/1.1\r\nHost: localhost\r\n" + KEY + more + b"\r\n")
    told, headers, _ = read_answer(wire)
    assert (told, "content-length" in headers, "transfer-encoding" in headers) == (status, False, False)
    wire.sendall(b"GET /v1/health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert read_answer(wire)[0] == 200


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (POST.replace(KEY, b"") + b"Content-Length: 70000000\r\n", 401),
        (POST.replace(KEY, b"") + LENGTH, 401),
        (POST + b"Content-Length: 99999999999\r\n", 413),
        (POST + b"Content-Length: 75497473\r\n", 413),
        (b"POST /_mock/faults HTTP/1.1\r\nHost: 127.0.0.1\r\n" + KEY + TYPE + b"Content-Length: 8388609\r\n", 413),
        (b"POST /_mock/faults HTTP/1.1\r\nHost: evil.example\r\n" + KEY + TYPE + b"Content-Length: 2\r\n", 403),
    ],
)
def test_who_asks_first_is_refused_before_the_body(wire: socket.socket, head: bytes, status: int) -> None:
    wire.sendall(head + b"Expect: 100-continue\r\n\r\n")
    assert read_answer(wire)[0] == status


@pytest.mark.parametrize("length", [b"75497473", b"536870913", b"9223372036854775808", b"18446744073709551615", b"00099999999999"])
@pytest.mark.parametrize(
    ("request_line", "keys"), [(b"POST " + RUNS.encode(), {"code", "errors", "message"}), (b"POST /_mock/faults", {"error"})]
)
def test_body_that_is_said_to_be_too_long_is_refused_before_it_comes(
    wire: socket.socket, request_line: bytes, keys: set[str], length: bytes
) -> None:
    wire.settimeout(5)
    wire.sendall(request_line + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + KEY + TYPE + b"Content-Length: " + length + b"\r\n\r\n")
    status, _, body = read_answer(wire)
    assert (status, set(body)) == (413, keys)


@pytest.mark.slow(is_covering=True)
def test_body_that_is_sent_all_the_same_is_dropped_and_its_connection_goes_on(wire: socket.socket) -> None:
    wire.sendall(b"POST /_mock/faults HTTP/1.1\r\nHost: 127.0.0.1\r\n" + KEY + TYPE + b"Content-Length: 8388609\r\n\r\n")
    # As a client does that looks for an answer once it has sent everything.
    wire.sendall(bytes(8388609))
    wire.sendall(b"GET /v1/health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [read_answer(wire)[0] for _ in range(2)] == [413, 200]


@pytest.mark.parametrize("length", [b"0000000000000000000000000000%d" % len(BODY), b"%d " % len(BODY), b"\t%d\t" % len(BODY)])
@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
def test_length_of_a_body_is_what_its_digits_say(wire: socket.socket, length: bytes, expect: bytes) -> None:
    wire.sendall(POST + expect + b"Content-Length:" + length + b"\r\n\r\n" + BODY)
    status, _, _ = read_answer(wire)
    assert (status if status != 100 else read_answer(wire)[0]) == 201


def test_answer_that_was_asked_for_before_comes_before_the_refusal(wire: socket.socket) -> None:
    wire.sendall(b"GET /v1/health HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n")
    assert [read_answer(wire)[0] for _ in range(2)] == [200, 400]
    assert is_over(wire)


def test_connections_beyond_the_bound_are_told_and_closed() -> None:
    config = Config(port=0, clock=ClockMode.AUTO, bounds=BoundsMax(connections_max=2))
    with serve(config, catalog=catalog(), observer=ANSWERS) as running:
        host, port = running.url.removeprefix("http://").split(":")
        opened = [socket.create_connection((host, int(port)), timeout=20) for _ in range(3)]
        try:
            for wire in opened[:2]:
                wire.sendall(b"GET /v1/health HTTP/1.1\r\nHost: a\r\n\r\n")
                assert read_answer(wire)[0] == 200
            status, _, body = read_answer(opened[2])
            assert (status, body["code"]) == (503, "SERVICE_UNAVAILABLE")
            assert is_over(opened[2])
            bound = running.runtime.bounds.connections
            assert (bound.used, bound.peak, bound.met) == (2, 2, 1)
        finally:
            for wire in opened:
                wire.close()


def until(url: str, holds: Callable[[], bool]) -> None:
    """Asks the server for its health until it has come so far: it answers after whatever came before."""
    with httpx.Client() as client:
        for _ in range(2_000):
            if holds():
                return
            assert client.get(f"{url}/_mock/health").status_code == 200
    raise AssertionError("it has not come so far")


def announced(path: str, size: int, *fields: bytes, method: bytes = b"POST") -> bytes:
    head = method + b" " + path.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n" % size
    return head + TYPE + b"".join(fields) + b"\r\n"


STRANGERS = {
    "no key": (announced(RUNS, 70_000_000), 401),
    "no key, no route": (announced("/v1/nowhere", 70_000_000), 401),
    "wrong key": (announced(RUNS, 70_000_000, b"Authorization: Bearer rf_live_REAL\r\n"), 401),
    "no key, in chunks": (announced(RUNS, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"), 401),
    "no key, asks first": (announced(RUNS, 2, b"Expect: 100-continue\r\n"), 401),
    "foreign host": (announced("/_mock/snapshot", 390_000_000, KEY, method=b"PUT").replace(b"127.0.0.1", b"evil.example"), 403),
    "foreign page": (announced("/_mock/snapshot", 390_000_000, KEY, b"Origin: http://203.0.113.5\r\n", method=b"PUT"), 403),
    "unsigned upload": (announced("/_upload/raw/019b76da-a800-7000-8000-000000000007", 50_000_000, method=b"PUT"), 403),
}


@pytest.mark.parametrize(("head", "status"), STRANGERS.values(), ids=STRANGERS.keys())
def test_who_may_not_come_in_is_refused_before_the_body(wire: socket.socket, head: bytes, status: int) -> None:
    wire.sendall(head)
    assert wire.recv(12) == b"HTTP/1.1 %d" % status


def test_request_that_carries_two_keys_is_refused(wire: socket.socket) -> None:
    keys = b"".join(b"Authorization: Bearer rf_live_mock_%s\r\n" % name for name in (b"a", b"b"))
    wire.sendall(announced("/v1/runs", 0, keys, method=b"GET"))
    status, _, told = read_answer(wire)
    assert (status, told["message"]) == (400, "The request has more than one Authorization header.")


def test_who_may_use_no_verb_of_the_server_is_refused_before_the_body() -> None:
    config = Config(host="0.0.0.0", port=0, admin_token="a-token-of-the-server")
    with serve(config, catalog=catalog(), observer=ANSWERS) as running, connected(running) as opened:
        opened.sendall(announced("/_mock/tenants", 7_000_000))
        assert opened.recv(12) == b"HTTP/1.1 401"


def test_body_without_a_key_that_the_operation_needs_none_for_is_not_read(wire: socket.socket) -> None:
    wire.sendall(announced("/v1/health", 70_000_000, method=b"GET"))
    assert read_answer(wire)[0] == 200


@pytest.mark.slow(is_covering=True)
def test_bodies_under_way_have_a_bound_and_give_back_what_they_took() -> None:
    config = Config(port=0, clock=ClockMode.AUTO, bounds=BoundsMax(body_bytes_max=1_000_000))
    with serve(config, catalog=catalog(), observer=ANSWERS) as running:
        host, port = running.url.removeprefix("http://").split(":")
        opened = [socket.create_connection((host, int(port)), timeout=20) for _ in range(3)]
        try:
            keys = [b"Authorization: Bearer rf_live_mock_%s\r\n" % name for name in (b"a", b"b", b"a")]
            bound = running.runtime.bounds.body_bytes
            body = json.dumps({"input": {**INPUT, "note": "x" * 600_000}}).encode()
            opened[0].sendall(announced(RUNS, len(body), keys[0]) + body[:-1])
            until(running.url, lambda: bound.used == len(body) - 1)
            for wire, key in zip(opened[1:], keys[1:], strict=True):
                send_all(wire, announced(RUNS, len(body), key) + body, 1)
                status, headers, told = read_answer(wire)
                assert (status, headers["retry-after"], told["code"]) == (503, "1", "SERVICE_UNAVAILABLE")
            opened[0].sendall(body[-1:])
            assert read_answer(opened[0])[0] == 201
            until(running.url, lambda: bound.used == 0)
            assert bound.met == 1
        finally:
            for wire in opened:
                wire.close()
