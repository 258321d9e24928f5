"""References among schemas that have addresses and anchors of their own lead where JSON Schema says.

Source: JSON Schema 2020-12, "Base URI, Anchors, and Dereferencing".
"""

from typing import Any

import pytest
from foreign import contract

from runflow_mock.openapi.contracts import Contract

WHOLE = {"type": "integer"}
WAY = ("paths", "/x", "post", "requestBody", "content", "application/json", "schema")
AT = "https://x.example/dir/"


def taking(schema: Any, schemas: dict[str, Any], files: Any = None) -> Contract:
    body = {"content": {"application/json": {"schema": schema}}}
    document = {"openapi": "3.1.0", "paths": {"/x": {"post": {"requestBody": body}}}, "components": {"schemas": schemas}}
    return contract(document, files=files)


A = {"$ref": "#/components/schemas/A"}
LEADING: dict[str, tuple[Any, dict[str, Any]]] = {
    "its address": ({"$ref": f"{AT}a"}, {"A": {"$id": f"{AT}a", **WHOLE}}),
    "its address with an empty fragment": ({"$ref": f"{AT}a#"}, {"A": {"$id": f"{AT}a", **WHOLE}}),
    "a name": ({"$ref": "urn:x:a"}, {"A": {"$id": "urn:x:a", **WHOLE}}),
    "a way below its address": ({"$ref": f"{AT}a#/$defs/q"}, {"A": {"$id": f"{AT}a", "$defs": {"q": WHOLE}}}),
    "an anchor below its address": ({"$ref": f"{AT}a#q"}, {"A": {"$id": f"{AT}a", "$defs": {"q": {"$anchor": "q", **WHOLE}}}}),
    "a way inside it": (A, {"A": {"$id": f"{AT}a", "$ref": "#/$defs/q", "$defs": {"q": WHOLE}}}),
    "an anchor inside it": (A, {"A": {"$id": f"{AT}a", "$ref": "#q", "$defs": {"q": {"$anchor": "q", **WHOLE}}}}),
    "its neighbour": (A, {"A": {"$id": f"{AT}a", "$ref": "b"}, "B": {"$id": f"{AT}b", **WHOLE}}),
    "its neighbour by the path": (A, {"A": {"$id": f"{AT}a", "$ref": "/c"}, "B": {"$id": "https://x.example/c", **WHOLE}}),
    "one inside it with a relative address": (A, {"A": {"$id": f"{AT}a", "$ref": "q", "$defs": {"q": {"$id": "q", **WHOLE}}}}),
    "the document all the same": (A, {"A": {"$id": f"{AT}a", "$ref": "#/components/schemas/B"}, "B": WHOLE}),
    "the nearer of two anchors": (
        A,
        {
            "A": {"$id": f"{AT}a", "$ref": "#q", "$defs": {"q": {"$anchor": "q", **WHOLE}}},
            "B": {"$id": "b", "$anchor": "q", "type": "null"},
        },
    ),
    "the only one that is meant dynamically": ({"$dynamicRef": "#q"}, {"A": {"$dynamicAnchor": "q", **WHOLE}}),
    "one that is meant dynamically beside another": (
        {"$dynamicRef": "#q", "$ref": "#/components/schemas/B"},
        {"A": {"$dynamicAnchor": "q", **WHOLE}, "B": {}},
    ),
}


@pytest.mark.parametrize("name", LEADING)
def test_reference_leads_to(name: str) -> None:
    judge = taking(*LEADING[name])
    assert judge.problems == ()
    assert judge.allows(WAY, 1)
    assert not judge.allows(WAY, "x")


@pytest.mark.parametrize("way", ["far", "/All/0"])
def test_anchor_in_a_file_is_found_wherever_it_stands(way: str) -> None:
    file = {"All": [{"$ref": "#far"}], "Far": [{"deep": {"$anchor": "far", **WHOLE}}], "Odd": {"$anchor": 7}}
    judge = taking({"$ref": f"more.json#{way}"}, {}, {"more.json": file})
    assert judge.problems == ()
    assert judge.allows(WAY, 1)
    assert not judge.allows(WAY, "x")


def test_file_beside_the_document_has_an_address_of_its_own() -> None:
    beside = {"$id": "https://z.example/s.json", "definitions": {"X": {"$ref": "#/definitions/Y"}, "Y": {"$ref": "more.json"}}}
    judge = taking({"$ref": "s.json#/definitions/X"}, {}, {"s.json": beside, "more.json": WHOLE})
    assert judge.problems == ()
    assert (judge.allows(WAY, 1), judge.allows(WAY, "x")) == (True, False)


def test_reference_whose_meaning_depends_on_the_way_means_what_each_use_says() -> None:
    """A list of anything, of which each use says what its items are: read as it stands it would refuse every item."""
    page = {"$id": f"{AT}page", "items": {"$dynamicRef": "#item"}, "$defs": {"any": {"$dynamicAnchor": "item", "not": {}}}}
    judge = taking(A, {"A": {"$id": f"{AT}a", "$ref": "page", "$defs": {"own": {"$dynamicAnchor": "item", **WHOLE}}}, "Page": page})
    assert judge.problems == ()
    assert (judge.allows(WAY, [1]), judge.allows(WAY, ["x"])) == (True, False)


@pytest.mark.parametrize("reference", ["http://[", f"{AT}a#/$defs/none", f"{AT}a#none", f"{AT}none"])
def test_reference_that_leads_nowhere_is_told(reference: str) -> None:
    judge = taking({"$ref": reference}, {"A": {"$id": f"{AT}a"}})
    assert len(judge.problems) == 1
    assert judge.allows(WAY, "x")
