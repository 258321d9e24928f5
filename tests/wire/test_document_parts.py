"""A large document in parts is the same document, and no part of it is larger than one of its records."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runflow_mock.wire.document_parts import PART_BYTES_MIN, canonical_parts, read_record, read_value, written_parts

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=6
)
LARGE = "x" * PART_BYTES_MIN
RECORD = {"id": "a", "size": 1.0, "more": {"z": 1, "a": [2.5]}}


class Item(msgspec.Struct, frozen=True):
    id: str
    size: int = 0


class World(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    items: tuple[Item, ...]
    more: dict[str, int] = {}


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    rate: float
    world: World


def document(records: int) -> dict[str, Any]:
    return {"rate": 1, "world": {"runs": [RECORD] * records, "accounts": {"entries": [RECORD] * records}}, "files": []}


@pytest.mark.slow(is_covering=True)
@given(VALUES)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_parts_are_the_document(value: Any) -> None:
    whole = msgspec.json.encode(value)
    assert b"".join(written_parts(value)) == whole
    assert b"".join(written_parts(World(name="a", items=(Item("b"),)))) == b'{"name":"a","items":[{"id":"b","size":0}],"more":{}}'


@pytest.mark.slow(is_covering=True)
@given(VALUES, st.booleans())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_parts_of_what_is_read_are_its_values_in_order(value: Any, is_indented: bool) -> None:
    given_value = {"large": [LARGE, value, value], "b": value, "a": {"c": value, "b": LARGE}}
    raw = json.dumps(given_value, indent=2 if is_indented else None).encode()
    whole = msgspec.json.encode(read_value(raw), order="sorted")
    assert b"".join(canonical_parts(raw)) == whole


@pytest.mark.parametrize("records", [10, 3_000])
def test_no_part_grows_with_the_number_of_records(records: int) -> None:
    raw = json.dumps(document(records)).encode()
    largest = 200
    assert max(map(len, written_parts(document(records)))) < largest
    assert max(map(len, canonical_parts(raw))) < (largest if len(raw) > PART_BYTES_MIN else PART_BYTES_MIN)


def test_record_is_read_in_parts_as_it_is_as_a_whole() -> None:
    raw = b'{"rate": 2, "world": {"items": [{"id": "a"}, {"id": "b", "size": 3}], "name": "w", "unknown": 1}, "other": []}'
    assert read_record(raw, Saved) == msgspec.json.decode(raw, type=Saved)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"rate": 2}',
        b'{"rate": "2", "world": {}}',
        b'{"rate": 2, "world": {"name": "w"}}',
        b'{"rate": 2, "world": []}',
        b'{"rate": 2, "world": {"name": "w", "items": {}}}',
        b'{"rate": 2, "world": {"name": "w", "items": [{"id": "a"}, {"id": 1}]}}',
        b'{"rate": 2, "world": {"name": "w", "items": [{"id": "a"}, 7]}}',
        b'{"rate": 2, "world": {"name": "w", "items": [], "more": {"a": "b"}}}',
    ],
)
def test_what_is_no_record_is_told_in_the_same_words(raw: bytes) -> None:
    with pytest.raises(msgspec.ValidationError) as whole:
        msgspec.json.decode(raw, type=Saved)
    with pytest.raises(msgspec.ValidationError) as parts:
        read_record(raw, Saved)
    assert str(parts.value) == str(whole.value)
