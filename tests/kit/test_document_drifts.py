"""Every kind of difference, planted singly, is found where it is and graded by whom it concerns; what is no difference is not found."""

import json
from copy import deepcopy
from time import thread_time
from typing import Any

import pytest
from documents import PLAIN, Edit, drifts, edited
from foreign import OWN, contract
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from plants import ADDITIVE, BREAKING, ONE, ORDERS, PLANTED, REQUEST, RESPONSE, RISKY, Place, create, field, put, schema

from runflow_mock.kit.drift.document_drifts import DocumentComparison
from runflow_mock.kit.drift.drifts import CHANGES, Grade
from runflow_mock.kit.drift.schema_drifts import FOUND_MAX, SchemaComparison
from runflow_mock.kit.drift.schema_forms import DEPTH_MAX
from runflow_mock.openapi.contracts import Contract, packaged_contract

NOWHERE = Contract({"components": {"schemas": {"Line": PLAIN["components"]["schemas"]["Line"]}}})
# The mirror image of a change that only takes something away, or only adds it.
MIRRORED = {
    "operation-removed": "operation-added",
    "field-required": "field-optional",
    "field-removed": "field-added",
    "closed": "opened",
    "value-removed": "value-added",
    "values-listed": "values-free",
    "null-refused": "null-possible",
    "type-narrowed": "type-widened",
    "limit-tightened": "limit-loosened",
    "form-removed": "form-added",
    "content-removed": "content-added",
    "parameter-removed": "parameter-added",
    "parameter-required": "parameter-optional",
    "body-required": "body-optional",
    "success-removed": "success-added",
    "refusal-removed": "refusal-added",
    "header-removed": "header-added",
    "callback-removed": "callback-added",
    "scope-removed": "scope-added",
    "format-removed": "format-added",
}


def mirrored(change: str) -> str | None:
    return MIRRORED.get(change) or next((name for name, other in MIRRORED.items() if other == change), None)


@pytest.mark.parametrize(
    ("plant", "change", "grade", "places"), PLANTED, ids=[f"{change}-{index}" for index, (_, change, *_) in enumerate(PLANTED)]
)
def test_difference_is_found_where_it_is_and_graded(plant: Edit, change: str, grade: Grade, places: list[Place]) -> None:
    found = drifts(edited(), edited(plant))
    assert {drift.change for drift in found} == {change}
    sides = {side for _, side, _ in places}
    assert [(drift.subject, drift.side, drift.where) for drift in found if drift.side in sides] == places
    assert {drift.grade for drift in found if drift.side in sides} == {grade}


def test_every_change_of_a_document_is_planted() -> None:
    planted = {change for _, change, *_ in PLANTED} | {"field-added-required", "required-field-removed", "type-narrowed", "body-optional"}
    planted |= {
        "read-only-ended",
        "write-only-ended",
        "style-changed",
        "parameter-optional",
        "pattern-added",
        "pattern-removed",
        "operation-changed",
        "rule-added",
        "rule-removed",
        "rule-changed",
        "field-refused",
        "required-field-refused",
        "content-narrowed",
        "required-header-removed",
    }
    of_models = {change for change in CHANGES if change.startswith(("model-", "alias-", "batches-", "price-", "output-"))}
    assert set(CHANGES) - planted == of_models | {"slower", "faster"}


LINE = "#/components/schemas/Line"
TAGGED = {"discriminator": {"propertyName": "t", "mapping": {"a": LINE}}}
NUMBER, TEXT, SHORT = {"type": "number"}, {"type": "string"}, {"type": "string", "maxLength": 9}
CLOSED: Any = {"type": "object", "additionalProperties": False}
BY_NAME: Any = {**CLOSED, "properties": {"a": {}}}
NAMED, LONG = ({"patternProperties": {"^a": {"type": "string", "minLength": least}}} for least in (1, 9))
TIGHTER = ("limit-tightened", BREAKING, ADDITIVE)


