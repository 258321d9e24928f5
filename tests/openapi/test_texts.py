"""Texts of documents are read as what they say, in bounded time and memory, and what cannot be read is told with its place."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow_mock.domain.documents import DEPTH_MAX, VALUES_MAX
from runflow_mock.openapi.texts import TOLD_MAX, TextError, read_text
from runflow_mock.user_files import FILE_BYTES_MAX


def bomb(levels: int, *, merged: bool = False) -> bytes:
    """Lists of nine aliases each, or objects into which nine are merged."""
    lines = ["a0: &a0 {k: v}" if merged else "a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        nine = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} {{<<: [{nine}]}}" if merged else f"a{level}: &a{level} [{nine}]")
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": [1, 1.5, null, true, "x"]}', {"a": [1, 1.5, None, True, "x"]}),
        (b"\xef\xbb\xbf{}", {}),
        (b"\xef\xbb\xbfa: 1", {"a": 1}),
        (b"200: {yes: no, on: off, 1.0: y}", {"200": {"yes": "no", "on": "off", "1.0": "y"}}),
        (b"a: 2023-06-31\nb: 2023-06-30\nc: 2023-01-01T00:00:00Z", {"a": "2023-06-31", "b": "2023-06-30", "c": "2023-01-01T00:00:00Z"}),
        (b"a: 12:30\nb: 1_000\nc: 0o17\nd: 010", {"a": "12:30", "b": "1_000", "c": 15, "d": 10}),
        (b"a: 1e-08\nb: .5\nc: -3\nd: +4\ne: 18446744073709551616", {"a": 1e-08, "b": 0.5, "c": -3, "d": 4, "e": 18446744073709551616.0}),
        (b"a: ~\nb:\nc: Null\nd: 'null'\ne: \"1\"", {"a": None, "b": None, "c": None, "d": "null", "e": "1"}),
        (b"a: &x [1, 2]\nb: *x\nc: &y 5\nd: *y", {"a": [1, 2], "b": [1, 2], "c": 5, "d": 5}),
        (
            b"a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: {<<: [{q: 9}, *x]}",
            {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}, "c": {"p": 1, "q": 9}},
        ),
        (b"a: !!str 5\nb: !!int '5'\nc: !!timestamp 2023-01-01\nd: !own x", {"a": "5", "b": 5, "c": "2023-01-01", "d": "x"}),
        (b"a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
        (b"", None),
    ],
)
def test_text_is_read_as_what_it_says(text: bytes, value: Any) -> None:
    assert read_text(text) == value


NO_WHOLE = (b"x", b"1.0", b"1e3", b"1_000", b"0b11", b"' 12 '", "١٢".encode(), b"", b"true")
NO_NUMBER = (b"x", b"nan", b".nan", b".inf", b"infinity", b"1_0", b"")
TOO_LARGE = (b"1e400", b"-1e400", b"9" * 310, b"9" * 5_000, b"0x" + b"f" * 300, b"!!int " + b"9" * 310, b"!!float 1e999")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"[" * 3_000, "nested deeper"),
        (b"[" * 300_000, "nested deeper"),
        (b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1), "nested deeper"),
        (b"{'a': " * (DEPTH_MAX + 1) + b"1" + b"}" * (DEPTH_MAX + 1), r"^line 1, column \d+: it is nested deeper"),
        (b"&g {x-self: *g}", "^line 1, column 13: [*]g leads to itself"),
        (b"- *gone", "^line 1, column 3: [*]gone names nothing"),
        (bomb(9), "^line [67], column .*: its aliases repeat more than"),
        (bomb(9, merged=True), "^line [67], column .*: its aliases repeat more than"),
        (b"a: b: c", "^it is neither JSON nor YAML: line 1, column 5: "),
        (b"paths:\n\t/x: {}", "^it is neither JSON nor YAML: line 2, column 1: "),
        (b"{\n  'a': [1,\n", "^it is neither JSON nor YAML: line 3, column 1: "),
        (b"\xff\xfe{", "^it is neither JSON nor YAML: "),
        (b"? [a]\n: 1", "^line 1, column 3: a name must be a text"),
        (b"a: 1\n---\nb: 2", "^line 2, column 1: there is a second document"),
        *((b"\na: !!int " + text, "^line 2, column 4: '.*' is not what its tag says") for text in NO_WHOLE),
        *((b"\na: !!float " + text, "^line 2, column 4: '.*' is not what its tag says") for text in NO_NUMBER),
        *(
            (b"\na: !!bool " + text, "^line 2, column 4: '.*' is not what its tag says")
            for text in (b"nonsense", b"yes", b"tRuE", b"1", b"''")
        ),
        *((b"\na: !!null " + text, "^line 2, column 4: '.*' is not what its tag says") for text in (b"x", b"0", b"none")),
        *((b"\na: !!" + tag + b" [1]", "^line 2, column 4: it is not what its tag !!.* says") for tag in (b"int", b"map", b"str")),
        *((b"\na: !!" + tag + b" {b: 1}", "^line 2, column 4: it is not what its tag !!.* says") for tag in (b"int", b"seq", b"null")),
        *((b"\na: !!" + tag + b" x", "^line 2, column 4: it is not what its tag !!.* says") for tag in (b"seq", b"map")),
        *((b"\na: " + text, "^line 2, column 4: the number .* is too large to be one of JSON") for text in TOO_LARGE),
        (b'{"a": 1e400}', "^line 1, column 7: the number 1e400 is too large to be one of JSON"),
        (b"a: 1\nb: x\0", r"^it is neither JSON nor YAML: line 2, column 5: the character U\+0000 is not allowed"),
        (b"a: \xc3\xa9\nb: \xff", "^it is neither JSON nor YAML: line 2, column 4: it is not UTF-8"),
        (b"a: !!int x", "^line 1, column 4: 'x' is not what its tag says"),
        (b" " * (FILE_BYTES_MAX + 1), f"^it has {FILE_BYTES_MAX + 1} bytes"),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes | str) else None,
)
def test_text_that_cannot_be_read_is_told_with_its_place(text: bytes, says: str) -> None:
    with pytest.raises(TextError, match=says):
        read_text(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"a: 1\nb:\n  c: 1\n  c: 2\n", ["line 4, column 3: 'c' comes twice in one object; the last one counts"]),
        (b'a: 1\n"a": 2', ["line 2, column 1: 'a' comes twice in one object; the last one counts"]),
        (b"200: 1\n'200': 2", ["line 2, column 1: '200' comes twice in one object; the last one counts"]),
        (b'{"a": {"b": 1, "b": 2, "b": 3}}', ["'b' comes 3 times in one object; the last one counts"]),
        (b"x: &x {a: 1}\ny: {<<: *x, <<: *x, a: 2}", []),
        (b'{"a": {"a": 1}, "b": {"a": 1}}', []),
    ],
)
def test_name_that_comes_twice_is_told(text: bytes, told: list[str]) -> None:
    lines: list[str] = []
    assert read_text(text, lines.append) == read_text(text)
    assert lines == told


def test_of_many_names_that_come_twice_some_are_told() -> None:
    lines: list[str] = []
    read_text(b"".join(b"a%d: 1\na%d: 2\n" % (n, n) for n in range(TOLD_MAX + 5)), lines.append)
    assert (len(lines), lines[-1]) == (TOLD_MAX + 1, "5 more names come twice")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"a: 0o17\nb: 0xfF\nc: 017", {"a": 15, "b": 255, "c": 17}),
        (b"a: &x k\n*x : 2", {"a": "k", "k": 2}),
        (b"&x a: 1\nb: *x", {"a": 1, "b": "a"}),
        (b"y: {'<<': {a: 1}}", {"y": {"<<": {"a": 1}}}),
        (b"y: {<<: [3]}", {"y": {"<<": [3]}}),
        (b"a: !!int 0x1F\nb: !!int 0o17\nc: !!int '-3'\nd: !!int +4", {"a": 31, "b": 15, "c": -3, "d": 4}),
        (b"a: !!int " + b"9" * 45 + b"\nb: " + b"9" * 60, {"a": 1e45, "b": 1e60}),
        (
            b"a: 12345678901234567890.5\nb: 0.1111111111111111111111\nc: 0xFFFFFFFFFFFFFFFFFF",
            {"a": 12345678901234567890.5, "b": 1 / 9, "c": 2.0**72},
        ),
        (
            b"a: !!bool TRUE\nb: !!bool 'false'\nc: !!null ~\nd: !!null\ne: !!float 1",
            {"a": True, "b": False, "c": None, "d": None, "e": 1.0},
        ),
        (b"a: !!seq [1]\nb: !!map {c: 1}\nd: !!set {x}\ne: !!omap [x: 1]", {"a": [1], "b": {"c": 1}, "d": {"x": None}, "e": [{"x": 1}]}),
        (
            b"a: .inf\nb: -.INF\nc: .nan\nd: 190:20:30\ne: 0b11\nf: =",
            dict(zip("abcdef", (".inf", "-.INF", ".nan", "190:20:30", "0b11", "="), strict=True)),
        ),
    ],
)
def test_rare_forms_of_yaml_mean_what_yaml_says(text: bytes, value: Any) -> None:
    assert read_text(text) == value


@pytest.mark.slow
def test_number_of_values_is_bounded() -> None:
    with pytest.raises(TextError, match=rf"^line 1, column \d+: it has more than {VALUES_MAX} values"):
        read_text(b"[" + b"a," * (VALUES_MAX + 1) + b"]")


def test_depth_is_allowed_up_to_the_limit() -> None:
    deep = b"[" * DEPTH_MAX + b"]" * DEPTH_MAX
    assert read_text(deep) == read_text(deep.replace(b"[]", b"[ ]"))


# YAML has no pairs of surrogates, which JSON writes for what is beyond the first plane.
TEXTS = st.text(st.characters(max_codepoint=0xD7FF), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXTS | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(value=VALUES)
def test_json_and_yaml_of_a_value_are_read_as_the_same(value: Any) -> None:
    text = json.dumps(value)
    assert read_text(text.encode()) == value
    assert read_text(b"# YAML\n" + text.encode()) == value


@given(raw=st.binary(max_size=60) | st.text(alphabet="{}[]:,&*!-?|>'\"\n ab<", max_size=30).map(str.encode))
def test_no_bytes_end_in_another_error(raw: bytes) -> None:
    try:
        value = read_text(raw)
    except TextError as error:
        value = str(error)
    assert value is None or json.dumps(value)
