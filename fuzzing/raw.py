"""Bytes on real sockets: requests of which something was cut, doubled, changed, or sent piece by piece."""

import socket
from contextlib import suppress
from random import Random
from time import perf_counter, process_time
from urllib.parse import urlsplit

from msgspec.structs import replace

from fuzzing.findings import Answered
from fuzzing.in_process import CONFIG
from fuzzing.progress import Progress
from fuzzing.requests import Request, Requests, mutated
from runflow_mock.testing.server import serve

SECONDS_MAX = 5.0
OFFERS = (
    b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    b"Expect: 100-continue\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
)


def fuzz(seed: int, count: int, progress: Progress) -> None:
    """Sends bytes, and keeps what is found."""
    random, findings = Random(seed), progress.findings
    requests = Requests(random)
    with serve(replace(CONFIG, port=0)) as server:
        for _ in range(count):
            request = requests.make()
            message = _message(random, request)
            shown = Request(request.operation, "RAW", request.target, (), message[:600])
            try:
                answers = exchange(random, server.url, message)
            except OSError as error:
                findings.find(shown, f"nobody takes connections any more: {error}")
                break
            findings.unanswered += not answers
            for answered in answers:
                findings.check(shown, answered)
            progress.step()
            if progress.is_over:
                break
        findings.wrong += [f"in the background: {error}" for error in server.runtime.background_errors]
        bounds = {bound.name: bound.used for bound in server.runtime.bounds if bound.name == "body_bytes_max"}
        if bounds["body_bytes_max"]:
            findings.wrong.append(f"bytes of bodies were not given back: {bounds}")


def _message(random: Random, request: Request) -> bytes:
    head = [f"{request.method} {request.target} HTTP/1.{random.choice('1110')}".encode("utf-8", "replace")]
    head += [f"{name}: {value}".encode("latin-1", "replace") for name, value in request.headers]
    head.append(b"Content-Length: %d" % len(request.body))
    raw = b"\r\n".join((*head, b"", b"")) + request.body
    if random.random() < 0.3:
        first, _, rest = raw.partition(b"\r\n")
        raw = first + b"\r\n" + random.choice(OFFERS) + rest
    return mutated(random, raw) if random.random() < 0.7 else raw


def exchange(random: Random, url: str, message: bytes, *, seconds_max: float = SECONDS_MAX) -> list[Answered]:
    """Returns what came back in time, answer by answer; a connection that a rule or the server ends has ended."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    started, worked = perf_counter(), process_time()
    raw = bytearray()
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=seconds_max) as wire, suppress(OSError):
        pieces = random.choice((1, 1, 2, 5))
        step = max(1, len(message) // pieces)
        for at in range(0, len(message), step):
            wire.sendall(message[at : at + step])
        wire.shutdown(socket.SHUT_WR)
        # The limit is that of all pieces together: an answer that drips is no longer than one that does not come.
        while (left := seconds_max - (perf_counter() - started)) > 0:
            wire.settimeout(left)
            piece = wire.recv(65_536)
            if not piece:
                break
            raw += piece
    return list(_answers(bytes(raw), process_time() - worked))


def _answers(raw: bytes, seconds: float) -> list[Answered]:
    found = []
    while raw.startswith(b"HTTP/1.1 "):
        head, ended, rest = raw.partition(b"\r\n\r\n")
        if not ended:
            break
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        length = int(headers.get("content-length", "0") or 0)
        status = int(lines[0].split()[1])
        body, raw = rest[:length], rest[length:]
        # Of an answer to HEAD, and of one that ends with the connection, there is less than was said.
        if status >= 200 and len(body) == length:
            found.append(Answered(status, headers, body, seconds))
    return found
