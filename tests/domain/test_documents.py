import json

import msgspec
import pytest
from costs import lines_run
from hypothesis import given, settings
from hypothesis import strategies as st

from runflow_mock.domain.documents import (
    CALLS_BYTES_MAX,
    DEPTH_MAX,
    LONG_TEXT_BYTES,
    VALUES_MAX,
    Json,
    check_shape,
    contains,
    has_whole_number_beyond_doubles,
    look_up,
    parts_of,
    present,
    read_document,
    read_object,
    reads_at_once,
    try_document,
    try_object,
    write_document,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def test_document_is_compact_and_keeps_the_order_of_keys() -> None:
    assert write_document({"b": 1, "a": [True, None, "é"]}) == '{"b":1,"a":[true,null,"é"]}'.encode()


@pytest.mark.slow(is_covering=True)
@given(JSON)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_document_reads_back_and_contains_itself(value: Json) -> None:
    assert read_document(write_document(value)) == value
    assert contains(value, value)


def test_text_that_is_not_json_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        read_document(b"{")


def test_object_of_a_document_is_empty_when_there_is_none() -> None:
    assert read_object(b'{"a":1}') == {"a": 1}
    assert read_object(None) == {}
    assert read_object(b"[1]") == {}


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ({"a": 1, "b": 2}, {}),
        ({"a": 1, "b": 2}, {"b": 2}),
        ({"a": {"b": [1, 2], "c": 3}}, {"a": {"b": [1, 2]}}),
        ([{"a": 1, "b": 2}], [{"a": 1}]),
        (1.0, 1),
        (None, None),
        ({"a": None}, {"a": None}),
    ],
)
def test_subset_is_contained(value: Json, pattern: Json) -> None:
    assert contains(value, pattern)


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ({}, {"a": None}),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": {}}),
        ([1, 2], [1]),
        ([2, 1], [1, 2]),
        (1, True),
        (True, 1),
        ("1", 1),
        (None, {}),
        ({}, []),
    ],
)
def test_anything_else_is_not_contained(value: Json, pattern: Json) -> None:
    assert not contains(value, pattern)


@pytest.mark.parametrize(
    ("path", "found"),
    [("config", {"elements": [1]}), ("config.elements", [1]), ("config.elements.0", None), ("missing", None), ("config.missing.x", None)],
)
def test_dotted_path_leads_to_a_value_or_nothing(path: str, found: Json) -> None:
    assert look_up({"config": {"elements": [1]}}, path) == found


def test_path_into_something_else_leads_to_nothing() -> None:
    assert look_up([1], "config") is None
    assert look_up(None, "config") is None


def test_value_inside_itself_is_refused_and_one_below_the_bound_is_not() -> None:
    deep: Json = []
    for _ in range(DEPTH_MAX - 2):
        deep = [deep]
    check_shape(deep)
    with pytest.raises(ValueError, match=f"nested deeper than {DEPTH_MAX} levels"):
        check_shape([deep])


