"""Https has the bounds that http has: a connection counts from its first byte on, and so does what its client does not take."""

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import urllib3
import uvloop
from doors import MANUAL
from msgspec.structs import replace
from secure import connect
from worlds import catalog

from runflow_mock.runtime.bounds import Bound, BoundsMax
from runflow_mock.testing.server import RunningServer, serve
from runflow_mock.web.app import create_app
from runflow_mock.web.server import SecureSocket, Server, bind, open_secure

KEY = {"Authorization": "Bearer rf_live_mock_secure"}
LOOKS_MAX = 2_000
HELLO = b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def server(state: Path) -> Iterator[RunningServer]:
    bounds = BoundsMax(connections_max=4)
    with serve(replace(MANUAL, port=0, tls_port=0, state=state, bounds=bounds), catalog=catalog()) as running:
        yield running


@pytest.fixture
def watcher(server: RunningServer) -> Iterator[urllib3.HTTPConnectionPool]:
    """One connection that looks at the others."""
    with urllib3.connection_from_url(server.url, timeout=10, retries=False) as pool:
        yield pool


def use_of(watcher: urllib3.HTTPConnectionPool, name: str) -> dict[str, int]:
    found: dict[str, int] = watcher.request("GET", "/_mock/health").json()["bounds"][name]
    return found


def comes_to(watcher: urllib3.HTTPConnectionPool, name: str, used: int) -> bool:
    """Looks until so much of a bound is used."""
    return any(use_of(watcher, name)["used"] == used for _ in range(LOOKS_MAX))


def silent(server: RunningServer) -> socket.socket:
    """A connection to the secure port that says nothing."""
    return socket.create_connection(("127.0.0.1", int(str(server.tls_url).rpartition(":")[2])), timeout=10)


def test_handshake_that_never_ends_has_a_place_and_gives_it_back(server: RunningServer, watcher: urllib3.HTTPConnectionPool) -> None:
    assert comes_to(watcher, "connections_max", 1)
    with ExitStack() as opened:
        for used in (2, 3, 4):
            opened.enter_context(silent(server))
            assert comes_to(watcher, "connections_max", used)
        met = use_of(watcher, "connections_max")["met"]
        with silent(server) as turned_away:
            assert ended(turned_away)
        assert use_of(watcher, "connections_max")["met"] == met + 1
    assert comes_to(watcher, "connections_max", 1)


def ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_what_is_no_handshake_gives_its_place_back(server: RunningServer, watcher: urllib3.HTTPConnectionPool) -> None:
    with silent(server) as plain:
        plain.sendall(HELLO)
        assert comes_to(watcher, "connections_max", 1)


class Listening(NamedTuple):
    """A server on the event loop of the test itself."""

    server: Server
    secure: SecureSocket
    connections: Bound

    def knock(self) -> socket.socket:
        """A connection to the secure port that says nothing."""
        return socket.create_connection(self.secure.bound.getsockname(), timeout=10)

    def greet(self) -> ssl.SSLSocket:
        """A connection over TLS that has had an answer."""
        greeted = ssl.create_default_context(cafile=str(self.secure.ca_file)).wrap_socket(self.knock(), server_hostname="localhost")
        greeted.sendall(HELLO)
        assert greeted.recv(9) == b"HTTP/1.1 "
        return greeted

    async def comes_to(self, used: int) -> bool:
        """Waits until so many connections have a place."""
        for _ in range(LOOKS_MAX):
            if self.connections.used == used:
                return True
            await asyncio.sleep(0.001)
        return False


