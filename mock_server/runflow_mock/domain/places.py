"""Places: where a fault rule stands, and what it is held against.

Theory. There are three families of places: the edges of a run's state machine, the requests of a client, and the callbacks on their way
out. A `Where` names a place by an edge, by what it looks like, or by both; a `Subject` is one moment that passes by. Every field that is
set must fit. A place without an edge is the usual one of its family: the end of a run's work, a request before it is handled, any callback.

The edges of the second family are moments of the exchange: `before_admission` is the creation of a run, batch or evaluation before anything
is decided; `after_create_before_response` is the same once the record exists and will be charged; `on_poll[n]` is the n-th reading of one
unfinished or finished record, counted from 1 while rules of this kind exist.

The API knows nothing of this: it is the kit's own vocabulary.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

import msgspec

from runflow_mock.domain.documents import Document, Json, contains, read_document
from runflow_mock.domain.globs import matches_glob

DISPATCH_EDGE = "run.queued->dispatching"
START_EDGE = "run.dispatching->running"
FINISH_EDGES = ("run.running->succeeded", "run.running->failed")
ITEM_EDGE = "batch.item[i]"
ADMISSION_EDGE = "before_admission"
CREATED_EDGE = "after_create_before_response"
POLL_EDGE = "on_poll[n]"
CALLBACK_EDGE = "between_terminal_and_callback"

RUN_EDGES = (DISPATCH_EDGE, START_EDGE, *FINISH_EDGES, ITEM_EDGE)
EXCHANGE_EDGES = (ADMISSION_EDGE, CREATED_EDGE, POLL_EDGE)
CALLBACK_EDGES = (CALLBACK_EDGE,)

PLACE_BYTES_MAX = 16 * 1024
PLACES_BYTES_MAX = 1024 * 1024
"""How many bytes the documents of one place may have, and those of all rules of a tenant together."""
DOCUMENTS = ("input", "metadata")

_NUMBERED = re.compile(r"batch\.item\[(?:0|[1-9][0-9]{0,3})\]|on_poll\[[1-9][0-9]{0,5}\]")


class Where(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The place of a rule; every field that is set must fit.

    `path` and `callback` are globs: in a path `*` stays within a segment and `**` spans them; `callback` is held against an event such
    as `batch.partial_succeeded`. `input` and `metadata` fit whatever contains them.
    """

    edge: str | None = None
    method: str | None = None
    path: str | None = None
    operation: str | None = None
    callback: str | None = None
    model: str | None = None
    client_ref: str | None = None
    input: Document | None = None
    metadata: Document | None = None
    run_id: str | None = None
    batch_id: str | None = None

    # A place is held against moment after moment. Nobody changes the values, and they go with the place.
    @cached_property
    def wanted(self) -> Mapping[str, Json]:
        """The values of its documents."""
        return {name: read_document(document) for name in DOCUMENTS if (document := getattr(self, name)) is not None}


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One moment that rules are held against: the edges that it is, and whether it is the usual one of its family."""

    edges: tuple[str, ...] = ()
    is_usual: bool = True
    method: str | None = None
    path: str | None = None
    operation: str | None = None
    callback: str | None = None
    model: str | None = None
    client_ref: str | None = None
    input: Document | None = None
    metadata: Document | None = None
    run_id: str | None = None
    batch_id: str | None = None


def is_edge(text: str) -> bool:
    """Tells whether the text names an edge at which a rule can stand."""
    known = text in RUN_EDGES or text in EXCHANGE_EDGES or text in CALLBACK_EDGES
    # The tables name a numbered edge with a letter; a rule stands at one with a number.
    return (known and "[" not in text) or _NUMBERED.fullmatch(text) is not None


def edge_name(text: str) -> str:
    """Returns an edge as the tables above name it: without its number."""
    return {"batch.item": ITEM_EDGE, "on_poll": POLL_EDGE}.get(text.partition("[")[0], text)


def stands_at(where: Where, subject: Subject) -> bool:
    """Tells whether the place is this moment, whatever it looks like."""
    return subject.is_usual if where.edge is None else where.edge in subject.edges


class Room:
    """How many bytes of documents may still be kept as they were read: a value takes many times as much as its text."""

    __slots__ = ("left",)

    def __init__(self, size: int) -> None:
        self.left = size


class Look:
    """A moment that is held against one place after the other: its documents are read once, as long as there is room for them."""

    __slots__ = ("_read", "_room", "subject")

    def __init__(self, subject: Subject, room: Room | None = None) -> None:
        self.subject = subject
        self._room = room
        self._read: dict[str, Json] = {}

    def fits(self, where: Where) -> bool:
        """Tells whether the moment is at the place and looks like it."""
        if not stands_at(where, self.subject):
            return False
        # The first field that differs is enough, and documents come last.
        for name, test in _PLAIN_TESTS.items():
            wanted = getattr(where, name)
            if wanted is not None and not test(wanted, getattr(self.subject, name)):
                return False
        return all(contains(self.seen(name), wanted) for name, wanted in where.wanted.items())

    def seen(self, name: str) -> Json:
        """Returns the value of one of its documents, or nothing where it has none."""
        if name in self._read:
            return self._read[name]
        document: Document | None = getattr(self.subject, name)
        value = None if document is None else read_document(document)
        if self._room is not None:
            if len(document or b"") > self._room.left:
                return value
            self._room.left -= len(document or b"")
        self._read[name] = value
        return value


def fits(where: Where, subject: Subject) -> bool:
    """Tells whether the moment is at the place and looks like it."""
    return Look(subject).fits(where)


def place_bytes(where: Where) -> int:
    """Returns how many bytes the documents of a place have: every moment is held against all of them."""
    return len(where.input or b"") + len(where.metadata or b"")


def misses(where: Where, subject: Subject) -> tuple[str, ...]:
    """Returns the names of the fields, besides the edge, in which the moment differs from the place."""
    look = Look(subject)
    documents = (name for name, wanted in where.wanted.items() if not contains(look.seen(name), wanted))
    return (*plain_misses(where, subject), *documents)


def plain_misses(where: Where, subject: Subject) -> Iterator[str]:
    """Yields the names of the fields, besides the edge and the documents, in which the moment differs from the place."""
    wanted = ((name, getattr(where, name)) for name in _PLAIN_TESTS)
    return (name for name, value in wanted if value is not None and not _PLAIN_TESTS[name](value, getattr(subject, name)))


def _same(wanted: object, seen: object) -> bool:
    return wanted == seen


def _glob(wanted: object, seen: object) -> bool:
    return isinstance(wanted, str) and isinstance(seen, str) and matches_glob(wanted, seen)


def _method(wanted: object, seen: object) -> bool:
    return isinstance(wanted, str) and isinstance(seen, str) and wanted.upper() == seen


Test = Callable[[object, object], bool]

_PLAIN_TESTS: Mapping[str, Test] = {
    "method": _method,
    "path": _glob,
    "operation": _same,
    "callback": _glob,
    "model": _same,
    "client_ref": _same,
    "run_id": _same,
    "batch_id": _same,
}
