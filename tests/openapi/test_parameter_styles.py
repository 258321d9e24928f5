"""Each style of each place, exploded or not, with values of each form: what the specification writes is held, what it does not is told.

Source: OpenAPI 3.1.1, "Style Examples"; a list of numbers and an object stand in for its colours, so that a wrong type is seen.
"""

from pathlib import Path
from typing import Any

import pytest
from exchanges import exchange
from foreign import contract

from runflow_mock.domain.findings import Severity
from runflow_mock.openapi.contract_judge import Judge
from runflow_mock.openapi.foreign_documents import in_our_form
from runflow_mock.openapi.shapes import contract_of
from runflow_mock.runtime.foreign_documents import Folder

WHOLE: dict[str, Any] = {"type": "integer"}
LIST: dict[str, Any] = {"type": "array", "items": WHOLE}
POINT: dict[str, Any] = {"type": "object", "required": ["r"], "properties": {"r": WHOLE, "g": WHOLE}, "additionalProperties": False}
CLOSED: dict[str, Any] = {"type": "object", "properties": {"a": WHOLE}, "additionalProperties": False}
PATH = "/v1/runs"


def told(
    parameter: dict[str, Any], target: str = PATH, headers: dict[str, str] | None = None, *, components: Any = None, version: str = "3.1.0"
) -> list[str]:
    """The rules that a request breaks by a document with one parameter of this kind."""
    place = "/v1/runs/{p}" if parameter["in"] == "path" else PATH
    required = {"required": True} if parameter["in"] == "path" else {}
    operation = {"parameters": [{"name": "p", **required, **parameter}], "responses": {"default": {"description": "Any."}}}
    document: dict[str, Any] = {
        "openapi": version,
        "info": {},
        "paths": {place: {"get": operation}},
        "components": {"schemas": components or {}},
    }
    form = in_our_form(document, "own.json", Folder(Path("own.json")))
    assert not form.problems
    judge = Judge(contract_of(form, "own.json"), lambda path: None)
    sent = exchange("GET", target, 200, answer=None, headers=headers or {})
    return [finding.rule for finding in judge.judge(sent).of(Severity.VIOLATION)]


