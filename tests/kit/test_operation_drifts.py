"""What an operation asks for and answers counts in drifts, and not how: each pair is graded as a careful reader would."""

from typing import Any

import pytest
from foreign import contract

from runflow_mock.kit.drift.document_drifts import DocumentComparison
from runflow_mock.kit.drift.drifts import Grade

BREAKING, RISKY, ADDITIVE = Grade
TEXT, WHOLE, DONE = {"type": "string"}, {"type": "integer"}, {"200": {"description": "Done."}}


def document(operation: Any, *, path: str = "/x", **more: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {}, "paths": {path: {"get": {"responses": DONE, **operation}}}, **more}


def worst(before: Any, after: Any) -> dict[str, Grade]:
    """Returns the worst grade on each side."""
    found = list(DocumentComparison(contract(before, "old.json"), contract(after, "new.json")).drifts())
    order = tuple(Grade).index
    return {side: min((drift.grade for drift in found if drift.side == side), key=order) for side in {drift.side.value for drift in found}}


def asking(schema: Any, content_type: str | None = None, **more: Any) -> dict[str, Any]:
    written: Any = {"schema": schema} if content_type is None else {"content": {content_type: {"schema": schema}}}
    return document({"parameters": [{"name": "q", "in": "query", **written, **more}]})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (asking(TEXT, "application/json"), asking(TEXT), {"request": BREAKING}),
        (asking(TEXT), asking(TEXT, "application/json; charset=utf-8"), {"request": BREAKING}),
        (asking(WHOLE, "application/json"), asking(WHOLE), {}),
        (asking(TEXT, "text/plain"), asking(TEXT), {}),
        (asking(TEXT, "application/json"), asking(TEXT, "application/json; charset=utf-8"), {}),
        (asking({"type": "array"}, "application/json"), asking({"type": "array"}), {"request": BREAKING}),
    ],
)
def test_parameter_that_is_json_is_another_than_a_text(before: Any, after: Any, expected: Any) -> None:
    assert worst(before, after) == expected


@pytest.mark.parametrize(
    ("schema", "was", "now", "expected"),
    [
        (WHOLE, True, False, {"request": BREAKING}),
        (WHOLE, False, True, {"request": ADDITIVE}),
        (TEXT, True, False, {}),
        ({**TEXT, "minLength": 1}, True, False, {"request": BREAKING}),
    ],
)
def test_name_without_a_value_counts_where_the_schema_does_not_take_it(schema: Any, was: bool, now: bool, expected: Any) -> None:
    assert worst(*(asking(schema, allowEmptyValue=is_taken) for is_taken in (was, now))) == expected


def let_in(scheme: Any, name: str = "k") -> dict[str, Any]:
    return document({}, security=[{name: []}], components={"securitySchemes": {name: scheme}})


@pytest.mark.parametrize(("place", "expected"), [("header", {}), ("query", {"access": BREAKING}), ("cookie", {"access": BREAKING})])
def test_case_of_the_name_of_a_key_counts_but_in_headers(place: str, expected: Any) -> None:
    before, after = ({"type": "apiKey", "in": place, "name": name} for name in ("X-Key", "x-key"))
    assert worst(let_in(before), let_in(after, "other")) == expected
