"""Lists on the wire: the six query parameters, the envelope of a page, and the cursors in it.

A cursor is opaque text that holds the edge of a page and a fingerprint of filter and order: used with another filter it is refused.

Source: `lists.parameters`, `lists.envelope`. Inferred: the default size of 50, and that a cursor is bound to its query.
"""

import base64
import binascii
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Generic

import msgspec

from runflow_mock.decoders import json_decoder
from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.filters import Field, QueryError, RecordT, Value, parse_filter
from runflow_mock.domain.pages import Cursor, Page, Query, around, parse_order
from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.wire.problems import invalid_field
from runflow_mock.wire.times import read_instant

LIMIT_DEFAULT = 50
LIMIT_MAX = 500
CURSOR_CHARACTERS_MAX = 4_000
# Larger than any figure that a record has.
NUMBER_MAX = 1e18
_FLAGS = {"true": True, "1": True, "false": False, "0": False}

Parameters = Mapping[str, str]


class Listing(msgspec.Struct, Generic[RecordT], frozen=True):
    """A list request: the query, and what is needed to write its page."""

    query: Query[RecordT]
    fields: Mapping[str, Field[RecordT]]
    names: Sequence[str] | None
    bound_to: str


class _Token(msgspec.Struct, array_like=True):
    bound_to: str
    record_id: str | None = None
    values: tuple[str | float | bool | None, ...] = ()
    is_within: bool = False