# place, style, explode, schema, what is right, what is wrong
TABLE: list[tuple[str, str | None, bool | None, dict[str, Any], list[str], list[str]]] = [
    ("query", None, None, WHOLE, ["p=5", "p=-5", "p=1.0"], ["p=a", "p=", "p=1.5", "p"]),
    ("query", None, None, {"maxLength": 3}, ["p=abc", "p=1", "p="], ["p=abcd", "p=1234"]),
    ("query", None, None, {"pattern": "^a"}, ["p=a"], ["p=b", "p=1"]),
    ("query", "form", True, LIST, ["p=1&p=2", "p=1", "p=", "p"], ["p=1&p=a", "p=1,2"]),
    ("query", "form", None, LIST, ["p=1&p=2"], ["p=1,2"]),
    ("query", None, False, LIST, ["p=1,2", "p=1%2C2", "p=1", "p="], ["p=1,a", "p=1&p=2", "p=1|2"]),
    ("query", "form", True, POINT, ["r=1&g=2", "r=1", "g=2&r=1"], ["r=a", "g=2", "p=r,1"]),
    ("query", "form", False, POINT, ["p=r,1,g,2", "p=r%2C1"], ["p=r,a", "p=r", "p=g,1", "p=r,1,x,2"]),
    ("query", "spaceDelimited", False, LIST, ["p=1%202", "p=1+2", "p=1"], ["p=1%20a", "p=1,2"]),
    ("query", "spaceDelimited", None, LIST, ["p=1%202"], ["p=1|2"]),
    ("query", "spaceDelimited", True, LIST, ["p=1&p=2"], ["p=1&p=a"]),
    ("query", "spaceDelimited", False, POINT, ["p=r%201%20g%202"], ["p=r%20a"]),
    ("query", "pipeDelimited", False, LIST, ["p=1|2", "p=1%7C2", "p=1%7c2"], ["p=1|a", "p=1,2"]),
    ("query", "pipeDelimited", None, LIST, ["p=1%7C2"], ["p=1%202"]),
    ("query", "pipeDelimited", True, LIST, ["p=1&p=2"], ["p=1&p=a"]),
    ("query", "pipeDelimited", False, POINT, ["p=r|1|g|2"], ["p=r|a"]),
    ("query", "deepObject", True, POINT, ["p[r]=1&p[g]=2", "p%5Br%5D=1"], ["p[r]=a", "p[g]=1", "p[r]=1&p[x]=2", "p=1"]),
    ("query", "deepObject", False, POINT, ["p[r]=1"], ["p[r]=a"]),
    ("query", "deepObject", True, LIST, ["p[]=1&p[]=2", "p[0]=1&p[1]=2"], ["p[]=a"]),
    ("path", None, None, WHOLE, ["5", "%35"], ["a"]),
    ("path", "simple", False, LIST, ["1,2", "1", "1%2C2"], ["1,a", "1.2,b"]),
    ("path", "simple", True, LIST, ["1,2"], ["1,a"]),
    ("path", "simple", False, POINT, ["r,1,g,2"], ["r,a", "r", "g,1"]),
    ("path", "simple", True, POINT, ["r=1,g=2"], ["r=a", "r,1", "g=1"]),
    ("path", "label", False, WHOLE, [".5"], ["5", ".a"]),
    ("path", "label", False, LIST, [".1,2", ".1.2", ".1"], ["1,2", ".1,a"]),
    ("path", "label", True, LIST, [".1.2"], [".1,2", ".a"]),
    ("path", "label", False, POINT, [".r,1,g,2", ".r.1.g.2"], [".r,a", "r,1"]),
    ("path", "label", True, POINT, [".r=1.g=2"], [".r=a", ".r.1"]),
    ("path", "matrix", False, WHOLE, [";p=5"], ["5", ";p=a", ";q=5"]),
    ("path", "matrix", False, LIST, [";p=1,2", ";p=1"], [";p=1,a", "1,2"]),
    ("path", "matrix", True, LIST, [";p=1;p=2", ";p=1"], [";p=1;p=a", ";p=1,2"]),
    ("path", "matrix", False, POINT, [";p=r,1,g,2"], [";p=r,a", ";r=1"]),
    ("path", "matrix", True, POINT, [";r=1;g=2"], [";r=a", ";p=r,1"]),
    ("header", None, None, WHOLE, ["5"], ["a"]),
    ("header", "simple", False, LIST, ["1,2", "1, 2", "1"], ["1,a"]),
    ("header", "simple", True, LIST, ["1,2"], ["1,a"]),
    ("header", "simple", False, POINT, ["r,1,g,2", "r, 1"], ["r,a", "r"]),
    ("header", "simple", True, POINT, ["r=1,g=2", "r=1, g=2"], ["r=a", "r,1"]),
    ("cookie", None, None, WHOLE, ["p=5", "q=x; p=5"], ["p=a"]),
    ("cookie", "form", True, LIST, ["p=1&p=2", "p=1; p=2", "p=1"], ["p=a"]),
    ("cookie", "form", False, LIST, ["p=1,2", "p=1%2C2"], ["p=1,a"]),
    ("cookie", "form", False, POINT, ["p=r,1,g,2"], ["p=r,a"]),
    ("cookie", "form", True, POINT, ["r=1; g=2"], ["r=a"]),
]
RIGHT = [(*row, sent, True) for *row, right, _ in TABLE for sent in right]
WRONG = [(*row, sent, False) for *row, _, wrong in TABLE for sent in wrong]


