import sys
from functools import partial
from types import FrameType
from urllib.parse import quote

import pytest
from costs import lines_run
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from worlds import catalog

from runflow_mock.domain.documents import Json, write_document
from runflow_mock.domain.media_fields import blanks, required_fields
from runflow_mock.domain.models import Model
from runflow_mock.wire.inputs import (
    CHECKERS_MAX,
    Fields,
    InputChecks,
    complete_schema,
    fields_in,
    read_input_schema,
    without_nulls,
)

URL = "https://cdn.example.com/a.png"


def errors(model: str, inputs: dict[str, Json]) -> list[tuple[tuple[str | int, ...], str]]:
    return [(error.loc, error.type) for error in InputChecks().read(catalog().get(model), inputs, ("body", "input"))[1]]


def test_right_inputs_have_no_errors() -> None:
    assert errors("runflow/background-removal", {"image_url": URL, "unknown": 1}) == []


def test_optional_null_counts_as_left_out_and_a_required_one_does_not() -> None:
    assert errors("runflow/background-removal", {"image_url": URL, "config": None}) == []
    assert errors("runflow/background-removal", {"image_url": None}) == [(("body", "input", "image_url"), "string_type")]


def test_optional_null_counts_as_left_out_at_any_depth() -> None:
    config: dict[str, Json] = {"elements": ["tag_removal"], "aspect_ratio": None, "product_isolation_prompt": None}
    assert errors("runflow/dyver-removal", {"image_url": URL, "config": config}) == []
    found = errors("runflow/dyver-removal", {"image_url": URL, "config": {"elements": None}})
    assert found == [(("body", "input", "config", "elements"), "list_type")]


def test_enum_inside_a_list_is_checked() -> None:
    inputs: dict[str, Json] = {"image_url": URL, "config": {"elements": ["tag_removal", "magic"]}}
    assert errors("runflow/dyver-removal", inputs) == [(("body", "input", "config", "elements", 1), "enum")]


@pytest.mark.parametrize("url", ["", "a.png", "ftp://a.example/x", "//a.example", " https://a.example", "HTTPS://a.example"])
def test_media_of_other_prefixes_is_refused(url: str) -> None:
    assert errors("runflow/background-removal", {"image_url": url}) == [(("body", "input", "image_url"), "string_pattern_mismatch")]
    inputs: dict[str, Json] = {"prompt": "x", "image_urls": [URL, url]}
    assert errors("openai/gpt-image-2/edit", inputs) == [(("body", "input", "image_urls", 1), "string_pattern_mismatch")]


def test_nulls_are_dropped_only_where_there_are_any() -> None:
    inputs: dict[str, Json] = {"a": 1}
    assert without_nulls(inputs, Fields()) is inputs
    assert without_nulls({"a": None, "b": None, "c": 0}, Fields(frozenset("a"))) == {"a": None, "c": 0}


def test_nulls_in_objects_and_in_lists_of_them_are_dropped_where_nothing_requires_them() -> None:
    point: Json = {"type": "object", "required": ["x"], "properties": {"x": {"type": "number"}, "note": {"type": "string"}}}
    lines: Json = {"type": "array", "items": {"type": "array", "items": point}}
    fields = fields_in({"properties": {"at": point, "lines": lines, "any": {"type": "object"}}})
    sent: dict[str, Json] = {"at": {"x": 1, "note": None}, "lines": [[{"x": None, "note": None}], None], "any": {"kept": None}}
    assert without_nulls(sent, fields) == {"at": {"x": 1}, "lines": [[{"x": None}], None], "any": {"kept": None}}
    assert sent["at"] == {"x": 1, "note": None}


WORDS: Json = {"type": ["string", "null"]}
TEXT: Json = {"type": "string"}
OF_NO_NAME = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("part", "value", "wrong"),
    [
        ({**OF_NO_NAME, "additionalProperties": WORDS, "minProperties": 1}, {"x": None}, []),
        ({**OF_NO_NAME, "additionalProperties": TEXT}, {"x": None}, [("string_type", "x")]),
        ({**OF_NO_NAME, "additionalProperties": False}, {"typo": None}, [("value_error",)]),
        *[
            ({"type": "object", "properties": {"x": nullable}, "minProperties": 1}, {"x": None}, [])
            for nullable in (
                WORDS,
                {},
                True,
                {"enum": ["a", None]},
                {"const": None},
                {"anyOf": [TEXT, {"type": "null"}]},
                {"allOf": [WORDS]},
            )
        ],
        *[
            ({"type": "object", "properties": {"x": refused}, "maxProperties": 0}, {"x": None}, [])
            for refused in (TEXT, {"enum": ["a"]}, {"const": 1}, {"oneOf": [TEXT]}, {"allOf": [TEXT]}, {"$ref": "#/$defs/text"})
        ],
    ],
)
def test_null_in_an_object_counts_as_left_out_only_for_a_name_whose_schema_takes_none(
    part: dict[str, Json], value: Json, wrong: list[tuple[str, ...]]
) -> None:
    schema: dict[str, Json] = {"type": "object", "properties": {"part": part}, "$defs": {"text": TEXT}}
    model = replace(catalog().get("runflow/background-removal"), input_schema=write_document(schema))
    found = InputChecks().read(model, {"part": value}, ())[1]
    assert [(error.type, *map(str, error.loc[1:])) for error in found] == wrong


