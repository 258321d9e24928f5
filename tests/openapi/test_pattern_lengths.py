"""Patterns are weighed by what they are written out to, before anything compiles them."""

from collections.abc import Callable
from math import inf

import pytest

from runflow_mock.openapi.pattern_lengths import CHOICE, LENGTH_MAX, LENGTHS_MAX, READ_MAX, characters_max, length_of
from runflow_mock.openapi.schemas import Schema, SchemaError, check_patterns, compile_schema


@pytest.mark.parametrize(
    ("pattern", "parts", "repeated", "choices"),
    [
        ("^a+b*$", 2, 0, 2),
        ("a{3}", 3, 2, 0),
        ("a{0,9}", 9, 8, 0),
        ("a{9,}", 9, 8, 0),
        ("(ab){5}", 10, 8, 0),
        ("((a{9}){9}){9}", 729, 728, 0),
        ("[a-z{9}]{2}", 2, 1, 1),
        (r"\x{41}{2}", 2, 1, 0),
        (r"\u{10FFFF}", 1, 0, 0),
        (r"\p{L}{2}", 200, 100, 1),
        (r"\{9}", 3, 0, 0),
        ("a{99999999999999999999}", 1_000_000, 999_999, 0),
        ("a)b(c", 4, 0, 0),
        (r"(a|b|\d).?[^\]]\.\*", 7, 0, 6),
        ("^(a|b)[cd]{2,3}.*[ef]?", 7, 2, 4),
        ("^(a|b)[cd]", 3, 0, 0),
        ("^(a|b)([cd]{2,}e)?", 5, 1, 2),
        ("^[cd]?|e", 2, 0, 3),
    ],
)
def test_repeats_are_written_out(pattern: str, parts: int, repeated: int, choices: int) -> None:
    assert length_of(pattern) == (parts, repeated, choices)


def test_pattern_of_nested_repeats_has_a_bounded_length_however_deep_they_are() -> None:
    assert length_of("(" * 500 + "a" + "{999999})" * 500).parts < 10**20


@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        ("^data:.*", inf),
        ("[01]{16}", inf),
        ("[01]{17}", READ_MAX // 16),
        (".{1,8192}", 12_208),
        ("[01]*1" + "[01]" * 9, inf),
        ("[01]*1" + "[01]" * 10, READ_MAX // (12 * CHOICE)),
        ("(?:a|b)" * 12, READ_MAX // (12 * CHOICE)),
        ("1" + "b?" * 200, READ_MAX // (200 * CHOICE)),
        ("a" * 1_000, inf),
        (r"^data:image/(png|jpe?g|gif|webp|svg\+xml|bmp|tiff|x-icon|avif|heic|heif|jxl);base64,[A-Za-z0-9+/]+={0,2}$", inf),
    ],
)
def test_long_texts_are_for_patterns_of_few_repeats(pattern: str, most: float) -> None:
    assert characters_max(pattern) == most


@pytest.mark.parametrize("where", [lambda pattern: {"pattern": pattern}, lambda pattern: {"patternProperties": {pattern: {}}}])
def test_pattern_that_is_too_long_written_out_is_refused_with_its_place(where: Callable[[str], Schema]) -> None:
    check_patterns({"properties": {"a": where("a" + f"{{{LENGTH_MAX}}}")}})
    with pytest.raises(SchemaError, match=rf"^properties\.a\.pattern\w*: with its repeats written out it has {LENGTH_MAX + 10} parts"):
        check_patterns({"properties": {"a": where(f"(aa){{{LENGTH_MAX // 2 + 5}}}")}})


def test_patterns_are_refused_that_are_too_long_together() -> None:
    part: Schema = {"pattern": f"a{{{LENGTH_MAX // 10}}}"}
    most = 10 * LENGTHS_MAX // LENGTH_MAX
    check_patterns({"items": [part] * most})
    with pytest.raises(SchemaError, match=rf"^items\[{most}\]\.pattern: with this one"):
        check_patterns({"items": [part] * (most + 1)})


def test_text_is_too_long_only_where_such_a_pattern_is_held_against_it() -> None:
    schema = compile_schema({"properties": {"a": {"pattern": "(?:a|b){0,1000}x"}, "b": {"pattern": "^data:"}}})
    text = "a" * (READ_MAX // 1_000 + 1_000)
    assert schema.long_texts({"a": text, "b": f"data:{text}"}) == [("a",)]
    assert schema.long_texts({"a": text[:1_000], "b": text}) == []
