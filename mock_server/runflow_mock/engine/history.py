"""The history of a world: every commit in order, encoded, so that it costs the collector nothing and can be read in any process.

An entry says when, what was asked (nothing when a timer fired), what happened, and how far the sequence of ids had got. Folding the
events gives the store; executing the commands in a fresh world gives the events again. Beyond its limit a history folds into a base, the
world as it stood before the oldest entry that is left, and both start from there.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import NamedTuple

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


@cache
def _decoder() -> msgspec.msgpack.Decoder[Entry]:
    # Made when a history is first read: understanding the types of all commands and events is a fortieth of the server's start.
    return msgspec.msgpack.Decoder(Entry)


class Base(NamedTuple):
    """Where a history begins: the world as it stood before the first entry. Nobody changes this store."""

    now: datetime
    sequence: int
    store: Store


class History:
    """The latest commits of one world, oldest first, bounded by their number and their bytes, and the world as it was before them.

    Entries come in two halves. When the younger one is full, the older one is given up and counted: the copy of the store that was made
    between the two becomes the base. So a commit costs nothing but its own encoding, and a copy of references now and then.
    """

    def __init__(self, base: Base, entries_max: int, bytes_max: int, *, forgotten: int = 0) -> None:
        self.base = base
        self.forgotten = forgotten
        self._entries_half = (entries_max + 1) // 2
        self._bytes_half = (bytes_max + 1) // 2
        self._older_bytes_max = bytes_max - self._bytes_half
        self._middle = base
        self._older: list[bytes] = []
        self._younger: list[bytes] = []
        self._younger_bytes = 0

    def __len__(self) -> int:
        return len(self._older) + len(self._younger)

    def __iter__(self) -> Iterator[Entry]:
        decode = _decoder().decode
        return (decode(entry) for entry in (*self._older, *self._younger))

    def record(self, at: datetime, command: Command | None, events: tuple[Event, ...], sequence: int, store: Store) -> None:
        """Adds a commit, after which the store is as given."""
        encoded = _encoder.encode(Entry(at, command, events, sequence))
        self._younger.append(encoded)
        self._younger_bytes += len(encoded)
        if len(self._younger) >= self._entries_half or self._younger_bytes >= self._bytes_half:
            self._begin_half(Base(at, sequence, store.copy()))

    def encoded(self) -> bytes:
        """Returns all entries as one byte string: equal histories are equal byte for byte."""
        return b"".join((*self._older, *self._younger))

    def _begin_half(self, middle: Base) -> None:
        self._give_up_older()
        # A few very large entries may be too much already: then the history begins anew.
        is_too_much = self._younger_bytes > self._older_bytes_max
        self._older, self._middle, self._younger, self._younger_bytes = self._younger, middle, [], 0
        if is_too_much:
            self._give_up_older()

    def _give_up_older(self) -> None:
        self.forgotten += len(self._older)
        self._older = []
        self.base = self._middle


def fold(history: History) -> Store:
    """Returns the store that the entries of a history lead to from its base."""
    store = history.base.store.copy()
    for entry in history:
        if entry.command is None:
            # A timer fired: it is gone from the queue before anything it caused.
            store.timers.pop()
        for event in entry.events:
            apply(store, event)
    return store


def retell(history: History) -> Iterator[tuple[tuple[Event, ...], tuple[str | None, ...]]]:
    """Returns, commit by commit from the base, the events and the status that each record had before its event."""
    store = history.base.store.copy()
    for entry in history:
        if entry.command is None:
            store.timers.pop()
        yield entry.events, tuple([apply(store, event) for event in entry.events])
