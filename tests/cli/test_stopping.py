"""A server that is asked to stop tells so to everybody who waits, and one that has few descriptors tells that."""

import json
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

import httpx
import pytest
from commands import sandbox
from steps import INPUT, RUNS
from uploads import UPLOADS

pytestmark = pytest.mark.slow


def test_open_wait_is_told_that_the_server_stops() -> None:
    with sandbox("--clock", "manual") as running, ExitStack() as stack:
        headers = {"Authorization": f"Bearer {running.ready['key']}"}
        run = httpx.post(running.url + RUNS, headers=headers, json={"input": INPUT}).json()["id"]
        address = ("127.0.0.1", int(running.url.rpartition(":")[2]))
        waiting = [stack.enter_context(socket.create_connection(address, timeout=10)) for _ in range(2)]
        for connection, what in zip(waiting, ({"run": run}, {"journal": {"path": "/nowhere"}}), strict=True):
            body = json.dumps({"for": what, "timeout": 30})
            head = f"POST /_mock/wait HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {headers['Authorization']}\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall((head + body).encode())
        for _ in range(3):
            # Whatever was sent before is read before these are answered.
            httpx.get(running.url + "/_mock/clock", headers=headers)
        running.process.send_signal(signal.SIGTERM)
        answers = [connection.recv(65_536) for connection in waiting]
        running.process.communicate(timeout=10)
    assert all(answer.startswith(b"HTTP/1.1 503 ") and b'{"error":{"type":"stopped"' in answer for answer in answers), answers
    assert running.process.returncode == 0


def test_whoever_still_sends_a_body_is_told_that_the_server_stops() -> None:
    with sandbox("--clock", "manual") as running, ExitStack() as stack:
        headers = {"Authorization": f"Bearer {running.ready['key']}"}
        session = {"filename": "a.png", "mime_type": "image/png", "size_bytes": 100}
        opened = httpx.post(running.url + UPLOADS, headers=headers, json=session)
        upload = httpx.URL(opened.json()["upload_url"]).raw_path.decode()
        address = ("127.0.0.1", int(running.url.rpartition(":")[2]))
        sending = [stack.enter_context(socket.create_connection(address, timeout=10)) for _ in range(4)]
        framing = ["Content-Length: 100", "Transfer-Encoding: chunked", "Content-Length: 100000", "Content-Length: 100000"]
        targets = [f"POST {RUNS}", "POST /_mock/tenants", "PUT /_mock/scenario", f"PUT {upload}"]
        for connection, target, frame in zip(sending, targets, framing, strict=True):
            head = f"{target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {headers['Authorization']}\r\n"
            head += f"Content-Type: {'image/png' if target.endswith(upload) else 'application/json'}\r\n{frame}\r\n\r\n"
            connection.sendall(head.encode() + (b"5\r\n{\r\n" if "chunked" in frame else b"{"))
        for _ in range(3):
            httpx.get(running.url + "/_mock/clock", headers=headers)
        running.process.send_signal(signal.SIGTERM)
        answers = [connection.recv(65_536) for connection in sending]
        _, log = running.process.communicate(timeout=10)
    shapes = (
        b'{"code":"SERVICE_UNAVAILABLE"',
        b'{"error":{"type":"stopped"',
        b'{"error":{"type":"stopped"',
        b"<Code>ServiceUnavailable</Code>",
    )
    assert [(answer[:13], shape in answer) for answer, shape in zip(answers, shapes, strict=True)] == [(b"HTTP/1.1 503 ", True)] * 4, (
        answers
    )
    assert "Traceback" not in log


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted as Linux does")
def test_few_descriptors_are_told_once_and_every_client_gets_an_answer() -> None:
    command = f"ulimit -n 64; exec {sys.executable} -m runflow_mock serve --port 0 --json"
    process = subprocess.Popen(["/bin/sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        headers = {"Authorization": f"Bearer {ready['key']}"}
        with ExitStack() as stack:
            clients = [stack.enter_context(httpx.Client(base_url=ready["url"], headers=headers)) for _ in range(60)]
            statuses = [client.get("/v1/runs").status_code for client in clients]
    finally:
        process.terminate()
    _, log = process.communicate(timeout=10)
    assert set(statuses) == {200, 503}
    assert log.count("connections_max") == 2, log
