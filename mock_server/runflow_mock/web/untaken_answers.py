"""Answers that clients have not taken: what waits in the server for readers who are slow, or who never read.

The bytes of all connections together have a bound. Where it is met, somebody has to go: first whoever has taken nothing since it was last
looked at, and of those the one that has been waiting longest. An answer that is larger than the bound by itself leaves all the same.
"""

from typing import Protocol

from runflow_mock.runtime.bounds import Bound


class Reader(Protocol):
    """A connection on which an answer waits."""

    def untaken_bytes(self) -> int:
        """Returns how much waits for the client now."""

    def hang_up(self) -> None:
        """Ends the connection at once; what waits is dropped."""


class UntakenAnswers:
    """What waits on all connections of a server, counted against a bound."""

    def __init__(self, bound: Bound) -> None:
        self._bound = bound
        self._waiting: dict[Reader, int] = {}

    def hold(self, reader: Reader) -> None:
        """Counts what waits for a client that takes no more for now, and makes room for it."""
        self.let_go(reader)
        size = reader.untaken_bytes()
        while self._waiting and self._bound.used + size > self._bound.maximum:
            self._make_room(size)
        self._waiting[reader] = size
        self._bound.show(self._bound.used + size)

    def let_go(self, reader: Reader) -> None:
        """Counts a client no more: it has taken what waited, or is gone."""
        self._bound.give(self._waiting.pop(reader, 0))

    def _make_room(self, size: int) -> None:
        still = list[Reader]()
        for reader, before in self._waiting.items():
            now = reader.untaken_bytes()
            self._bound.give(before - now)
            self._waiting[reader] = now
            if now >= before:
                still.append(reader)
        if self._bound.used + size > self._bound.maximum:
            self._bound.meet()
            slowest = next(iter(still or self._waiting))
            self.let_go(slowest)
            slowest.hang_up()
