"""Servers that send what they tell in another way, which HTTP leaves to them, are accused of nothing: over real HTTP, as `verify` asks."""

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

import pytest
import urllib3
from doors import MANUAL
from msgspec.structs import replace
from worlds import catalog

from runflow_mock.kit.suite.carriers import HttpCarrier
from runflow_mock.kit.suite.catalogue import FLOWS
from runflow_mock.kit.suite.flows import play_all
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.testing.server import RunningServer, serve

PLAYED = frozenset(
    (
        *("key_is_needed", "routes_are_told_apart", "run_lives", "repeat_is_replayed", "list_is_complete", "file_is_there"),
        *("upload_is_kept", "quota_is_told", "callback_is_signed", "odd_input_is_refused", "public_models_agree", "statuses_of_billing"),
    )
)
# What belongs to a connection, and is told anew on each.
OF_THE_CONNECTION = frozenset(("connection", "keep-alive", "transfer-encoding"))


class Sends(NamedTuple):
    """How a server sends."""

    version: str = "HTTP/1.1"
    is_chunked: bool = False
    is_packed: bool = False
    spells: str = "lower"
    pieces: int = 1


WAYS: Mapping[str, Sends] = {
    "in the old way, a connection for each answer": Sends(version="HTTP/1.0"),
    "in chunks": Sends(is_chunked=True, pieces=7),
    "packed": Sends(is_packed=True),
    "packed and in chunks": Sends(is_packed=True, is_chunked=True, pieces=3),
    "with names of headers in capitals": Sends(spells="upper"),
    "with names of headers in titles": Sends(spells="title"),
}


class Relay(BaseHTTPRequestHandler):
    """Tells what another server tells, in its own way."""

    url = ""
    sends = Sends()
    pool = urllib3.PoolManager(retries=False)

    def answer(self) -> None:
        """Answers a request."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        asked = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "accept-encoding")}
        got = self.pool.request(self.command, self.url + self.path, headers=asked, body=body or None, redirect=False)
        content = gzip.compress(got.data) if self.sends.is_packed and got.data else got.data
        self.send_response_only(got.status)
        for name, value in self.told(got.headers, content).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(in_chunks(content, self.sends.pieces) if self.sends.is_chunked and content else content)

    def told(self, headers: Mapping[str, str], content: bytes) -> dict[str, str]:
        """Returns the headers of an answer; who packs does not know what HEAD would weigh."""
        told = {getattr(name, self.sends.spells)(): text for name, text in headers.items() if name.lower() not in OF_THE_CONNECTION}
        if self.sends.is_packed and (content or self.command == "HEAD"):
            told = {name: text for name, text in told.items() if name.lower() != "content-length"}
            told |= {"Content-Encoding": "gzip", "Content-Length": str(len(content))} if content else {}
        if self.sends.is_chunked and content:
            told = {name: text for name, text in told.items() if name.lower() != "content-length"} | {"Transfer-Encoding": "chunked"}
        return told

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer  # noqa: N815 - names of the standard library

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def in_chunks(content: bytes, pieces: int) -> bytes:
    """Returns a body in so many chunks."""
    size = -(-len(content) // pieces)
    parts = [content[start : start + size] for start in range(0, len(content), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


@contextmanager
def in_front_of(url: str, sends: Sends) -> Iterator[str]:
    """Gives the address of a server that tells what another one tells, in its own way."""
    handler = type("Way", (Relay,), {"url": url, "sends": sends, "protocol_version": sends.version})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def fake() -> Iterator[RunningServer]:
    with serve(replace(MANUAL, port=0), catalog=catalog()) as running:
        yield running


def test_flows_that_are_played_are_there() -> None:
    assert {flow.id for flow in FLOWS} >= PLAYED


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("way", WAYS)
def test_server_that_sends_otherwise_is_not_accused(fake: RunningServer, way: str) -> None:
    with in_front_of(fake.url, WAYS[way]) as url:
        tally = play_all([flow for flow in FLOWS if flow.id in PLAYED], Target(HttpCarrier(url), None), packaged_contract())
    assert (tally.breaches, tally.errors) == ([], [])
    assert tally.cases > 100