@pytest.mark.parametrize(
    ("before", "after", "change", "sent", "received"),
    [
        ({"type": "object"}, {"type": "object", "required": ["a"], "properties": {"a": {}}}, "field-added-required", BREAKING, ADDITIVE),
        ({"type": "object", "required": ["a"], "properties": {"a": {}}}, {"type": "object"}, "required-field-removed", RISKY, BREAKING),
        ({"type": ["string", "integer"]}, {"type": "string"}, "type-narrowed", BREAKING, ADDITIVE),
        ({"type": "number"}, {"type": "integer"}, "type-narrowed", BREAKING, ADDITIVE),
        ({}, {"type": "string"}, "type-narrowed", BREAKING, ADDITIVE),
        ({"type": "string"}, {"type": "string", "pattern": "^a"}, "pattern-added", BREAKING, ADDITIVE),
        ({"type": "string", "pattern": "^a"}, {"type": "string"}, "pattern-removed", ADDITIVE, RISKY),
        ({"additionalProperties": {"type": "string"}}, {"additionalProperties": {"type": "integer"}}, "type-changed", BREAKING, BREAKING),
        ({"const": 1}, {"enum": [1, 2]}, "value-added", ADDITIVE, RISKY),
        ({"type": "string"}, {"oneOf": [{"type": "string"}, {"type": "object", "required": ["a"]}]}, "form-added", ADDITIVE, RISKY),
        (True, False, "type-narrowed", BREAKING, ADDITIVE),
        ({"not": {"const": 1}}, {"not": {"const": 2}}, "rule-changed", RISKY, RISKY),
        ({"type": "object"}, {"type": "object", "dependentRequired": {"a": ["b"]}}, "rule-added", BREAKING, ADDITIVE),
        ({"type": "object", "if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"type": "object"}, "rule-removed", ADDITIVE, RISKY),
        ({"type": "object"}, {"type": "object", "propertyNames": {"pattern": "^a"}}, "rule-added", BREAKING, ADDITIVE),
        ({"type": "string"}, {"type": "string", "contentEncoding": "base64"}, "format-added", RISKY, ADDITIVE),
        ({"contentMediaType": "image/png"}, {"contentMediaType": "image/webp"}, "format-changed", RISKY, RISKY),
        ({"contentMediaType": "image/png"}, {}, "format-removed", ADDITIVE, RISKY),
        (TAGGED, {"discriminator": {"propertyName": "t", "mapping": {"b": LINE}}}, "rule-changed", RISKY, RISKY),
        ({"prefixItems": [{}, NUMBER], "type": "array"}, {"prefixItems": [{}, TEXT], "type": "array"}, "type-changed", BREAKING, BREAKING),
        ({"patternProperties": {"^a": NUMBER}}, {"patternProperties": {"^a": TEXT}}, "type-changed", BREAKING, BREAKING),
        ({"type": "array"}, {"type": "array", "prefixItems": [NUMBER]}, "type-narrowed", BREAKING, ADDITIVE),
        ({"type": "object"}, {"type": "object", "patternProperties": {"^a": NUMBER}}, "type-narrowed", BREAKING, ADDITIVE),
        ({"type": "object", "patternProperties": {"^a": NUMBER}}, {"type": "object"}, "type-widened", ADDITIVE, BREAKING),
        (CLOSED, {**CLOSED, "patternProperties": {"^a": NUMBER}}, "field-added", ADDITIVE, ADDITIVE),
        (
            {**BY_NAME, "patternProperties": {"^a": NUMBER}},
            {**BY_NAME, "patternProperties": {"^a": TEXT}},
            "type-changed",
            BREAKING,
            BREAKING,
        ),
        ({"allOf": [NAMED, {"patternProperties": {"^a": {}}}]}, {"allOf": [LONG, {"patternProperties": {"^a": {}}}]}, *TIGHTER),
        ({"allOf": [{"patternProperties": {"^a": {}}}, NAMED]}, {"allOf": [{"patternProperties": {"^a": {}}}, LONG]}, *TIGHTER),
        (
            {"allOf": [{"prefixItems": [{}]}, {"prefixItems": [TEXT]}]},
            {"allOf": [{"prefixItems": [{}]}, {"prefixItems": [SHORT]}]},
            *TIGHTER,
        ),
        ({"allOf": [{"prefixItems": [{}, {}]}, {"items": TEXT}]}, {"allOf": [{"prefixItems": [{}, {}]}, {"items": SHORT}]}, *TIGHTER),
        ({"type": "object", "not": {"const": 1}}, {"type": "object", "not": {"const": 2}}, "rule-changed", RISKY, RISKY),
        ({"type": "array", "contains": TEXT}, {"type": "array", "contains": TEXT, "maxContains": 2}, "rule-changed", RISKY, RISKY),
        ({"type": "array", "contains": {}}, {"type": "array", "contains": {}, "maxContains": 2}, *TIGHTER),
        ({"type": "object", "if": {"required": ["a"]}, "else": False}, {"type": "object"}, "rule-removed", ADDITIVE, RISKY),
        ({"readOnly": True}, {}, "read-only-ended", RISKY, ADDITIVE),
        ({"writeOnly": True}, {}, "write-only-ended", ADDITIVE, ADDITIVE),
        ({}, {"allOf": [{"readOnly": True}]}, "read-only", RISKY, ADDITIVE),
    ],
)
def test_schema_is_graded_by_who_sends_the_value(before: Any, after: Any, change: str, sent: Grade, received: Grade) -> None:
    def of(part: Any) -> Any:
        return edited(field("OrderCreate", "x", part), field("Order", "x", part))

    found = drifts(of(before), of(after))
    assert {drift.change for drift in found} == {change}
    assert {drift.side: drift.grade for drift in found} == {REQUEST: sent, RESPONSE: received}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"type": ["string", "null"]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        (
            {"anyOf": [{"$ref": "#/components/schemas/Line"}, {"type": "null"}]},
            {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Line"}]},
        ),
        ({"type": "object", "required": ["a"], "properties": {"a": {}}}, {"allOf": [{"required": ["a"]}, {"properties": {"a": {}}}]}),
        ({"$ref": "#/components/schemas/Line"}, {"allOf": [{"$ref": "#/components/schemas/Line"}], "title": "A line", "description": "x"}),
        ({"enum": ["a", "b"]}, {"anyOf": [{"const": "b"}, {"const": "a"}]}),
        ({"type": ["integer", "string"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ({"properties": {"a": {"type": "string"}}}, {"type": "object", "properties": {"a": {"type": "string", "minLength": 0}}}),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"oneOf": [{"required": ["b"]}, {"required": ["a"]}]}),
        (True, {}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"oneOf": [{"type": "string"}, {"enum": [None]}]}),
        ({"anyOf": [{"type": "string"}, {"const": None}]}, {"type": ["string", "null"]}),
        ({"enum": [1, [2]]}, {"enum": [1.0, [2.0]]}),
        ({"type": "integer", "default": 1}, {"type": "integer", "default": 1.0}),
        ({"type": "boolean"}, {"type": "boolean", "enum": [True, False]}),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 0, "multipleOf": 1}),
        ({"type": "integer", "maximum": 9, "exclusiveMaximum": 9}, {"type": ["integer"], "maximum": 8}),
        ({"not": {"required": ["a", "b"]}}, {"not": {"required": ["b", "a"], "description": "x", "title": "y"}}),
        ({"not": {"$ref": LINE}}, {"not": PLAIN["components"]["schemas"]["Line"]}),
        ({"dependentRequired": {"a": ["b", "c"]}}, {"dependentRequired": {"a": ["c", "b"]}}),
        (TAGGED, {"discriminator": {"mapping": {"a": "Line"}, "propertyName": "t"}}),
        ({"type": "object"}, {"type": "object", "propertyNames": True}),
        ({"type": "object"}, {"type": "object", "propertyNames": {"type": "string"}}),
        ({"type": "object"}, {"type": "object", "propertyNames": {"type": ["string", "null"], "minLength": 0, "title": "x"}}),
        ({"type": "object"}, {"type": "object", "dependentRequired": {"a": []}}),
        ({"type": "object"}, {"type": "object", "dependentSchemas": {"a": {"allOf": [{}]}}}),
        ({"type": "array"}, {"type": "array", "unevaluatedItems": True}),
        ({"type": "array"}, {"type": "array", "contains": {"const": 1}, "minContains": 0}),
        ({"type": "array"}, {"type": "array", "minContains": 3}),
        ({"type": "array", "contains": {"const": 1}}, {"type": "array", "contains": {"enum": [1]}, "minContains": 1}),
        ({"type": "array"}, {"type": "array", "prefixItems": [{}, True, {"title": "x"}]}),
        ({"type": "array", "items": TEXT}, {"type": "array", "items": TEXT, "prefixItems": [TEXT]}),
        ({"type": "object"}, {"type": "object", "not": False}),
        ({"type": "object"}, {"type": "object", "if": {"required": ["a"]}}),
        ({"type": "object"}, {"type": "object", "if": {"required": ["a"]}, "then": {}, "else": True}),
        ({"type": "object"}, {"type": "object", "then": {"required": ["a"]}}),
        ({"type": "object"}, {"type": "object", "patternProperties": {"^x-": {}}}),
        ({"not": {"type": "string"}}, {"not": {"type": ["string"]}}),
        ({"not": {"type": "string", "nullable": True}}, {"not": {"type": ["null", "string"]}}),
        ({"not": {"const": 1}}, {"not": {"enum": [1.0]}}),
        ({"not": {"$ref": LINE, "minProperties": 1}}, {"not": {"allOf": [{"$ref": LINE}], "minProperties": 1}}),
        ({"not": {"$ref": LINE}}, {"not": {"$ref": LINE, "description": "x"}}),
        ({"not": {"anyOf": [TEXT, NUMBER]}}, {"not": {"anyOf": [NUMBER, {"oneOf": [TEXT]}], "$defs": {"a": {}}}}),
        ({"type": "object", "dependencies": {"a": TEXT}}, {"type": "object", "dependentSchemas": {"a": TEXT}}),
        ({"dependencies": {"a": TEXT}, "dependentSchemas": {"a": SHORT}}, {"dependentSchemas": {"a": {"allOf": [SHORT, TEXT]}}}),
        ({}, {"examples": [1], "deprecated": False, "readOnly": False, "x-variable-type": "image"}),
    ],
)
def test_same_schema_written_otherwise_has_no_drift(before: Any, after: Any) -> None:
    assert drifts(edited(field("OrderCreate", "x", before)), edited(field("OrderCreate", "x", after))) == []


