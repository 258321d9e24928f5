import pytest
from msgspec.structs import replace
from worlds import catalog

from runflow_mock.domain.documents import Json, write_document
from runflow_mock.wire.inputs import CHECKERS_MAX, InputChecks, complete_schema, required_fields, without_nulls

URL = "https://cdn.example.com/a.png"


def errors(model: str, inputs: dict[str, Json]) -> list[tuple[tuple[str | int, ...], str]]:
    return [(error.loc, error.type) for error in InputChecks().read(catalog().get(model), inputs, ("body", "input"))[1]]


def test_right_inputs_have_no_errors() -> None:
    assert errors("runflow/background-removal", {"image_url": URL, "unknown": 1}) == []


def test_optional_null_counts_as_left_out_and_a_required_one_does_not() -> None:
    assert errors("runflow/background-removal", {"image_url": URL, "config": None}) == []
    assert errors("runflow/background-removal", {"image_url": None}) == [(("body", "input", "image_url"), "string_type")]


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
    assert without_nulls(inputs, frozenset()) is inputs
    assert without_nulls({"a": None, "b": None, "c": 0}, frozenset("a")) == {"a": None, "c": 0}


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