@pytest.mark.parametrize(("place", "style", "explode", "schema", "sent", "is_right"), RIGHT + WRONG)
def test_style_is_read_as_the_specification_writes_it(
    place: str, style: str | None, explode: bool | None, schema: dict[str, Any], sent: str, is_right: bool
) -> None:
    said = {"in": place, "schema": schema, "required": True}
    said |= {} if style is None else {"style": style}
    said |= {} if explode is None else {"explode": explode}
    targets = {"query": f"{PATH}?{sent}", "path": f"{PATH}/{sent}"}
    headers = {"header": {"p": sent}, "cookie": {"cookie": sent}}
    rules = told(said, targets.get(place, PATH), headers.get(place))
    assert (not rules) is is_right, rules


@pytest.mark.parametrize(
    ("sent", "is_right"),
    [
        *(("ids[]=1&ids[]=2", True), ("ids%5B%5D=1", True), ("ids[0]=1&ids[1]=2", True)),
        *(("ids[]=a", False), ("ids=1", False), ("other[]=1", False), ("", False)),
    ],
)
def test_deep_list_may_have_its_brackets_in_its_name(sent: str, is_right: bool) -> None:
    said = {"name": "ids[]", "in": "query", "required": True, "style": "deepObject", "explode": True, "schema": LIST}
    assert (not told(said, f"{PATH}?{sent}")) is is_right


@pytest.mark.parametrize(
    ("ids", "sent", "broken"),
    [
        ({"schema": {"type": "string"}}, "ids=abc", []),
        ({"schema": {"type": "string"}}, "ids=abc&ids[]=1", []),
        ({"schema": {"type": "string"}}, "ids=abc&ids[]=a", ["query.ids[].0 type"]),
        ({"style": "deepObject", "schema": CLOSED}, "ids[a]=1", []),
        ({"style": "deepObject", "schema": CLOSED}, "ids[a]=1&ids[]=1", []),
        ({"style": "deepObject", "schema": CLOSED}, "ids[a]=1&ids[]=a", ["query.ids[].0 type"]),
        ({"style": "deepObject", "schema": CLOSED}, "ids[b]=1&ids[]=1", ["query.ids additionalProperties"]),
    ],
)
def test_deep_list_with_brackets_in_its_name_leaves_others_what_is_theirs(ids: dict[str, Any], sent: str, broken: list[str]) -> None:
    listed = {"name": "ids[]", "in": "query", "style": "deepObject", "schema": LIST}
    operation = {"parameters": [listed, {"name": "ids", "in": "query", **ids}], "responses": {"default": {"description": "Any."}}}
    judge = Judge(contract({"openapi": "3.1.0", "paths": {PATH: {"get": operation}}}), lambda path: None)
    found = judge.judge(exchange("GET", f"{PATH}?{sent}", 200)).of(Severity.VIOLATION)
    assert [f"{'.'.join(map(str, finding.loc))} {finding.rule}" for finding in found] == broken


