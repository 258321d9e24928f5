"""Generic schemas: what a `$dynamicRef` means where a schema refers to a generic one and gives the meaning."""

import json
from typing import Any

import pytest
from foreign import contract

from runflow_mock.openapi.contracts import Contract

WHOLE, TEXT = {"type": "integer"}, {"type": "string"}
ANY = {"responses": {"default": {"description": "Any."}}}
GENERIC = {
    "$id": "generic_list",
    "type": "object",
    "properties": {"items": {"type": "array", "items": {"$dynamicRef": "#item"}}, "next": TEXT},
    "$defs": {"any": {"$dynamicAnchor": "item"}},
}


def of(name: str, schema: Any, reference: str = "generic_list") -> dict[str, Any]:
    return {"$id": name, "$ref": reference, "$defs": {"own": {"$dynamicAnchor": "item", **schema}}}


def taking(**schemas: Any) -> Contract:
    return contract({"openapi": "3.1.0", "info": {}, "paths": {"/x": {"get": ANY}}, "components": {"schemas": schemas}})


def allowed(judging: Contract, name: str, *values: Any) -> list[bool]:
    return [judging.allows(("components", "schemas", name), value) for value in values]


@pytest.mark.parametrize("reference", ["generic_list", "#/components/schemas/List", "generic_list#"])
def test_each_use_of_a_generic_schema_has_its_own_meaning(reference: str) -> None:
    judging = taking(List=GENERIC, Wholes=of("wholes", WHOLE, reference), Texts=of("texts", TEXT, reference))
    assert judging.problems == ()
    values = ({"items": [1]}, {"items": ["a"]}, {"next": 1})
    assert allowed(judging, "Wholes", *values) == [True, False, False]
    assert allowed(judging, "Texts", *values) == [False, True, False]
    assert allowed(judging, "List", *values) == [True, True, False]


def test_what_is_meant_may_be_a_reference_and_the_use_may_say_more() -> None:
    use = {**of("pets", {"$ref": "#/components/schemas/Pet"}), "required": ["items"]}
    judging = taking(List=GENERIC, Pets=use, Pet={"type": "object", "required": ["name"]})
    assert allowed(judging, "Pets", {"items": [{"name": 1}]}, {"items": [{}]}, {}) == [True, False, False]


def test_tree_whose_nodes_are_meant_dynamically_is_narrowed_as_a_whole() -> None:
    tree = {
        "$id": "https://own.example/tree",
        "$dynamicAnchor": "node",
        "type": "object",
        "properties": {"data": {}, "children": {"type": "array", "items": {"$dynamicRef": "#node"}}},
    }
    strict = {"$id": "https://own.example/strict", "$dynamicAnchor": "node", "$ref": "tree", "unevaluatedProperties": False}
    judging = taking(Tree=tree, Strict=strict)
    misspelt = {"children": [{"daat": 1}]}
    assert allowed(judging, "Tree", misspelt) == [True]
    assert allowed(judging, "Strict", misspelt, {"children": [{"data": 1}]}) == [False, True]


def test_use_of_a_use_means_what_the_first_on_the_way_says() -> None:
    narrower = {"$id": "narrower", "$ref": "wholes", "$defs": {"own": {"$dynamicAnchor": "item", "maximum": 3}}}
    judging = taking(List=GENERIC, Wholes=of("wholes", WHOLE), Narrower=narrower)
    assert judging.problems == ()
    values = ({"items": [5]}, {"items": [3]}, {"items": ["a"]}, {"next": 1})
    assert allowed(judging, "Narrower", *values) == [False, True, True, False]
    assert allowed(judging, "Wholes", *values) == [True, True, False, False]


