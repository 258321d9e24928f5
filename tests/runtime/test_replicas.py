"""A log with three replicas: one broker is killed amid it all, and nothing that was told is lost."""

import asyncio
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

import httpx
import nats
import pytest
from benchmarks.brokers import PROGRAM
from benchmarks.machine import free_ports
from clusters import worker
from kept import INPUT, KEY, MODEL, KeptFake
from nats.js.errors import Error

from runflow_mock.runtime.brokers import STREAM
from runflow_mock.runtime.config import ConfigError

BROKERS = 3
# Ports of other processes may be in the way: then all begin anew at others.
STARTS_MAX = 5
LOOKS_MAX = 3_000
LOOK_SECONDS = 0.02
_ADDRESS = re.compile(r"Listening for client connections on (127\.0\.0\.1:\d+)")


class Brokers:
    """Three brokers at work, called b0 to b2; `addresses` are those for clients."""

    def __init__(self, processes: list["subprocess.Popen[bytes]"], addresses: list[str]) -> None:
        self._processes = processes
        self.addresses = addresses

    def kill(self, name: str) -> None:
        """Ends a broker as a machine does that loses its power, but for what it has written."""
        process = self._processes[int(name.removeprefix("b"))]
        process.kill()
        process.wait()

    def living(self) -> str:
        """Returns the address of one that was not killed."""
        return next(address for process, address in zip(self._processes, self.addresses, strict=True) if process.poll() is None)


@contextmanager
def brokers(folder: Path) -> Iterator[Brokers]:
    """Runs the brokers while the context lasts; they need time to find each other."""
    for start in range(STARTS_MAX):
        with ExitStack() as stack:
            found = _started(folder / str(start), stack)
            if found is not None:
                yield found
                return
    raise AssertionError(f"{STARTS_MAX} times a port was taken by somebody else")


def _started(folder: Path, stack: ExitStack) -> Brokers | None:
    folder.mkdir(parents=True)
    ports = free_ports(BROKERS)
    routes = ",".join(f"nats://127.0.0.1:{port}" for port in ports)
    processes, addresses = [], []
    for number, port in enumerate(ports):
        log = folder / f"b{number}.log"
        named = ("--name", f"b{number}", "--cluster_name", "mock", "--cluster", f"nats://127.0.0.1:{port}", "--routes", routes)
        command = (str(PROGRAM), "-js", "-sd", str(folder / f"b{number}"), "-a", "127.0.0.1", "-p", "-1", "-l", str(log), *named)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(_end, process)
        address = _address(process, log)
        if address is None:
            return None
        processes.append(process)
        addresses.append(f"nats://{address}")
    return Brokers(processes, addresses)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str | None:
    """Returns where a broker listens, or nothing where it has ended."""
    for _ in range(LOOKS_MAX):
        found = _ADDRESS.search(log.read_text()) if log.exists() else None
        if found is not None:
            return found[1]
        if process.poll() is not None:
            return None
        threading.Event().wait(LOOK_SECONDS)
    raise AssertionError(f"the broker does not listen: {log.read_text()[-2000:]}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(300)]

# Brokers elect leaders in their own time, longer where the machine is busy: how long decides nothing but how often is asked.
TRIES_MAX = 2_000
PAUSE_SECONDS = 0.05
CLIENTS, CREATES = 3, 15
TOLD_BEFORE = 10


async def test_broker_that_is_killed_amid_creates_takes_nothing_along_that_was_told(tmp_path: Path) -> None:
    with brokers(tmp_path) as found:
        await until_replicated(found.addresses[0])
        async with AsyncExitStack() as stack:
            first = await joined(found.addresses[0], stack)
            told = [await create(first, 0)]
            # The one that has the log in its hands, whether or not the worker is connected to it.
            victim = await leader(found.addresses[0])
            creating = [asyncio.create_task(create_many(first, client, told)) for client in range(CLIENTS)]
            while len(told) < TOLD_BEFORE:
                await pause()
            found.kill(victim)
            await asyncio.gather(*creating)
            assert len(told) == 1 + CLIENTS * CREATES
            assert set(told) <= set(await ids(first))
        async with AsyncExitStack() as stack:
            second = await joined(found.living(), stack)
            assert set(told) <= set(await ids(second))
            invariants = (await persistently(second, "GET", "/_mock/ledger")).json()["invariants"]
            assert [each for each in invariants if not each["held"]] == []


async def joined(address: str, stack: AsyncExitStack) -> KeptFake:
    """Returns a worker, once the brokers are able to let it in."""
    for _ in range(TRIES_MAX):
        try:
            return await stack.enter_async_context(worker(f"{address}?replicas={BROKERS}"))
        except ConfigError as error:
            refused = str(error)
            await pause()
    raise AssertionError(refused)


async def until_replicated(address: str) -> None:
    """Returns once the brokers are enough for a log of three replicas."""
    client = await nats.connect(address)
    jetstream = client.jetstream(timeout=5)
    for _ in range(TRIES_MAX):
        try:
            await jetstream.add_stream(name="trial", subjects=["trial"], num_replicas=BROKERS)
            break
        except (Error, TimeoutError, nats.errors.Error):
            await pause()
    await client.close()


async def leader(address: str) -> str:
    """Returns which broker leads the log, once there is one that does."""
    client = await nats.connect(address)
    found: str | None = None
    for _ in range(TRIES_MAX):
        try:
            cluster = (await client.jetstream(timeout=5).stream_info(STREAM)).cluster
            found = None if cluster is None else cluster.leader
            assert cluster is None or len(cluster.replicas or ()) == BROKERS - 1
        except (Error, TimeoutError, nats.errors.Error):
            found = None
        if found is not None:
            break
        await pause()
    await client.close()
    assert found is not None
    return found


async def create_many(fake: KeptFake, client: int, told: list[str]) -> None:
    for number in range(CREATES):
        told += [await create(fake, 1 + client * CREATES + number)]


async def create(fake: KeptFake, number: int) -> str:
    answer = await persistently(fake, "POST", f"{MODEL}/runs", {"input": INPUT, "client_ref": str(number)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def ids(fake: KeptFake) -> list[str]:
    answer = await persistently(fake, "GET", "/v1/runs?limit=100&fields=id")
    assert answer.status_code == 200, answer.text
    return [run["id"] for run in answer.json()["items"]]


async def persistently(fake: KeptFake, method: str, path: str, body: object = None) -> httpx.Response:
    """Asks for as long as the answer says that one may ask again."""
    for _ in range(TRIES_MAX):
        answer = await fake.call(method, path, body, key=KEY)
        if answer.status_code != 503:
            return answer
        assert answer.headers["retry-after"] == "1", answer.text
        await pause()
    raise AssertionError(answer.text)


async def pause() -> None:
    """Lets the brokers have a moment to themselves."""
    await asyncio.wait((asyncio.get_running_loop().create_future(),), timeout=PAUSE_SECONDS)
