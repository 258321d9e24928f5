from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow_mock.domain.documents import BYTE_ORDER_MARK, Json
from runflow_mock.kit.pins.digests import Lock, Pin, canonical_digest, difference_of, digest_of, is_digest, is_pin_name

TEXT = b"# One\n\ntwo\n"
PIN = Pin(url="SKILL.md", bytes=len(TEXT), digest=digest_of(TEXT), date=date(2026, 1, 1), source="file", reason="reviewed")


def test_digest_is_spelled_as_in_the_index_of_skills() -> None:
    assert digest_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert is_digest(digest_of(TEXT))


@pytest.mark.parametrize("text", ["", "sha256:", f"sha256:{'A' * 64}", f"sha512:{'a' * 64}", "a" * 64, f"sha256:{'a' * 64}\n"])
def test_other_spelling_is_no_digest(text: str) -> None:
    assert not is_digest(text)


@pytest.mark.parametrize(("name", "is_one"), [("skill", True), ("catalog.full", True), ("", False), ("Skill", False), ("a b", False)])
def test_name_of_a_pin(name: str, is_one: bool) -> None:
    assert is_pin_name(name) is is_one


def test_order_of_keys_does_not_change_the_canonical_digest() -> None:
    assert canonical_digest({"a": 1, "b": [1, {"c": None, "d": "é"}]}) == canonical_digest({"b": [1, {"d": "é", "c": None}], "a": 1})


def test_value_and_order_of_a_list_change_the_canonical_digest() -> None:
    values: list[Json] = [[1, 2], [2, 1], [1, 3], [1, "2"], {"1": 2}]
    assert len({canonical_digest(value) for value in values}) == len(values)


@pytest.mark.parametrize(
    ("body", "difference"),
    [
        (TEXT, ""),
        (TEXT.replace(b"\n", b"\r\n"), "CRLF line endings"),
        (TEXT.replace(b"\n", b"\r"), "CR line endings"),
        (BYTE_ORDER_MARK + TEXT, "a byte order mark (BOM)"),
        (TEXT.rstrip(b"\n"), "a missing newline at the end"),
        (TEXT + b"\n\n", "more than one newline at the end"),
        (BYTE_ORDER_MARK + TEXT.replace(b"\n", b"\r\n"), "a byte order mark (BOM) and CRLF line endings"),
        (TEXT.replace(b"\n", b"\r\n") + b"\r\n", "CRLF line endings and more than one newline at the end"),
        (TEXT.replace(b"two", b"three"), None),
        (b"", None),
    ],
)
def test_what_programs_change_by_themselves_is_named(body: bytes, difference: str | None) -> None:
    assert difference_of(body, PIN.digest) == difference


@pytest.mark.parametrize(
    ("pinned", "difference"),
    [
        (TEXT.replace(b"\n", b"\r\n"), "LF line endings"),
        (BYTE_ORDER_MARK + TEXT, "a missing byte order mark (BOM)"),
        (TEXT.rstrip(b"\n"), "a newline at the end"),
    ],
)
def test_what_the_pinned_bytes_have_more_is_named_too(pinned: bytes, difference: str) -> None:
    assert difference_of(TEXT, digest_of(pinned)) == difference


@given(st.lists(st.sampled_from(["a", "# b", "", "é"]), min_size=1, max_size=8))
def test_turned_line_endings_are_always_recognised(lines: list[str]) -> None:
    text = "\n".join(["x", *lines, "x"]).encode()
    assert difference_of(text.replace(b"\n", b"\r\n"), digest_of(text)) == "CRLF line endings"


def test_pinning_one_name_leaves_the_others() -> None:
    lock = Lock(pins={"openapi": PIN}).with_pin("skill", PIN)
    assert lock == Lock(pins={"openapi": PIN, "skill": PIN})
