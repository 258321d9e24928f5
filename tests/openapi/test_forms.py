"""Of several forms the one that is meant is told of: by its discriminator, by a field of fixed values, or by the type of the value."""

from typing import Any

import pytest
from foreign import contract

from runflow_mock.domain.findings import Location
from runflow_mock.openapi.explanations import schema_findings

Told = list[tuple[Location, str]]
REF = "#/components/schemas/"


def pet(kind: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "object", "required": ["kind", *fields], "properties": {"kind": kind, **fields}}


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
CAT, DOG = pet(TEXT, lives=NUMBER), pet(TEXT, tricks={"type": "array", "items": TEXT})
PETS = {"Cat": CAT, "Dog": DOG}
EITHER = [{"$ref": f"{REF}Cat"}, {"$ref": f"{REF}Dog"}]


def told(schema: Any, value: Any, files: dict[str, Any] | None = None, **schemas: Any) -> list[tuple[Location, str, str]]:
    document = {"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "components": {"schemas": {"T": schema, **PETS, **schemas}}}
    found = schema_findings(contract(document, files=files), ("components", "schemas", "T"), value, ("body",))
    return [(finding.loc[1:], finding.rule, finding.message) for finding in found]


def places(schema: Any, value: Any, files: dict[str, Any] | None = None, **schemas: Any) -> Told:
    return [(loc, rule) for loc, rule, _ in told(schema, value, files, **schemas)]


MAPPINGS: dict[str, Any] = {
    "none": None,
    "other names": {"miau": f"{REF}Cat", "wuff": f"{REF}Dog"},
    "names of schemas": {"miau": "Cat", "wuff": "Dog"},
    "one of two": {"wuff": f"{REF}Dog"},
}


@pytest.mark.parametrize("word", ["oneOf", "anyOf"])
@pytest.mark.parametrize("mapping", MAPPINGS)
def test_form_that_the_discriminator_names_is_told_of(word: str, mapping: str) -> None:
    discriminator = {"propertyName": "kind"} | ({"mapping": MAPPINGS[mapping]} if MAPPINGS[mapping] else {})
    schema = {word: EITHER, "discriminator": discriminator}
    kind = "Dog" if mapping == "none" else "wuff"
    assert places(schema, {"kind": kind, "tricks": [1]}) == [(("tricks", 0), "type")]
    assert places(schema, {"kind": kind}) == [(("tricks",), "required")]
    kind = "Cat" if mapping in ("none", "one of two") else "miau"
    assert places(schema, {"kind": kind, "lives": "x"}) == [(("lives",), "type")]


def test_form_in_another_file_is_told_of() -> None:
    forms = [{"$ref": "pets/cat.json"}, {"$ref": "pets/all.json#/Dog"}]
    files = {"pets/cat.json": CAT, "pets/all.json": {"Dog": DOG, "Cat": False}}
    mapping = {"miau": "pets/cat.json", "wuff": "./pets/all.json#/Dog", "other": "gone.json"}
    schema = {"oneOf": forms, "discriminator": {"propertyName": "kind", "mapping": mapping}}
    assert places(schema, {"kind": "wuff", "tricks": [1]}, files) == [(("tricks", 0), "type")]
    assert places(schema, {"kind": "miau"}, files) == [(("lives",), "required")]
    assert places({**schema, "discriminator": {"propertyName": "kind"}}, {"kind": "cat"}, files) == [(("lives",), "required")]
    assert places(schema, {"kind": "other"}, files) == [(("kind",), "discriminator")]


def test_form_is_meant_by_what_leads_to_it() -> None:
    """The name of a schema that is a reference to another means that one."""
    schema = {"oneOf": [{"$ref": f"{REF}Tom"}, {"$ref": f"{REF}Dog"}], "discriminator": {"propertyName": "kind"}}
    assert places(schema, {"kind": "Tom"}, Tom={"$ref": f"{REF}Cat"}) == [(("lives",), "required")]


@pytest.mark.parametrize(
    ("value", "loc", "rule", "says"),
    [
        ({"kind": "Bird"}, ("kind",), "discriminator", "it names none of the forms miau, Dog"),
        ({"kind": ["Cat"]}, ("kind",), "discriminator", "it names none of the forms miau, Dog"),
        ({}, ("kind",), "required", "the field is required: it says which form is meant"),
        ("Cat", (), "oneOf", "the value is of none of the types object"),
    ],
)
def test_value_that_names_no_form_is_told_at_the_name(value: Any, loc: Location, rule: str, says: str) -> None:
    schema = {"oneOf": EITHER, "discriminator": {"propertyName": "kind", "mapping": {"miau": f"{REF}Cat"}}}
    assert told(schema, value) == [(loc, rule, says)]


def test_what_the_forms_take_for_their_discriminator_is_told_where_they_say_it() -> None:
    """What the schemas are called was told, and they would have refused that as well."""
    schemas = {"CatV2": pet({"const": "cat"}, lives=NUMBER), "DogV2": pet({"enum": ["dog", "wolf"]}, tricks=TEXT)}
    schema = {"oneOf": [{"$ref": f"{REF}{name}"} for name in schemas], "discriminator": {"propertyName": "kind"}}
    assert told(schema, {"kind": "bird"}, **schemas) == [(("kind",), "discriminator", "it names none of the forms cat, dog, wolf")]


def test_discriminator_that_not_every_form_requires_is_not_missed() -> None:
    schema = {"oneOf": [{"$ref": f"{REF}Cat"}, {"type": "object", "required": ["wings"]}], "discriminator": {"propertyName": "kind"}}
    assert places(schema, {}) == [((), "oneOf")]


def test_form_named_by_a_discriminator_is_no_verdict() -> None:
    """OpenAPI: a discriminator is a hint and never changes what a schema allows."""
    schema = {"oneOf": EITHER, "discriminator": {"propertyName": "kind"}}
    assert told(schema, {"kind": "Dog", "lives": 9}) == []


FIXED = {
    "const": ({"const": "cat"}, {"const": "dog"}),
    "enum": ({"enum": ["cat", "tom"]}, {"enum": ["dog"]}),
    "by reference": ({"$ref": f"{REF}IsCat"}, {"$ref": f"{REF}IsDog"}),
}


@pytest.mark.parametrize("word", ["oneOf", "anyOf"])
@pytest.mark.parametrize("fixed", FIXED)
def test_form_that_a_field_of_fixed_values_tells_from_the_others_is_told_of(word: str, fixed: str) -> None:
    cat, dog = FIXED[fixed]
    kinds: dict[str, Any] = {"IsCat": {"const": "cat"}, "IsDog": {"const": "dog"}}
    schema = {word: [pet(cat, lives=NUMBER), {"allOf": [pet(dog, tricks=TEXT)]}]}
    assert places(schema, {"kind": "dog", "tricks": 1}, **kinds) == [(("tricks",), "type")]
    assert places(schema, {"kind": "cat"}, **kinds) == [(("lives",), "required")]
    (wrong,) = told(schema, {"kind": "bird"}, **kinds)
    assert wrong[:2] == (("kind",), "enum")
    assert wrong[2].startswith("no form takes this value; they take cat, ")
    assert places(schema, {}, **kinds) == [((), word)]


def test_field_that_only_some_forms_fix_tells_nothing() -> None:
    run = {"type": "object", "properties": {"status": {"enum": ["queued"]}}, "required": ["id"]}
    error = {"type": "object", "required": ["code"]}
    assert told({"anyOf": [run, error]}, {"id": 1, "status": "odd"}) == [
        ((), "anyOf", "the value is not valid under any of the schemas listed in the 'anyOf' keyword")
    ]


def test_truth_is_no_number_among_fixed_values() -> None:
    schema = {"anyOf": [pet({"const": 1}, a=TEXT), pet({"const": True}, b=TEXT)]}
    assert places(schema, {"kind": True}) == [(("b",), "required")]


def test_more_names_than_anybody_reads_are_counted() -> None:
    schema = {"oneOf": [pet({"const": f"kind{number}"}, a=TEXT) for number in range(12)]}
    ((_, _, says),) = told(schema, {"kind": "bird"})
    assert says.endswith("kind8, kind9 and 2 more")


@pytest.mark.parametrize("word", ["oneOf", "anyOf"])
def test_form_that_alone_takes_values_of_the_type_is_told_of(word: str) -> None:
    """What FastAPI writes of an optional part."""
    optional = {"properties": {"pet": {word: [{"$ref": f"{REF}Cat"}, {"type": "null"}]}}}
    assert places(optional, {"pet": {"kind": "tom", "lives": "x"}}) == [(("pet", "lives"), "type")]
    number = {word: [{"type": "integer", "minimum": 3}, {"type": "string"}]}
    assert places(number, 2) == [((), "minimum")]
    assert places(number, 2.0) == [((), "minimum")]


def test_form_within_the_form_that_is_meant_is_told_of() -> None:
    """What becomes of `nullable` beside a choice in OpenAPI 3.0."""
    inner = {"oneOf": EITHER, "discriminator": {"propertyName": "kind"}}
    assert places({"anyOf": [inner, {"type": "null"}]}, {"kind": "Dog", "tricks": [1]}) == [(("tricks", 0), "type")]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("word", ["oneOf", "anyOf"])
def test_of_a_large_value_the_form_that_is_named_is_told_of(word: str) -> None:
    many = {f"other{number}": number for number in range(3_000)}
    forms = [pet({"const": number}, **{f"name{each}": NUMBER for each in range(20)}) for number in range(20)]
    schemas = {f"Form{number}": form for number, form in enumerate(forms)}
    schema = {word: [{"$ref": f"{REF}Form{number}"} for number in range(20)], "discriminator": {"propertyName": "kind"}}
    found = places(schema, {"kind": "Form7", **many}, **{**schemas, "Form7": pet(TEXT, wings=NUMBER)})
    assert found == [(("wings",), "required")]
    assert (("name0",), "required") in places({word: forms}, {"kind": 7, **many})
