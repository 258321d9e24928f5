import json

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.yaml_values import Mark, YamlError
from runflow_mock.wire.marked_yaml import CHARACTERS_MAX, DEPTH_MAX, NODES_MAX, WRITTEN_MAX, read_yaml, write_yaml

STORY = """\
# A comment.
name: happy
faults:
  - what: {kind: fail}
    where:
      edge: "batch.item[1]"
"""
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="\u2028\u2029"), max_size=8)
LEAVES = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.floats(-1e9, 1e9).map(lambda value: round(value, 3)) | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(lambda key: key != "<<"), inner, max_size=4),
    max_leaves=12,
)


def _error(text: str) -> tuple[str, Mark]:
    with pytest.raises(YamlError) as caught:
        read_yaml(text)
    return caught.value.message, caught.value.mark


def test_every_part_has_its_place() -> None:
    read = read_yaml(STORY)
    assert read.value == {"name": "happy", "faults": [{"what": {"kind": "fail"}, "where": {"edge": "batch.item[1]"}}]}
    assert read.mark_of(("name",)) == Mark(2, 1)
    assert read.mark_of(("faults", 0, "what", "kind")) == Mark(4, 12)
    assert read.mark_of(("faults", 0, "where", "edge")) == Mark(6, 7)


def test_part_that_is_missing_has_the_place_of_what_is_around_it() -> None:
    assert read_yaml(STORY).mark_of(("faults", 0, "when", "times")) == Mark(4, 5)
    assert read_yaml("").mark_of(("name",)) == Mark(1, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("10m", "10m"),
        ("010", 10),
        ("1.50", 1.5),
        ("'1.50'", "1.50"),
        ("~", None),
        ("''", ""),
        ("true", True),
        ("1e3", 1000.0),
        (".inf", ".inf"),
        ("9" * 30, "9" * 30),
        ("[]", []),
        ("{a: , b: 2}", {"a": None, "b": 2}),
        ("- &x [1]\n- *x", [[1], [1]]),
        ("{402: x}", {"402": "x"}),
        ("a: &x k\n*x : 2", {"a": "k", "k": 2}),
        ("{'<<': {a: 1}}", {"<<": {"a": 1}}),
    ],
)
def test_values_are_those_of_yaml_1_2_and_nothing_else(text: str, value: Json) -> None:
    assert read_yaml(text).value == value


@pytest.mark.slow(is_covering=True)
@given(VALUES)
def test_json_is_yaml(value: Json) -> None:
    assert read_yaml(json.dumps(value, ensure_ascii=False)).value == value


@pytest.mark.slow(is_covering=True)
@given(VALUES)
def test_what_is_written_is_read_back(value: Json) -> None:
    assert read_yaml(write_yaml(value)).value == value


@pytest.mark.parametrize(
    "text", ["no", "12:30", "1e3", "10m", "a\nb\n", " x", "#", "-", "null", "true", "2026-01-01", "it's", "é", "a: b", "<<", "="]
)
def test_texts_stay_texts(text: str) -> None:
    assert read_yaml(write_yaml([text, {"a": text}])).value == [text, {"a": text}]


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@ \n\t1,?<~\\", max_size=40))
def test_any_text_is_read_or_refused_by_its_place(text: str) -> None:
    try:
        read_yaml(text)
    except YamlError as error:
        mark = error.mark
    else:
        mark = Mark(1, 1)
    assert min(mark) >= 1


@pytest.mark.parametrize(
    ("text", "named", "mark"),
    [
        ("a: [1\nb: 2", "not YAML", Mark(2, 2)),
        ("a: 1\na: 2", "'a' stands here a second time", Mark(2, 1)),
        ("a: !!python/object:os.system x", "tags such as", Mark(1, 4)),
        ("a: !local [1]", "tags such as !local", Mark(1, 4)),
        ("a: &x {b: 1}\nc:\n  <<: *x", "merge keys", Mark(3, 3)),
        ("? [a]\n: 1", "a name must be a text", Mark(1, 3)),
        ("a: *b", "*b names nothing", Mark(1, 4)),
        ("&a [*a]", "*a leads to itself", Mark(1, 5)),
        ("a: 1\n---\nb: 2", "second document", Mark(2, 1)),
        ("a: \x00", "not YAML", Mark(1, 4)),
    ],
)
def test_what_is_not_understood_is_refused_by_its_place(text: str, named: str, mark: Mark) -> None:
    message, at = _error(text)
    assert named in message
    assert at == mark


def test_depth_is_bounded() -> None:
    read_yaml("[" * DEPTH_MAX + "]" * DEPTH_MAX)
    assert f"deeper than {DEPTH_MAX}" in _error("[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1))[0]
    assert "deeper" in _error("[" * 100_000)[0]


@pytest.mark.slow(is_covering=True)
def test_number_of_values_is_bounded_also_where_aliases_repeat_them() -> None:
    laughs = ["a0: &a0 [1]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert f"more than {NODES_MAX} values" in _error("\n".join(laughs))[0]
    assert f"more than {NODES_MAX} values" in _error(f"[{'1,' * (NODES_MAX + 1)}]")[0]
    assert len(str(read_yaml("\n".join(laughs[:4])).value)) > 1000


def test_length_is_bounded() -> None:
    assert str(CHARACTERS_MAX) in _error("#" * (CHARACTERS_MAX + 1))[0]


def test_value_too_large_to_be_written_for_people_is_json() -> None:
    whole: Json = {"value": [1e16, None, "no"], "filler": "x" * WRITTEN_MAX}
    written = write_yaml(whole)
    assert written.startswith('{\n  "value"')
    assert read_yaml(written).value == whole


@pytest.mark.slow(is_covering=True)
@settings(max_examples=25)
@given(VALUES)
@example({"a": "\x7f\x85\u2028\ufeff", "b": [1e16, -0.5, None, "no", "12:30"]})
def test_large_value_is_written_as_json_and_read_back_as_the_same(value: Json) -> None:
    whole = {"value": value, "filler": "x" * WRITTEN_MAX}
    written = write_yaml(whole)
    assert written.startswith('{\n  "value"')
    assert msgspec.json.decode(written) == whole
    assert read_yaml(written).value == whole
