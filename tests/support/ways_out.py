"""What this process opens while somebody watches: connections, look-ups of names, files and programs, as Python's audit events tell."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_EVENTS = frozenset(
    (
        "socket.connect",
        "socket.sendto",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostbyaddr",
        "subprocess.Popen",
        "os.system",
    )
)
_watching: list[list[tuple[str, str]]] = []


def _hear(event: str, given: tuple[Any, ...]) -> None:
    # Audit hooks cannot be taken away again, so that there is one, which hears nothing while nobody watches.
    if not _watching:
        return
    if event == "runflow_mock.connect":
        event, told = "socket.connect", given[0]
    elif event in _EVENTS:
        told = given[1] if event in ("socket.connect", "socket.sendto") else given[0]
    elif event == "open":
        told = given[0]
    else:
        return
    for heard in _watching:
        heard.append((event, str(told)))


sys.addaudithook(_hear)


class Trap:
    """An address that must not be opened, a file that must not be read, and everything that was."""

    def __init__(self, listening: socket.socket, file: str) -> None:
        self._listening = listening
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/trap.json"
        self.file = file
        self.heard: list[tuple[str, str]] = []

    def went_out(self, *named: int) -> list[tuple[str, str]]:
        """Everything that was opened but servers at the ports that a user named, and files other than the one that must not be read."""
        usual = {f"('127.0.0.1', {port})" for port in named} | {"127.0.0.1"}
        out = [(event, told) for event, told in self.heard if told not in usual and (event != "open" or told.endswith(self.file))]
        try:
            self._listening.accept()[0].close()
        except BlockingIOError:
            return out
        return [*out, ("accepted", self.url)]


@contextmanager
def watch(file: str) -> Iterator[Trap]:
    """Watches what this process opens; `file` is the end of the path of what must not be read."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        trap = Trap(listening, file)
        _watching.append(trap.heard)
        try:
            yield trap
        finally:
            _watching.remove(trap.heard)