def read_number(text: str) -> float:
    """Returns a finite number, or raises `ValueError`."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number


def read_flag(text: str) -> bool:
    """Returns a truth value, or raises `ValueError`."""
    if text.lower() not in _FLAGS:
        raise ValueError("not true or false")
    return _FLAGS[text.lower()]


def text_field(get: Callable[[RecordT], str | None], read: Callable[[str], str] = str) -> Field[RecordT]:
    """Returns a field of text."""
    return Field(get, str, read)


def number_field(get: Callable[[RecordT], float | None]) -> Field[RecordT]:
    """Returns a field of numbers."""
    return Field(get, float, read_number)


def flag_field(get: Callable[[RecordT], bool | None]) -> Field[RecordT]:
    """Returns a field of truth values."""
    return Field(get, bool, read_flag)


def time_field(get: Callable[[RecordT], datetime | None]) -> Field[RecordT]:
    """Returns a field of instants."""
    return Field(get, datetime, read_instant)


def text_fields(*names: str) -> dict[str, Field[Any]]:
    """Returns fields of text that stand in the record under the same names; those of other kinds follow."""
    return {name: Field(attrgetter(name), str, str) for name in names}


def number_fields(*names: str) -> dict[str, Field[Any]]:
    """Returns fields of numbers under the names that the record has for them."""
    return {name: Field(attrgetter(name), float, read_number) for name in names}


def flag_fields(*names: str) -> dict[str, Field[Any]]:
    """Returns fields of truth values under the names that the record has for them."""
    return {name: Field(attrgetter(name), bool, read_flag) for name in names}


def time_fields(*names: str) -> dict[str, Field[Any]]:
    """Returns fields of instants under the names that the record has for them."""
    return {name: Field(attrgetter(name), datetime, read_instant) for name in names}


def decode_listing(parameters: Parameters, fields: Mapping[str, Field[RecordT]], default_order: str) -> Listing[RecordT]:
    """Returns what a list request asks for.

    Raises:
        Problem: 422 for a bad limit or flag.
        QueryError: a bad filter, order or cursor.
    """
    expression = parameters.get("q") or ""
    sort_by = parameters.get("sort_by") or default_order
    bound_to = blake2b(f"{expression}\n{sort_by}".encode(), digest_size=6).hexdigest()
    order = parse_order(sort_by, fields)
    query = Query(
        predicate=parse_filter(expression, fields) if expression.strip() else None,
        order=order,
        limit=_limit(parameters.get("limit")),
        cursor=_cursor(parameters.get("pq"), bound_to, fields, order),
        backwards=decode_flag(parameters, "from_prev"),
    )
    names = list(dict.fromkeys(name.strip() for name in parameters["fields"].split(","))) if parameters.get("fields") else None
    return Listing(query, fields, names, bound_to)


def decode_flag(parameters: Mapping[str, str], name: str) -> bool:
    """Returns a query parameter that is true or false; left out it is false."""
    text = parameters.get(name)
    if text is None:
        return False
    try:
        return read_flag(text)
    except ValueError:
        raise invalid_field(("query", name), "Input should be a valid boolean", "bool_parsing") from None


def represent_page(
    page: Page[RecordT],
    listing: Listing[RecordT],
    items: Sequence[object],
    dialect: Dialect,
) -> dict[str, object]:
    """Returns the envelope of a page with the items that stand for its records."""
    before, after = around(page, listing.fields, listing.query)
    previous, following = _token(before, listing), _token(after, listing)
    body: dict[str, object] = {
        "items": items,
        "first": _write(_Token(listing.bound_to)) if page.has_previous else None,
        "next": following,
        "previous": previous,
    }
    if dialect.cursor_names == "both":
        body |= {"next_pq": following, "prev_pq": previous}
    return body


def project(record: dict[str, object], names: Sequence[str] | None) -> dict[str, object]:
    """Returns only the named keys of a record.

    Raises:
        Problem: 422 for a name that the record does not have.
    """
    if names is None:
        return record
    check_names(names, record)
    return {name: record[name] for name in names}


def check_names(names: Sequence[str], known: Collection[str]) -> None:
    """Raises the 422 for a name in `fields` that the records of a list do not have."""
    for name in names:
        if name not in known:
            raise invalid_field(("query", "fields"), f"unknown field {name[:80]!r}; known are {', '.join(sorted(known))}")


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT_DEFAULT
    limit = whole_number(text, 9)
    if limit is None:
        raise invalid_field(("query", "limit"), "Input should be a valid integer from 1 to 500", "int_parsing")
    if limit < 1:
        raise invalid_field(("query", "limit"), "Input should be greater than or equal to 1", "greater_than_equal")
    if limit > LIMIT_MAX:
        raise invalid_field(("query", "limit"), f"Input should be less than or equal to {LIMIT_MAX}", "less_than_equal")
    return limit


def _token(stands: Cursor | None, listing: Listing[RecordT]) -> str | None:
    if stands is None:
        return None
    values = tuple(value.isoformat() if isinstance(value, datetime) else value for value in stands.values)
    return _write(_Token(listing.bound_to, stands.record_id, values, stands.is_within))


def _write(token: _Token) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).decode().rstrip("=")


def _cursor(text: str | None, bound_to: str, fields: Mapping[str, Field[RecordT]], order: Sequence[tuple[str, bool]]) -> Cursor | None:
    if not text:
        return None
    token = _read(text)
    if token.bound_to != bound_to:
        raise QueryError("pq", "this cursor belongs to another q or sort_by: repeat both as they were, or start again without pq")
    if token.record_id is None:
        return Cursor()
    if len(token.values) != len(order):
        raise _damaged()
    kinds = (fields[name].kind for name, _ in order)
    values = tuple(_value(value, kind) for value, kind in zip(token.values, kinds, strict=True))
    return Cursor(values, token.record_id, is_within=token.is_within)


def _value(value: Value, kind: type) -> Value:
    if value is None:
        return None
    if kind is datetime:
        try:
            return read_instant(str(value))
        except ValueError:
            raise _damaged() from None
    if kind is float and isinstance(value, int | float) and abs(value) <= NUMBER_MAX:
        return float(value)
    if isinstance(value, kind):
        return value
    raise _damaged()


def _damaged() -> QueryError:
    return QueryError("pq", "this is not a cursor that the API issued")


def _read(text: str) -> _Token:
    if len(text) > CURSOR_CHARACTERS_MAX:
        raise _damaged()
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return json_decoder(_Token).decode(raw)
    except (binascii.Error, msgspec.MsgspecError, UnicodeError, ValueError):
        raise _damaged() from None
