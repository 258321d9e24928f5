"""Pages of a list: sort order, and the window that a cursor opens.

A page is found by its boundary: the sort values and the id of the record at its edge. Records that are created meanwhile never shift it,
so that pages joined give each record once.

Source: `lists.cursor`. Inferred: that ties are broken by id, and that nothing sorts before everything.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Generic, cast

import msgspec

from runflow_mock.domain.filters import EXPRESSION_CHARACTERS_MAX, Field, Predicate, QueryError, RecordT, Value

RECORDS_AT_ONCE = 2_000
"""After a look at so many records a search may be interrupted."""


class Cursor(msgspec.Struct, frozen=True):
    """The edge of a page: the sort values and the id of the record that stands there; no id means before the first record.

    What is beyond begins behind that record, or, where it `is_within`, with it.
    """

    values: tuple[Value, ...] = ()
    record_id: str | None = None
    is_within: bool = False


class Query(msgspec.Struct, Generic[RecordT], frozen=True, kw_only=True):
    """What a client asks of a list."""

    predicate: Predicate[RecordT] | None
    order: Sequence[tuple[str, bool]]
    limit: int
    cursor: Cursor | None
    backwards: bool


class Page(msgspec.Struct, Generic[RecordT], frozen=True):
    """A window of a list, in list order, and whether there is more on either side."""

    records: Sequence[RecordT]
    has_previous: bool
    has_next: bool


def parse_order(text: str, fields: Mapping[str, Field[RecordT]]) -> tuple[tuple[str, bool], ...]:
    """Returns the (field, descending) pairs of a text such as `created_at:desc,id`.

    Raises:
        QueryError: a field or direction does not exist.
    """
    order: dict[str, bool] = {}
    for part in text[:EXPRESSION_CHARACTERS_MAX].split(","):
        name, _, direction = part.strip().partition(":")
        if name not in fields:
            raise QueryError("sort_by", f"unknown field {name[:80]!r}; known are {', '.join(sorted(fields))}")
        if direction.lower() not in ("", "asc", "desc"):
            raise QueryError("sort_by", f"unknown direction {direction[:80]!r}; write asc or desc")
        # A field orders once; all the rest of what names it again would be sorting for nothing.
        order.setdefault(name, direction.lower() == "desc")
    return tuple(order.items())


def select(records: Iterable[RecordT], fields: Mapping[str, Field[RecordT]], query: Query[RecordT]) -> Page[RecordT]:
    """Returns the page of `records` that the query asks for; see `select_in_steps`."""
    steps = select_in_steps(records, fields, query)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast(Page[RecordT], end.value)


def select_in_steps(
    records: Iterable[RecordT], fields: Mapping[str, Field[RecordT]], query: Query[RecordT]
) -> Generator[None, None, Page[RecordT]]:
    """Looks step by step for the page that the query asks for: yields after a look at many records, and returns the page.

    A sequence is given in the order of creation, anything else in any order. Each record is looked at as it is when its turn comes.
    """
    by_creation = isinstance(records, Sequence) and [name for name, _ in query.order] in (["created_at"], ["id"])
    found = list[RecordT]()
    for number, record in enumerate(_walk_by_creation(records, query) if by_creation else _walk(records, fields, query), 1):
        if query.predicate is None or query.predicate(record):
            found.append(record)
            if by_creation and len(found) > query.limit:
                break
        if number % RECORDS_AT_ONCE == 0:
            # What others precede will not be on the page.
            found = found if by_creation else _ranked(found, fields, query)
            yield
    found = found if by_creation else _ranked(found, fields, query)
    more = len(found) > query.limit
    window = found[: query.limit]
    beyond_edge = query.cursor is not None and query.cursor.record_id is not None
    if query.backwards:
        return Page(window[::-1], has_previous=more, has_next=beyond_edge)
    return Page(window, has_previous=beyond_edge, has_next=more)


def around(page: Page[RecordT], fields: Mapping[str, Field[RecordT]], query: Query[RecordT]) -> tuple[Cursor | None, Cursor | None]:
    """Returns the cursors of the pages before and after one, where there are any.

    On a page that is empty by now, both stand where it was asked for: what is there leads back.
    """
    if page.records:
        before, after = (edge(record, fields, query.order) for record in (page.records[0], page.records[-1]))
    else:
        asked = query.cursor or Cursor()
        before = after = Cursor(asked.values, asked.record_id, is_within=True)
    return before if page.has_previous else None, after if page.has_next else None


def edge(record: RecordT, fields: Mapping[str, Field[RecordT]], order: Sequence[tuple[str, bool]]) -> Cursor:
    """Returns the cursor that stands at a record."""
    return Cursor(tuple(fields[name].get(record) for name, _ in order), record.id)


def _walk_by_creation(records: Iterable[RecordT], query: Query[RecordT]) -> Iterator[RecordT]:
    assert isinstance(records, Sequence)
    # Ids grow with creation, so the order of creation needs no sorting and the cursor is found by bisection.
    descending = query.order[0][1]
    rising = descending is query.backwards
    start, is_within = (None, False) if query.cursor is None else (query.cursor.record_id, query.cursor.is_within)
    if rising:
        find = bisect_left if is_within else bisect_right
        first = 0 if start is None else find(records, start, key=lambda record: record.id)
        return (records[index] for index in range(first, len(records)))
    find = bisect_right if is_within else bisect_left
    last = len(records) if start is None else find(records, start, key=lambda record: record.id)
    return (records[index] for index in range(last - 1, -1, -1))


def _walk(records: Iterable[RecordT], fields: Mapping[str, Field[RecordT]], query: Query[RecordT]) -> Iterator[RecordT]:
    # Not those that come while this goes on.
    known = islice(records, len(records)) if isinstance(records, Sequence) else iter(records)
    cursor = query.cursor
    if cursor is None or cursor.record_id is None:
        return known
    return (record for record in known if _is_beyond(record, cursor, fields, query))


def _ranked(records: list[RecordT], fields: Mapping[str, Field[RecordT]], query: Query[RecordT]) -> list[RecordT]:
    """Returns the first records in the order of the query, one more than there are on a page."""
    order = query.order
    ranked = sorted(records, key=lambda record: record.id, reverse=order[-1][1])
    for name, descending in reversed(order):
        get = fields[name].get
        ranked.sort(key=lambda record, get=get: _rank(get(record)), reverse=descending)  # type: ignore[misc]
    if query.backwards:
        ranked.reverse()
    return ranked[: query.limit + 1]


def _rank(value: Value) -> tuple[bool, Value]:
    # Nothing sorts before everything.
    return (value is not None, value)


def _is_beyond(record: RecordT, cursor: Cursor, fields: Mapping[str, Field[RecordT]], query: Query[RecordT]) -> bool:
    for (name, descending), there in zip(query.order, cursor.values, strict=True):
        here = _rank(fields[name].get(record))
        if here != _rank(there):
            return (here > _rank(there)) != (descending != query.backwards)
    descending = query.order[-1][1]
    assert cursor.record_id is not None
    if record.id == cursor.record_id:
        return cursor.is_within
    return (record.id > cursor.record_id) != (descending != query.backwards)
