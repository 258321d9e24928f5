"""Clients at work: how the client under test is started, and how it ended."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import msgspec

MOVE_SECONDS = 0.3


class Ended(NamedTuple):
    """How a client ended: its exit code, nothing where it had to be stopped, and what it said."""

    exit_code: int | None
    output: str


class ClientRunner(Protocol):
    """Runs the client once."""

    def run(self, env: Mapping[str, str], move: Callable[[], None]) -> Ended:
        """Runs it with these variables; while it is at work, `move` is called again and again."""
        ...


class CommandRunner(msgspec.Struct, frozen=True):
    """Runs a command in a process of its own, at most for so long."""

    command: tuple[str, ...]
    seconds_max: float

    def run(self, env: Mapping[str, str], move: Callable[[], None]) -> Ended:
        """Starts the command and waits for its end.

        Raises:
            ValueError: it cannot be started.
        """
        process = self._start(env)
        with _again_and_again(move):
            try:
                output, _ = process.communicate(timeout=self.seconds_max)
                return Ended(process.returncode, output.decode(errors="replace"))
            except subprocess.TimeoutExpired:
                _stop(process)
                output, _ = process.communicate()
                return Ended(None, output.decode(errors="replace"))

    def _start(self, env: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(  # noqa: S603 - the command is the user's own
                self.command,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise ValueError(f"{self.command[0]!r} cannot be started: {error.strerror}; write the command after --") from None


@contextmanager
def _again_and_again(move: Callable[[], None]) -> Iterator[None]:
    is_over = threading.Event()

    def keep_moving() -> None:
        while not is_over.wait(MOVE_SECONDS):
            move()

    thread = threading.Thread(target=keep_moving, name="mover", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
