"""Schemas that a request brings along: nothing is opened for them, none makes a run fail, and none takes longer than what it checks."""

import json
import socket
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from doors import Door
from hypothesis import given
from hypothesis import strategies as st
from steps import MODEL, RUNS

from runflow_mock.domain.documents import Json, object_of, read_object
from runflow_mock.openapi.loads import is_too_much, load_of, weight_of
from runflow_mock.wire.catalog import CatalogError, load_catalog
from runflow_mock.wire.fields import HELD_EACH_MAX, HELD_MAX, Checker
from runflow_mock.wire.inputs import complete_schema
from runflow_mock.wire.seals import seal
from runflow_mock.wire.snapshots import SNAPSHOT


@pytest.fixture
def trap() -> Iterator[tuple[str, socket.socket]]:
    """An address that must not be opened, and the socket that would show it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/s.json", listening


def was_opened(listening: socket.socket) -> bool:
    try:
        listening.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def scenario_with(schema: Any) -> dict[str, Any]:
    return {"models": [{"id": MODEL, "input": schema}]}


def reseal(saved: bytes, address: str) -> bytes:
    """Returns a snapshot in which the schema of the model leads to an address, sealed as ours are."""
    document = json.loads(saved)
    model = document["world"]["settings"]["models"][0]
    schema = json.loads(b64decode(model["input_schema"]))
    schema["properties"]["a"] = {"$ref": address}
    model["input_schema"] = b64encode(json.dumps(schema).encode()).decode()
    return seal(SNAPSHOT, {name: part for name, part in document.items() if name not in ("format", "version", "digest")})


WAYS_OUT: dict[str, tuple[str, Any]] = {
    "$ref": ("input.$ref", {"$ref": "ADDRESS"}),
    "$schema": ("input.$schema", {"$schema": "ADDRESS"}),
    "$id": ("input.$id", {"$id": "ADDRESS", "type": "object"}),
    "$dynamicRef": ("input.$dynamicRef", {"$dynamicRef": "ADDRESS"}),
    "$recursiveRef": ("input.$recursiveRef", {"$recursiveRef": "ADDRESS"}),
    "a property": ("input.properties.a.$ref", {"properties": {"a": {"$ref": "ADDRESS"}}}),
    "a property of that name": ("input.properties.$ref.$ref", {"properties": {"$ref": {"$ref": "ADDRESS"}}}),
    "a dialect deep inside": ("input.properties.a.$schema", {"properties": {"a": {"$schema": "ADDRESS"}}}),
    "an old dependency": ("input.dependencies.a.$ref", {"dependencies": {"a": {"$ref": "ADDRESS"}}}),
    "an unknown word": ("input.x.$ref", {"$ref": "#/x", "x": {"$ref": "ADDRESS"}}),
    "a list": ("input.allOf[1].$ref", {"allOf": [True, {"$ref": "ADDRESS"}]}),
    "a name relative to a base": ("input.$ref", {"$ref": "other.json"}),
    "a file": ("input.$ref", {"$ref": "file:///etc/hostname"}),
}


@pytest.mark.parametrize(("place", "schema"), WAYS_OUT.values(), ids=WAYS_OUT.keys())
def test_schema_that_leads_elsewhere_is_refused_with_its_place(
    door: Door, trap: tuple[str, socket.socket], place: str, schema: Any
) -> None:
    address, listening = trap
    asked = json.loads(json.dumps(schema).replace("ADDRESS", address))
    refusals = [
        door.request("POST", "/_mock/tenants", key=None, json={"name": "x", "scenario": scenario_with(asked)}),
        door.request("PUT", "/_mock/scenario", json={"scenario": scenario_with(asked)}),
    ]
    for refusal in refusals:
        assert refusal.status_code == 422, refusal.text
        assert place in refusal.json()["error"]["message"]
    assert not was_opened(listening)
    assert door.request("GET", "/_mock/tenants/x", key=None).status_code == 404


def test_schema_in_a_catalog_file_leads_nowhere_either(trap: tuple[str, socket.socket], tmp_path: Path) -> None:
    address, listening = trap
    entry = {"id": "a/b", "name": "b", "price": {"unit": "request", "amount": "0.1"}, "run_seconds": [1, 2]}
    output = {"media_type": "image/png", "file": "result"}
    file = tmp_path / "catalog.json"
    file.write_text(json.dumps([{**entry, "output": output, "input": {"properties": {"a": {"$ref": address}}}}]))
    with pytest.raises(CatalogError, match=r"input\.properties\.a\.\$ref"):
        load_catalog((file,))
    assert not was_opened(listening)


def test_schema_in_a_snapshot_leads_nowhere_either(door: Door, trap: tuple[str, socket.socket]) -> None:
    address, listening = trap
    put = door.request("PUT", "/_mock/scenario", json={"scenario": scenario_with({"properties": {"a": True}})})
    assert put.status_code == 200, put.text
    saved = door.request("GET", "/_mock/snapshot").content
    assert door.request("PUT", "/_mock/snapshot", content=saved, headers={"content-type": "application/json"}).status_code == 200
    refusal = door.request("PUT", "/_mock/snapshot", content=reseal(saved, address), headers={"content-type": "application/json"})
    assert refusal.status_code == 422
    assert f"input.properties.a.$ref: '{address}'" in refusal.json()["error"]["message"]
    assert not was_opened(listening)


UNUSABLE = {
    "no type": ({"type": "strin"}, "type"),
    "no pattern": ({"properties": {"a": {"pattern": "("}}}, "properties.a.pattern"),
    "a pattern that grows": ({"properties": {"a": {"pattern": "((a{1,1000}){1,1000}){1,1000}"}}}, "properties.a.pattern"),
    "a pattern that stands for megabytes": (
        {"properties": {"a": {"pattern": "(a{0,1000}){0,90}"}}},
        "properties.a.pattern: it is too large once its repeats are written out",
    ),
    "many that do so together": (
        {"properties": {f"a{n}": {"pattern": rf"[\p{{L}}]{{20}}x{n}"} for n in range(40)}},
        "the patterns are too large once their repeats are written out",
    ),
    "a long pattern of names": ({"patternProperties": {"(a{0,1000}){0,90}": {}}}, "patternProperties: it is too large"),
    "a length below nothing": ({"properties": {"a": {"minLength": -1}}}, "properties.a.minLength"),
    "no properties": ({"properties": []}, "properties"),
    "required is no list": ({"required": "a"}, "required"),
    "required twice": ({"required": ["a", "a"]}, "required"),
    "a reference to nothing": ({"$ref": "#/$defs/a"}, "$ref"),
    "an anchor that is not there": ({"$ref": "#a"}, "$ref"),
    "itself": ({"$ref": "#"}, "refers back to itself"),
    "a tree": ({"properties": {"a": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}}, "refers back to itself"),
    "two that name each other": (
        {"$ref": "#/$defs/a", "$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"not": {"$ref": "#/$defs/a"}}}},
        "refers back to itself",
    ),
    "an anchor around it": ({"$dynamicAnchor": "a", "anyOf": [{"$dynamicRef": "#a"}]}, "refers back to itself"),
    "doubled thirty times": (
        {
            "$ref": "#/$defs/d0",
            "$defs": {
                "d30": {"type": "object"},
                **{f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]} for n in range(30)},
            },
        },
        "more than 10000 parts",
    ),
    "many values": ({"properties": {"a": {"enum": list(range(10_001))}}}, "more than 10000 parts"),
    "deep": (json.loads('{"not":' * 70 + "{}" + "}" * 70), "nested more than 64 levels"),
}


@pytest.mark.parametrize(("schema", "named"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_schema_that_is_none_is_refused_when_it_is_loaded(door: Door, schema: Any, named: str) -> None:
    refusal = door.request("PUT", "/_mock/scenario", json={"scenario": scenario_with(schema)})
    assert refusal.status_code == 422, refusal.text
    assert named in refusal.json()["error"]["message"]
    assert door.request("POST", RUNS, json={"input": {"image_url": "https://a.example/b.png"}}).status_code == 201


def test_pattern_that_takes_too_long_is_a_422_of_its_field(door: Door) -> None:
    schema = {"properties": {"prompt": {"type": "string", "pattern": r"^(a|aa)+\1?$"}}}
    assert door.request("PUT", "/_mock/scenario", json={"scenario": scenario_with(schema)}).status_code == 200
    refusal = door.request("POST", RUNS, json={"input": {"prompt": "a" * 60 + "!"}})
    assert refusal.status_code == 422
    told = {"loc": ["body", "input", "prompt"], "type": "string_pattern_cost"}
    assert refusal.json()["errors"] == [{**told, "msg": "Input takes too long to be held against the pattern of this field"}]
    assert door.request("POST", RUNS, json={"input": {"prompt": "a"}}).status_code == 201


def test_text_that_is_too_long_for_a_pattern_of_many_repeats_is_a_422_of_its_field(door: Door) -> None:
    """A megabyte of it kept everybody waiting for seconds: each character was held against a thousand states."""
    schema = {
        "properties": {"prompt": {"type": "string", "pattern": "[01]*1[01]{1000}x"}, "image": {"type": "string", "pattern": "^data:"}}
    }
    assert door.request("PUT", "/_mock/scenario", json={"scenario": scenario_with(schema)}).status_code == 200
    refusal = door.request("POST", RUNS, json={"input": {"prompt": "01" * 60_000}})
    assert [(each["loc"], each["type"]) for each in refusal.json()["errors"]] == [(["body", "input", "prompt"], "string_pattern_cost")]
    refusal = door.request("POST", RUNS, json={"input": {"prompt": "01" * 60_000, "image": "data:" + "0" * 200_000}})
    assert [each["loc"] for each in refusal.json()["errors"]] == [["body", "input", "prompt"]]
    given = {"prompt": "1" * 1_001 + "x", "image": "data:" + "0" * 200_000}
    assert door.request("POST", RUNS, json={"input": given}).status_code == 201


def test_texts_that_are_together_too_long_for_a_pattern_are_told_and_a_picture_by_a_pattern_of_few_states_is_taken(door: Door) -> None:
    tags = {"type": "array", "items": {"type": "string", "pattern": "(a|b)*a(a|b){500}x"}}
    image = {"type": "string", "pattern": "^data:image/(png|jpeg);base64,[A-Za-z0-9+/=]{100,}$"}
    assert door.request(
        "PUT", "/_mock/scenario", json={"scenario": scenario_with({"properties": {"tags": tags, "image": image}})}
    ).is_success
    refusal = door.request("POST", RUNS, json={"input": {"tags": ["ab" * 500] * 20}})
    assert {each["type"] for each in refusal.json()["errors"]} == {"string_pattern_cost"}
    assert door.request("POST", RUNS, json={"input": {"image": "data:image/png;base64," + "A" * 1_100_000}}).status_code == 201


def test_pattern_below_dependencies_is_read_as_javascript_reads_it(door: Door) -> None:
    schema = {"dependencies": {"prompt": {"properties": {"b": {"pattern": "^[^]$"}}}}}
    assert door.request("PUT", "/_mock/scenario", json={"scenario": scenario_with(schema)}).is_success
    answers = [door.request("POST", RUNS, json={"input": {"prompt": "a", "b": text}}).status_code for text in ("\r", "ab")]
    assert answers == [201, 422]


TRIED: dict[str, Json] = {"type": "string", "pattern": "^(?!.*nsfw).*$"}
LONG = "A" * 3_000
TRIED_PLACES: dict[str, tuple[dict[str, Json], Json, list[tuple[str | int, ...]]]] = {
    "another field": ({"properties": {"image": {"type": "string", "pattern": "^A"}, "prompt": TRIED}}, {"image": LONG, "prompt": "a"}, []),
    "the field": ({"properties": {"image": {}, "prompt": TRIED}}, {"image": LONG, "prompt": LONG + "b"}, [("prompt",)]),
    "an item": ({"properties": {"texts": {"items": {"anyOf": [{}, TRIED]}}}}, {"texts": ["a", LONG + "b"]}, [("texts", 1)]),
    "another field that is there": ({"dependencies": {"a": {"properties": {"b": TRIED}}}}, {"a": 1, "b": LONG + "b"}, [("b",)]),
    "a reference": ({"$defs": {"t": TRIED}, "properties": {"a": {"$ref": "#/$defs/t"}, "b": {}}}, {"a": LONG + "b", "b": LONG}, [("a",)]),
    "names that fit": ({"patternProperties": {"^a": TRIED}}, {"a": LONG}, [("a",)]),
    "a name for references": (
        {"$defs": {"t": {"$anchor": "t", **TRIED}}, "properties": {"a": {"$ref": "#t"}, "b": {}}},
        {"a": "a", "b": LONG},
        [("b",)],
    ),
    "more than is looked at": (
        {"properties": {"a": TRIED, "n": {"items": {"minimum": 0}}}},
        {"n": list(range(20_500)), "b": LONG},
        [("b",)],
    ),
}


@pytest.mark.parametrize(("schema", "value", "places"), TRIED_PLACES.values(), ids=TRIED_PLACES)
def test_long_text_is_refused_where_a_pattern_that_is_tried_may_speak_of_it(
    schema: dict[str, Json], value: Json, places: list[tuple[str | int, ...]]
) -> None:
    found = Checker(schema).errors(value, ())
    assert [(error.loc, error.type) for error in found] == [(place, "string_pattern_cost") for place in places]


def test_input_that_meets_too_many_rules_is_refused(door: Door) -> None:
    schema = {"properties": {"n": {"type": "array", "items": {"allOf": [{"minimum": 0}] * 3_000}}}}
    assert door.request("PUT", "/_mock/scenario", json={"scenario": scenario_with(schema)}).status_code == 200
    assert door.request("POST", RUNS, json={"input": {"n": [0] * 100}}).status_code == 201
    refusal = door.request("POST", RUNS, json={"input": {"n": [0] * 10_000}})
    told = {"loc": ["body", "input"], "msg": "Input is too large to be held against all that its schema says", "type": "value_cost"}
    assert (refusal.status_code, refusal.json()["errors"]) == (422, [told])


@pytest.mark.parametrize(("key", "around"), [("input", lambda inputs: inputs), ("items", lambda inputs: {"input": inputs})])
def test_batch_whose_inputs_together_meet_too_many_rules_is_refused(door: Door, key: str, around: Callable[[Json], Json]) -> None:
    schema = {"properties": {"n": {"type": "array", "items": {"allOf": [{"minimum": 0}] * 3_000}}}}
    assert door.request("PUT", "/_mock/scenario", json={"scenario": scenario_with(schema)}).status_code == 200
    taken, refused = (
        door.request("POST", RUNS.replace("/runs", "/batches"), json={key: [around({"n": [0] * 100})] * count}) for count in (20, 50)
    )
    message = "Inputs are together too large to be held against all that their schema says: send fewer at once"
    told = {"loc": ["body", key], "msg": message, "type": "value_cost"}
    assert (taken.status_code, refused.status_code, refused.json().get("errors")) == (201, 422, [told])


BESIDE_A_PICTURE: dict[str, dict[str, Json]] = {
    "a fraction": {"guidance": {"type": "number", "multipleOf": 0.1}},
    "many values": {"guidance": {"enum": [7.5, *(f"v{index}" for index in range(600))]}},
    "two fractions": {"guidance": {"anyOf": [{"multipleOf": 0.1}, {"multipleOf": 0.05}, {"type": "null"}]}},
    "fractions of items": {"loras": {"type": "array", "items": {"properties": {"scale": {"multipleOf": 0.05}}}}},
    "patterns": {"prompt": {"anyOf": [{"pattern": f"^a{index}"} for index in range(12)]}},
    "a picture that is an address": {"image": {"type": "string", "format": "uri", "pattern": "^data:", "minLength": 1}},
}


@pytest.mark.parametrize("beside", BESIDE_A_PICTURE.values(), ids=BESIDE_A_PICTURE)
def test_picture_is_taken_whatever_its_model_says_of_other_fields(beside: dict[str, Json]) -> None:
    schema: dict[str, Json] = {"type": "object", "properties": {"image": {"type": "string"}, **beside}}
    found = Checker(schema).errors({"image": "data:image/png;base64," + "A" * 9_000_000, "guidance": 7.5, "loras": [{"scale": 0.5}]}, ())
    assert found == []


PICTURE_CHARACTERS = 66 * 2**20
"""As many as the largest file that the contract takes inline has."""


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_picture_as_long_as_the_contract_takes_is_taken(door: Door) -> None:
    picture = "data:image/png;base64," + "A" * PICTURE_CHARACTERS
    assert door.request("POST", RUNS, json={"input": {"image_url": picture}}).status_code == 201


def test_every_model_of_the_catalog_takes_pictures_as_long(door: Door) -> None:
    picture = "A" * PICTURE_CHARACTERS
    values: list[Json] = [{"a": picture}, {"a": [picture]}, {"a": [{"b": picture}]}]
    for model in door.runtime.catalog.models:
        load = load_of(complete_schema(read_object(model.input_schema)))
        assert not any(is_too_much(load, value, HELD_MAX) for value in values), model.id


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"properties": {"a": {"allOf": [{"format": "uri"}] * 4_000}}}, {"a": "x" * 2_000_000}),
        ({"patternProperties": {f"x{index}z": {} for index in range(1_000)}}, {"x" * 2_000_000: 1}),
        ({"propertyNames": {"allOf": [{"pattern": "z$"}] * 4_000}}, {"x" * 2_000_000: 1}),
        ({"allOf": [{"uniqueItems": True}] * 4_000}, ["x" * 1_000_000, "x" * 1_000_000 + "y"]),
    ],
    ids=["formats", "patterns of names", "names", "items that differ"],
)
def test_long_text_that_meets_thousands_of_rules_that_read_it_is_refused(schema: dict[str, Json], value: Json) -> None:
    assert [error.type for error in Checker(schema).errors(value, ())] == ["value_cost"]


@pytest.mark.parametrize(
    "refused",
    [lambda checker, value: checker.errors(value, ())[0].msg, lambda checker, value: checker.together(1, 99_999)(value)[0]],
    ids=["one input", "a batch"],
)
def test_refusal_for_long_numbers_beside_items_that_have_to_differ_says_so(refused: Callable[[Checker, Json], str]) -> None:
    checker = Checker({"properties": {"tags": {"uniqueItems": True}}})
    assert "`uniqueItems`" in refused(checker, {"tags": [], "ids": [2**64 + index for index in range(530)]})


@pytest.mark.parametrize(("number", "is_refused"), [(1.25, False), (1e308, True), (1e-300, True)])
def test_prices_are_taken_by_the_hundred_thousand_unless_they_take_long_to_divide(number: float, is_refused: bool) -> None:
    load = load_of({"properties": {"prices": {"type": "array", "items": {"type": "number", "multipleOf": 0.01}}}})
    assert is_too_much(load, {"prices": [number] * 150_000}, HELD_MAX) is is_refused


HALVES: list[Json] = [index + 0.5 for index in range(200)]


@pytest.mark.parametrize(
    ("listed", "value", "is_refused"),
    [
        ([[*HALVES, 0.1 + index] for index in range(30)], [[*HALVES, 29.1]] * 400, True),
        ([*HALVES[:99], 0.25], [0.25] * 10_000, True),
        ([*range(100)], [0.25] * 10_000, True),
        ([2**64 + index for index in range(100)], [2**64] * 5_000, True),
        ([[*HALVES, 0.1]], [[*HALVES, 0.1]] * 400, False),
        ([0.5, 1, 1.5, 2, "auto"], [0.5, "auto"] * 10_000, False),
        ([*range(100)], [7] * 10_000, False),
        ([str(index) for index in range(600)], ["data:image/png;base64," + "A" * PICTURE_CHARACTERS], False),
    ],
    ids=["lists", "fractions", "a fraction in whole ones", "long", "one list", "few", "whole ones", "texts and a picture"],
)
def test_value_is_refused_where_comparing_it_with_all_that_are_listed_takes_long(listed: Json, value: Json, is_refused: bool) -> None:
    load = load_of({"type": "array", "items": {"enum": listed}})
    assert is_too_much(load, value, HELD_MAX) is is_refused


def test_batch_of_as_many_inputs_as_its_limit_allows_is_taken_for_every_model_of_the_catalog(door: Door) -> None:
    for model in door.runtime.catalog.models:
        schema = complete_schema(read_object(model.input_schema))
        fields = object_of(schema.get("properties"))
        given: Json = {name: ["x"] * 10 if "items" in object_of(field) else "x" for name, field in fields.items()}
        assert weight_of(load_of(schema), given, HELD_MAX) <= HELD_EACH_MAX, model.id


def test_references_within_a_schema_are_followed(door: Door) -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {"size": {"$ref": "#/$defs/Size"}, "other": {"$ref": "#named"}, "$ref": {"type": "string"}},
        "$defs": {"Size": {"enum": ["small", "large"]}, "Other": {"$anchor": "named", "type": "integer"}},
        "examples": [{"$ref": "https://x.example/"}],
    }
    assert door.request("PUT", "/_mock/scenario", json={"scenario": scenario_with(schema)}).status_code == 200
    assert door.request("POST", RUNS, json={"input": {"size": "small", "other": 1, "$ref": "https://x.example/"}}).status_code == 201
    assert door.request("POST", RUNS, json={"input": {"size": "huge", "other": 1}}).status_code == 422


WORDS = st.sampled_from(
    ["type", "properties", "items", "$ref", "$defs", "anyOf", "not", "enum", "pattern", "required", "const", "$id", "a", "default"]
)
SCHEMAS = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.sampled_from(["string", "object", "#", "#/$defs/a", "(", "a", "^a"]),
    lambda inner: st.dictionaries(WORDS, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.slow(is_covering=True)
@given(schema=st.dictionaries(WORDS, SCHEMAS, max_size=5), value=SCHEMAS)
def test_whatever_schema_is_accepted_every_page_and_run_is_answered(schema: Any, value: Any) -> None:
    with Door() as door:
        put = door.request("PUT", "/_mock/scenario", json={"scenario": scenario_with(schema)})
        assert put.status_code in (200, 422), put.text
        if put.status_code == 200:
            answers = [door.request("POST", RUNS, json={"input": {"a": value, "image_url": "https://a.example/b.png"}})]
            answers += [
                door.request("GET", path) for path in ("/v1/models?embed=inputs,outputs", "/v1/public/models", f"/v1/models/{MODEL}")
            ]
            assert {each.status_code for each in answers} <= {200, 201, 404, 422}, [each.text for each in answers]
