"""`python -m benchmarks.fixtures`: what a test costs with our fixtures, beside those of others, and what loading the plugin costs.

Each door runs the same small story in a suite of its own: create something, read it back. A suite of one test and a suite of many run in
turns; the difference, by the number of tests, is what one test costs, without start and collection of the interpreter. The peers do less
for each test: none of them checks a contract, a ledger or unused expectations. They come from this environment or from .venv/peers (`make
peers`); those that are in neither are left out, and named.
"""

import argparse
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import msgspec

from benchmarks.contenders.installed import BIN
from benchmarks.machine import note
from benchmarks.servers import environment

MANY = 1_000
LOADING = "loading the plugin, unused"
OPTIONS = ("-q", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", "-p", "no:timeout", "-p", "no:asyncio")


class Door(msgspec.Struct, frozen=True):
    """One way to fake an HTTP API in a test: what has to be installed, and the suite."""

    needs: tuple[str, ...]
    suite: str


DOORS: Mapping[str, Door] = {
    "no fixture": Door((), "def test(number):\n    assert number >= 0\n"),
    "runflow (server on loopback)": Door(
        ("urllib3",),
        """
import urllib3
POOL = urllib3.PoolManager()

def test(runflow, number):
    url = runflow.base_url + "/v1/models/runflow/background-removal/runs"
    run = POOL.request("POST", url, headers=runflow.headers, json={"input": {"image_url": "https://a.example/b.png"}}).json()
    assert POOL.request("GET", runflow.base_url + "/v1/runs/" + run["id"], headers=runflow.headers).status == 200
""",
    ),
    "runflow_in_process (no socket)": Door(
        (),
        """
import json

def test(runflow_in_process, number):
    app, headers = runflow_in_process.app, {**runflow_in_process.headers, "Content-Type": "application/json"}
    body = b'{"input": {"image_url": "https://a.example/b.png"}}'
    status, raw = app.exchange("POST", "/v1/models/runflow/background-removal/runs", headers, body)
    assert app.exchange("GET", "/v1/runs/" + json.loads(raw)["id"], headers, None)[0] == 200
""",
    ),
    "pytest-httpserver": Door(
        ("pytest_httpserver", "urllib3"),
        """
import urllib3
POOL = urllib3.PoolManager()

def test(httpserver, number):
    httpserver.expect_request("/runs", method="POST").respond_with_json({"id": "1"}, status=201)
    httpserver.expect_request("/runs/1").respond_with_json({"id": "1"})
    assert POOL.request("POST", httpserver.url_for("/runs"), json={}).status == 201
    assert POOL.request("GET", httpserver.url_for("/runs/1")).status == 200
    httpserver.check_assertions()
""",
    ),
    "moto's server, reset for each test": Door(
        ("moto.server", "boto3"),
        """
import boto3, pytest, urllib3
from moto.server import ThreadedMotoServer
POOL = urllib3.PoolManager()

@pytest.fixture(scope="session")
def moto():
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()

@pytest.fixture(scope="session")
def sqs(moto):
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    return boto3.client("sqs", endpoint_url=moto, **keys)

def test(moto, sqs, number):
    POOL.request("POST", moto + "/moto-api/reset")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.get_queue_attributes(QueueUrl=url)
""",
    ),
    "respx (patched httpx, no server)": Door(
        ("respx", "httpx"),
        """
import httpx
CLIENT = httpx.Client()

def test(respx_mock, number):
    respx_mock.post("https://api.example/runs").respond(201, json={"id": "1"})
    respx_mock.get("https://api.example/runs/1").respond(200, json={"id": "1"})
    assert CLIENT.post("https://api.example/runs", json={}).status_code == 201
    assert CLIENT.get("https://api.example/runs/1").status_code == 200
""",
    ),
}


def main() -> int:
    """Measures, prints, and returns 0."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fixtures", description="Measure what a test costs with each kind of fixture."
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each suite runs (default 5)")
    rounds = parser.parse_args().rounds
    for name, text in note().items():
        print(f"{name + ':':<10} {text}")
    costs, absent = measure(rounds)
    if absent:
        print(f"not installed, and left out: {', '.join(absent)}")
    for name, cost in costs.items():
        print(f"{name:<36} {cost:8.2f} ms")
    return 0


def measure(rounds: int) -> tuple[dict[str, float], tuple[str, ...]]:
    """Returns the milliseconds of a test by its door, and of loading the plugin; and the doors for which something is not installed."""
    found = {name: _interpreter(door) for name, door in DOORS.items()}
    pythons = {name: python for name, python in found.items() if python is not None}
    with TemporaryDirectory() as folder:
        costs = {name: cost * 1000 for name, cost in _costs(pythons, Path(folder), rounds).items()}
        costs[LOADING] = _added(Path(folder), rounds) * 1000
    return costs, tuple(name for name, python in found.items() if python is None)


def _costs(doors: Mapping[str, Path], folder: Path, rounds: int) -> dict[str, float]:
    taken: dict[tuple[str, int], list[float]] = {(name, count): [] for name in doors for count in (1, MANY)}
    for round_number in range(rounds):
        for (name, count), seconds in taken.items():
            path = folder / f"test_{list(doors).index(name)}_{count}.py"
            header = f"import pytest\npytestmark = pytest.mark.parametrize('number', range({count}))\n"
            path.write_text(header + DOORS[name].suite, encoding="utf-8")
            began = perf_counter()
            command = [str(doors[name]), "-m", "pytest", *OPTIONS, str(path)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=path.parent, env=environment())
            seconds.append(perf_counter() - began)
        print(f"round {round_number + 1} of {rounds}", file=sys.stderr)
    # Whatever else the machine does makes a suite slower, and none faster; of a difference of medians that is the larger part.
    return {name: (min(taken[name, MANY]) - min(taken[name, 1])) / (MANY - 1) for name in doors}


def _added(folder: Path, rounds: int) -> float:
    """Returns what importing the plugin takes once pytest itself is there: whole runs differ by more than that among themselves."""
    code = "import pytest, time; began = time.perf_counter(); import runflow_mock.pytest_plugin; print(time.perf_counter() - began)"
    command = [sys.executable, "-c", code]
    # The first run does not count: it compiles modules.
    taken = [
        subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder, env=environment()).stdout
        for _ in range(rounds * 2 + 1)
    ]
    return median(float(seconds) for seconds in taken[1:])


def _interpreter(door: Door) -> Path | None:
    """Returns the interpreter that has what a door needs: this one, or that of the peers."""
    code = f"from importlib.util import find_spec; raise SystemExit(not all(map(find_spec, {door.needs!r})))"
    for python in (Path(sys.executable), BIN / "python"):
        if python.exists() and subprocess.run([python, "-c", code], check=False, capture_output=True).returncode == 0:
            return python
    return None


if __name__ == "__main__":
    sys.exit(main())
