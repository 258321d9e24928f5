"""The history of a world: every commit in order, encoded, so that it costs the collector nothing and can be read in any process.

An entry says when, what was asked (nothing when a timer fired), what happened, and how far the sequence of ids had got. Folding the
events gives the store; executing the commands in a fresh world gives the events again.
"""

from collections import deque
from collections.abc import Iterator
from datetime import datetime

import msgspec

from runflow_mock.domain.commands import Command
from runflow_mock.domain.events import Event
from runflow_mock.engine.applying import apply
from runflow_mock.engine.store import Store


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One commit."""

    at: datetime
    command: Command | None
    events: tuple[Event, ...]
    sequence: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Entry)


class History:
    """The commits of one world, oldest first, bounded by their number and their bytes.

    What is beyond a limit is forgotten, oldest first, and counted: the rest can be read, but no longer folded from the beginning.
    """

    def __init__(self, entries_max: int, bytes_max: int) -> None:
        self.forgotten = 0
        self._entries_max = entries_max
        self._bytes_max = bytes_max
        self._bytes = 0
        self._entries: deque[bytes] = deque()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return (_decoder.decode(entry) for entry in self._entries)

    @property
    def is_complete(self) -> bool:
        """Whether nothing has been forgotten."""
        return self.forgotten == 0

    def record(self, at: datetime, command: Command | None, events: tuple[Event, ...], sequence: int) -> None:
        """Adds a commit."""
        encoded = _encoder.encode(Entry(at, command, events, sequence))
        self._entries.append(encoded)
        self._bytes += len(encoded)
        while len(self._entries) > self._entries_max or self._bytes > self._bytes_max:
            self._bytes -= len(self._entries.popleft())
            self.forgotten += 1

    def encoded(self) -> bytes:
        """Returns all entries as one byte string: equal histories are equal byte for byte."""
        return b"".join(self._entries)


def fold(history: History) -> Store:
    """Returns the store that the events of a complete history lead to."""
    assert history.is_complete
    store = Store()
    for entry in history:
        if entry.command is None:
            # A timer fired: it is gone from the queue before anything it caused.
            store.timers.pop()
        for event in entry.events:
            apply(store, event)
    return store