LISTED = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("schema", "said", "expected"),
    [
        (LISTED, {"explode": False}, [("style-changed", BREAKING)]),
        (LISTED, {"style": "pipeDelimited"}, [("style-changed", BREAKING)]),
        (LISTED, {"explode": True, "style": "form"}, []),
        ({"type": "string"}, {"explode": False}, []),
    ],
)
def test_style_counts_where_a_list_or_an_object_is_written(schema: Any, said: Any, expected: Any) -> None:
    def asking(**more: Any) -> Edit:
        return lambda d: d["paths"][ONE]["get"]["parameters"].append({"name": "q", "in": "query", "schema": schema, **more})

    found = drifts(edited(asking()), edited(asking(**said)))
    assert [(drift.change, drift.grade) for drift in found] == expected


def test_field_that_is_gone_of_a_closed_object_is_refused_where_clients_send_it() -> None:
    closed: Any = {"type": "object", "additionalProperties": False, "properties": {"a": {}, "b": {}}, "required": ["a"]}
    grades: dict[Any, Any] = {}
    for name in ("a", "b"):
        rest = {**closed, "properties": {other: {} for other in ("a", "b") if other != name}, "required": []}
        changed = [edited(*(field(of, "x", part) for of in ("OrderCreate", "Order"))) for part in (closed, rest)]
        grades |= {(name, drift.side): (drift.change, drift.grade) for drift in drifts(*changed) if drift.where.endswith(f".{name}")}
    assert grades == {
        ("a", REQUEST): ("required-field-refused", BREAKING),
        ("a", RESPONSE): ("required-field-removed", BREAKING),
        ("b", REQUEST): ("field-refused", BREAKING),
        ("b", RESPONSE): ("field-removed", RISKY),
    }