def test_meaning_goes_on_through_schemas_that_give_none() -> None:
    page = {
        "$id": "page",
        "properties": {"list": {"$ref": "generic_list"}, "same": {"$ref": "page"}},
        "$defs": {"i": {"$dynamicAnchor": "item"}},
    }
    judging = taking(List=GENERIC, Page=page, Through={"properties": {"p": {"$ref": "page"}}}, Texts=of("texts", TEXT, "page"))
    values = ({"list": {"items": [1]}}, {"list": {"items": ["a"]}}, {"same": {"same": {"list": {"items": [1]}}}})
    assert allowed(judging, "Texts", *values) == [False, True, False]
    assert allowed(judging, "Page", *values) == [True, True, True]
    assert allowed(judging, "Through", {"p": values[0]}) == [True]


def test_anchor_of_the_document_is_the_first_on_every_way_that_begins_in_it() -> None:
    judging = taking(List=GENERIC, Own={"$dynamicAnchor": "item", **WHOLE}, Use={"items": {"$ref": "generic_list"}})
    assert judging.problems == ()
    assert allowed(judging, "Use", [{"items": [1]}], [{"items": ["a"]}]) == [True, False]
    assert allowed(judging, "List", {"items": ["a"]}) == [True]


def test_anchor_that_is_not_dynamic_where_it_is_asked_for_means_itself() -> None:
    plain = {**GENERIC, "$defs": {"any": {"$anchor": "item", **TEXT}}}
    judging = taking(List=plain, Wholes=of("wholes", WHOLE), Other={"$id": "other", "$dynamicAnchor": "item"})
    assert allowed(judging, "Wholes", {"items": [1]}, {"items": ["a"]}) == [False, True]


def test_generic_schema_may_stand_in_another_file() -> None:
    files = {"generic.json": {"List": {**GENERIC, "additionalProperties": {"$ref": "#/More"}, "$id": "list"}, "More": TEXT}}
    schemas = {
        name: {"$id": name, "$ref": "generic.json#/List", "$defs": {"own": {"$dynamicAnchor": "item", **schema}}}
        for name, schema in (("a", WHOLE), ("b", TEXT))
    }
    document = {"openapi": "3.1.0", "info": {}, "paths": {"/x": {"get": ANY}}, "components": {"schemas": schemas}}
    judging = contract(document, files=files)
    assert judging.problems == ()
    assert allowed(judging, "a", {"items": [1]}, {"items": ["a"]}) == [True, False]
    assert allowed(judging, "b", {"items": [1]}, {"items": ["a"]}) == [False, True]


UNREFERRED = {
    "a definition": {"$defs": {"Item": {"$dynamicAnchor": "item", **WHOLE}, "wholes": {"$ref": "generic.json"}}},
    "a reference": {
        "$defs": {"Item": {"$dynamicAnchor": "item", "$ref": "#/$defs/Whole"}, "Whole": WHOLE, "wholes": {"$ref": "generic.json"}}
    },
    "a schema with an $id": {
        "$defs": {"wholes": {"$id": "own", "allOf": [{"$ref": "generic.json"}], "$defs": {"Item": {"$dynamicAnchor": "item", **WHOLE}}}},
        "$dynamicAnchor": "item",
        "type": ["integer", "object"],
    },
    "a property": {"properties": {"default": {"$dynamicAnchor": "item", **WHOLE}}, "$defs": {"wholes": {"$ref": "generic.json"}}},
    "beside an example": {
        "$defs": {
            "Item": {"$dynamicAnchor": "item", **WHOLE, "examples": [{"$dynamicAnchor": "item"}]},
            "wholes": {"$ref": "generic.json"},
        }
    },
}


@pytest.mark.parametrize("case", UNREFERRED)
def test_anchor_of_a_file_counts_although_nothing_refers_to_it(case: str) -> None:
    generic = {**GENERIC, "$defs": {"any": {"$dynamicAnchor": "item", **TEXT}}}
    files = {"use.json": UNREFERRED[case], "generic.json": {word: held for word, held in generic.items() if word != "$id"}}
    schemas = {"Use": {"$ref": "use.json#/$defs/wholes"}, "Plain": {"$ref": "generic.json"}}
    document = {"openapi": "3.1.0", "info": {}, "paths": {"/x": {"get": ANY}}, "components": {"schemas": schemas}}
    judging = contract(document, files=files)
    assert judging.problems == ()
    assert allowed(judging, "Use", {"items": [1]}, {"items": ["a"]}) == [True, False]
    assert allowed(judging, "Plain", {"items": [1]}, {"items": ["a"]}) == [False, True]


