"""Running: a contender's process on a core of its own, until it answers and until it is stopped."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from time import perf_counter

import msgspec

from benchmarks.contenders.contender import Contender, Request, Start
from benchmarks.machine import cores, family, free_ports, pin, resident_bytes
from benchmarks.servers import ROOT, environment

READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 5.0
PAUSE_SECONDS = 0.002
ANSWER_SECONDS_MAX = 30.0


class NotRunning(Exception):
    """A server did not start, or has not answered as it should."""


class Running(msgspec.Struct, frozen=True):
    """A server that has answered."""

    contender: Contender
    port: int
    pid: int
    started_ms: float
    """From the start of its process to the end of its first answer."""

    @property
    def resident_bytes(self) -> int | None:
        """What it and its descendants weigh."""
        sizes = [resident_bytes(pid) for pid in family(self.pid)]
        return sum(size for size in sizes if size is not None) or None

    def line(self) -> "Line":
        """Returns a connection to it."""
        return Line(self.port)


class Line:
    """One connection, kept alive where the server keeps it: for what is asked one after another."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS_MAX)

    def ask(self, request: Request) -> bytes:
        """Returns the body of an answer.

        Raises:
            NotRunning: it has another status.
        """
        self._connection.request(request.method, request.path, request.body or None, dict(request.headers))
        with self._connection.getresponse() as answer:
            body = answer.read()
            if answer.status != request.status:
                raise NotRunning(
                    f"{request.method} {request.path} was answered with {answer.status}: {body[:200].decode(errors='replace')}"
                )
            return body

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()


@contextmanager
def running(contender: Contender, sample: bytes, *, is_quick: bool = False) -> Iterator[Running]:
    """Starts a contender on the servers' core, and stops it.

    Raises:
        NotRunning: it has not answered in time.
    """
    with TemporaryDirectory(prefix="runflow-mock-bench-") as name, TemporaryFile() as log:
        (port,) = free_ports(1)
        start = Start(port, Path(name), is_quick)
        for path, content in contender.files(sample).items():
            (start.folder / path).parent.mkdir(exist_ok=True)
            (start.folder / path).write_bytes(content)
        began = perf_counter()
        with subprocess.Popen(
            contender.command(start), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=environment(), start_new_session=True
        ) as process:
            pin(process.pid, cores()[0])
            try:
                _await_answer(contender, start.port, process)
                yield Running(contender, start.port, process.pid, (perf_counter() - began) * 1000)
            except NotRunning as error:
                log.seek(0)
                raise NotRunning(f"{error}; it said: {log.read()[-300:].decode(errors='replace').strip()}") from None
            finally:
                _stop(process)


def _await_answer(contender: Contender, port: int, process: subprocess.Popen[bytes]) -> None:
    request = f"GET {contender.ready} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    ends, said = perf_counter() + READY_SECONDS_MAX, b"nothing"
    while perf_counter() < ends and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS_MAX) as connection:
            connection.sendall(request)
            said = connection.recv(65536)
            if said[9:12] == b"200":
                return
        time.sleep(PAUSE_SECONDS)
    raise NotRunning(f"no answer to GET {contender.ready}, but {said[:80].decode(errors='replace')!r}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stops a server and its descendants: they are a group of their own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
