"""Lines of a log that never hold anybody up: they are written beside the work, and what nobody takes is counted and told.

A log is evidence, and evidence never harms. A disk may be full, a pipe may have a reader that has stopped reading: requests are answered
all the same. Lines wait up to a bound; beyond it, and where a write fails, they are lost, and once there is a reader again one line says
how many.
"""

import os
import threading
from collections import deque
from typing import TextIO

WAITING_MAX = 10_000
"""How many lines may wait for a reader."""
GOODBYE_SECONDS = 0.5
"""How long the end of a server waits for the last lines to be taken."""


class LineWriter:
    """Writes lines to a stream in a thread of its own; to one without a descriptor, as tests have, at once."""

    def __init__(self, stream: TextIO | None) -> None:
        self.lost = 0
        self._stream = stream
        self._told = 0
        self._waiting: deque[bytes] = deque()
        self._has_come = threading.Condition()
        self._is_closed = False
        self._descriptor = _descriptor_of(stream)
        self._thread: threading.Thread | None = None

    def write(self, line: str) -> None:
        """Takes a line, without its end."""
        if self._stream is None:
            self.lost += 1  # Whoever has started the server has closed the stream.
            return
        if self._descriptor is None:
            self._stream.write(line + "\n")
            return
        with self._has_come:
            if len(self._waiting) >= WAITING_MAX:
                self.lost += 1
                return
            self._waiting.append(line.encode(errors="backslashreplace") + b"\n")
            self._has_come.notify()
        if self._thread is None:
            # Only now: a server that logs nothing needs no thread.
            # A descriptor of its own: whoever closes the stream may be given the same number for something else, which is no log.
            own = os.dup(self._descriptor)
            self._thread = threading.Thread(target=self._write_all, args=(own,), name="log", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Lets the last lines be taken, for a moment."""
        with self._has_come:
            self._is_closed = True
            self._has_come.notify()
        if self._thread is not None:
            self._thread.join(GOODBYE_SECONDS)

    def _write_all(self, descriptor: int) -> None:
        try:
            while lines := self._take():
                self._write_some(descriptor, lines)
        finally:
            os.close(descriptor)

    def _take(self) -> tuple[bytes, ...]:
        """Returns the lines that wait, once there are any; none when this is the end."""
        with self._has_come:
            while not self._waiting and not self._is_closed:
                self._has_come.wait()
            lines = tuple(self._waiting)
            self._waiting.clear()
            return lines

    def _write_some(self, descriptor: int, lines: tuple[bytes, ...]) -> None:
        for number, line in enumerate(lines):
            try:
                if self.lost > self._told:
                    told = self.lost
                    _write(descriptor, f"problem: {told - self._told} lines of this log were lost: nobody took them\n".encode())
                    self._told = told
                _write(descriptor, line)
            except OSError:
                self.lost += len(lines) - number
                return


def _write(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]


def _descriptor_of(stream: TextIO | None) -> int | None:
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None
