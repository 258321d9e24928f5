"""The history of a world: every commit in order, encoded, so that it costs the collector nothing and can be read in any process.

What cannot be encoded cannot happen: a `Commit` is given each event before the store is changed by it.

An entry says when, what was asked (nothing when a timer fired), what happened, and how far the sequence of ids had got. Folding the
events gives the store; executing the commands in a fresh world gives the events again. Beyond its limit a history folds into a base, the
world as it stood before the oldest entry that is left, and both start from there.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from runflow_mock.decoders import msgpack_decoder
from runflow_mock.domain.commands import Command
from runflow_mock.domain.deliveries import AttemptStarted
from runflow_mock.domain.events import Event
from runflow_mock.engine.applying import apply
from runflow_mock.engine.store import Store


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One commit."""

    at: datetime
    command: Command | None
    events: tuple[Event, ...]
    sequence: int


encode = msgspec.msgpack.Encoder().encode
"""Returns a part of an entry as it is recorded, or raises what `Commit` raises."""


def _decoder() -> msgspec.msgpack.Decoder[Entry]:
    # Made when a history is first read: understanding the types of all commands and events is a fortieth of the server's start.
    return msgpack_decoder(Entry)


class Commit:
    """An entry in the making.

    The events that are decided together are encoded before the first of them changes anything, as the whole entry that they are where
    nothing follows from them, which is nearly always so. Whoever lets something follow has encoded that before it happens, too.
    """

    __slots__ = ("_at", "_command", "_decided", "_recorded", "attempts", "before", "events")

    def __init__(self, at: datetime, command: Command | None, decided: tuple[Event, ...], sequence: int) -> None:
        """Begins with what was asked, and what was decided; `sequence` is how far the ids have got with that.

        Raises:
            OverflowError, TypeError, UnicodeError: it cannot be recorded.
        """
        self.events: list[Event] = []
        self.before: list[str | None] = []
        self.attempts: list[AttemptStarted] = []
        self._at, self._command = at, command
        self._decided = len(decided), sequence
        self._recorded = encode((at, command, decided, sequence))

    def entry(self, sequence: int) -> bytes:
        """Returns the whole entry; `sequence` is how far the ids have got with it."""
        if (len(self.events), sequence) == self._decided:
            return self._recorded
        return encode((self._at, self._command, self.events, sequence))


class Base(NamedTuple):
    """Where a history begins: the world as it stood before the first entry. Nobody changes this store."""

    now: datetime
    sequence: int
    store: Store


class Standing(msgspec.Struct, frozen=True):
    """A history as it stood at one moment: a thread may read it while the world goes on."""

    base: Base
    recorded: tuple[bytes, ...]
    forgotten: int

    def __iter__(self) -> Iterator[Entry]:
        return map(_decoder().decode, self.recorded)


class History:
    """The latest commits of one world, oldest first, bounded by their number and their bytes, and the world as it was before them.

    Entries come in two halves. When the younger one is full, the older one is given up and counted: the copy of the store that was made
    between the two becomes the base. So a commit costs nothing but its own encoding, and a copy of references now and then.
    """

    def __init__(self, base: Base, entries_max: int, bytes_max: int, *, forgotten: int = 0) -> None:
        self.base = base
        # How many commits there were in all, and how many of them, the oldest, are in the base.
        self.total = self.forgotten = forgotten
        self._entries_half = (entries_max + 1) // 2
        self._bytes_half = (bytes_max + 1) // 2
        self._older_bytes_max = bytes_max - self._bytes_half
        self._middle = base
        self._older: list[bytes] = []
        self._younger: list[bytes] = []
        self._older_bytes = 0
        self._younger_bytes = 0
        # Hears of every commit, as it is recorded: where a world is kept, that is what is written.
        self.listener: Callable[[bytes], None] | None = None

    def __len__(self) -> int:
        return len(self._older) + len(self._younger)

    @property
    def size(self) -> int:
        """How many bytes the entries take."""
        return self._older_bytes + self._younger_bytes

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.standing())

    def record(self, entry: bytes, at: datetime, sequence: int, store: Store) -> None:
        """Adds the entry of a commit, after which the world stands as given; the store is copied where it is kept."""
        self.total += 1
        self._younger.append(entry)
        self._younger_bytes += len(entry)
        if self.listener is not None:
            self.listener(entry)
        if len(self._younger) >= self._entries_half or self._younger_bytes >= self._bytes_half:
            self._begin_half(Base(at, sequence, store.copy()))

    def recorded(self) -> tuple[bytes, ...]:
        """Returns all entries, each encoded."""
        return (*self._older, *self._younger)

    def standing(self) -> Standing:
        """Returns the history as it stands now."""
        return Standing(self.base, self.recorded(), self.forgotten)

    def encoded(self) -> bytes:
        """Returns all entries as one byte string: equal histories are equal byte for byte."""
        return b"".join(self.recorded())

    def _begin_half(self, middle: Base) -> None:
        self._give_up_older()
        # A few very large entries may be too much already: then the history begins anew.
        is_too_much = self._younger_bytes > self._older_bytes_max
        self._older, self._older_bytes, self._middle = self._younger, self._younger_bytes, middle
        self._younger, self._younger_bytes = [], 0
        if is_too_much:
            self._give_up_older()

    def _give_up_older(self) -> None:
        self.forgotten += len(self._older)
        self._older, self._older_bytes = [], 0
        self.base = self._middle


def repeat(store: Store, recorded: bytes) -> Entry:
    """Lets a commit happen to a store again as it was recorded, and returns it: nothing is decided anew."""
    entry = _decoder().decode(recorded)
    if entry.command is None:
        # A timer fired: it is gone from the queue before anything it caused.
        store.timers.pop()
    for event in entry.events:
        apply(store, event)
    return entry


def fold(history: History) -> Store:
    """Returns the store that the entries of a history lead to from its base."""
    store = history.base.store.copy()
    for recorded in history.recorded():
        repeat(store, recorded)
    return store


def retell(history: History | Standing) -> Iterator[tuple[tuple[Event, ...], tuple[str | None, ...]]]:
    """Returns, commit by commit from the base, the events and the status that each record had before its event."""
    store = history.base.store.copy()
    for entry in history:
        if entry.command is None:
            store.timers.pop()
        yield entry.events, tuple([apply(store, event) for event in entry.events])
