"""Bytes on real sockets: requests of which something was cut, doubled, changed, or sent piece by piece."""

import socket
from random import Random
from time import perf_counter
from urllib.parse import urlsplit

from msgspec.structs import replace

from fuzzing.findings import Answered, Findings
from fuzzing.in_process import CONFIG
from fuzzing.requests import Request, Requests, mutated
from runflow_mock.testing.server import RunningServer, serve

SECONDS_MAX = 5.0
OFFERS = (
    b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    b"Expect: 100-continue\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
)


def fuzz(seed: int, count: int, seconds_max: float) -> Findings:
    """Sends bytes, and returns what was found."""
    random, findings = Random(seed), Findings()
    requests, began = Requests(random), perf_counter()
    with serve(replace(CONFIG, port=0)) as server:
        for _ in range(count):
            request = requests.make()
            message = _message(random, request)
            for answered in _exchange(random, server, message):
                findings.check(Request(request.operation, "RAW", request.target, (), message[:600]), answered)
            if perf_counter() - began > seconds_max:
                break
        _still_there(server, findings)
    return findings


def _message(random: Random, request: Request) -> bytes:
    head = [f"{request.method} {request.target} HTTP/1.{random.choice('1110')}".encode("utf-8", "replace")]
    head += [f"{name}: {value}".encode("latin-1", "replace") for name, value in request.headers]
    head.append(b"Content-Length: %d" % len(request.body))
    raw = b"\r\n".join((*head, b"", b"")) + request.body
    if random.random() < 0.3:
        first, _, rest = raw.partition(b"\r\n")
        raw = first + b"\r\n" + random.choice(OFFERS) + rest
    return mutated(random, raw) if random.random() < 0.7 else raw


def _exchange(random: Random, server: RunningServer, message: bytes) -> list[Answered]:
    """Returns what came back, answer by answer; a connection that a rule or the server ends has ended."""
    parts = urlsplit(server.url)
    assert parts.hostname is not None
    started = perf_counter()
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=SECONDS_MAX) as wire:
        try:
            pieces = random.choice((1, 1, 2, 5))
            step = max(1, len(message) // pieces)
            for at in range(0, len(message), step):
                wire.sendall(message[at : at + step])
            wire.shutdown(socket.SHUT_WR)
            raw = b""
            while piece := wire.recv(65_536):
                raw += piece
        except OSError:
            return []
    return list(_answers(raw, perf_counter() - started))


def _answers(raw: bytes, seconds: float) -> list[Answered]:
    found = []
    while raw.startswith(b"HTTP/1.1 "):
        head, _, rest = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        length = int(headers.get("content-length", "0") or 0)
        status = int(lines[0].split()[1])
        body, raw = rest[:length], rest[length:]
        # Of an answer to HEAD, and of one that ends with the connection, there is less than was said.
        if status >= 200 and len(body) == length:
            found.append(Answered(status, headers, body, seconds))
    return found


def _still_there(server: RunningServer, findings: Findings) -> None:
    findings.wrong += [f"in the background: {error}" for error in server.runtime.background_errors]
    bounds = {bound.name: bound.used for bound in server.runtime.bounds if bound.name == "body_bytes_max"}
    if bounds["body_bytes_max"]:
        findings.wrong.append(f"bytes of bodies were not given back: {bounds}")