@pytest.mark.parametrize(("schema", "names"), [({}, set()), ({"required": ["a", "b"]}, {"a", "b"}), ({"required": "a"}, set())])
def test_required_names_are_read(schema: dict[str, Json], names: set[str]) -> None:
    assert required_fields(schema) == names


@pytest.mark.parametrize("schema", [{}, {"properties": []}, {"properties": {"a": True, "b": {"type": "string"}}}])
def test_schema_without_media_stays_as_it_is(schema: dict[str, Json]) -> None:
    assert complete_schema(schema) == schema


def test_media_fields_get_the_pattern() -> None:
    image: Json = {"type": "string", "x-variable-type": "image"}
    images: Json = {"type": "array", "x-variable-type": "image_list", "items": {"type": "string"}}
    completed = complete_schema({"properties": {"one": image, "many": images}})
    assert str(completed).count("runflow://") == 2


@pytest.mark.slow(is_covering=True)
def test_oldest_compiled_schema_makes_room() -> None:
    checks, model = InputChecks(), catalog().get("runflow/background-removal")
    for number in range(CHECKERS_MAX + 1):
        schema = write_document({"type": "object", "required": [f"f{number}"]})
        assert checks.read(replace(model, input_schema=schema), {}, ())[1][0].loc == (f"f{number}",)
    assert len(checks) == CHECKERS_MAX


def test_bare_id_of_an_asset_inside_an_object_becomes_a_reference() -> None:
    properties: dict[str, Json] = {"image_url": {"type": "string", "x-variable-type": "image"}, "strength": {"type": "number"}}
    schema: dict[str, Json] = {"type": "object", "properties": {"mask": {"type": "object", "properties": properties}}}
    model = replace(catalog().get("runflow/background-removal"), input_schema=write_document(schema))
    asset = "019b76da-a800-7000-8001-585649daa5c4"
    inputs, found = InputChecks().read(model, {"mask": {"image_url": asset, "strength": 1}}, ("body", "input"))
    assert (inputs, found) == ({"mask": {"image_url": f"runflow://assets/{asset}", "strength": 1}}, [])
    assert InputChecks().read(model, {"mask": "no object"}, ("body", "input"))[0] == {"mask": "no object"}


def shaped(**properties: Json) -> Model:
    schema: dict[str, Json] = {"type": "object", "properties": properties, "required": ["shots"]}
    return replace(catalog().get("runflow/background-removal"), input_schema=write_document(schema))


IMAGE: Json = {"type": "string", "x-variable-type": "image"}
IMAGES: Json = {"type": "array", "x-variable-type": "image_list", "items": {"type": "string"}}
SHOT: dict[str, Json] = {"type": "object", "required": ["start"], "properties": {"start": IMAGE, "end": IMAGE, "extra": IMAGES}}
SHOTS = shaped(
    shots={"type": "array", "items": SHOT}, references=IMAGES, grid={"type": "array", "items": {"type": "array", "items": IMAGE}}
)


def judged(inputs: dict[str, Json]) -> list[tuple[tuple[str | int, ...], str]]:
    return [(error.loc, error.type) for error in InputChecks().read(SHOTS, inputs, ("body", "input"))[1]]


def test_blank_media_counts_as_left_out_in_lists_and_in_objects_in_lists() -> None:
    assert judged({"shots": [{"start": URL, "end": "", "extra": [""]}], "references": ["", URL], "grid": ""}) == []


def test_what_is_required_of_an_object_in_a_list_cannot_be_blank() -> None:
    loc = ("body", "input", "shots", 1, "start")
    assert judged({"shots": [{"start": URL}, {"start": ""}]}) == [(loc, "string_pattern_mismatch")]


def test_entry_beside_a_blank_one_is_named_by_its_own_place() -> None:
    loc = ("body", "input", "references", 1)
    assert judged({"shots": [], "references": ["", "no address"]}) == [(loc, "string_pattern_mismatch")]


def test_id_among_other_entries_becomes_a_reference() -> None:
    asset = "019B76DA-a800-7000-8001-585649daa5c4"
    others: list[Json] = [1, None, "", URL, f"{asset} ", "x" * 36, {}, [], [asset]]
    known = f"runflow://assets/{asset.lower()}"
    inputs, _ = InputChecks().read(SHOTS, {"references": [*others, asset]}, ())
    assert inputs == {"references": [*others[:-1], [known], known]}


