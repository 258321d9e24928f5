"""Kept tenants: the forms in which a tenant stands in its file, so that it outlives the process.

Theory. A file holds a *base*, the whole tenant as it stood once, and a *log*: one row for each tick of the event loop in which something
happened. A row has the commits of that tick exactly as the history records them, and where everything stood that is no part of the world:
clocks, counters, quotas, and the exchanges that were journaled. Reading the base and repeating the rows gives the tenant again, without
deciding anything anew: no command is executed and no request is sent a second time.

Secrets stand in it as they are, as in a snapshot: the file is for its owner only.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from math import isfinite
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec.structs import replace

from runflow_mock.decoders import msgpack_decoder
from runflow_mock.domain.documents import NOT_JSON
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.instants import is_reachable
from runflow_mock.domain.objections import SEQUENCE_MAX
from runflow_mock.domain.quotas import Quota, Window
from runflow_mock.domain.scenarios import Scenario
from runflow_mock.domain.snapshots import Snapshot, Timer
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.wire.snapshots import RATE_MAX

FORMAT = 1
"""The form that this version writes; it reads this one and all before it."""
JOURNAL_TAIL = 1_000
"""How many exchanges a base holds: the journal's tail, which is there after a restart."""
RECORDS_IN_PART = 200
"""How many records are encoded together: few enough that nobody waits for them."""

HEAD, TIMERS, JOURNAL = "head", "timers", "journal"

DAMAGE = (ValueError, LookupError, AssertionError, TypeError, ArithmeticError, AttributeError, RecursionError)
"""What may come of a tenant that somebody else has written, although its parts can be read."""

encode = msgspec.msgpack.Encoder().encode


class Standing(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where stands what is no part of the world.

    The world stands at `now`; the tenant's clock stood at `present` at the wall time `wall`, and passes `rate` times as fast. `changes` and
    `reads` count the ids of requests, `windows` and `elapsed` the quota's requests, `readings` those that rules on polls ask for.
    """

    now: datetime
    present: datetime
    wall: float
    rate: float
    changes: int
    reads: int
    journaled: int
    quota: Quota | None
    windows: Mapping[str, Window]
    elapsed: timedelta
    reading_rules: tuple[str, ...]
    readings: Mapping[str, int]


class Row(msgspec.Struct, frozen=True, array_like=True):
    """What came to be in one tick: commits, exchanges, and where everything stood then; `is_cleared` tells that the journal was emptied."""

    commits: tuple[bytes, ...]
    exchanges: tuple[Exchange, ...]
    is_cleared: bool
    standing: Standing


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The beginning of a base: the world without its records, what a reset begins anew from, and where everything stood."""

    made_by: str
    world: Snapshot
    basis: TenantSettings
    scenario: Scenario | None
    asked: bytes
    standing: Standing


class KeptTenant(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant as its file has it: the base, whole, and what came after it, oldest first."""

    head: Head
    exchanges: tuple[Exchange, ...]
    rows: tuple[Row, ...]
    files: tuple[bytes, ...]

    @property
    def standing(self) -> Standing:
        """Where everything stood last."""
        return self.rows[-1].standing if self.rows else self.head.standing


def write_base(head: Head, exchanges: Iterable[Exchange], timers: Iterable[Timer] = ()) -> Iterator[tuple[str, bytes]]:
    """Yields the parts of a base, each small: what kind of record it holds, and the records; timers may stand in the world or beside it."""
    empty = dict.fromkeys(_parts(), ())
    yield HEAD, encode(replace(head, world=replace(head.world, **empty)))
    for name in _parts():
        yield from _pieces(name, getattr(head.world, name))
    yield from _pieces(TIMERS, timers)
    yield from _pieces(JOURNAL, exchanges)


def read_tenant(base: Iterable[tuple[str, bytes]], log: Iterable[bytes], files: Iterable[bytes]) -> KeptTenant:
    """Returns the tenant in the parts of a base and the rows of a log.

    Raises:
        ValueError: it holds something that no version of this kit has written.
    """
    head: Head | None = None
    records: dict[str, list[Any]] = {}
    try:
        for name, data in base:
            if name == HEAD:
                head = msgpack_decoder(Head).decode(data)
            else:
                kind: Any = tuple[Exchange, ...] if name == JOURNAL else _parts()[name]
                records.setdefault(name, []).extend(msgpack_decoder(kind).decode(data))
        if head is None:
            raise ValueError("it has no beginning")
        exchanges = tuple(records.pop(JOURNAL, ()))
        whole = replace(head.world, **{name: tuple(found) for name, found in records.items()})
        rows = tuple(map(msgpack_decoder(Row).decode, log))
    except (*NOT_JSON, KeyError, TypeError) as error:
        raise ValueError(str(error)) from None
    for standing in (head.standing, *(row.standing for row in rows)):
        # The tenant goes on from where it stood, and must be able to.
        instants = (standing.now, standing.present)
        counts = (standing.changes, standing.reads, standing.journaled)
        are_figures = 0 <= standing.rate <= RATE_MAX and isfinite(standing.wall) and 0 <= min(counts) <= max(counts) <= SEQUENCE_MAX
        if not (are_figures and all(map(is_reachable, instants))):
            told = ", ".join(map(str, (*instants, standing.rate, standing.wall, *counts)))
            raise ValueError(f"its clocks and counts stand where none can: {told}")
    return KeptTenant(head=replace(head, world=whole), exchanges=exchanges, rows=rows, files=tuple(files))


def _pieces(name: str, records: Iterable[object]) -> Iterator[tuple[str, bytes]]:
    following = iter(records)
    while piece := tuple(islice(following, RECORDS_IN_PART)):
        yield name, encode(piece)


@cache
def _parts() -> Mapping[str, Any]:
    """The fields of a snapshot that hold records, and the types of those."""
    hints = get_type_hints(Snapshot)
    return {name: hints[name] for name in Snapshot.__struct_fields__ if get_args(hints[name])[1:] == (...,)}