async def mishaps(state: Path, meet: Callable[[Listening], Awaitable[None]]) -> list[dict[str, Any]]:
    """Lets a server listen until it has been met, and returns what its event loop then had to complain about."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
    config, ready = replace(MANUAL, port=0, tls_port=0, state=state), asyncio.Event()
    app = create_app(config, catalog=catalog())
    bounds = app.state.runtime.bounds
    with bind("127.0.0.1", 0) as plain, open_secure(config, datetime.now(UTC)) as secure:
        assert secure is not None
        server = Server(app, ready.set, secure, bounds)
        serving = asyncio.create_task(server.serve([plain]))
        await ready.wait()
        try:
            await meet(Listening(server, secure, bounds.connections))
        finally:
            server.should_exit = True
            await serving
    return complaints


LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])


@LOOPS
def test_connections_that_end_before_their_handshake_give_their_places_back(state: Path, run: Callable[..., Any]) -> None:
    async def meet(listening: Listening) -> None:
        def knock_and_go() -> None:
            for _ in range(50):
                listening.knock().close()

        await asyncio.to_thread(knock_and_go)
        with await asyncio.to_thread(listening.greet):
            # Whoever came before has been accepted by now.
            assert await listening.comes_to(1)
        assert await listening.comes_to(0)

    assert run(mishaps(state, meet)) == []


@pytest.mark.slow(is_covering=True)
@LOOPS
def test_server_that_stops_ends_handshakes_under_way(state: Path, run: Callable[..., Any]) -> None:
    async def meet(listening: Listening) -> None:
        # Who does not answer the goodbye of TLS is waited for, until all are hung up on.
        with await asyncio.to_thread(listening.greet), listening.knock():
            assert await listening.comes_to(2)
            listening.server.should_exit = True
            assert await listening.comes_to(0)

    assert run(mishaps(state, meet)) == []


def test_connection_has_one_place_before_and_after_its_handshake(server: RunningServer, watcher: urllib3.HTTPConnectionPool) -> None:
    assert server.ca_file is not None
    with connect(str(server.tls_url), server.ca_file) as secure:
        secure.sendall(HELLO)
        assert secure.recv(9) == b"HTTP/1.1 "
        assert use_of(watcher, "connections_max")["used"] == 2
    assert comes_to(watcher, "connections_max", 1)


def test_request_that_comes_with_the_end_of_the_handshake_is_answered(server: RunningServer) -> None:
    context = ssl.create_default_context(cafile=str(server.ca_file))
    came, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    secure = context.wrap_bio(came, leaving, server_hostname="localhost")
    with silent(server) as plain:
        while True:
            try:
                secure.do_handshake()
            except ssl.SSLWantReadError:
                plain.sendall(leaving.read())
                came.write(plain.recv(65_536))
            else:
                break
        secure.write(HELLO)
        plain.sendall(leaving.read())
        answer = b""
        while b'{"status"' not in answer:
            try:
                answer += secure.read(65_536)
            except ssl.SSLWantReadError:
                came.write(plain.recv(65_536))
    assert answer.startswith(b"HTTP/1.1 200 OK")


@pytest.fixture(scope="module")
def large(server: RunningServer) -> tuple[str, bytes]:
    """The path of a file that no socket has room for, and the file."""
    content = b"".join(b"%07d\n" % number for number in range(1_000_000))
    said = {"filename": "a.txt", "mime_type": "text/plain", "size_bytes": len(content)}
    upload = told(server, "POST", "/v1/asset-uploads", json=said)
    with urllib3.PoolManager(timeout=10) as storage:
        assert storage.request("PUT", upload["upload_url"], body=content).status == 200
    asset = told(server, "POST", f"/v1/asset-uploads/{upload['asset_id']}/confirmations", json={})
    return str(asset["url"]).removeprefix(server.url), content


def told(server: RunningServer, method: str, path: str, **settings: Any) -> Any:
    with urllib3.PoolManager(timeout=10) as pool:
        answer = pool.request(method, f"{server.url}{path}", headers=KEY, **settings)
    assert answer.status < 300, answer.data
    return json.loads(answer.data)


@pytest.mark.slow(is_covering=True)
def test_answer_that_is_not_taken_is_seen_over_https(
    server: RunningServer, watcher: urllib3.HTTPConnectionPool, large: tuple[str, bytes]
) -> None:
    path, content = large
    assert server.ca_file is not None
    with connect(str(server.tls_url), server.ca_file) as secure:
        secure.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = secure.recv(1)
        assert any(use_of(watcher, "answer_bytes_max")["used"] > 1_000_000 for _ in range(LOOKS_MAX))
        while piece := secure.recv(65_536):
            answer += piece
    assert answer.partition(b"\r\n\r\n")[2] == content
    assert comes_to(watcher, "answer_bytes_max", 0)