@pytest.mark.parametrize("more", [{}, {"dependentRequired": {"a": ["c"], "b": ["c"]}}])
def test_older_word_for_what_a_field_needs_is_the_same_rule(more: Any) -> None:
    needed = {"a": ["b", *more.get("dependentRequired", {}).get("a", [])]}
    after: Any = {"dependentRequired": {**more.get("dependentRequired", {}), **needed}}
    assert SchemaComparison(NOWHERE, NOWHERE).drifts({"dependencies": {"a": ["b"]}, **more}, after) == ()


@pytest.mark.parametrize("pattern", ["^x-", "a$"])
@pytest.mark.parametrize("required", [[], ["x-a"]])
def test_field_that_a_pattern_describes_is_not_gone(pattern: str, required: list[str]) -> None:
    named: Any = {**CLOSED, "properties": {"x-a": TEXT}, "required": required}
    described: Any = {**CLOSED, "patternProperties": {pattern: TEXT, "^x-a$": {}, "(": {}}, "required": required}

    def found(before: Any, after: Any) -> set[tuple[str, str]]:
        parts = (edited(field("OrderCreate", "x", part)) for part in (before, after))
        return {(drift.change, drift.where.partition(".x.")[2]) for drift in drifts(*parts)}

    assert {change for change, _ in found(named, described)} == {"field-added"}
    assert ("type-changed", "x-a") in found(named, {**described, "patternProperties": {pattern: NUMBER}})
    back = found(described, {**named, "required": ["x-a"]})
    assert {change for change, where in back if where == "x-a"} == (set() if required else {"field-required"})
    assert ("field-refused", f"/{pattern}/") in back


def test_rules_that_lead_to_one_schema_are_read_in_bounded_time_together() -> None:
    many = {f"f{number}": {"$ref": LINE} for number in range(8)}
    rules = [field("OrderCreate", f"x{number}", {"not": {"$ref": LINE}}) for number in range(60)]
    begun = thread_time()
    assert drifts(edited(put(schema("Line"), properties=many), *rules), edited(put(schema("Line"), properties=many), *rules)) == []
    assert thread_time() - begun < 1


