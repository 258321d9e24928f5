"""What a schema says counts in drifts, and not how: each pair is graded as a careful reader would, by who sends the value."""

from time import thread_time
from typing import Any

import pytest
from foreign import contract

from runflow_mock.kit.drift.document_drifts import DocumentComparison
from runflow_mock.kit.drift.drifts import Grade
from runflow_mock.kit.drift.schema_forms import DEPTH_MAX

BREAKING, RISKY, ADDITIVE = Grade
TEXT, WHOLE, LINE = {"type": "string"}, {"type": "integer"}, {"type": "object", "required": ["q"], "properties": {"q": {"type": "string"}}}
PARTS = "multipart/form-data"


def document(schema: Any, *, content_type: str = "application/json", version: str = "3.1.0", **media: Any) -> dict[str, Any]:
    """A document in which clients send and receive what a schema says."""
    content = {"content": {content_type: {"schema": schema, **media}}}
    operation = {"requestBody": content, "responses": {"200": {"description": "It.", **content}}}
    return {"openapi": version, "info": {}, "paths": {"/x": {"post": operation}}, "components": {"schemas": {"Line": LINE}}}


def grades(before: Any, after: Any) -> tuple[Grade | None, Grade | None]:
    """Returns the worst grade of what clients send, and of what they receive."""
    found = list(DocumentComparison(contract(before, "old.json"), contract(after, "new.json")).drifts())
    sent, received = ([drift.grade for drift in found if drift.side == side] for side in ("request", "response"))
    return min(sent, key=tuple(Grade).index, default=None), min(received, key=tuple(Grade).index, default=None)


def thing(**more: Any) -> Any:
    return {"type": "object", **more}


def tagged(kind: str, **more: Any) -> Any:
    return thing(required=["kind"], properties={"kind": {"const": kind}, **more})


def several(**more: Any) -> Any:
    return {"type": "array", **more}