@pytest.mark.slow(is_covering=True)
def test_values_that_aliases_repeat_are_counted_as_often_as_they_are_met() -> None:
    shared: Json = dict.fromkeys(map(str, range(VALUES_MAX // 1_000)), 0)
    with pytest.raises(ValueError, match=f"more than {VALUES_MAX} values"):
        check_shape([shared] * 1_001)


@pytest.mark.parametrize(
    "text", [b"", b"no JSON", b'"\xff"', b"[" * 100_000, "\ud800"], ids=["empty", "no JSON", "no UTF-8", "nested", "no text"]
)
def test_what_is_no_json_has_no_value(text: bytes | str) -> None:
    assert try_document(text) is None


def test_what_may_be_json_is_read_as_json() -> None:
    assert (try_document(b'{"a": 1}'), try_document("[1]"), try_document(b"null")) == ({"a": 1}, [1], None)
    assert (try_object(b'{"a": 1}'), try_object(b"[1]"), try_object(b"{")) == ({"a": 1}, {}, {})


def test_parts_come_in_order_each_before_what_lies_in_it_however_deep() -> None:
    assert [*parts_of({"a": [1, {"b": 2}], "c": []}, "x")] == [{"a": [1, {"b": 2}], "c": []}, [1, {"b": 2}], 1, {"b": 2}, 2, [], "x"]
    deep: Json = []
    for _ in range(10_000):
        deep = [deep]
    assert sum(1 for _ in parts_of(deep)) == 10_001


def test_part_that_is_changed_when_it_comes_is_looked_into_as_it_is_then() -> None:
    whole: dict[str, Json] = {"a": [1]}
    met = []
    for part in parts_of(whole):
        met.append(part)
        if part is whole:
            whole["a"] = [2]
    assert met == [{"a": [2]}, [2], 2]


def test_what_is_none_is_not_present() -> None:
    assert present(a=1, b=None, c="", d=False) == {"a": 1, "c": "", "d": False}


NUMBERS = CALLS_BYTES_MAX // 4 * b"1.5,"


@pytest.mark.parametrize("number", [b"1.5", b"-0.1e22", b"1e99", b"0." + b"1" * 40])
def test_no_line_runs_for_a_number_of_a_long_text_that_is_read_fast(number: bytes) -> None:
    text = b"[" + NUMBERS + (number + b",") * 100 + b"1]"
    assert reads_at_once(text)
    assert lines_run(lambda: read_document(text)) < 10
    assert read_document(text)[-2] == float(number)  # type: ignore[index]


@pytest.mark.parametrize("number", [b"1e308", b"-1.7E+308", b"5e-324", b"1e-400"])
def test_number_at_the_ends_of_a_double_is_read_by_a_call(number: bytes) -> None:
    text = b"[" + NUMBERS + number + b"]"
    assert not reads_at_once(text)
    assert read_document(text)[-1] == float(number)  # type: ignore[index]


@pytest.mark.parametrize("text", [b"[" + NUMBERS + b"1e309]", b"[1e309]"])
def test_number_beyond_a_double_is_refused_in_texts_of_any_length(text: bytes) -> None:
    with pytest.raises(ValueError, match="out of range"):
        read_document(text)


def test_whole_number_beyond_doubles_has_309_digits() -> None:
    assert has_whole_number_beyond_doubles(b"[" + b"9" * 309 + b"]")
    assert not has_whole_number_beyond_doubles(b"[" + b"9" * 308 + b"]")
    assert not has_whole_number_beyond_doubles(b"1" * 308)


LONG = "x" * LONG_TEXT_BYTES


@pytest.mark.parametrize(("text", "is_one"), [(f'{{"picture":"{LONG}%s","n":1}}', False), (f'{{"picture":"{LONG}","n":%s}}', True)])
@pytest.mark.parametrize("before", ["", '"', '\\"'], ids=["plain", "quote", "escaped"])
def test_what_a_long_text_says_is_no_number(text: str, is_one: bool, before: str) -> None:
    many = f"[{before and json.dumps(before)}{before and ','}{text}]"
    assert reads_at_once((many % "1e308").encode()) is not is_one
    assert has_whole_number_beyond_doubles((many % ("9" * 309)).encode()) is is_one


@pytest.mark.parametrize("beside", [f'"{LONG}"', f'"\\"{LONG}"', f'"{LONG}\\""', f'"{LONG}",' + '"",' * 1_000 + '""'])
def test_number_is_found_beside_any_long_text(beside: str) -> None:
    for text in (f"[1e308,{beside}]", f"[{beside},1e308]", f"[{beside},[0,1e308],{beside}]"):
        assert not reads_at_once(text.encode())
        assert read_document(text.encode()) == json.loads(text)


def test_list_of_numbers_is_no_long_text() -> None:
    numbers = ",".join(["1e308"] * (LONG_TEXT_BYTES // 5))
    assert not reads_at_once(f'["a",{numbers},"b"]'.encode())
