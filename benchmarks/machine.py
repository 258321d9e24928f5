"""The machine: which core does what, what a process weighs, and the note that goes with every table."""

import os
import platform
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("runflow-mock", "uvicorn", "uvloop", "httptools", "starlette", "msgspec", "jsonschema-rs")


def cores() -> tuple[int, int]:
    """Returns the core of servers and the core of the load; the same one where there is only one."""
    if sys.platform != "linux":
        return 0, 0
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def pin(pid: int, core: int) -> None:
    """Keeps a process (0 is this one) on one core, where the system can do that."""
    if sys.platform == "linux":
        os.sched_setaffinity(pid, {core})


def free_ports(count: int) -> list[int]:
    """Returns ports that nobody listens at, each another one; somebody else may take one before it is used."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def resident_bytes(pid: int) -> int | None:
    """Returns the resident memory of a process, where the system tells."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else None


def worked_milliseconds(pid: int) -> float:
    """Returns how long a process has been at work on a core, whoever else wanted one; zero where the system does not tell."""
    told = (task.read_text().split()[0] for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return sum(map(int, told)) / 1e6


def family(pid: int) -> Iterator[int]:
    """Yields a process and its descendants, where the system tells."""
    yield pid
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in listed.read_text().split():
            yield from family(int(child))


def load_average() -> float:
    """Returns how many processes were at work in the last minute, or zero where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def note() -> dict[str, str]:
    """Returns what must be known to read the figures: processor, system, versions."""
    server_core, load_core = cores()
    pinned = f"server on core {server_core}, load on core {load_core}" if sys.platform == "linux" else "no process is pinned"
    busy = f", load average {load_average():.1f} at the start"
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}{busy}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "pinning": pinned,
    }


def said_by(*command: str) -> str | None:
    """Returns the first line that a program says, or nothing where there is none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return (done.stdout or done.stderr).partition("\n")[0] or None


def _processor() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()
