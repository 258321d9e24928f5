from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from itertools import chain
from operator import attrgetter
from pkgutil import iter_modules
from typing import Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runflow_mock import wire
from runflow_mock.domain.dialects import BUNDLES
from runflow_mock.domain.filters import Field, QueryError
from runflow_mock.domain.pages import select
from runflow_mock.wire.listing import (
    decode_listing,
    flag_fields,
    number_fields,
    project,
    read_flag,
    read_number,
    represent_page,
    text_fields,
    time_fields,
)
from runflow_mock.wire.problems import Problem


class Shirt(msgspec.Struct, frozen=True):
    id: str
    colour: str | None
    size: int | None
    sold: bool | None
    at: datetime | None


FIELDS: dict[str, Field[Shirt]] = {**text_fields("id", "colour"), **number_fields("size"), **flag_fields("sold"), **time_fields("at")}
ORDERS = [f"{name}:{way}" for name in FIELDS for way in ("asc", "desc")]
DAYS = [None, *(datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2))]
rows = st.tuples(*(st.sampled_from(pool) for pool in (["red", "blue", None], [1, 2, None], [True, False, None], DAYS)))
shirts = st.lists(rows, max_size=7).map(lambda rows: [Shirt(f"{number:03}", *row) for number, row in enumerate(rows)])
orders = st.lists(st.sampled_from(ORDERS), min_size=1, max_size=3).map(",".join)


def page(records: list[Shirt], **parameters: str) -> dict[str, object]:
    listing = decode_listing(parameters, FIELDS, "id")
    found = select(records, FIELDS, listing.query)
    items = [project(msgspec.structs.asdict(record), listing.names) for record in found.records]
    return represent_page(found, listing, items, BUNDLES["seed"])


def names(found: dict[str, object]) -> list[str]:
    items = found["items"]
    assert isinstance(items, list)
    return [item["id"] for item in items]


def walk(records: list[Shirt], sort_by: str, limit: int, token: str, start: dict[str, object], **way: str) -> list[list[str]]:
    pages = [names(start)]
    found = start
    while found[token] is not None:
        found = page(records, sort_by=sort_by, limit=str(limit), pq=str(found[token]), **way)
        pages.append(names(found))
    return pages


@pytest.mark.slow(is_covering=True)
@settings(max_examples=40, derandomize=True, deadline=None)
@given(records=shirts, sort_by=orders, limit=st.integers(1, 3))
def test_pages_joined_give_the_list_forwards_and_backwards(records: list[Shirt], sort_by: str, limit: int) -> None:
    whole = names(page(records, sort_by=sort_by))
    assert sorted(whole) == [shirt.id for shirt in records]
    forwards = walk(records, sort_by, limit, "next", page(records, sort_by=sort_by, limit=str(limit)))
    assert list(chain(*forwards)) == whole
    last = page(records, sort_by=sort_by, limit=str(limit), from_prev="true")
    backwards = walk(records, sort_by, limit, "previous", last, from_prev="true")
    assert list(chain(*reversed(backwards))) == whole


def test_plain_example_of_pages() -> None:
    records = [Shirt(name, None, size, None, None) for name, size in (("a", 2), ("b", None), ("c", 1))]
    first = page(records, sort_by="size:asc", limit="2")
    assert names(first) == ["b", "c"]
    assert names(page(records, sort_by="size:asc", limit="2", pq=str(first["next"]))) == ["a"]


@pytest.mark.parametrize(("text", "value"), [("1", True), ("TRUE", True), ("0", False), ("false", False)])
def test_flag_is_read(text: str, value: bool) -> None:
    assert read_flag(text) is value


@pytest.mark.parametrize("text", ["", "yes", "2"])
def test_other_text_is_no_flag(text: str) -> None:
    with pytest.raises(ValueError, match="not true or false"):
        read_flag(text)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "x", ""])
def test_number_must_be_finite(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        read_number(text)


def test_projection_keeps_the_order_asked_for_and_refuses_unknown_names() -> None:
    assert list(project({"a": 1, "b": 2, "c": 3}, ["c", "a"])) == ["c", "a"]
    assert project({"a": 1}, None) == {"a": 1}
    with pytest.raises(Problem):
        project({"a": 1}, ["z"])


def test_cursor_of_one_order_is_refused_for_another() -> None:
    records = [Shirt(name, None, None, None, None) for name in "abc"]
    cursor = str(page(records, limit="1")["next"])
    with pytest.raises(QueryError):
        page(records, limit="1", sort_by="id:desc", pq=cursor)
    assert names(page(records, limit="2", pq=cursor)) == ["b", "c"]


@pytest.mark.parametrize(("order", "value"), [("at:asc", "no instant"), ("size:asc", "seven"), ("colour:asc", 7)])
def test_cursor_whose_values_were_changed_is_refused(order: str, value: object) -> None:
    records = [Shirt(f"{number}", "red", number, None, datetime(2026, 1, 1, tzinfo=UTC)) for number in range(3)]
    token = str(page(records, sort_by=order, limit="1")["next"])
    parts = msgspec.json.decode(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    changed = {**parts, "values": [value, *parts["values"][1:]]} if isinstance(parts, dict) else [*parts[:2], [value, *parts[2][1:]]]
    with pytest.raises((QueryError, Problem)):
        page(records, sort_by=order, limit="1", pq=urlsafe_b64encode(msgspec.json.encode(changed)).decode().rstrip("="))


def _tables() -> Iterator[tuple[type, Mapping[str, Field[Any]]]]:
    for found in iter_modules(wire.__path__):
        module = import_module(f"runflow_mock.wire.{found.name}")
        for name, annotated in vars(module).get("__annotations__", {}).items():
            if get_args(annotated) and get_origin(get_args(annotated)[-1]) is Field:
                yield get_args(get_args(annotated)[-1])[0], getattr(module, name)


def test_fields_of_the_same_name_are_there_in_the_records() -> None:
    """Nothing else looks at these names before a client filters by one."""
    rows = [(record, name) for record, fields in _tables() for name, field in fields.items() if isinstance(field.get, attrgetter)]
    assert len(rows) > 80
    assert [(record.__name__, name) for record, name in rows if not hasattr(record, name)] == []
