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


def test_use_of_a_use_is_told_and_not_guessed() -> None:
    narrower = {"$id": "narrower", "$ref": "wholes", "$defs": {"own": {"$dynamicAnchor": "item", "maximum": 3}}}
    judging = taking(List=GENERIC, Wholes=of("wholes", WHOLE), Narrower=narrower)
    assert [problem.place for problem in judging.problems] == ["#/components/schemas/List/properties/items/items/$dynamicRef"]
    assert allowed(judging, "Narrower", {"items": [5]}) == [True]


def test_so_many_uses_are_written_out_and_no_more() -> None:
    uses = {f"Use{number}": of(f"use{number}", WHOLE) for number in range(250)}
    judging = taking(List={**GENERIC, "patternProperties": {f"^{number}": {} for number in range(100)}}, **uses)
    assert len(judging.problems) == 1
    assert len(json.dumps(judging.document)) < 100_000
