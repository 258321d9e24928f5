"""What is put into a document here, and what stands at its top, is nothing that a user has said."""

from typing import Any

import pytest
from foreign import contract

from runflow_mock.domain.findings import Finding
from runflow_mock.openapi.messages import Messages
from runflow_mock.openapi.parts import FILES, OURS
from runflow_mock.openapi.variants import unless_variant


def document(**parts: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": {"/runs": {"get": {}}, "/other": {"post": {}}}, **parts}


@pytest.mark.parametrize(
    "more",
    [
        {"$schema": "https://spec.openapis.org/oas/3.1/schema/2022-10-07"},
        {"$schema": "http://json-schema.org/draft-04/schema#"},
        {"$defs": {"Other": {"$id": "other", "$ref": "nowhere"}}},
        {"properties": {"a": {"$ref": "nowhere"}}, "definitions": {"$schema": "nonsense"}},
    ],
)
def test_document_is_no_schema_whatever_stands_at_its_top(more: dict[str, Any]) -> None:
    """Editors want a `$schema` there."""
    schemas = {"Pair": {"prefixItems": [{"type": "integer"}]}, "Ref": {"$ref": "#/components/schemas/Pair"}}
    judging = contract({**document(), **more, "components": {"schemas": schemas}})
    assert [judging.allows(("components", "schemas", name), ["a"]) for name in schemas] == [False, False]
    assert judging.problems == ()


@pytest.mark.parametrize("other", [{}, {"$id": "other"}, {"$ref": "nowhere"}, {"$schema": "nonsense"}])
def test_schema_at_the_top_is_meant_where_a_reference_leads_there_whatever_stands_beside_it(other: dict[str, Any]) -> None:
    schemas = {"Ref": {"$ref": "#/$defs/Whole"}, "Plain": {"type": "integer"}}
    judging = contract({**document(), "$defs": {"Whole": {"type": "integer"}, "Other": other}, "components": {"schemas": schemas}})
    for name in schemas:
        assert [judging.allows(("components", "schemas", name), value) for value in (1, "a")] == [True, False]
    assert judging.problems == ()


@pytest.mark.parametrize("name", ["x-copies", "x-files", "x-unread", "x-also-at", "x-variants", "x-beside-paths", "x-other-methods"])
def test_extensions_of_users_are_their_own(name: str) -> None:
    given = document(**{name: {"0": {"type": "integer"}}})
    for item in given["paths"].values():
        item[name] = [1]
        for operation in item.values():
            if isinstance(operation, dict):
                operation[name] = ["/v1/others"]
    generic = {"$id": "generic", "items": {"$dynamicRef": "#item"}, "$defs": {"any": {"$dynamicAnchor": "item"}}}
    use = {"$id": "use", "$ref": "generic", "$defs": {"own": {"$dynamicAnchor": "item", "type": "string"}}}
    given["components"] = {"schemas": {"Own": {"$ref": f"#/{name}/0"}, "Generic": generic, "Use": use}}
    judging = contract(given)
    assert [judging.allows(("components", "schemas", "Own"), value) for value in (1, "a")] == [True, False]
    assert [judging.allows(("components", "schemas", "Use"), [value]) for value in (1, "a")] == [False, True]
    assert judging.problems == ()
    assert [(declared.is_read, declared.path) for declared in judging.operations] == [
        (declared.is_read, declared.path) for declared in contract(document()).operations
    ]
    assert all(not list(unless_variant(judging, declared, ())) for declared in judging.operations)
    wrong = Finding(("body",), "type", "Wrong.")
    assert all([*unless_variant(judging, declared, [wrong])] == [wrong] for declared in judging.operations)


@pytest.mark.parametrize("name", sorted(OURS - {FILES}))
def test_field_that_is_put_in_here_is_told_where_a_document_has_it(name: str) -> None:
    given = document(**{name: {"get": ["x"]}})
    first = next(iter(given["paths"]))
    given["paths"][first] = {**given["paths"][first], name: {"get": "get"}}
    judging = contract(given)
    assert {problem.says for problem in judging.problems} == {
        f"{name} is not a field of a document",
        f"{name} is not a field of a path item",
    }
    assert all(declared.is_read for declared in judging.operations)


def test_callback_that_leads_nowhere_describes_no_message() -> None:
    given = document()
    given["paths"]["/runs"]["get"]["callbacks"] = {"done": {"$ref": "#/components/callbacks/Gone"}}
    assert Messages(contract(given)).described == ()


def test_path_of_a_user_is_no_message() -> None:
    """Messages stand among the paths, under names that no path can have."""
    given = document(webhooks={"done": {"post": {}}})
    given["paths"]["/ message 0"] = given["paths"]["/?message=0"] = {"get": {}}
    assert [(each.name, each.declared.method) for each in Messages(contract(given)).described] == [("done", "POST")]