def number(**more: Any) -> Any:
    return {"type": "number", **more}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (thing(dependencies={"a": ["b"], "c": TEXT}), thing(dependentRequired={"a": ["b"]}, dependentSchemas={"c": TEXT})),
        (thing(dependentSchemas={"a": {"required": ["b"]}}), thing(dependentRequired={"a": ["b"]})),
        (
            thing(dependentSchemas={"a": {"required": ["b"]}, "c": TEXT}),
            thing(dependentRequired={"a": ["b"]}, dependentSchemas={"c": TEXT}),
        ),
        ({"not": {"not": number(minimum=1)}}, number(minimum=1)),
        ({"if": True, "then": TEXT}, TEXT),
        ({"if": {}, "then": TEXT, "else": WHOLE}, TEXT),
        ({"if": False, "then": TEXT, "else": WHOLE}, WHOLE),
        ({"if": {"description": "Always."}, "then": TEXT}, TEXT),
        ({"not": {"not": number(minimum=1), "title": "Not that."}}, number(minimum=1)),
        (
            {"if": True, "then": thing(properties={"a": TEXT}), "unevaluatedProperties": False},
            {"allOf": [thing(properties={"a": TEXT})], "unevaluatedProperties": False},
        ),
        (thing(**{"if": False, "then": {"required": ["a"]}}), thing()),
        (several(items=False), several(maxItems=0)),
        (several(contains={}), several(minItems=1)),
        (several(contains=True, minContains=2, minItems=1), several(minItems=2)),
        (several(contains={"title": "Any."}, minContains=0, maxContains=3), several(maxItems=3)),
        (several(contains=TEXT), several(contains=TEXT, minItems=1)),
        (several(contains=TEXT, minContains=2), several(contains=TEXT, minContains=2, minItems=2)),
        ({"not": several(contains={})}, {"not": several(minItems=1)}),
        (several(prefixItems=[TEXT, WHOLE], items=False), several(prefixItems=[TEXT, WHOLE], maxItems=2)),
        (several(prefixItems=[TEXT], items=False), several(prefixItems=[TEXT], unevaluatedItems=False)),
        (several(items=TEXT), several(items=TEXT, unevaluatedItems=False)),
        (several(items=TEXT), several(unevaluatedItems=TEXT)),
        (thing(additionalProperties=TEXT), thing(unevaluatedProperties=TEXT)),
        (thing(patternProperties={".*": TEXT}), thing(additionalProperties=TEXT)),
        (thing(patternProperties={"": TEXT}), thing(additionalProperties=TEXT)),
        ({"type": "integer", "minimum": 1.5}, {"type": "integer", "minimum": 2}),
        ({"type": "integer", "exclusiveMaximum": 2.5}, {"type": "integer", "maximum": 2}),
        ({"type": "integer", "multipleOf": 0.5}, WHOLE),
        (number(minimum=5, exclusiveMinimum=3), number(minimum=5)),
        (number(minimum=5, exclusiveMinimum=5), number(exclusiveMinimum=5)),
        ({"allOf": [number(multipleOf=2), {"multipleOf": 3}]}, number(multipleOf=6)),
        ({"allOf": [number(minimum=2), {"exclusiveMinimum": 2}]}, number(exclusiveMinimum=2)),
        ({"type": "string", "minimum": 5, "maxItems": 3}, TEXT),
        ({"allOf": [TEXT, {"maxItems": 3}]}, TEXT),
        ({"allOf": [TEXT, {"enum": ["a", 1]}]}, {"enum": ["a"]}),
        ({"allOf": [WHOLE, {"exclusiveMinimum": 0}]}, {"type": "integer", "exclusiveMinimum": 0}),
        ({"allOf": [WHOLE, {"pattern": "^a"}]}, WHOLE),
        ({"allOf": [{"type": ["string", "null"]}, {"minLength": 1}]}, {"type": ["string", "null"], "minLength": 1}),
        ({"allOf": [{"minLength": 1}, {"maxItems": 3}]}, {"minLength": 1, "maxItems": 3}),
        ({"type": "integer", "maxLength": 3, "pattern": "^a"}, WHOLE),
        ({"type": "number", "multipleOf": 1}, WHOLE),
        ({"type": ["number", "null"], "multipleOf": 5.0}, {"type": ["integer", "null"], "multipleOf": 5}),
        (thing(required=["a"], minProperties=1), thing(required=["a"])),
        (
            thing(properties={"a": TEXT}, additionalProperties=False, maxProperties=1),
            thing(properties={"a": TEXT}, additionalProperties=False),
        ),
        (several(maxItems=1, uniqueItems=True), several(maxItems=1)),
        ({"enum": ["ab", "cde"], "minLength": 2, "maxLength": 4}, {"enum": ["ab", "cde"]}),
        ({"enum": [1, 2.5], "minimum": 1, "maximum": 2.5}, {"enum": [1, 2.5]}),
        ({"type": "integer", "format": "int32", "maximum": 2**31 - 1}, {"type": "integer", "format": "int32"}),
        ({**TEXT, "pattern": ".*"}, TEXT),
        ({"type": "string", "enum": ["a", 1]}, {"enum": ["a"]}),
        ({"type": "number", "enum": [1, "a", True]}, {"enum": [1.0]}),
        ({"type": ["string", "null"], "enum": ["a", None, [2]]}, {"enum": ["a", None]}),
        ({}, {"type": ["string", "number", "boolean", "object", "array", "null"]}),
        ({"type": "string", "format": "byte"}, {"type": "string", "contentEncoding": "base64"}),
        (
            {"anyOf": [{"anyOf": [thing(required=["a"]), TEXT]}, thing(required=["c"])]},
            {"anyOf": [thing(required=["a"]), TEXT, thing(required=["c"])]},
        ),
        (thing(anyOf=[{"required": ["a"]}, {"required": ["b"]}]), {"anyOf": [thing(required=["a"]), thing(required=["b"])]}),
    ],
)
def test_schema_that_says_the_same_has_no_drift(before: Any, after: Any) -> None:
    assert grades(document(before), document(after)) == (None, None)
    assert grades(document(after), document(before)) == (None, None)


