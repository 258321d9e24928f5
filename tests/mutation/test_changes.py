"""A mutant changes one place in one way, and nothing else."""

from typing import Any

import pytest
from mutation.changes import changed
from mutation.values import fits, other_value

from runflow_mock.openapi.parameters import ANYTHING

RUN = ("components", "schemas", "Run")
CONTENT: dict[str, Any] = {"items": [{"id": 1, "name": "a", "label": "b"}, {"id": 2, "name": "c", "label": "d"}], "next": None}


@pytest.mark.parametrize(
    ("way", "kind", "expected"),
    [
        (("items", "*", "name"), "absent", {**CONTENT, "items": [{"id": 1, "label": "b"}, {"id": 2, "label": "d"}]}),
        (
            ("items", "*", "name"),
            "null",
            {**CONTENT, "items": [{"id": 1, "name": None, "label": "b"}, {"id": 2, "name": None, "label": "d"}]},
        ),
        (
            ("items", "*", "name"),
            "swapped",
            {**CONTENT, "items": [{"id": 1, "name": "b", "label": "a"}, {"id": 2, "name": "d", "label": "c"}]},
        ),
        (("items", "*", "id"), "other value", {**CONTENT, "items": [{**CONTENT["items"][0], "id": 2}, {**CONTENT["items"][1], "id": 3}]}),
        (("items",), "lost", {**CONTENT, "items": CONTENT["items"][:1]}),
        (("items",), "doubled", {**CONTENT, "items": [*CONTENT["items"], CONTENT["items"][1]]}),
        (("items",), "reordered", {**CONTENT, "items": CONTENT["items"][::-1]}),
        (("nothing",), "absent", CONTENT),
        (("next",), "absent", CONTENT),
    ],
)
def test_change_is_made_where_the_way_leads(way: tuple[str, ...], kind: str, expected: Any) -> None:
    assert changed(CONTENT, ANYTHING, way, kind) == expected


@pytest.mark.parametrize(("schema", "name"), [("ErrorResponse", "errors"), ("Run", "cost")])
def test_what_is_required_is_left_out_even_if_it_is_null(schema: str, name: str) -> None:
    assert changed({name: None}, ("components", "schemas", schema), (name,), "absent") == {}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("status_code", "queued", "dispatching"),
        ("cost", "0.270000", "0.280000"),
        ("created_at", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.000Z"),
        ("flow_id", None, "019b76da-a800-7000-8abc-0123456789ab"),
        ("has_logs", True, False),
        ("duration_ms", 181, 182),
    ],
)
def test_other_value_is_one_that_the_schema_allows(name: str, value: Any, expected: Any) -> None:
    pointer = (*RUN, "properties", name)
    assert other_value(value, pointer) == expected
    assert fits(pointer, expected)
