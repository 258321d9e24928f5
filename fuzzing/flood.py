"""`python -m fuzzing.flood`: more of everything than a small server takes, and a table of what its bounds said of it."""

import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from string import ascii_lowercase
from typing import Any
from urllib.parse import urlsplit

import urllib3
from msgspec.structs import replace

from fuzzing.in_process import CONFIG
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.bounds import BoundsMax
from runflow_mock.testing.server import RunningServer, serve

MOST = BoundsMax(
    connections_max=40,
    body_bytes_max=2_000_000,
    journal_bytes_max=1_000_000,
    callback_sockets_max=4,
    record_bytes_max=4_000_000,
    file_bytes_max=50_000,
    timers_max=60,
    streams_max=6,
    answer_bytes_max=500_000,
    long_answers_max=1,
)
TENANTS_MAX = 12
RUNS = "/v1/models/runflow/background-removal/runs"
INPUT = {"image_url": "https://cdn.example.com/a.png"}
STILL = ("still0", "still1", "still2")
SECONDS_MAX = 20.0
LOOKS_MAX = 5_000
READERS = 6


class Flood:
    """Sends too much to one server."""

    def __init__(self, server: RunningServer, open_until_the_end: ExitStack) -> None:
        self._server = server
        self._open = open_until_the_end
        self._pool = open_until_the_end.enter_context(urllib3.PoolManager(timeout=SECONDS_MAX, retries=False))

    def send(self, method: str, path: str, body: Any = None, *, tenant: str = "a") -> int:
        """Sends a request, and returns the status of the answer."""
        headers = {"Authorization": f"Bearer rf_live_mock_{tenant}"}
        content = {} if body is None else {"json": body}
        return int(self._pool.request(method, self._server.url + path, headers=headers, **content).status)

    def bounds(self) -> dict[str, dict[str, int]]:
        """Returns the bounds as the server shows them."""
        shown: dict[str, Any] = self._pool.request("GET", f"{self._server.url}/_mock/health").json()
        return dict(shown["bounds"])

    def until(self, name: str, figure: str) -> None:
        """Returns once a figure of a bound is there; each look lets the server go on."""
        for _ in range(LOOKS_MAX):
            if self.bounds()[name][figure]:
                return
        raise AssertionError(f"{name} was not {figure}: {self.bounds()}")

    def connect(self) -> socket.socket:
        """Returns a connection that stays open until the end."""
        return self._open.enter_context(socket.create_connection(self._address(), timeout=SECONDS_MAX))

    def _address(self) -> tuple[str, int]:
        parts = urlsplit(self._server.url)
        return str(parts.hostname), int(parts.port or 80)

    def call_back(self) -> None:
        """Has more callbacks sent than leave at once, to a receiver that never answers."""
        receiver = self._open.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
        url = f"http://127.0.0.1:{receiver.getsockname()[1]}/never"
        # A tenant leaves room for others: so many are needed that one of them finds none.
        for tenant in ascii_lowercase[: MOST.callback_sockets_max + 1]:
            for _ in range(6):
                self.send("POST", RUNS, {"input": INPUT, "callback_url": url}, tenant=tenant)
        self.until("callback_sockets_max", "met")

    def fill(self) -> None:
        """Sends more records, exchanges, timers and tenants than there is room for."""
        for number in range(40):
            self.send("POST", RUNS, {"input": {**INPUT, "note": "x" * 150_000}}, tenant=f"large{number % 3}")
        for number in range(3):
            # Another one each time: what a tenant has already takes no room.
            stub = {"client_ref": "file", "files": [{"media_type": "image/png", "base64": str(number) * 40_000}]}
            self.send("POST", "/_mock/stubs", stub, tenant="large0")
        # Where a clock stands no timer fires, however long a busy machine takes; and one tenant has only so many runs at work at once.
        for name in STILL:
            self.send("POST", "/_mock/tenants", {"name": name, "clock": "manual"})
        for number in range(MOST.timers_max + 5):
            self.send("POST", RUNS, {"input": INPUT}, tenant=STILL[number % len(STILL)])
        for number in range(TENANTS_MAX + 3):
            self.send("GET", "/v1/runs", tenant=f"many{number}")

    def watch(self) -> None:
        """Opens more streams of events than there may be."""
        for tenant in "aaaabbb":
            wire = self.connect()
            wire.sendall(f"GET /_mock/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer rf_live_mock_{tenant}\r\n\r\n".encode())
        self.until("streams_max", "met")

    def look_back(self) -> None:
        """Asks for more long answers at once than are made at once, and takes all of them."""
        with ThreadPoolExecutor(READERS) as readers:
            for _ in range(LOOKS_MAX):
                asking = [readers.submit(self.send, "GET", "/_mock/history", tenant="large0") for _ in range(READERS)]
                assert {each.result() for each in asking} == {200}
                if self.bounds()["long_answers_max"]["met"]:
                    return
        raise AssertionError("long_answers_max was not met")

    def leave_lying(self) -> None:
        """Asks for large answers on several connections, and takes none of them."""
        asking = b"GET /v1/runs?limit=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer rf_live_mock_large0\r\n\r\n"
        for _ in range(8):
            # With a small window: what the sockets of a connection take by themselves does not wait in the server.
            wire = self._open.enter_context(socket.socket())
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            wire.settimeout(SECONDS_MAX)
            wire.connect(self._address())
            wire.sendall(asking * 64)
        self.until("answer_bytes_max", "met")

    def hold(self) -> None:
        """Holds bodies and connections open, more than there may be."""
        head = f"POST {RUNS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 700000\r\nAuthorization: Bearer rf_live_mock_"
        for tenant in ("a", "a", "b", "b", "c"):
            wire = self.connect()
            try:
                wire.sendall(f"{head}{tenant}\r\nContent-Type: application/json\r\n\r\n".encode() + b" " * 650_000)
            except OSError:
                continue  # It was refused while it was sent.
        self.until("body_bytes_max", "met")
        for _ in range(MOST.connections_max + 10):
            self.connect()
        self.until("connections_max", "met")


def flood() -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """Returns the bounds after a flood, and once everybody has gone away and the tenants were deleted."""
    config = replace(CONFIG, port=0, clock=ClockMode.SCALED, scale=1.0, bounds=MOST, tenants_max=TENANTS_MAX, callback_timeout_seconds=60.0)
    with serve(config) as server, ExitStack() as kept:
        watcher = Flood(server, kept)
        with ExitStack() as opened:
            attacker = Flood(server, opened)
            watcher.bounds()
            attacker.call_back()
            attacker.fill()
            attacker.watch()
            attacker.look_back()
            attacker.leave_lying()
            attacker.hold()
            after = watcher.bounds()
        for tenant in tuple(server.runtime.tenants):
            watcher.send("DELETE", f"/_mock/tenants/{tenant.settings.name}", tenant=tenant.settings.name)
        quiet = watcher.bounds()
        for _ in range(LOOKS_MAX):
            if quiet["connections_max"]["used"] == 1 and not quiet["body_bytes_max"]["used"] and not quiet["streams_max"]["used"]:
                break
            quiet = watcher.bounds()
    return after, quiet


def main() -> int:
    """Prints the table, and fails if a bound was not met, or was passed."""
    after, quiet = flood()
    print("| bound | max | peak | used in the flood | used after it | met |\n| --- | --- | --- | --- | --- | --- |")
    for name, bound in after.items():
        print(f"| {name} | {bound['max']:,} | {bound['peak']:,} | {bound['used']:,} | {quiet[name]['used']:,} | {bound['met']:,} |")
    return 0 if all(bound["met"] and bound["used"] <= bound["max"] for bound in after.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