def wrapped(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Ways to write the same schema down."""
    null = {"type": "null"}
    return [
        schema,
        {"anyOf": [schema, null]},
        {"oneOf": [schema, null]},
        {"allOf": [schema]},
        {"allOf": [{"description": "x"}, {"$ref": "#/components/schemas/It"}]},
        {"$ref": "#/components/schemas/It"},
        {"$ref": "#/components/schemas/It", "description": "x"},
        {"anyOf": [{"$ref": "#/components/schemas/It"}, null], "default": None},
        {"anyOf": [{"oneOf": [{"$ref": "#/components/schemas/It"}]}, null]},
        {"if": {"type": "null"}, "then": {"const": None}, "else": schema, "type": [schema["type"], "null"]},
    ]


WRAPPED = [
    (form, rows)
    for schema, rows in (
        (WHOLE, {"p=10": True, "p=ten": False}),
        ({"type": "boolean"}, {"p=true": True, "p=false": True, "p=yes": False}),
        ({"type": "number", "minimum": 1}, {"p=1.5": True, "p=0.5": False}),
        ({"type": "string", "enum": ["1", "2"]}, {"p=1": True, "p=3": False}),
        (LIST, {"p=1&p=2": True, "p=1&p=x": False}),
        (POINT, {"r=1": True, "r=x": False}),
    )
    for form in [(way, schema) for way in wrapped(schema)]
]


@pytest.mark.parametrize(("form", "rows"), WRAPPED)
def test_schema_is_found_however_it_is_put_together(form: tuple[dict[str, Any], dict[str, Any]], rows: dict[str, bool]) -> None:
    for sent, is_right in rows.items():
        rules = told({"in": "query", "schema": form[0], "required": True}, f"{PATH}?{sent}", components={"It": form[1]})
        assert (not rules) is is_right, (sent, rules)


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({"anyOf": [WHOLE, {"type": "null"}]}, "p="),
        ({"anyOf": [WHOLE, {"type": "null"}]}, "p=null"),
        ({"enum": [1, 2]}, "p=1"),
        ({"const": True}, "p=true"),
        ({}, "p=1"),
        ({"anyOf": [WHOLE, {"type": "string", "enum": ["all"]}]}, "p=all"),
        ({"anyOf": [{"type": "string", "format": "uuid"}, WHOLE]}, "p=7"),
        ({"anyOf": [{"type": "string"}, LIST]}, "p=a"),
        ({"anyOf": [{"type": "string"}, LIST]}, "p=1&p=2"),
        ({"type": "array", "items": {"anyOf": [WHOLE, {"type": "boolean"}]}}, "p=1&p=true"),
        ({"type": "array", "prefixItems": [WHOLE, {"type": "string"}], "items": False}, "p=1&p=x"),
        ({"oneOf": [{"type": "array", "items": {"type": "string", "pattern": "^x"}}, LIST]}, "p=1&p=2"),
        ({"type": "string"}, "p=007"),
        ({"type": "string"}, "p=true"),
        ({"type": ["integer", "null"]}, "p=3"),
    ],
)
def test_reading_that_the_schema_allows_counts(schema: dict[str, Any], sent: str) -> None:
    assert told({"in": "query", "schema": schema}, f"{PATH}?{sent}") == []


def test_null_of_openapi_3_0_is_read_as_well() -> None:
    said = {"in": "query", "schema": {"type": "integer", "nullable": True}}
    assert told(said, f"{PATH}?p=3", version="3.0.3") == []
    assert told(said, f"{PATH}?p=x", version="3.0.3") == ["type"]


def test_content_of_a_parameter_is_read_as_its_media_type_says() -> None:
    said = {"in": "query", "content": {"application/json": {"schema": POINT}}}
    assert told(said, PATH + '?p={"r":1}') == []
    assert told(said, PATH + '?p={"r":"x"}') == ["type"]
    assert told(said, PATH + "?p={r") == ["json"]


def test_empty_value_is_right_where_it_may_be_empty() -> None:
    assert told({"in": "query", "schema": WHOLE, "allowEmptyValue": True}, f"{PATH}?p=") == []
    assert told({"in": "query", "schema": WHOLE}, f"{PATH}?p=") == ["type"]


@pytest.mark.parametrize("name", ["Accept", "content-type", "AUTHORIZATION"])
def test_headers_that_the_specification_ignores_are_asked_of_nobody(name: str) -> None:
    assert told({"name": name, "in": "header", "required": True, "schema": WHOLE}) == []


@pytest.mark.parametrize("place", ["query", "header", "cookie"])
def test_missing_parameter_is_told_where_it_is_required(place: str) -> None:
    assert told({"in": place, "required": True, "schema": LIST}) == ["required"]
    assert told({"in": place, "schema": LIST}) == []


def test_cookie_that_the_journal_does_not_keep_is_held_against_nobody() -> None:
    said = {"in": "cookie", "required": True, "schema": WHOLE}
    assert told(said, headers={"cookie": "p=[redacted]; q=[redacted]"}) == []
    assert told(said, headers={"cookie": "[redacted]"}) == []
    assert told(said, headers={"cookie": "q=[redacted]"}) == ["required"]
