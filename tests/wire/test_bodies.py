import json
from contextlib import suppress
from typing import Any

import pytest
from costs import lines_run
from hypothesis import given, settings
from hypothesis import strategies as st

from runflow_mock.wire.bodies import DEPTH_MAX, read_body, read_optional_body
from runflow_mock.wire.problems import Problem

TYPE = "application/json"


def status_of(raw: bytes, content_type: str | None = TYPE) -> int:
    with pytest.raises(Problem) as raised:
        read_body(raw, content_type)
    return raised.value.status


def test_object_is_read() -> None:
    assert read_body(b'{"a": [1, 2.5, null, true, "\\u00e9"]}', TYPE) == {"a": [1, 2.5, None, True, "é"]}


@pytest.mark.parametrize(("raw", "expected"), [(b"", {}), (b" \n", {}), (b'{"a": 1}', {"a": 1})])
def test_optional_body_may_be_left_out(raw: bytes, expected: dict[str, Any]) -> None:
    assert read_optional_body(raw, None) == expected


def test_optional_body_that_is_there_must_be_right() -> None:
    with pytest.raises(Problem):
        read_optional_body(b"{", TYPE)


def test_deepest_body_is_read_and_a_deeper_one_is_not() -> None:
    def nested(depth: int) -> bytes:
        return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    assert set(read_body(nested(DEPTH_MAX), TYPE)) == {"a"}
    assert status_of(nested(DEPTH_MAX + 1)) == 400


def test_wide_body_is_not_deep() -> None:
    assert len(read_body(json.dumps({"a": [[]] * 500, "b": "[[[{{{" * 50}).encode(), TYPE)) == 2


WIDE = {
    "lists": b'{"a":[' + b"[]," * 5_000 + b"1]}",
    "items of a batch": b'{"items":[' + b'{"input":{"a":[1]}},' * 5_000 + b"{}]}",
    "texts with brackets": b'{"a":[' + b'"[{[{",' * 5_000 + b"1]}",
    "many levels, many times": b'{"a":[' + (b"[" * 60 + b"]" * 60 + b",") * 100 + b"1]}",
    "what closes and was not open": b"]}" * 5_000,
    "what opens and is not closed": b"[{" * 5_000,
    "what does not fit": b"[}{]" * 5_000,
}


@pytest.mark.parametrize("raw", WIDE.values(), ids=WIDE.keys())
def test_bracket_costs_no_step_of_its_own(raw: bytes) -> None:
    def read() -> None:
        with suppress(Problem):
            read_body(raw, TYPE)

    assert lines_run(read) < 500


def _deepest(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if parts is None else 1 + max(map(_deepest, parts), default=0)


@pytest.mark.slow(is_covering=True)
@given(
    st.recursive(
        st.sampled_from((1, "[[", '"]')), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("[]{}", max_size=2), inner)
    ),
    st.integers(DEPTH_MAX - 4, DEPTH_MAX + 1),
)
def test_body_is_refused_from_one_level_on_whatever_else_is_in_it(value: Any, levels: int) -> None:
    for level in range(levels):
        value = [value, []] if level % 2 else {"}": value}
    raw = json.dumps({"a": value}).encode()
    if _deepest(value) + 1 > DEPTH_MAX:
        assert status_of(raw) == 400
    else:
        assert read_body(raw, TYPE) == {"a": value}


@pytest.mark.parametrize("key", ["a", "a:b", "\\u003a", "\\\\u003a", "é"])
def test_key_that_occurs_twice_is_refused_however_it_is_spelt(key: str) -> None:
    assert status_of(f'{{"{key}": 1, "x": ":", "{key}": "::"}}'.encode()) == 400
    assert len(read_body(f'{{"{key}": 1, "x": ":", "{key}2": "::"}}'.encode(), TYPE)) == 3


@pytest.mark.parametrize("digits", [308, 309, 310, 4000, 5000])
def test_whole_number_is_read_up_to_the_range_of_a_double(digits: int) -> None:
    raw = b'{"n": ' + b"1" * digits + b"}"
    if digits <= 309:
        assert read_body(raw, TYPE) == {"n": int("1" * digits)}
    else:
        assert status_of(raw) == 400


