"""What is readOnly is asked of no client, and what is writeOnly of no answer, wherever it is declared and wherever it is required."""

from typing import Any

import pytest
from foreign import contract

from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.directions import Direction

REF = {"$ref": "#/components/schemas/Id"}
WAY = ("components", "schemas", "Run")


def schemas(mark: str) -> dict[str, dict[str, Any]]:
    """A run whose id is marked, put together in several ways; `name` is required in each."""
    marked = {"type": "string", mark: True}
    name = {"name": {"type": "string"}}
    both, base = ["id", "name"], {"$ref": "#/components/schemas/Base"}
    return {
        "plain": {"Run": {"required": both, "properties": {"id": marked, **name}}},
        "by reference": {"Run": {"required": both, "properties": {"id": REF, **name}}, "Id": marked},
        "beside a reference": {"Run": {"required": both, "properties": {"id": {**REF, mark: True}, **name}}, "Id": {"type": "string"}},
        "in allOf of the field": {"Run": {"required": both, "properties": {"id": {"allOf": [REF, {mark: True}]}, **name}}, "Id": {}},
        "required apart": {"Run": {"allOf": [{"required": both}, {"properties": {"id": marked, **name}}]}},
        "required outside": {"Run": {"required": both, "allOf": [base]}, "Base": {"properties": {"id": marked}}},
        "required in the base": {"Run": {"allOf": [base], "properties": {"id": marked}}, "Base": {"required": both}},
        "required in a branch": {"Run": {"properties": {"id": marked}, "if": {"required": ["k"]}, "then": {}, "else": {"required": both}}},
        "required by another": {"Run": {"properties": {"id": marked}, "dependentRequired": {"name": ["id"]}, "required": ["name"]}},
        "required beside another": {
            "Run": {"properties": {"id": marked}, "dependentSchemas": {"name": {"required": both}}, "required": ["name"]}
        },
        "in a choice": {"Run": {"anyOf": [base, {"type": "string"}]}, "Base": {"required": both, "properties": {"id": marked}}},
    }


FORMS = [(direction, form) for direction in Direction for form in schemas("x")]


def judge_of(direction: Direction, form: str) -> Contract:
    return contract({"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "components": {"schemas": schemas(direction.value)[form]}})


@pytest.mark.parametrize(("direction", "form"), FORMS)
def test_marked_field_need_not_be_there_in_its_direction(direction: Direction, form: str) -> None:
    judge = judge_of(direction, form)
    other = next(each for each in Direction if each is not direction)
    assert judge.allows(WAY, {"name": "x"}, direction)
    assert not judge.allows(WAY, {"id": "x"}, direction)
    assert not judge.allows(WAY, {"name": "x"}, other)
    assert judge.allows(WAY, {"id": "x", "name": "x"}, direction)


@pytest.mark.parametrize("depth", [1, 2])
def test_marked_field_of_what_is_inside_need_not_be_there_either(depth: int) -> None:
    inner = schemas("readOnly")["plain"]["Run"]
    value: Any = {"name": "x"}
    for _ in range(depth):
        inner, value = {"type": "object", "properties": {"a": {"type": "array", "items": inner}}}, {"a": [value]}
    judge = contract({"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "components": {"schemas": {"Run": inner}}})
    assert judge.allows(WAY, value, Direction.REQUEST)
    assert not judge.allows(WAY, value, Direction.ANSWER)


def test_field_that_is_marked_elsewhere_alone_is_required() -> None:
    """Another object's readOnly field of the same name makes no difference."""
    both = {"Other": {"properties": {"id": {"readOnly": True}}}, "Run": {"required": ["id"], "properties": {"other": REF}}, "Id": {}}
    judge = contract({"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "components": {"schemas": both}})
    assert not judge.allows(WAY, {}, Direction.REQUEST)


def test_schema_that_leads_to_itself_has_an_end() -> None:
    node = {"required": ["id", "next"], "properties": {"id": {"readOnly": True}, "next": {"$ref": "#/components/schemas/Run"}}}
    run = {**node, "allOf": [{"$ref": "#/components/schemas/Run"}]}
    judge = contract({"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "components": {"schemas": {"Run": run}}})
    assert not judge.allows(WAY, {}, Direction.REQUEST)


@pytest.mark.parametrize("path", ["/a", "/b"])
def test_operation_that_stands_at_two_paths_is_one_in_each_direction(path: str) -> None:
    """Both paths refer to one path item, and so hold the same schemas."""
    run = {
        "required": ["id"],
        "dependentRequired": {"name": ["id"]},
        "properties": {"id": {"readOnly": True}, "number": {"format": "int32", "type": "integer"}, "text": {"pattern": "^.$"}},
    }
    post = {"requestBody": {"content": {"application/json": {"schema": run}}}, "responses": {"200": {"description": "Well."}}}
    item = {"$ref": "#/components/pathItems/X"}
    judge = contract({"openapi": "3.1.0", "paths": {"/a": item, "/b": item}, "components": {"pathItems": {"X": {"post": post}}}})
    way = ("paths", path, "post", "requestBody", "content", "application/json", "schema")
    assert judge.allows(way, {"name": "x"}, Direction.REQUEST)
    assert not judge.allows(way, {"name": "x"}, Direction.ANSWER)
    assert not judge.allows(way, {"id": "x", "number": 2**31}, Direction.ANSWER)
    assert not judge.allows(way, {"id": "x", "text": "\r"}, Direction.ANSWER)