def test_rule_that_leads_to_itself_on_many_ways_is_read_in_bounded_time() -> None:
    many = {f"f{number}": {"$ref": LINE} for number in range(30)}
    document = edited(put(schema("Line"), properties=many), field("OrderCreate", "x", {"not": {"$ref": LINE}}))
    begun = thread_time()
    assert drifts(document, document) == []
    assert thread_time() - begun < 1


def answering(content: Any, **more: Any) -> Any:
    """A document with one operation that takes and answers with some content."""
    operation = {"requestBody": {"content": content}, "responses": {"200": {"content": content, **more}}}
    return {"openapi": "3.1.0", "info": {}, "paths": {"/x": {"post": operation}}}


OTHER_TYPE = {
    ("content-removed", "request", BREAKING),
    ("content-removed", "response", BREAKING),
    ("content-added", "request", ADDITIVE),
    ("content-added", "response", RISKY),
}


def graded(before: Any, after: Any) -> set[tuple[str, str, Grade]]:
    found = DocumentComparison(contract(before, "old.json"), contract(after, "new.json")).drifts()
    return {(drift.change, drift.side.value, drift.grade) for drift in found}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("application/json", "Application/JSON; charset=utf-8", set()),
        ("application/json; version=2; q=a", 'application/json;q="a";version=2', set()),
        ("application/json", "application/*", {("content-added", "request", ADDITIVE), ("content-added", "response", RISKY)}),
        ("*/*", "application/json", {("content-narrowed", "request", BREAKING), ("content-narrowed", "response", ADDITIVE)}),
        ("application/json", "application/xml", OTHER_TYPE),
    ],
)
def test_content_types_are_the_same_in_any_spelling_and_within_ranges(before: str, after: str, expected: Any) -> None:
    assert graded(answering({before: {"schema": {"type": "object"}}}), answering({after: {"schema": {"type": "object"}}})) == expected


def test_schema_is_compared_within_a_range_as_well() -> None:
    before, after = ({name: {"schema": {"type": kind}}} for name, kind in (("*/*", "string"), ("text/csv", "integer")))
    assert ("type-changed", "response", BREAKING) in graded(answering(before), answering(after))


@pytest.mark.parametrize(("range_", "wider"), [("*/*", "*/*"), ("text/*", "text/*"), ("text/*", "*/*")])
def test_new_type_is_compared_with_the_range_that_covered_it(range_: str, wider: str) -> None:
    other = {"schema": {"type": "integer"}}
    before, after = ({name: {"schema": {"type": "string"}}} for name in (range_, wider))
    moved = {("type-changed", "request", BREAKING), ("type-changed", "response", BREAKING)}
    assert graded(answering(before), answering({**after, "text/csv": other})) >= moved
    assert graded(answering({**before, "text/csv": other}), answering({**after, "text/csv": other})).isdisjoint(moved)


ENDLESS: Any = {"type": "array", "items": {"$ref": "#/paths/~1x/post/requestBody/content/multipart~1form-data/schema/properties/a"}}


@pytest.mark.parametrize("schema", [{"type": "array"}, {"type": "array", "items": {"type": "string"}}, ENDLESS])
@pytest.mark.parametrize("said", [{"contentType": "text/csv"}, {"style": "form", "explode": False}])
def test_field_of_a_form_that_is_written_otherwise_is_a_change(schema: Any, said: Any) -> None:
    media = {"schema": {"type": "object", "properties": {"a": schema}}}
    before, after = ({"multipart/form-data": each} for each in (media, {**media, "encoding": {"a": said}}))
    assert ("style-changed", "request", BREAKING) in graded(answering(before), answering(after))


FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"


@pytest.mark.parametrize(
    ("media_type", "schema", "before", "after"),
    [
        (FORM, {"type": "object"}, None, {"style": "form", "explode": True}),
        (FORM, {"type": "string"}, None, {"explode": False}),
        (PARTS, {"type": "object"}, None, {"contentType": "application/json"}),
        (PARTS, {"type": "string"}, None, {"contentType": "text/plain"}),
        (PARTS, {"type": "string", "format": "binary"}, {}, {"contentType": "application/octet-stream"}),
        (PARTS, {"type": "array", "items": {"type": "object"}}, {}, {"contentType": "application/json"}),
        (PARTS, {"type": "object"}, {"contentType": "Application/JSON"}, {"contentType": "application/json; charset=utf-8"}),
        (PARTS, {"type": "string"}, {"contentType": "image/png,image/jpeg"}, {"contentType": "image/jpeg, image/png"}),
        ("application/json", {"type": "object"}, None, {"contentType": "text/plain"}),
    ],
)
def test_field_of_a_form_that_is_written_as_before_is_no_change(media_type: str, schema: Any, before: Any, after: Any) -> None:
    def of(said: Any) -> Any:
        more = {} if said is None else {"encoding": {"a": said}}
        return answering({media_type: {"schema": {"type": "object", "properties": {"a": schema}}, **more}})

    assert graded(of(before), of(after)) == set()


