"""Alarms: where a clock passes, one fires the timers that nobody asks for."""

from asyncio import TimerHandle, get_running_loop
from collections.abc import Callable
from datetime import datetime


class Alarm:
    """Rings once, after some real time; whoever sets it anew sets it for that alone."""

    __slots__ = ("_handle", "due")

    def __init__(self) -> None:
        self.due: datetime | None = None
        self._handle: TimerHandle | None = None

    def set(self, due: datetime, seconds: float, ring: Callable[[], object]) -> None:
        """Has it ring after so many seconds, for what is due at an instant."""
        self.stop()
        self.due, self._handle = due, get_running_loop().call_later(seconds, self._ring, ring)

    def stop(self) -> None:
        """Has it ring no more."""
        if self._handle is not None:
            self._handle.cancel()
        self.due = self._handle = None

    def _ring(self, ring: Callable[[], object]) -> None:
        self.due = self._handle = None
        ring()