@pytest.mark.parametrize(
    ("before", "after", "sent", "received"),
    [
        (thing(dependencies={"a": ["b"]}), thing(), ADDITIVE, RISKY),
        (thing(dependencies={"a": ["b"]}), thing(dependencies={"a": ["b", "c"]}), RISKY, RISKY),
        (several(prefixItems=[TEXT, WHOLE]), several(prefixItems=[TEXT, WHOLE], items=False), BREAKING, ADDITIVE),
        (several(prefixItems=[TEXT], items=False), several(prefixItems=[TEXT, WHOLE], items=False), ADDITIVE, RISKY),
        (several(prefixItems=[TEXT, WHOLE], items=False), several(prefixItems=[TEXT], items=False), BREAKING, ADDITIVE),
        (several(prefixItems=[TEXT]), several(prefixItems=[TEXT], unevaluatedItems=False), BREAKING, ADDITIVE),
        (thing(), thing(additionalProperties=TEXT), BREAKING, ADDITIVE),
        (thing(additionalProperties=TEXT), thing(additionalProperties=WHOLE), BREAKING, BREAKING),
        (thing(additionalProperties=TEXT), thing(additionalProperties=False), BREAKING, ADDITIVE),
        (number(minimum=2), number(exclusiveMinimum=2), BREAKING, ADDITIVE),
        (number(exclusiveMaximum=2), number(maximum=2), ADDITIVE, RISKY),
        (number(exclusiveMinimum=1), number(minimum=5), BREAKING, ADDITIVE),
        (number(multipleOf=2), number(multipleOf=4), BREAKING, ADDITIVE),
        (number(multipleOf=0.3), number(multipleOf=0.1), ADDITIVE, RISKY),
        (number(multipleOf=2), number(multipleOf=3), BREAKING, RISKY),
        ({"allOf": [{**TEXT, "pattern": "a"}, {"pattern": "b"}]}, {"allOf": [{**TEXT, "pattern": "a"}, {"pattern": "c"}]}, RISKY, RISKY),
        ({"allOf": [{**TEXT, "pattern": "a"}, {"pattern": "b"}]}, {**TEXT, "pattern": "a"}, ADDITIVE, RISKY),
        ({**TEXT, "format": "uri"}, {"allOf": [{**TEXT, "format": "uri"}, {"format": "uuid"}]}, RISKY, ADDITIVE),
        ({"anyOf": [thing(required=["a"]), thing(required=["b"])]}, thing(anyOf=[{"required": ["a"]}]), BREAKING, ADDITIVE),
        ({**TEXT, "format": "binary"}, TEXT, ADDITIVE, RISKY),
        ({"enum": ["a", None]}, {"enum": ["a"]}, BREAKING, ADDITIVE),
        ({"enum": ["a"]}, {"enum": ["a", None]}, ADDITIVE, RISKY),
        ({"oneOf": [tagged("x"), tagged("y")]}, {"oneOf": [tagged("y", m=WHOLE), tagged("x", n=WHOLE)]}, ADDITIVE, ADDITIVE),
        ({"oneOf": [tagged("x"), tagged("y")]}, {"oneOf": [tagged("z"), tagged("x", n=WHOLE)]}, BREAKING, RISKY),
        ({"const": {}}, {"minProperties": 1, "minItems": 1}, BREAKING, RISKY),
        (thing(required=["a"]), thing(required=["a"], minProperties=2), BREAKING, ADDITIVE),
        (thing(minProperties=1), thing(required=["a"]), BREAKING, ADDITIVE),
        (several(maxItems=5, uniqueItems=True), several(maxItems=1), BREAKING, ADDITIVE),
        ({"enum": ["ab"], "minLength": 3}, {"enum": ["ab"]}, ADDITIVE, RISKY),
        ({**TEXT, "pattern": "^.*$"}, TEXT, ADDITIVE, RISKY),
    ],
)
def test_schema_is_graded_by_what_it_says(before: Any, after: Any, sent: Grade, received: Grade) -> None:
    assert grades(document(before), document(after)) == (sent, received)


READ_ONLY, WRITE_ONLY = {**TEXT, "readOnly": True}, {**TEXT, "writeOnly": True}


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ({**WHOLE, "maximum": 5}, {**WHOLE, "enum": [1, 2], "maximum": 5}, "values-listed"),
        ({**WHOLE, "enum": [1, 2], "maximum": 5}, {**WHOLE, "maximum": 5}, "values-free"),
        (thing(required=["a"], minProperties=1), thing(required=["a", "b"], minProperties=1), "field-added-required"),
    ],
)
def test_limit_that_both_write_alike_has_not_moved(before: Any, after: Any, change: str) -> None:
    found = DocumentComparison(contract(document(before), "old.json"), contract(document(after), "new.json")).drifts()
    assert {drift.change for drift in found} == {change}


