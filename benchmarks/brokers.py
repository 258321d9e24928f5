"""Brokers: NATS servers with JetStream as processes of their own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

PROGRAM = Path(sys.executable).parent / ("nats-server.exe" if sys.platform == "win32" else "nats-server")
END_SECONDS_MAX = 10.0


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Runs a NATS server on a folder, at a port of its own choice, and yields its address."""
    process = Popen([str(PROGRAM), "-js", "-sd", str(folder), "-a", "127.0.0.1", "-p", "-1"], stdout=DEVNULL, stderr=PIPE, text=True)
    assert process.stderr is not None
    try:
        address = ""
        for line in process.stderr:
            if "Listening for client connections on" in line:
                address = line.split()[-1]
            if "Server is ready" in line:
                break
        yield f"nats://{address}"
    finally:
        process.terminate()
        process.communicate(timeout=END_SECONDS_MAX)
