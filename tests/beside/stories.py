"""What every suite tells: a run is created, its end comes, and its callback arrives, whatever another tool has put in the place of what."""

import http.client
import json
import socket
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import requests

from runflow_mock.testing import CallbackReceiver, Runflow

PATH = "/v1/models/runflow/background-removal/runs"
BODY = {"input": {"image_url": "https://cdn.example.com/a.png"}}
Post = Callable[[str, Mapping[str, str], dict[str, Any]], dict[str, Any]]


def by_hand(url: str, headers: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
    """Posts over a plain connection, which none of the tools knows."""
    parts = urlsplit(url)
    raw = json.dumps(body).encode()
    given = {**headers, "Host": parts.netloc, "Content-Type": "application/json", "Content-Length": str(len(raw)), "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    with socket.create_connection((parts.hostname, parts.port), 20) as connected:
        connected.sendall(f"POST {parts.path} HTTP/1.1\r\n{head}\r\n".encode() + raw)
        answer = http.client.HTTPResponse(connected)
        answer.begin()
        return json.loads(answer.read())


def tell(runflow: Runflow, receiver: CallbackReceiver, post: Post = by_hand) -> None:
    """Creates a run and waits for its callback."""
    run = post(runflow.base_url + PATH, runflow.headers, {**BODY, "callback_url": receiver.url})
    (received,) = receiver.wait(1)
    assert json.loads(received.body)["run_id"] == run["id"]
    assert [found["status_code"] for found in runflow.runs] == ["succeeded"]
    assert [attempt.status_code for attempt in runflow.deliveries[0].attempts] == [200]


def tell_in_process(runflow: Runflow) -> None:
    """The same without a socket, into an application under test."""
    arrived: list[bytes] = []

    async def shop(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        arrived.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    runflow.deliver_to(shop, "https://shop.example/")
    headers = {**runflow.headers, "Content-Type": "application/json"}
    body = {**BODY, "callback_url": "https://shop.example/hooks"}
    status, raw = runflow.app.exchange("POST", PATH, headers, json.dumps(body).encode())
    assert status == 201, raw
    runflow.clock.run_until_idle()
    assert [json.loads(body)["run_id"] for body in arrived] == [json.loads(raw)["id"]]


class BesideAPatch:
    """What each tool that patches clients leaves alone. A suite has a fixture `mocked`, and `check` shows that the tool is at work."""

    check: Callable[[], None]

    def test_tool_last(self, runflow, runflow_receiver, mocked):
        self.check()
        tell(runflow, runflow_receiver)

    def test_tool_first(self, mocked, runflow, runflow_receiver):
        self.check()
        tell(runflow, runflow_receiver)

    def test_in_process(self, mocked, runflow_in_process):
        self.check()
        tell_in_process(runflow_in_process)


class BesideHttpx(BesideAPatch):
    """The same where the tool patches httpx, whose transports of a fake are left alone as well."""

    @staticmethod
    def check():
        assert httpx.get("https://other.example/").json() == {"is": "mocked"}

    def test_transport(self, mocked, runflow_in_process):
        self.check()
        with httpx.Client(transport=runflow_in_process.transport) as client:
            assert client.post("http://localhost" + PATH, json=BODY, headers=runflow_in_process.headers).status_code == 201


class BesideRequests(BesideAPatch):
    """The same where the tool patches requests."""

    @staticmethod
    def check():
        assert requests.get("https://other.example/", timeout=20).json() == {"is": "mocked"}


def client_of(runflow: Any) -> httpx.AsyncClient:
    """Returns a client of a fake without a socket."""
    return httpx.AsyncClient(transport=runflow.transport, base_url=runflow.base_url, headers=runflow.headers)


class Coroutines:
    """What holds for coroutines, whoever runs them."""

    async def test_in_process(self, runflow_in_process_async):
        runflow = runflow_in_process_async
        async with client_of(runflow) as client:
            assert (await client.post(PATH, json=BODY)).status_code == 201
        await runflow.clock.run_until_idle()
        assert [run["status_code"] for run in await runflow.runs.list()] == ["succeeded"]

    async def test_over_loopback(self, runflow_async, runflow_receiver_async):
        async with httpx.AsyncClient(base_url=runflow_async.base_url, headers=runflow_async.headers) as client:
            answer = await client.post(PATH, json={**BODY, "callback_url": runflow_receiver_async.url})
        assert answer.status_code == 201
        assert len(await runflow_receiver_async.wait()) == 1

    async def test_hosts(self, runflow_hosts):
        async with httpx.AsyncClient(headers=runflow_hosts.headers) as client:
            assert (await client.post("https://api.runflow.io" + PATH, json=BODY)).status_code == 201
