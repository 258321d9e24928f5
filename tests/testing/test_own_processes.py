"""A process that was forked from the one of the fake: what cannot be answered there is refused at once, and nothing is mixed up."""

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
import requests
from steps import MODEL

from runflow_mock.testing.client import HttpExchanger
from runflow_mock.testing.runflow import Runflow

RUNS = f"https://api.runflow.io/v1/models/{MODEL}/runs"
BODY = {"input": {"image_url": "https://cdn.example.com/shirt.jpg"}}
REFUSED = "RuntimeError: runflow-mock: the fake runs in the process from which this one was forked"

# A fork of a process that has threads is what is tried here; Python warns of it from 3.12 on.
pytestmark = [pytest.mark.slow(is_covering=True), pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")]


def in_fork(work: Callable[[], object]) -> str:
    """Returns what some work told in a forked process, or what it raised."""
    ours, theirs = multiprocessing.Pipe()

    def tell() -> None:
        try:
            told = repr(work())
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
        theirs.send(told)

    process = multiprocessing.get_context("fork").Process(target=tell)
    process.start()
    try:
        return str(ours.recv()) if ours.poll(30) else "it did not end"
    finally:
        process.kill()
        process.join()


@pytest.mark.parametrize("is_kept", [False, True], ids=["new", "kept"])
@pytest.mark.parametrize("library", ["httpx", "requests"])
def test_client_without_a_socket_is_refused_in_a_fork(runflow: Runflow, library: str, is_kept: bool) -> None:
    client: Any
    if library == "httpx":
        client = httpx.Client(transport=runflow.transport, headers=runflow.headers)
    else:
        client = requests.Session()
        client.headers.update(runflow.headers)
        client.mount("https://", runflow.adapter)
    with client:
        if is_kept:
            assert client.post(RUNS, json=BODY).status_code == 201
        assert in_fork(lambda: client.post(RUNS, json=BODY).status_code).startswith(REFUSED)
        assert client.post(RUNS, json=BODY).status_code == 201


def test_client_of_coroutines_is_refused_in_a_fork(runflow: Runflow) -> None:
    async def post() -> int:
        async with httpx.AsyncClient(transport=runflow.transport, headers=runflow.headers) as client:
            return (await client.post(RUNS, json=BODY)).status_code

    assert in_fork(lambda: asyncio.run(post())).startswith(REFUSED)


def test_verb_is_refused_in_a_fork(runflow: Runflow) -> None:
    assert in_fork(lambda: runflow.clock.advance(1)).startswith(REFUSED)


@pytest.fixture
def asked() -> Iterator[tuple[str, list[int]]]:
    """A server that keeps from which port each request came."""
    ports: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        """Answers with nothing, and keeps the connection."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            ports.append(self.client_address[1])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", ports
    server.shutdown()
    server.server_close()


def test_fork_takes_a_connection_of_its_own_to_a_server_elsewhere(asked: tuple[str, list[int]]) -> None:
    url, ports = asked
    exchanger = HttpExchanger(url)

    def ask() -> object:
        return exchanger.exchange("GET", "/", {}, None)

    ask()
    assert in_fork(ask) == "(200, b'')"
    ask()
    exchanger.close()
    first, in_between, last = ports
    assert first == last != in_between
