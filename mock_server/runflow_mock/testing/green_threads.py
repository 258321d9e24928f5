"""Green threads: tools such as gevent put greenlets in their place, and a fake that needs a thread would never start."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

START_SECONDS_MAX = 30.0


def is_patched() -> bool:
    """Tells whether threads of this process are greenlets.

    Raises:
        RuntimeError: only its sockets wait for greenlets: no thread with a loop of its own would go on.
    """
    if _has_patched("threading", "thread"):
        return True
    if _has_patched("socket", "socket"):
        raise RuntimeError(
            "runflow-mock: gevent or eventlet has put its own in the place of sockets and not of threads (thread=False), and threads that "
            "wait for sockets stand still; patch threads as well: the server of the fixture runflow then runs in a process of its own"
        )
    return False


def check_threads() -> None:
    """Accepts a process in which the fake can have a thread.

    Raises:
        RuntimeError: it cannot; the message says what to take instead.
    """
    if is_patched():
        raise RuntimeError(
            "runflow-mock: gevent or eventlet has put greenlets in the place of threads (monkey.patch_all), and the fake without a socket "
            "needs a thread; take the fixture runflow, whose server then runs in a process of its own"
        )


def _has_patched(module_of_gevent: str, module_of_eventlet: str) -> bool:
    monkey: Any = sys.modules.get("gevent.monkey")
    patcher: Any = sys.modules.get("eventlet.patcher")
    by_gevent = monkey is not None and bool(monkey.is_module_patched(module_of_gevent))
    return by_gevent or (patcher is not None and bool(patcher.is_monkey_patched(module_of_eventlet)))


@contextmanager
def serve_apart(openapi: str) -> Iterator[str]:
    """Runs the fake in a process of its own while the context lasts, and gives its address.

    Raises:
        RuntimeError: it does not start; on its standard error it has said why.
    """
    options = ("--port", "0", "--clock", "auto", "--speed", "1", "--unknown-keys", "refuse", "--json")
    command = [sys.executable, "-m", "runflow_mock", "serve", *options]
    command += ["--openapi", openapi] if openapi else []
    own = {name: value for name, value in os.environ.items() if not name.startswith("RUNFLOW_MOCK_")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=own)  # noqa: S603 - our own command
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        if not ready:
            code = process.wait(START_SECONDS_MAX)
            raise RuntimeError(
                f"runflow-mock: a server in a process of its own did not start (exit code {code}: stderr says why): {' '.join(command[1:])}"
            )
        yield str(json.loads(ready)["url"])
    finally:
        process.terminate()
        process.wait(START_SECONDS_MAX)
        process.stdout.close()