@pytest.mark.parametrize(
    ("before", "after", "sent", "received"),
    [
        (thing(properties={"a": READ_ONLY}), thing(properties={"a": READ_ONLY}, required=["a"]), None, ADDITIVE),
        (thing(properties={"a": WRITE_ONLY}), thing(properties={"a": WRITE_ONLY}, required=["a"]), BREAKING, None),
        (thing(), thing(properties={"a": READ_ONLY}, required=["a"]), None, ADDITIVE),
        (thing(properties={"a": READ_ONLY}, required=["a"]), thing(), None, BREAKING),
        (thing(properties={"a": WRITE_ONLY}, required=["a"]), thing(), RISKY, None),
        (thing(properties={"a": {**READ_ONLY, "enum": ["x", "y"]}}), thing(properties={"a": {**READ_ONLY, "enum": ["x"]}}), None, RISKY),
        (thing(properties={"a": TEXT}), thing(properties={"a": READ_ONLY}, required=["a"]), RISKY, ADDITIVE),
        (thing(properties={"a": TEXT}), thing(properties={"a": WRITE_ONLY}), ADDITIVE, BREAKING),
        (thing(properties={"a": READ_ONLY}, required=["a"]), thing(properties={"a": TEXT}, required=["a"]), BREAKING, ADDITIVE),
    ],
)
def test_field_that_goes_one_way_alone_moves_there_alone(before: Any, after: Any, sent: Grade | None, received: Grade | None) -> None:
    assert grades(document(before), document(after)) == (sent, received)


@pytest.mark.parametrize(
    ("before", "after", "sent", "received"),
    [
        ("image/png", "image/png, image/jpeg", ADDITIVE, RISKY),
        ("image/png", "image/*", ADDITIVE, RISKY),
        ("image/png, image/jpeg", "image/png", BREAKING, ADDITIVE),
        ("image/*", "image/png", BREAKING, ADDITIVE),
        ("image/png", "image/gif", BREAKING, RISKY),
        (None, "application/json, application/xml", ADDITIVE, RISKY),
        ("*/*", None, BREAKING, ADDITIVE),
    ],
)
def test_content_type_of_a_field_may_be_widened(before: str | None, after: str | None, sent: Grade, received: Grade) -> None:
    def of(said: str | None) -> dict[str, Any]:
        more: Any = {} if said is None else {"encoding": {"a": {"contentType": said}}}
        return document(thing(properties={"a": {"type": "object"}}), content_type=PARTS, **more)

    assert grades(of(before), of(after)) == (sent, received)


BINARY = {"type": "string", "format": "binary"}


@pytest.mark.parametrize(
    ("before", "after", "content_type"),
    [
        (number(minimum=1, exclusiveMinimum=True), number(exclusiveMinimum=1), "application/json"),
        ({**TEXT, "nullable": True, "enum": ["a", None]}, {"type": ["string", "null"], "enum": ["a", None]}, "application/json"),
        ({**TEXT, "format": "byte"}, {**TEXT, "contentEncoding": "base64"}, "application/json"),
        ({"$ref": "#/components/schemas/Line", "maxProperties": 1}, {"$ref": "#/components/schemas/Line"}, "application/json"),
        (BINARY, {}, "application/octet-stream"),
        (BINARY, {"contentMediaType": "image/png"}, "image/png"),
        (thing(properties={"a": BINARY}), thing(properties={"a": {**TEXT, "contentMediaType": "image/png"}}), PARTS),
    ],
)
def test_document_that_says_the_same_in_a_newer_version_has_no_drift(before: Any, after: Any, content_type: str) -> None:
    older = document(before, content_type=content_type, version="3.0.3")
    assert grades(older, document(after, content_type=content_type)) == (None, None)


def named(name: str) -> Any:
    return {"$ref": f"#/components/schemas/{name}"}