def test_field_of_a_form_that_is_new_is_no_field_that_is_written_otherwise() -> None:
    old, new = {"type": "object", "properties": {}}, {"type": "object", "properties": {"a": {"type": "array"}}}
    after = {PARTS: {"schema": new, "encoding": {"a": {"contentType": "text/csv"}}}}
    assert {change for change, *_ in graded(answering({PARTS: {"schema": old}}), answering(after))} == {"field-added"}


def test_header_that_was_required_is_missed() -> None:
    found = [graded(answering({}, headers={"A": {"required": is_required}}), answering({})) for is_required in (True, False)]
    assert found == [{("required-header-removed", "response", BREAKING)}, {("header-removed", "response", RISKY)}]


@pytest.mark.parametrize("after", ["https://API.x.example", "https://api.x.example:443/", "HTTPS://api.x.example"])
def test_host_is_the_same_in_any_spelling(after: str) -> None:
    before = {**answering({}), "servers": [{"url": "https://api.x.example"}]}
    assert graded(before, {**before, "servers": [{"url": after}]}) == set()
    assert graded(before, {**before, "servers": [{"url": "https://api.x.example:8443"}]}) == {("server-changed", "operation", RISKY)}


REGIONS = {"url": "https://{region}.x.example", "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([{"url": "https://eu.x.example"}, {"url": "https://us.x.example/v2"}], [{"url": "https://eu.x.example"}]),
        ([REGIONS], [{**REGIONS, "variables": {"region": {"default": "eu", "enum": ["eu"]}}}]),
        ([REGIONS], [{"url": "https://eu.x.example"}]),
    ],
    ids=["second server", "value of a variable", "variable"],
)
def test_host_that_is_no_longer_among_the_servers_is_missed(before: list[Any], after: list[Any]) -> None:
    old, new = ({**answering({}), "servers": servers} for servers in (before, after))
    assert graded(old, new) == {("server-changed", "operation", RISKY)}
    assert graded(new, old) == set()
    written_out = [{"url": f"https://{region}.x.example"} for region in ("eu", "us")]
    assert graded({**old, "servers": [REGIONS]}, {**old, "servers": written_out}) == set()


def test_host_beside_many_addresses_is_still_there() -> None:
    def servers(versions: int, *regions: int) -> Any:
        some = {"url": "https://a.x.example/{v}", "variables": {"v": {"default": "v0", "enum": [f"v{each}" for each in range(versions)]}}}
        spread = {"url": "https://{r}.x.example", "variables": {"r": {"default": "r0", "enum": [f"r{each}" for each in regions]}}}
        return {**answering({}), "servers": [some, spread, {"url": "https://b.x.example"}]}

    assert graded(servers(10), servers(40)) == set()
    assert graded(servers(1, *range(5)), servers(1, *range(25))) == set()
    assert graded(servers(1, *range(25)), servers(1, *reversed(range(25)))) == set()
    assert graded(servers(1, *range(25)), servers(1, *range(24))) == {("server-changed", "operation", RISKY)}


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [(("a", "/"), ("b", "/"), True), (("a", "b"), ("b", "a"), True), (("a", "b"), ("a", "/"), False), (("a", "/"), ("a",), False)],
)
def test_host_that_is_called_first_is_told_beside_addresses_without_one(before: Any, after: Any, is_told: bool) -> None:
    old, new = (
        {**answering({}), "servers": [{"url": "/" if each == "/" else f"https://{each}.x.example"} for each in hosts]}
        for hosts in (before, after)
    )
    assert bool(graded(old, new)) is is_told


def test_address_without_a_host_is_no_other_server() -> None:
    assert drifts(edited(put(lambda d: d, servers=None)), edited()) == []
    assert drifts(edited(put(lambda d: d, servers=[{"url": "/"}])), edited()) == []


def test_texts_order_and_names_are_no_drift() -> None:
    def told_otherwise(document: Any) -> None:
        document["info"] = {"title": "Other", "version": "2", "description": "New."}
        create(document)["operationId"], create(document)["summary"] = "makeOrder", "Make one."
        document["components"]["securitySchemes"]["key"]["description"] = "A key."
        schema("Order", "note")(document).update(description="Else.", examples=["x"])
        schema("Order")(document)["required"].reverse()
        item = document["paths"].pop(ONE)
        item["get"]["parameters"][0]["name"] = item["get"]["parameters"][0]["description"] = "id"
        document["paths"] = {"/v1/orders/{id}": item, **document["paths"]}

    assert drifts(edited(), edited(told_otherwise)) == []
    assert drifts(edited(), contract(shuffled(deepcopy(PLAIN)), "newer.json")) == []


def shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in reversed(value)}
    return [shuffled(part) for part in value] if isinstance(value, list) else value


@pytest.mark.slow(is_covering=True)
def test_model_path_is_the_same_operation_however_it_is_written() -> None:
    ours = packaged_contract()
    path = "/v1/models/{owner}/{slug}/runs"

    def as_documented(document: Any) -> None:
        item = document["paths"].pop("/v1/models/{model_id}/runs")
        item["parameters"] = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in ("owner", "slug")]
        document["paths"][path] = item

    theirs = edited(as_documented, document=json.loads(json.dumps(ours.document)))
    assert path in theirs.paths
    assert {(drift.change, drift.where) for drift in drifts(ours, theirs)} == {("parameter-removed", "header.X-Organization-Id")}


def test_what_ours_only_guessed_is_not_told_as_removed_without_saying_so() -> None:
    found = drifts(packaged_contract(), contract(OWN, "own.json"))
    guessed = [drift for drift in found if drift.change == "guess-removed"]
    assert {drift.evidence for drift in guessed} == {"named", "inferred"}
    assert all(drift.grade is RISKY and f"only {drift.evidence}" in drift.says for drift in guessed)
    assert {drift.evidence for drift in found if drift.change == "operation-removed"} == {None}


def test_class_of_statuses_covers_its_members() -> None:
    by_class = edited(put(lambda d: create(d)["responses"], _404=None), put(lambda d: create(d)["responses"], _4XX={"description": "No."}))
    assert drifts(edited(), by_class) == drifts(by_class, edited()) == []


def test_schema_that_leads_to_itself_is_compared_once() -> None:
    found = drifts(edited(), edited(put(schema("Line", "parts"), maxItems=3)))
    assert {drift.where for drift in found if drift.side is REQUEST} >= {"body.lines.[].parts"}


def test_what_lies_too_deep_or_leads_nowhere_is_not_compared() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(DEPTH_MAX + 2):
        deep = {"type": "array", "items": deep}
    loop = Contract({"components": {"schemas": {"Loop": {"$ref": "#/components/schemas/Loop"}}}})
    other = json.loads(json.dumps(deep).replace("string", "integer"))
    assert SchemaComparison(loop, loop).drifts(deep, other) == ()
    assert SchemaComparison(loop, loop).drifts({"$ref": "#/components/schemas/Loop"}, {"$ref": "elsewhere.json"}) == ()


@pytest.mark.parametrize(("beyond", "is_cut"), [(-1, False), (0, False), (1, True)])
def test_so_many_differences_of_one_schema_are_told(beyond: int, is_cut: bool) -> None:
    many: Any = {"type": "object", "properties": {f"field{index}": {} for index in range(FOUND_MAX + beyond)}}
    found = SchemaComparison(NOWHERE, NOWHERE).drifts(many, {"type": "object"})
    assert (len(found), "no more than" in found[-1].says) == (FOUND_MAX + min(beyond, 0), is_cut)


@pytest.mark.slow(is_covering=True)
def test_packaged_document_has_not_moved_from_itself() -> None:
    assert drifts(packaged_contract(), packaged_contract()) == []


NULL_OR_LINE: list[Any] = [{"type": "null"}, {"$ref": "#/components/schemas/Line"}]


def schemas(inner: Any) -> Any:
    """Schemas with parts from others."""
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "integer", "object", ["string", "null"], ["object", "array"]]),
            "enum": st.lists(st.sampled_from(["a", "b", 1, None]), min_size=1, unique=True),
            "maxLength": st.integers(0, 3),
            "required": st.lists(st.sampled_from(["p", "q"]), unique=True),
            "properties": st.dictionaries(st.sampled_from(["p", "q"]), inner, max_size=2),
            "additionalProperties": st.booleans(),
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=3),
            "allOf": st.lists(inner, min_size=1, max_size=2),
        },
    )


SCHEMAS = st.recursive(st.sampled_from([{}, True, False, *NULL_OR_LINE]), schemas, max_leaves=8)


@given(SCHEMAS)
def test_nothing_has_moved_from_itself(part: Any) -> None:
    assert SchemaComparison(NOWHERE, NOWHERE).drifts(part, deepcopy(part)) == ()


