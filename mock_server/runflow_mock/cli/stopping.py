"""Signals that end a command: it leaves in order, with nothing half done and nothing said, and its exit code tells which one it was."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

# What an interrupt, a `kill` and a terminal that is closed send. Windows has no signal of the last kind.
SIGNALS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if sys.platform != "win32" else ()))
# Whoever presses twice, and a runner that passes on what the terminal has sent already, means one end.
ONE_END_SECONDS = 1.0
# What a shell adds to the number of the signal by which a command has ended.
_ENDED_BY = 128


@contextmanager
def ended_by_signals(monotonic: Callable[[], float] = time.monotonic, *, ends_process: bool = False) -> Iterator[None]:
    """Lets a signal end the command in order while the context lasts: what was begun is taken back. A second one that comes later, and not
    right after the first, ends it at once.

    Commands that are stopped by signals as a matter of course have handlers of their own. Where the process ends with the context, signals
    are ignored after these: it has ended as it was asked to, and whoever asks once more must not find it ended by that.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    # Whoever starts a command with `nohup` wants it to go on.
    taken = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]

    codes: list[int] = []
    own = list[object]()

    def end(number: int, frame: FrameType | None) -> NoReturn:
        began = monotonic()

        def end_at_once(number: int, frame: FrameType | None) -> None:
            if monotonic() - began >= ONE_END_SECONDS:
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)

        own.append(end_at_once)
        for each in taken:
            signal.signal(each, end_at_once)
        codes.append(_ENDED_BY + number)
        sys.exit(codes[0])

    own.append(end)
    for number in taken:
        signal.signal(number, end)
    try:
        yield
    except Exception:
        # Before Python 3.12 an end that comes while a class is made, as in an import, arrives as a RuntimeError that has it as its cause.
        if not codes:
            raise
        sys.exit(codes[0])
    finally:
        for number in taken:
            is_commands = ends_process and signal.getsignal(number) not in own
            signal.signal(number, signal.SIG_IGN if is_commands else before[number])


def is_ignored(number: signal.Signals) -> bool:
    """Tells whether whoever has started this process wants it to go on when that signal comes."""
    return signal.getsignal(number) is signal.SIG_IGN