A, B, C = map(named, "ABC")
LEADING_ON: Any = {
    "to each other": {"A": {"anyOf": [B, C]}, "B": {"anyOf": [A, thing()]}, "C": {"anyOf": [A, thing(required=["c"])]}},
    "to itself twice": {"A": {"anyOf": [A, A, thing(required=["a"])]}},
    "with a type to itself twice": {"A": thing(anyOf=[A, A, thing(required=["a"])])},
    "to one twice, again and again": {
        "A": named("0"),
        **{str(number): {"anyOf": [named(str(number + 1))] * 2} for number in range(20)},
        "20": thing(required=["a"]),
    },
    "by fields of both": {"A": {"allOf": [B, C]}, "B": thing(properties={"a": A, "b": A}), "C": thing(properties={"a": A, "b": A})},
    "by items of both": {"A": {"allOf": [B, C]}, "B": several(items=A), "C": several(items=A)},
    "by patterns of names": {"A": thing(properties={"ab": {}}, patternProperties={"a": A, "b": A}, required=["ab"])},
}


@pytest.mark.parametrize("schemas", LEADING_ON.values(), ids=list(LEADING_ON))
def test_schemas_that_lead_to_each_other_are_compared_in_bounded_time(schemas: Any) -> None:
    older, newer, other = document(A), document(A), document(A)
    for each in (older, newer, other):
        each["components"]["schemas"] = schemas
    newer["components"]["schemas"] = {**schemas, "A": {"allOf": [schemas["A"], {"minProperties": 1}]}}
    begun = thread_time()
    assert grades(older, other) == (None, None)
    grades(older, newer)
    assert thread_time() - begun < 1


def test_form_of_a_choice_that_names_itself_is_counted_once() -> None:
    older, newer = document(A), document({"anyOf": [thing(required=["a"]), TEXT, several(), number()]})
    older["components"]["schemas"] = {"A": {"anyOf": [A, B]}, "B": {"oneOf": [thing(required=["a"]), A, TEXT]}}
    found = DocumentComparison(contract(older, "old.json"), contract(newer, "new.json")).drifts()
    assert {drift.says for drift in found} == {"2 forms were possible, 4 are"}


def test_field_is_compared_near_the_top_though_it_was_met_too_deep_before() -> None:
    def leading(leaf: Any) -> Any:
        deep: Any = named("Leaf")
        for _ in range(DEPTH_MAX - 1):
            deep = thing(properties={"p": deep})
        found = document(thing(properties={"a": deep, "z": named("Leaf")}))
        found["components"]["schemas"]["Leaf"] = thing(properties={"v": leaf})
        return found

    found = DocumentComparison(contract(leading(TEXT), "old.json"), contract(leading(WHOLE), "new.json")).drifts()
    assert [drift.where for drift in found if drift.side == "request"] == ["body.z.v"]


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [number(multipleOf=1.7e308), {"multipleOf": 1.3e308}]},
        number(maximum=10**400),
        {"type": "integer", "exclusiveMinimum": -(10**400)},
        {"type": "integer", "enum": [1e308, 1]},
    ],
)
def test_limit_beyond_all_numbers_is_a_limit(schema: Any) -> None:
    newer = number(multipleOf=0.5, maximum=1)
    assert grades(document(schema), document(schema)) == (None, None)
    assert None not in grades(document(schema), document(newer))


@pytest.mark.parametrize("content_type", ["application/json", "application/problem+json; charset=utf-8"])
def test_bytes_stand_in_no_json(content_type: str) -> None:
    """What could be anything became a text there, whatever its format."""
    older, newer = (document(thing(properties={"a": schema}), content_type=content_type) for schema in ({}, BINARY))
    assert grades(older, newer) == (BREAKING, ADDITIVE)
    assert grades(newer, older) == (ADDITIVE, BREAKING)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({**TEXT, "minLength": 1, "maxLength": 9, "pattern": "^a", "format": "uri"}, several(items=WHOLE)),
        (LINE, TEXT),
        (LINE, several(items=LINE, minItems=1)),
        ({"type": "integer", "minimum": 1, "format": "int32"}, {**TEXT, "format": "uuid"}),
        (several(items=TEXT, uniqueItems=True), {"type": ["boolean", "null"]}),
        (thing(additionalProperties=False, dependentRequired={"a": ["b"]}), {"type": "number", "maximum": 3}),
    ],
)
def test_value_of_another_type_is_told_once(before: Any, after: Any) -> None:
    for old, new in ((before, after), (after, before)):
        found = DocumentComparison(contract(document(old), "old.json"), contract(document(new), "new.json")).drifts()
        told = [drift.change for drift in found if drift.side == "request" and not drift.change.startswith("null")]
        assert told == ["type-changed"]
