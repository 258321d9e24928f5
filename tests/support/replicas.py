"""Three brokers that replicate each other's logs, as processes; each may be killed."""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.brokers import PROGRAM
from benchmarks.machine import free_ports

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
