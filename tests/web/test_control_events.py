"""The events of a server: what changed, told once, from where a client stood; bounded, and ended when the server stops."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import urllib3
from commands import sandbox
from doors import AUTO, Door
from steps import finished_run, post_run

from runflow_mock.runtime.bounds import BoundsMax
from runflow_mock.runtime.change_feeds import CHANGES_MAX, Change, ChangeFeed, gather
from runflow_mock.runtime.config import Config
from runflow_mock.testing.client import Client
from runflow_mock.testing.server import serve

KEY = "rf_live_mock_watched"


class Stream:
    """One stream of events, read from a socket."""

    def __init__(self, url: str, *, key: str | None = KEY, last: str | None = None) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=20)
        asked = {"Host": f"{host}:{port}", "Connection": "close", "Authorization": key and f"Bearer {key}", "Last-Event-ID": last}
        headers = {name: value for name, value in asked.items() if value is not None}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._socket.sendall(f"GET /_mock/events HTTP/1.1\r\n{head}\r\n".encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        while self._file.readline().strip():
            continue
        self.last = ""

    def read(self) -> tuple[str, dict[str, list[str] | None]]:
        """Returns the next event."""
        fields: dict[str, str] = {}
        while True:
            raw = self._file.readline()
            assert raw, f"the stream has ended; its status was {self.status}"
            line = raw.decode().rstrip("\r\n")
            name, colon, value = line.partition(": ")
            if colon and name in ("event", "id", "data"):
                fields[name] = value
            elif not line and "data" in fields:
                self.last = fields["id"]
                return fields["event"], json.loads(fields["data"])

    def read_until(self, noun: str) -> list[str] | None:
        """Returns what the next events say of a noun."""
        while True:
            _, changed = self.read()
            if noun in changed:
                return changed[noun]

    def rest(self) -> bytes:
        """Returns everything until the server ends the stream."""
        return self._file.read()

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@contextmanager
def stream(url: str, *, key: str | None = KEY, last: str | None = None) -> Iterator[Stream]:
    opened = Stream(url, key=key, last=last)
    while opened.status == 503:  # streams of earlier tests are on their way out
        opened.close()
        opened = Stream(url, key=key, last=last)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve(Config(port=0)) as served:
        yield served.url


def test_stream_tells_which_records_to_read_again(url: str) -> None:
    client = Client(url, KEY)
    client.get("/v1/runs")
    with stream(url) as told:
        assert told.read()[0] == "open"
        run = client.post("/v1/models/runflow/background-removal/runs", {"input": {"image_url": "https://x.example/a.png"}})
        assert told.read_until("runs") == [run["id"]]


def test_stream_of_the_server_names_tenants(url: str) -> None:
    with stream(url, key=None) as told:
        assert told.read()[0] == "open"
        Client(url, "rf_live_mock_another").get("/v1/runs")
        named: set[str] = set()
        while "another" not in named:
            named.update(told.read_until("tenants") or ())
        assert named <= {"another", "watched"}  # the run of an earlier test goes on meanwhile


def test_client_that_comes_back_misses_nothing(url: str) -> None:
    key = "rf_live_mock_returning"  # where nobody orders anything: a run of an earlier test may go on
    client = Client(url, key)
    client.get("/v1/runs")
    with stream(url, key=key) as told:
        told.read()
    rule = client.post("/_mock/faults", {"what": {"kind": "fail"}})
    with stream(url, key=key, last=told.last) as again:
        event, changed = again.read()
        assert (event, changed["rules"]) == ("change", [rule["id"]])
    with stream(url, key=key, last=again.last) as still:
        assert still.read() == ("open", {})


@pytest.mark.parametrize("last", ["another-1.5", "nonsense", "."])
def test_client_from_elsewhere_reads_everything_anew(url: str, last: str) -> None:
    with stream(url, last=last) as told:
        assert told.read()[0] == "resync"


def test_reset_is_a_resync_and_a_dropped_tenant_is_gone(url: str) -> None:
    client = Client(url, "rf_live_mock_brief")
    client.get("/v1/runs")
    with stream(url, key="rf_live_mock_brief") as told:
        told.read()
        client.post("/_mock/reset")
        assert told.read()[0] == "resync"
        client.request("DELETE", "/_mock/tenants/brief")
        assert told.read()[0] == "gone"
        assert told.rest().strip() in (b"", b"0")


def test_streams_are_bounded_in_number(url: str) -> None:
    Client(url, KEY).get("/v1/runs")
    opened: list[Stream] = []
    try:
        # Those of earlier tests may still be on their way out.
        while not opened or opened[-1].status == 200:
            assert len(opened) <= BoundsMax().streams_max
            opened.append(Stream(url))
        assert opened[-1].status == 503
    finally:
        for one in opened:
            one.close()


@pytest.mark.slow(is_covering=True)
def test_tenant_has_its_share_of_the_streams_and_leaves_the_rest_to_others() -> None:
    with serve(Config(port=0, bounds=BoundsMax(streams_max=4))) as server, ExitStack() as opened:

        def status(tenant: str) -> int:
            key = f"rf_live_mock_{tenant}"
            Client(server.url, key).get("/v1/runs")
            one = Stream(server.url, key=key)
            opened.callback(one.close)
            return one.status

        assert [status("a") for _ in range(3)] == [200, 200, 503]
        assert [status("b") for _ in range(3)] == [200, 200, 503]
        assert status("c") == 503
        shown = Client(server.url, "rf_live_mock_a").get("/_mock/health")["bounds"]["streams_max"]
    assert shown == {"used": 4, "max": 4, "peak": 4, "met": 1}


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_stream_that_is_over_gives_its_place_back(method: str) -> None:
    with serve(Config(port=0, bounds=BoundsMax(streams_max=2))) as server:
        client = Client(server.url, "rf_live_mock_a")
        client.get("/v1/runs")
        wire = urllib3.PoolManager(retries=False)
        headers = {"Authorization": "Bearer rf_live_mock_a"}
        with wire.request(method, f"{server.url}/_mock/events", headers=headers, preload_content=False) as response:
            assert response.status == 200
        wire.clear()
        for _ in range(500):
            if not client.get("/_mock/health")["bounds"]["streams_max"]["used"]:
                break
        assert client.get("/_mock/health")["bounds"]["streams_max"]["used"] == 0


@pytest.mark.parametrize("steps", range(6))
def test_client_that_leaves_at_the_moment_of_a_change_leaves_nothing_behind(steps: int) -> None:
    with Door() as door:
        door.get("/v1/runs")
        feeds = door.runtime.feeds
        tenant = door.runtime.tenants.get("test")
        assert tenant is not None
        scope = {"type": "http", "method": "GET", "path": "/_mock/events", "raw_path": b"/_mock/events", "query_string": b""}
        headers = [(b"host", b"127.0.0.1:8787"), (b"authorization", f"Bearer {door.key}".encode())]
        is_read = asyncio.Event()

        async def receive() -> dict[str, object]:
            if not is_read.is_set():
                is_read.set()
                return {"type": "http.request", "body": b"", "more_body": False}
            for _ in range(20):
                await asyncio.sleep(0)
            feeds.of(tenant).changes.tell("runs", "x")
            for _ in range(steps):
                await asyncio.sleep(0)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            """Takes what is sent."""

        async def watch() -> None:
            async with asyncio.timeout(5):
                await door.app({**scope, "headers": headers, "client": ("127.0.0.1", 9), "server": ("127.0.0.1", 8787)}, receive, send)

        asyncio.run(watch())
        assert (door.runtime.bounds.streams.used, door.runtime.bounds.streams_of("test").used) == (0, 0)


@pytest.mark.slow
def test_stopping_server_ends_the_streams_in_order() -> None:
    with sandbox() as running:
        with stream(running.url, key=None) as told:
            told.read()
            running.process.terminate()
            assert told.rest().endswith(b"0\r\n\r\n")
        assert running.process.wait(timeout=10) == 0


def test_feed_that_does_not_reach_back_so_far_says_so() -> None:
    feed = ChangeFeed("1")
    for number in range(CHANGES_MAX + 1):
        feed.tell("runs", str(number))
    assert feed.since(feed.number) == []
    assert feed.since(feed.number - 1) == [Change(CHANGES_MAX + 1, "runs", str(CHANGES_MAX))]
    told = feed.since(1)
    assert told is not None
    assert [change.number for change in told] == list(range(2, CHANGES_MAX + 2))
    assert (feed.since(0), feed.since(-1), feed.since(feed.number + 1)) == (None, None, None)


def test_each_record_is_told_once_and_too_many_are_all() -> None:
    changes = [
        Change(number, noun, record) for number, (noun, record) in enumerate([("runs", "a"), ("runs", "b"), ("runs", "a"), ("money", None)])
    ]
    assert gather(changes, 2) == {"runs": ["a", "b"], "money": None}
    assert gather(changes, 1) == {"runs": None, "money": None}


def test_looking_moves_no_auto_clock_and_counts_as_no_poll() -> None:
    with Door(AUTO) as door:
        run = post_run(door)
        before = (door.get("/_mock/clock").json()["now"], len(door.runtime.tenants.get("test").journal))  # type: ignore[union-attr]
        looks = (
            "timeline?limit=50",
            "runs?limit=50",
            f"runs/{run['id']}",
            "batches?limit=5",
            "deliveries?limit=5",
            "journal?offset=0",
            "ledger?limit=5",
            "report",
            "faults",
            "clock",
        )
        for look in looks:
            assert door.get(f"/_mock/{look}").status_code == 200
        assert door.get("/_mock/tenants?limit=5", key=None).status_code == 200
        after = (door.get("/_mock/clock").json()["now"], len(door.runtime.tenants.get("test").journal))  # type: ignore[union-attr]
        assert after == before
        assert door.get(f"/_mock/runs/{run['id']}").json()["row"]["status"] == "queued"


def test_timeline_window_is_in_the_order_in_which_things_came(door: Door) -> None:
    run = finished_run(door)
    door.get(f"/v1/runs/{run['id']}")
    told = door.get("/_mock/timeline?limit=100").json()["items"]
    door.get("/v1/runs/statuses")
    later = door.get("/_mock/timeline?limit=100").json()["items"]
    assert later[1:] == told
    assert [step["number"] for step in later] == list(range(len(later), 0, -1))
    kinds = [(step["kind"], step.get("to") or step.get("status")) for step in reversed(later) if step["kind"] in ("run", "request")]
    created, first_poll = kinds.index(("run", "queued")), kinds.index(("request", 201))
    assert created < first_poll < kinds.index(("run", "succeeded"))
