"""What others write is read as what it means."""

from datetime import date
from typing import Any

import pytest

from runflow_mock.openapi.foreign_documents import as_json, in_our_form


def document(**parts: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": {"/runs": {"get": {}}}, **parts}


@pytest.mark.parametrize(
    ("servers", "path"),
    [
        ([{"url": "https://api.example.com/v1"}], "/v1/runs"),
        ([{"url": "https://api.example.com/v1/"}, {"url": "/v2"}], "/v1/runs"),
        ([{"url": "/v1"}], "/v1/runs"),
        ([{"url": "https://api.example.com"}], "/runs"),
        ([{"url": "https://api.example.com/{version}"}], "/runs"),
        ([], "/runs"),
        ([{}], "/runs"),
        ("no list", "/runs"),
    ],
)
def test_path_begins_with_that_of_the_server(servers: Any, path: str) -> None:
    assert list(in_our_form(document(servers=servers))["paths"]) == [path]


def test_document_whose_paths_are_whole_is_left_as_it_is() -> None:
    assert in_our_form(document(servers=[{"url": "https://api.example.com"}])) == document(servers=[{"url": "https://api.example.com"}])


def test_references_lead_to_where_the_paths_are() -> None:
    given = document(
        servers=[{"url": "https://api.example.com/v1"}],
        links={"a": {"operationRef": "#/paths/~1runs/get"}, "b": [{"$ref": "#/paths/~1runs/get/x"}, {"$ref": "#/components/x"}]},
    )
    moved = in_our_form(given)
    assert moved["servers"] == [{"url": "https://api.example.com"}]
    assert moved["links"] == {
        "a": {"operationRef": "#/paths/~1v1~1runs/get"},
        "b": [{"$ref": "#/paths/~1v1~1runs/get/x"}, {"$ref": "#/components/x"}],
    }


def test_path_item_that_is_kept_elsewhere_stands_in_its_place() -> None:
    item = {"get": {"operationId": "list"}}
    given = document(paths={"/runs": {"$ref": "#/components/pathItems/Runs", "post": {}}}, components={"pathItems": {"Runs": item}})
    assert in_our_form(given)["paths"] == {"/runs": {**item, "post": {}}}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"allOf": [{"$ref": "#/x"}], "nullable": True}, {"anyOf": [{"allOf": [{"$ref": "#/x"}]}, {"type": "null"}]}),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, {"type": "integer", "exclusiveMinimum": 1}),
        ({"type": "integer", "maximum": 9, "exclusiveMaximum": False}, {"type": "integer", "maximum": 9}),
        ({"properties": {"nullable": {"type": "boolean"}}}, {"properties": {"nullable": {"type": "boolean"}}}),
    ],
)
def test_what_openapi_3_0_says_otherwise_is_said_as_3_1_does(old: Any, new: Any) -> None:
    read = in_our_form({**document(components={"schemas": {"X": old}}), "openapi": "3.0.3"})
    assert (read["openapi"], read["components"]["schemas"]["X"]) == ("3.1.0", new)
    assert in_our_form(document(components={"schemas": {"X": old}}))["components"]["schemas"]["X"] == old


def test_names_of_yaml_are_texts() -> None:
    assert as_json({200: [date(2026, 1, 1), None, 1.5], True: {False: "x"}}) == {"200": ["2026-01-01", None, 1.5], "true": {"false": "x"}}