def test_anchor_in_a_resource_of_a_file_that_a_way_leads_into_is_that_resources_own() -> None:
    inner = {"$id": "inner", "$defs": {"Item": {"$dynamicAnchor": "item", **WHOLE}, "list": {"$ref": "generic.json"}}}
    files = {"use.json": {"$defs": {"inner": inner, "other": {"$ref": "generic.json"}}}, "generic.json": {**GENERIC}}
    schemas = {"Into": {"$ref": "use.json#/$defs/inner/$defs/Item"}, "Other": {"$ref": "use.json#/$defs/other"}}
    document = {"openapi": "3.1.0", "info": {}, "paths": {"/x": {"get": ANY}}, "components": {"schemas": schemas}}
    judging = contract(document, files=files)
    assert allowed(judging, "Other", {"items": [1]}, {"items": ["a"]}) == [True, True]


def test_schemas_of_files_that_nothing_asks_for_are_not_read() -> None:
    files = {"use.json": {"List": TEXT, "Item": {"$dynamicAnchor": "item", "$ref": "nowhere.json"}}}
    document = {"openapi": "3.1.0", "info": {}, "paths": {"/x": {"get": ANY}}, "components": {"schemas": {"S": {"$ref": "use.json#/List"}}}}
    assert contract(document, files=files).problems == ()


def test_name_that_a_resource_has_twice_is_told_and_not_judged() -> None:
    twice = {**GENERIC, "$defs": {"any": {"$dynamicAnchor": "item", **TEXT}, "more": {"$dynamicAnchor": "item", **WHOLE}}}
    judging = taking(List=twice)
    assert [problem.place for problem in judging.problems] == ["#/components/schemas/List/properties/items/items/$dynamicRef"]
    assert allowed(judging, "List", {"items": [True]}) == [True]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("held", [{"patternProperties": {f"^{number}": {} for number in range(100)}}, {"enum": [*range(200)]}])
def test_so_many_uses_are_written_out_and_no_more(held: dict[str, Any]) -> None:
    """Values in lists count as schemas do: what is written out is as long as they are."""
    uses = {f"Use{number}": of(f"use{number}", WHOLE) for number in range(600)}
    judging = taking(List={**GENERIC, **held}, **uses)
    assert len(judging.problems) == 1
    assert len(json.dumps(judging.document)) < 150_000


@pytest.mark.slow(is_covering=True)
def test_names_that_are_asked_for_once_each_cost_as_much_as_there_are() -> None:
    """Were every name looked for on every way, so many would be more than are looked for."""
    many = range(800)
    generic = {f"A{number}": {**_asking(number), "$id": f"r{number}", "$defs": _anchors(range(number, number + 1), {})} for number in many}
    judging = taking(**generic, **_anchors(many, WHOLE), Use={"$ref": "r7"})
    assert judging.problems == ()
    assert allowed(judging, "Use", {"p": 1}, {"p": "a"}) == [True, False]


@pytest.mark.slow(is_covering=True)
def test_more_meanings_than_are_looked_for_are_told() -> None:
    many = range(600)
    generic = {"$id": "many", "anyOf": [_asking(number) for number in many], "$defs": _anchors(many, {})}
    judging = taking(Many=generic, **{f"Use{number}": {"$ref": "many"} for number in many}, **_anchors(many, WHOLE))
    assert len(judging.problems) == len(many)
    assert judging.problems[0].says.startswith("several schemas are n")


def _asking(number: int) -> dict[str, Any]:
    return {"properties": {"p": {"$dynamicRef": f"#n{number}"}}}


def _anchors(numbers: range, schema: dict[str, Any]) -> dict[str, Any]:
    return {f"d{number}": {"$dynamicAnchor": f"n{number}", **schema} for number in numbers}
