"""Clients at work: how the client under test is started, and how it ended."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import msgspec

MOVE_SECONDS = 0.3
TICK_SECONDS = 0.02


class Ended(NamedTuple):
    """How a client ended: its exit code, nothing where it had to be stopped, and what it said.

    `late_seconds` is by how much the machine woke somebody too late who slept beside it: the client may have fared like that.
    """

    exit_code: int | None
    output: str
    late_seconds: float = 0.0


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
        with _again_and_again(move) as sleeper:
            exit_code: int | None = None
            try:
                output, _ = process.communicate(timeout=self.seconds_max)
                exit_code = process.returncode
            except subprocess.TimeoutExpired:
                if hasattr(os, "killpg"):
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.kill()
                output, _ = process.communicate()
        return Ended(exit_code, output.decode(errors="replace"), sleeper.late_seconds)

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


class _Sleeper:
    """Sleeps beside the client for a moment at a time, and notes how late it was woken."""

    def __init__(self) -> None:
        self.late_seconds = 0.0
        self.is_over = threading.Event()

    def keep_moving(self, move: Callable[[], None]) -> None:
        """Moves again and again until it is over."""
        moved = time.monotonic()
        while not self._sleep():
            if time.monotonic() - moved >= MOVE_SECONDS:
                move()
                moved = time.monotonic()

    def _sleep(self) -> bool:
        started = time.monotonic()
        is_over = self.is_over.wait(TICK_SECONDS)
        self.late_seconds = max(self.late_seconds, time.monotonic() - started - TICK_SECONDS)
        return is_over


@contextmanager
def _again_and_again(move: Callable[[], None]) -> Iterator[_Sleeper]:
    sleeper = _Sleeper()
    thread = threading.Thread(target=sleeper.keep_moving, args=(move,), name="mover", daemon=True)
    thread.start()
    try:
        yield sleeper
    finally:
        sleeper.is_over.set()
        thread.join()