@pytest.mark.slow(is_covering=True)
@settings(max_examples=30)
@given(st.lists(st.sampled_from(range(len(PLANTED))), min_size=1, max_size=3, unique=True))
def test_what_is_taken_away_on_one_side_is_added_on_the_other(chosen: list[int]) -> None:
    try:
        newer = edited(*(PLANTED[index][0] for index in chosen if PLANTED[index][1] in MIRRORED))
    except (KeyError, IndexError):
        # One took away the place at which another is planted.
        reject()
    there, back = drifts(edited(), newer), drifts(newer, edited())
    seen = {(drift.key, drift.side, drift.where, drift.change) for drift in back}
    for drift in there:
        assert (drift.key, drift.side, drift.where, mirrored(drift.change)) in seen


def test_removal_on_one_side_is_addition_on_the_other() -> None:
    without = edited(put(lambda d: d["paths"], **{ORDERS: None}))
    (gone,), (come,) = drifts(edited(), without), drifts(without, edited())
    assert (gone.grade, come.grade, gone.key) == (BREAKING, ADDITIVE, come.key)


def moved(old: Any, new: Any, path: str = "/x") -> list[tuple[str, str]]:
    """The changes between two operations, each given as it is or as whole paths."""
    sides = [each if any(key.startswith("/") for key in each) else {path: {"get": each}} for each in (old, new)]
    was, now = ({"openapi": "3.1.0", "paths": paths} for paths in sides)
    found = DocumentComparison(contract(was), contract(now, "newer.json")).drifts()
    return [(drift.change, drift.where) for drift in found]


def test_names_of_parameters_differ_by_case_but_for_headers() -> None:
    whole, text = {"schema": {"type": "integer"}}, {"schema": {"type": "string"}}
    both = {"parameters": [{"name": "max", "in": "query", **whole}, {"name": "Max", "in": "query", **text}]}
    assert moved(both, both) == []
    assert moved({"parameters": both["parameters"][:1]}, {"parameters": [{"name": "Max", "in": "query", **whole}]}) == [
        ("parameter-removed", "query.max"),
        ("parameter-added", "query.Max"),
    ]
    header = {"name": "X-Max", "in": "header", **whole}
    assert moved({"parameters": [header]}, {"parameters": [{**header, "name": "x-max"}]}) == []


def test_status_that_others_stood_for_is_compared_with_them() -> None:
    def answers(*types: str) -> Any:
        return {"description": "", "content": {"application/json": {"schema": {"type": list(types)}}}}

    old, new = {"responses": {"default": answers("string")}}, {"responses": {"default": answers("string"), "200": answers("integer")}}
    assert moved(old, new) == [("type-changed", "200.body")]
    assert moved(new, old) == [("type-changed", "200.body")]
    assert moved(old, {"responses": {**old["responses"], "200": answers("string")}}) == []


def test_default_stands_for_no_further_success_beside_one_that_is_named() -> None:
    problem = {"description": "", "content": {"application/problem+json": {"schema": {"type": "object"}}}}
    old = {"responses": {"200": {"description": ""}, "default": problem}}
    new = {"responses": {**old["responses"], "204": {"description": ""}}}
    assert moved(old, new) == [("success-added", "204")]
    assert moved(new, old) == [("success-removed", "204")]
    refused = {"responses": {**old["responses"], "404": {"description": ""}}}
    assert moved(old, refused) == [("content-removed", "404.body")]


def test_parameter_that_is_part_of_a_segment_is_compared() -> None:
    def named(*words: str) -> Any:
        kind = {"name": "kind", "in": "path", "required": True, "schema": {"enum": list(words)}}
        return {"/x/{id}.{kind}": {"get": {"parameters": [kind]}}}

    assert moved(named("a", "b"), named("a"), "/x/{id}.{kind}") == [("value-removed", "path.kind")]


def equals(**types: str) -> Any:
    return {
        f"/x/{{{name}}}": {"get": {"parameters": [{"name": "n", "in": "query", "schema": {"type": each}}]}} for name, each in types.items()
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (equals(job="integer"), equals(job="integer", a="string"), [("operation-added", "")]),
        (equals(job="integer", a="string"), equals(job="integer"), [("operation-removed", "")]),
        (equals(a="string", b="integer"), equals(b="integer", c="string"), []),
        (equals(a="string", b="integer"), equals(c="string"), [("operation-removed", "")]),
        (equals(a="string", b="integer"), equals(b="integer", c="boolean"), [("type-changed", "query.n")]),
    ],
)
def test_paths_that_are_written_alike_are_the_same_before_those_of_one_shape(old: Any, new: Any, expected: Any) -> None:
    assert moved(old, new) == expected


def test_equal_paths_are_the_same_in_any_order() -> None:
    paths = {f"/x/{{{name}}}": {"get": {"parameters": [{"name": name, "in": "query"}]}} for name in "ab"}
    assert moved(paths, dict(reversed(paths.items())), "/x/{a}") == []
