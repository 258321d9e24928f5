"""The wire for tests: a tenant of a real server, asked by an ordinary client and by a socket that tells byte by byte what arrived."""

import socket
import ssl
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
from secure import NOBODY
from steps import INPUT, RUNS, Body

from runflow_mock.testing.server import RunningServer

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
