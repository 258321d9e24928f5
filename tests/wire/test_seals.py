"""A sealed document is accepted however it is written, and refused once its values are others."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runflow_mock.wire.seals import Form, Unreadable, check_seal, read_values, seal

FORM = Form("thing", 3, "GET /_mock/thing")
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=5
)


@pytest.mark.slow(is_covering=True)
@given(st.dictionaries(TEXTS.filter(lambda name: name not in ("format", "version", "digest")), VALUES, max_size=4), st.booleans())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_document_is_accepted_in_whatever_order_and_space(content: dict[str, object], is_indented: bool) -> None:
    raw = seal(FORM, content)
    check_seal(raw, FORM)
    check_seal(json.dumps(json.loads(raw), sort_keys=True, indent=2 if is_indented else None).encode(), FORM)


def test_document_says_what_it_is_before_all_else() -> None:
    assert list(json.loads(seal(FORM, {"a": 1}))) == ["format", "version", "digest", "a"]
    assert seal(FORM, {"a": 1}).startswith(b'{"format":"runflow-mock/thing","version":3,"digest":"sha256:')


def test_whole_number_may_be_written_as_javascript_does() -> None:
    raw = seal(FORM, {"a": 1.0, "b": [2.0, 0.5]})
    check_seal(raw.replace(b"1.0", b"1").replace(b"2.0", b"2"), FORM)


@pytest.mark.parametrize(
    ("old", "new"), [(b'"a":1', b'"a":2'), (b'"a":1', b'"b":1'), (b'"a":1', b'"a":1,"b":null'), (b'"a":1', b'"a":true')]
)
def test_other_values_are_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(Unreadable, match="the thing was cut or edited"):
        check_seal(seal(FORM, {"a": 1}).replace(old, new), FORM)


def test_document_of_another_form_or_version_is_refused() -> None:
    raw = seal(Form("other", 3, "nowhere"), {})
    with pytest.raises(Unreadable, match="its format is 'runflow-mock/other', not 'runflow-mock/thing'; GET /_mock/thing gives one"):
        check_seal(raw, FORM)
    with pytest.raises(Unreadable, match="has version 4, and this runflow-mock reads version 3 alone: make it anew"):
        check_seal(seal(Form("thing", 4, "nowhere"), {}), FORM)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 100_000, b"1", b'"x"'])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read_values(raw)
