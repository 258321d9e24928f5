"""Clients at work: how the client under test is started, and how it ended."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, NamedTuple, Protocol

STOPPED = "the matrix was stopped"
OUTPUT_BYTES_MAX = 1024 * 1024
PIECE_BYTES = 64 * 1024
LAST_SECONDS_MAX = 2.0
"""How long what a client has said may still come once it has ended."""
MOVE_SECONDS = 0.3
# Somebody sleeps for so long beside the client, again and again: what comes on top is by how much the machine wakes too late.
TICK_SECONDS = 0.02
AGAIN_SECONDS = 1.0
"""How often is asked, once the time of a client is up, whether it may go on."""
LONGER_OF, LONGER_SECONDS_MAX = 5, 300.0


class Ended(NamedTuple):
    """How a client ended: its exit code, nothing where it had to be stopped, and what it said.

    `late_seconds` is by how much the machine woke somebody too late who slept beside it: the client may have fared like that.
    """

    exit_code: int | None
    output: str
    late_seconds: float = 0.0


class ClientRunner(Protocol):
    """Runs the client once."""

    def run(self, env: Mapping[str, str], move: Callable[[], None], may_go_on: Callable[[], bool]) -> Ended:
        """Runs it with these variables; while it is at work, `move` is called again and again.

        When its time is up it is stopped as soon as `may_go_on` says no, and after `longest_seconds` whatever that says.
        """
        ...

    def stop(self) -> None:
        """Ends every client that is at work, and lets none begin."""
        ...


def longest_seconds(seconds_max: float) -> float:
    """Returns how long a client has at most that may go on when its time is up."""
    return max(seconds_max, min(LONGER_OF * seconds_max, LONGER_SECONDS_MAX))


class CommandRunner:
    """Runs a command in a process of its own, at most for so long, or a few times that where it may go on."""

    def __init__(self, command: tuple[str, ...], seconds_max: float) -> None:
        self.command = command
        self.seconds_max = seconds_max
        self._at_work: set[subprocess.Popen[bytes]] = set()
        self._is_stopped = False
        self._starting = threading.Lock()

    def run(self, env: Mapping[str, str], move: Callable[[], None], may_go_on: Callable[[], bool]) -> Ended:
        """Starts the command and waits for its end.

        Raises:
            ValueError: it cannot be started, or all are ended meanwhile.
        """
        process = self._start(env)
        output = _Output(process)
        exit_code: int | None = None
        try:
            with _again_and_again(move) as sleeper:
                if self._comes_to_its_end(process, output, may_go_on):
                    exit_code = process.wait()
        finally:
            with self._starting:
                self._at_work.discard(process)
            # What it has left behind with its output ends too.
            if process.poll() is None or not output.is_over.is_set():
                _kill(process)
                process.wait()
        if self._is_stopped:
            raise ValueError(STOPPED)
        # Who has left the group of its processes may hold the output open for ever.
        output.is_over.wait(LAST_SECONDS_MAX)
        return Ended(exit_code, output.text, sleeper.late_seconds)

    def _comes_to_its_end(self, process: "subprocess.Popen[bytes]", output: "_Output", may_go_on: Callable[[], bool]) -> bool:
        """Whether it ends in its time: once nobody says anything more, or only who has left the group of its processes."""
        started = time.monotonic()
        usual, at_last = started + self.seconds_max, started + longest_seconds(self.seconds_max)
        while (now := time.monotonic()) < usual or (now < at_last and may_go_on()):
            left = (usual if now < usual else at_last) - now
            if output.is_over.wait(min(left, AGAIN_SECONDS)) or _is_gone(process):
                return True
        return False

    def stop(self) -> None:
        """Ends every client that is at work, and lets none begin."""
        with self._starting:
            self._is_stopped = True
            at_work = tuple(self._at_work)
        for process in at_work:
            _kill(process)

    def _start(self, env: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        try:
            with self._starting:
                if self._is_stopped:
                    raise ValueError(STOPPED)
                process = subprocess.Popen(  # noqa: S603 - the command is the user's own
                    self.command,
                    env={**os.environ, **env},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                self._at_work.add(process)
                return process
        except OSError as error:
            raise ValueError(f"{self.command[0]!r} cannot be started: {error.strerror}; write the command after --") from None


def _is_gone(process: "subprocess.Popen[bytes]") -> bool:
    """Whether a process has ended, and so has everybody in its group."""
    if process.poll() is None or not hasattr(os, "killpg"):
        return False
    try:
        os.killpg(process.pid, 0)
    except OSError as error:
        return isinstance(error, ProcessLookupError)
    return False


def _kill(process: "subprocess.Popen[bytes]") -> None:
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


class _Output:
    """What a process says, of which beginning and end are kept: one that never stops talking fills no memory."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.is_over = threading.Event()
        self._first, self._last = bytearray(), bytearray()
        assert process.stdout is not None
        threading.Thread(target=self._read, args=(process.stdout,), name="output", daemon=True).start()

    @property
    def text(self) -> str:
        """Its beginning and its end."""
        return bytes(self._first + self._last).decode(errors="replace")

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while piece := os.read(stream.fileno(), PIECE_BYTES):
                room = OUTPUT_BYTES_MAX // 2 - len(self._first)
                self._first += piece[:room]
                self._last += piece[room:]
                del self._last[: -OUTPUT_BYTES_MAX // 2]
        self.is_over.set()


class _Sleeper:
    """Sleeps beside the client for a moment at a time, and notes how late it was woken; who moves does so beside it, and takes time."""

    def __init__(self) -> None:
        self.late_seconds = 0.0
        self.is_over = threading.Event()

    def keep_sleeping(self) -> None:
        """Sleeps again and again until it is over."""
        while not self._sleep():
            pass

    def keep_moving(self, move: Callable[[], None]) -> None:
        """Moves again and again until it is over."""
        while not self.is_over.wait(MOVE_SECONDS):
            move()

    def _sleep(self) -> bool:
        started = time.monotonic()
        is_over = self.is_over.wait(TICK_SECONDS)
        self.late_seconds = max(self.late_seconds, time.monotonic() - started - TICK_SECONDS)
        return is_over


@contextmanager
def _again_and_again(move: Callable[[], None]) -> Iterator[_Sleeper]:
    sleeper = _Sleeper()
    threads = (
        threading.Thread(target=sleeper.keep_sleeping, name="sleeper", daemon=True),
        threading.Thread(target=sleeper.keep_moving, args=(move,), name="mover", daemon=True),
    )
    for thread in threads:
        thread.start()
    try:
        yield sleeper
    finally:
        sleeper.is_over.set()
        for thread in threads:
            thread.join()