def test_bare_id_in_an_object_in_a_list_becomes_a_reference() -> None:
    asset = "019b76da-a800-7000-8001-585649daa5c4"
    inputs: dict[str, Json] = {"shots": [{"start": asset, "extra": [asset, URL]}], "grid": [[asset]]}
    known = f"runflow://assets/{asset}"
    expected: dict[str, Json] = {"shots": [{"start": known, "extra": [known, URL]}], "grid": [[known]]}
    assert InputChecks().read(SHOTS, inputs, ("body", "input")) == (expected, [])


@pytest.mark.parametrize("entry", [1, None, True], ids=["number", "null", "truth value"])
@pytest.mark.parametrize("name", ["pictures", "shots"])
def test_entry_in_which_no_media_can_be_costs_no_step(name: str, entry: Json) -> None:
    """Of a list of a million numbers each was asked whether it is the id of an asset."""
    pictures: Json = {"type": "array", "x-variable-type": "image_list", "items": {}}
    model = shaped(pictures=pictures, shots={"type": "array", "items": {"properties": {"start": IMAGE}}})
    checks, lines = InputChecks(), list[int]()
    for count in (0, 1_000, 4_000):
        inputs: dict[str, Json] = {"pictures": [], "shots": [], name: [entry] * count}
        assert checks.read(model, inputs, (), 8_000) == (inputs, [])
        lines.append(lines_run(partial(checks.read, model, inputs, (), 8_000)))
    assert lines == [lines[0]] * 3


@pytest.mark.parametrize("text", ["a", URL])
def test_text_that_is_no_id_costs_no_call(text: str) -> None:
    model, checks = shaped(pictures={"type": "array", "x-variable-type": "image_list"}, shots={}), InputChecks()
    read = [partial(checks.read, model, {"shots": [], "pictures": [text] * count}, (), 8_000) for count in (1, 1_001)]
    assert read[0]()[1] == []
    assert lines_run(read[1]) - lines_run(read[0]) < 2_000


def test_blank_entries_are_not_looked_for_where_the_whole_is_refused() -> None:
    """Of a million blank entries a list was made, to leave out what is told of them where nothing is told of any."""

    def steps(**rules: Json) -> int:
        schema: dict[str, Json] = {"properties": {"pictures": {"type": "array", "x-variable-type": "image_list"}}, **rules}
        model, count = replace(shaped(), input_schema=write_document(schema)), 0

        def step(frame: FrameType, event: str, argument: object) -> None:
            nonlocal count
            count += event == "call" and frame.f_code is blanks.__code__

        sys.setprofile(step)
        try:
            assert InputChecks().read(model, {"pictures": [""] * 60}, ())[1]
        finally:
            sys.setprofile(None)
        return count

    assert steps(required=["a"]) > 60
    assert steps(maxProperties=0) == 0


@given(st.lists(st.sampled_from(["", URL]), max_size=5), st.lists(st.sampled_from(["", URL]), max_size=5))
def test_only_what_is_required_decides_whether_blanks_are_refused(starts: list[str], ends: list[str]) -> None:
    shots: list[Json] = [{"start": start, "end": end} for start, end in zip(starts, ends, strict=False)]
    refused = [index for index, (start, _) in enumerate(zip(starts, ends, strict=False)) if start == ""]
    assert [loc[3] for loc, _ in judged({"shots": shots, "references": list[Json](ends)})] == refused


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        ("^a.b$", "axb", "a\rb"),
        (r"^x\b", "xé", "xa"),
        ("^[^]$", "\n", ""),
        (r"^[\w-.]$", "-", "a-"),
        (r"^\<$", "<", ""),
        (r"^\uD83D\uDE00$", "😀", "x"),
    ],
)
def test_pattern_of_an_input_means_what_it_does_in_javascript(pattern: str, fits: str, fits_not: str) -> None:
    """In a field, in a name, and where a reference leads through that name."""
    named: dict[str, Json] = {"patternProperties": {pattern: {"type": "object", "maxProperties": 0}}, "additionalProperties": False}
    escaped = pattern.replace("~", "~0").replace("/", "~1")
    led: dict[str, Json] = {"$ref": f"#/properties/named/patternProperties/{quote(escaped)}"}
    schema: dict[str, Json] = {"properties": {"text": {"type": "string", "pattern": pattern}, "named": named, "led": led}}
    model = replace(catalog().get("runflow/background-removal"), input_schema=read_input_schema(schema))
    checks = InputChecks()
    assert checks.read(model, {"text": fits, "named": {fits: {}}, "led": {}}, ())[1] == []
    [error] = checks.read(model, {"text": fits_not}, ())[1]
    assert (error.msg, error.type) == (f"Input should match {pattern}", "string_pattern_mismatch")
    assert checks.read(model, {"named": {fits_not: {}}}, ())[1] != []
    assert [error.loc for error in checks.read(model, {"led": {"a": 1}}, ())[1]] == [("led",)]


def test_pattern_that_is_none_is_told_as_it_was_written() -> None:
    with pytest.raises(ValueError, match=r"input\.properties\.text\.pattern: .*\(\[\^\]"):
        read_input_schema({"properties": {"text": {"pattern": "([^]"}}})
