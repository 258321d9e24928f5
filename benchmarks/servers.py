"""Servers: processes of their own, each pinned to a core, ready when they have printed their address."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter

import msgspec

from benchmarks.machine import cores, pin, resident_bytes
from runflow_mock.testing.client import Client

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "benchmarks"
STOP_SECONDS_MAX = 10.0
QUIET = ("--json", "--log-level", "warning")


def environment() -> dict[str, str]:
    """Returns the environment of what is measured: compiled modules are kept, as an installed package has them, and outside the tree."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(CACHE / "bytecode")}


class _Ready(msgspec.Struct):
    url: str
    key: str = ""


class Server(msgspec.Struct, frozen=True):
    """A running server."""

    url: str
    key: str
    pid: int

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    @property
    def resident_bytes(self) -> int | None:
        """What it weighs."""
        return resident_bytes(self.pid)

    def client(self) -> Client:
        """Returns a client with the key of the server's first tenant."""
        return Client(self.url, self.key)


@contextmanager
def fake(*options: str) -> Iterator[Server]:
    """Runs the fake as its user does, on the servers' core."""
    with _process(("-m", "runflow_mock", "serve", "--port", "0", *QUIET, *options), cores()[0]) as server:
        yield server


@contextmanager
def bare(sample: Path) -> Iterator[Server]:
    """Runs the bare Starlette app on the servers' core."""
    with _process(("-m", "benchmarks.bare", str(sample)), cores()[0]) as server:
        yield server


@contextmanager
def sink(*, answer_bytes: int, core: int) -> Iterator[Server]:
    """Runs a sink."""
    with _process(("-m", "benchmarks.sink", str(answer_bytes)), core) as server:
        yield server


def first_answer(server: Server, path: str) -> float:
    """Returns the instant at which the first answer to a GET has come."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        if not connection.recv(65536).startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{server.url}{path} does not answer 200")
    return perf_counter()


@contextmanager
def _process(arguments: Sequence[str], core: int) -> Iterator[Server]:
    with (
        TemporaryFile() as log,
        subprocess.Popen((sys.executable, *arguments), stdout=subprocess.PIPE, stderr=log, cwd=ROOT, env=environment()) as process,
    ):
        pin(process.pid, core)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                log.seek(0)
                raise RuntimeError(f"{' '.join(arguments)} ended before it was ready:\n{log.read().decode(errors='replace')}")
            ready = msgspec.json.decode(line, type=_Ready)
            yield Server(ready.url, ready.key, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