def test_text_of_digits_is_no_number() -> None:
    assert read_body(b'{"n": ": ' + b"1" * 400 + b'"}', TYPE) == {"n": ": " + "1" * 400}


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text('ab:\\"{[é😀', max_size=6)
names = st.text('ab:\\"{[é😀', max_size=4)
objects = st.dictionaries(
    names,
    st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8),
    max_size=4,
)


@pytest.mark.slow(is_covering=True)
@settings(max_examples=40, derandomize=True, deadline=None)
@given(value=objects, ascii_only=st.booleans())
def test_any_object_is_read_as_the_standard_library_reads_it(value: dict[str, Any], ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert read_body(raw, TYPE) == json.loads(raw)


@pytest.mark.slow(is_covering=True)
@settings(max_examples=40, derandomize=True, deadline=None)
@given(value=objects.filter(bool), data=st.data())
def test_any_doubled_key_is_refused(value: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(value)))
    raw = json.dumps(value)[:-1] + f", {json.dumps(name)}: {json.dumps(data.draw(scalars))}}}"
    assert status_of(raw.encode()) == 400


@pytest.mark.parametrize(
    ("raw", "encoding", "named"),
    [
        (b"\x1f\x8b\x08\x00", "gzip", "Content-Encoding: gzip"),
        (b'{"input": {}}', "br", "Content-Encoding: br"),
        (b"\x1f\x8b\x08\x00", None, "gzip"),
        (b'\xef\xbb\xbf{"input": {}}', None, "byte order mark"),
        ('{"input": {}}'.encode("utf-16"), None, "it is UTF-16, as its byte order mark says"),
        ('{"input": {}}'.encode("utf-32"), None, "it is UTF-32, as its byte order mark says"),
        ('{"input": {}}'.encode("utf-32-be"), None, "it is UTF-32: send UTF-8"),
        ('{"input": {}}'.encode("utf-16-le"), None, "it is UTF-16: send UTF-8"),
        ('{"input": {}}'.encode("utf-16-be"), None, "it is UTF-16: send UTF-8"),
        ('\n{"input": {}}'.encode("utf-16-le"), None, "it is UTF-16: send UTF-8"),
        (" [1]".encode("utf-16-be"), None, "it is UTF-16: send UTF-8"),
        ('[{"input": {}}]'.encode("utf-32-le"), None, "it is UTF-32: send UTF-8"),
        ('\t"a"'.encode("utf-32-be"), None, "it is UTF-32: send UTF-8"),
        (b"\x28\xb5\x2f\xfd\x00", None, "packed with zstd"),
        (b'{"a": "party \\ud83c"}', None, "the lone surrogate \\ud83c"),
        ('{"a": "caf\xe9"}'.encode("latin-1"), None, "it is not UTF-8 at byte 10: send UTF-8"),
        (b'{"a": "\\\\ud83c \\udf89\\ud83c"}', None, "the lone surrogate \\udf89"),
    ],
)
def test_message_names_what_clients_get_wrong_without_knowing_it(raw: bytes, encoding: str | None, named: str) -> None:
    with pytest.raises(Problem) as raised:
        read_body(raw, TYPE, encoding)
    assert (raised.value.status, raised.value.code) == (400, "BAD_REQUEST")
    assert named in raised.value.message


def test_whole_pairs_and_escaped_backslashes_are_no_half_characters() -> None:
    assert read_body(b'{"a": "\\ud83c\\udf89 \\\\ud83c"}', TYPE, "identity") == {"a": "\U0001f389 \\ud83c"}


@pytest.mark.parametrize("body", [{"a": ["fine", {"b": "x\0"}]}, {"a": ["fine"], "b": "\0"}, {"a": [{"\0": 1}]}])
def test_nul_is_found_at_any_depth(body: dict[str, Any]) -> None:
    assert status_of(json.dumps(body).encode()) == 422
    assert read_body(json.dumps(body).replace("\\u0000", "").encode(), TYPE)
