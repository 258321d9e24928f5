"""Bodies are read as their media type says, and the media type is the one of the document that fits best."""

import gzip
import zlib
from typing import Any

import pytest
from costs import GROWTH_MAX, growth
from exchanges import exchange
from foreign import contract

from runflow_mock.domain.exchanges import BODY_BYTES_MAX
from runflow_mock.domain.findings import Severity
from runflow_mock.openapi.contract_judge import Judge
from runflow_mock.openapi.multipart import HEAD_BYTES_MAX
from runflow_mock.openapi.sent_values import gathered, nested_fields

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
WHOLE = {"type": "integer"}
THING: dict[str, Any] = {
    "type": "object",
    "required": ["count"],
    "properties": {
        "count": WHOLE,
        "ids": {"type": "array", "items": WHOLE},
        "point": {"type": "object", "properties": {"x": WHOLE}},
        "file": {"type": "string", "format": "binary"},
        "any": {},
        "on": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
    },
}


def judged(
    content: dict[str, Any], body: bytes, content_type: str, severity: Severity = Severity.VIOLATION, *, encoding: str = ""
) -> list[str]:
    """The rules that a body breaks by a document that takes this content."""
    operation = {"requestBody": {"required": True, "content": content}, "responses": {"default": {"description": "Any."}}}
    document = {"openapi": "3.1.0", "paths": {"/v1/runs": {"post": operation}}}
    headers = {"content-type": content_type, **({"content-encoding": encoding} if encoding else {})}
    found = Judge(contract(document), lambda path: None).judge(exchange("POST", "/v1/runs", 200, body=body, headers=headers))
    return [f"{'.'.join(map(str, finding.loc))} {finding.rule}" for finding in found.of(severity)]


@pytest.mark.parametrize(
    ("known", "sent", "is_right"),
    [
        (JSON, JSON, True),
        (f"{JSON};charset=UTF-8", JSON, True),
        (f"{JSON}; charset=utf-8", f"{JSON}; charset=UTF-8", True),
        (JSON, f"{JSON};charset=utf-8", True),
        ("Application/JSON", JSON, True),
        (JSON, "APPLICATION/JSON", True),
        ("application/*", JSON, True),
        ("*/*", JSON, True),
        ("application/*+json", "application/vnd.api+json", True),
        ("application/vnd.api+json", "application/vnd.api+json", True),
        (f"{JSON};version=1", JSON, True),
        (f"{JSON};version=1", f"{JSON}; version=1; charset=utf-8", True),
        (f"{JSON};version=1", f"{JSON}; version=2", False),
        ("text/*", JSON, False),
        ("application/vnd.api+json", JSON, False),
        (JSON, "application/vnd.api+json", False),
        (JSON, "", False),
    ],
)
def test_media_type_fits_with_parameters_and_ranges(known: str, sent: str, is_right: bool) -> None:
    content = {known: {"schema": THING}}
    assert judged(content, b'{"count": 1}', sent) == ([] if is_right else ["header.content-type content-type"])
    if is_right:
        assert judged(content, b'{"count": "x"}', sent) == ["body.count type"]


def test_most_particular_media_type_is_meant() -> None:
    content = {
        "*/*": {"schema": {"type": "null"}},
        "application/*": {"schema": {"type": "null"}},
        JSON: {"schema": THING},
        f"{JSON};version=2": {"schema": {"type": "array"}},
    }
    assert judged(content, b'{"count": 1}', JSON) == []
    assert judged(content, b"[]", f"{JSON};version=2") == []
    assert judged(content, b"null", "application/problem+json") == []


@pytest.mark.parametrize(
    ("body", "broken"),
    [
        (b"count=1", []),
        (b"count=1&ids=1&ids=2&on=true&any=x", []),
        (b"count=1&ids=1", []),
        (b"count=1&ids[]=1&ids[]=2&point[x]=3", []),
        (b"count=1&point=%7B%22x%22%3A3%7D&on=", []),
        (b"count=one", ["body.count type"]),
        (b"ids=1", ["body.count required"]),
        (b"count=1&ids=1&ids=b", ["body.ids.1 type"]),
        (b"count=1&point[x]=y", ["body.point.x type"]),
        (b"count=1&on=maybe", ["body.on anyOf"]),
    ],
)
def test_form_is_read_field_by_field(body: bytes, broken: list[str]) -> None:
    assert judged({FORM: {"schema": THING}}, body, FORM) == broken


def test_encoding_of_a_form_says_how_its_lists_are_separated() -> None:
    for encoding, body in (({"explode": False}, b"count=1&ids=1,2"), ({"style": "pipeDelimited"}, b"count=1&ids=1%7C2")):
        assert judged({FORM: {"schema": THING, "encoding": {"ids": encoding}}}, body, FORM) == []
    assert judged({FORM: {"schema": THING}}, b"count=1&ids=1,2", FORM) == ["body.ids.0 type"]


POINT = {"type": "object", "required": ["x"], "properties": {"x": WHOLE, "y": WHOLE}}
SHAPE = {"type": "object", "required": ["point"], "properties": {"point": POINT, "count": WHOLE}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("encoding", "body", "broken"),
    [
        ({"style": "form"}, b"x=1&count=2", []),
        ({"explode": True}, b"x=one&count=2", ["body.point.x type"]),
        ({"explode": True}, b"count=2", ["body.point required"]),
        ({"explode": False}, b"point=x,1,y,2&count=2", []),
        ({"explode": False}, b"point=x,one", ["body.point.x type"]),
        ({"explode": False}, b"point=x", ["body.point style"]),
        ({"style": "pipeDelimited", "explode": False}, b"point=x%7C1", []),
        ({"style": "deepObject", "explode": True}, b"point[x]=1", []),
        ({"style": "deepObject", "explode": True}, b"point[x]=one", ["body.point.x type"]),
        ({"allowReserved": True}, b"x=1", []),
        ({"contentType": "application/json"}, b"point=%7B%22x%22:1%7D", []),
        ({"contentType": "application/json"}, b"point=%7B", ["body.point json"]),
        ({"contentType": "application/json", "style": "form", "explode": False}, b"point=x,1", []),
    ],
)
def test_encoding_of_a_form_says_how_an_object_is_written(encoding: dict[str, Any], body: bytes, broken: list[str]) -> None:
    assert judged({FORM: {"schema": SHAPE, "encoding": {"point": encoding}}}, body, FORM) == broken


@pytest.mark.parametrize(
    ("encoding", "more", "broken"),
    [
        ({"contentType": "image/png, image/jpeg"}, "\r\nContent-Type: image/jpeg", []),
        ({"contentType": "image/png, image/jpeg"}, "\r\nContent-Type: image/gif", ["body.any content-type"]),
        ({"contentType": "image/*"}, "\r\nContent-Type: IMAGE/GIF; q=1", []),
        ({"contentType": "image/*"}, "\r\nContent-Type: text/plain", ["body.any content-type"]),
        ({"contentType": "image/*"}, "", []),
        ({"contentType": "application/json"}, "", ["body.any json"]),
        ({"contentType": "application/json, text/plain"}, "", []),
        ({}, "\r\nContent-Type: application/json", ["body.any json"]),
        ({"headers": {"X-N": {"required": True, "schema": WHOLE}}}, "\r\nx-n: 5", []),
        ({"headers": {"X-N": {"required": True, "schema": WHOLE}}}, "\r\nX-N: a", ["body.any header"]),
        ({"headers": {"X-N": {"required": True, "schema": WHOLE}}}, "", ["body.any required"]),
        ({"headers": {"X-N": {"schema": WHOLE}, "Content-Type": {"required": True, "schema": WHOLE}}}, "", []),
    ],
)
def test_encoding_of_a_part_says_its_content_type_and_headers(encoding: dict[str, Any], more: str, broken: list[str]) -> None:
    content = {MULTIPART: {"schema": {"type": "object"}, "encoding": {"any": encoding}}}
    assert judged(content, multipart(("any", b"x"), more=more), f"{MULTIPART}; boundary=B") == broken


XML = {"contentType": "application/xml; charset=utf-8"}


@pytest.mark.parametrize(
    ("name", "encoding", "more", "broken"),
    [
        ("point", XML, "", []),
        ("point", XML, "\r\nContent-Type: application/xml", []),
        ("point", {"contentType": "application/json, text/xml"}, "\r\nContent-Type: text/xml", []),
        ("point", {"contentType": "application/json, text/plain"}, "", ["body.point type"]),
        ("point", {}, "\r\nContent-Type: application/xml", ["body.point type"]),
        ("points", XML, "", []),
        ("ids", XML, "", ["body.ids.0 type"]),
        ("count", XML, "", ["body.count type"]),
    ],
)
def test_part_that_is_described_as_xml_is_not_held_to_a_schema_of_objects(
    name: str, encoding: dict[str, Any], more: str, broken: list[str]
) -> None:
    fields = {**THING["properties"], "points": {"type": "array", "items": THING["properties"]["point"]}}
    content = {MULTIPART: {"schema": {"type": "object", "properties": fields}, "encoding": {name: encoding}}}
    body = multipart((name, b"<x>1</x>"), more=more)
    assert judged(content, body, f"{MULTIPART}; boundary=B") == broken
    assert judged(content, body, f"{MULTIPART}; boundary=B", Severity.NOTE) == ([] if broken else [f"body.{name} not-looked-into"])


@pytest.mark.parametrize("described", ["*/*", "application/*", "application/octet-stream", "application/xml, application/cbor"])
def test_part_that_may_be_anything_is_looked_into_where_it_is_json(described: str) -> None:
    content = {MULTIPART: {"schema": SHAPE, "encoding": {"point": {"contentType": described}}}}
    for part, broken in ((b'{"x": 1}', []), (b'{"x": "no"}', ["body.point.x type"]), (b"<x>1</x>", [])):
        assert judged(content, multipart(("point", part)), f"{MULTIPART}; boundary=B") == broken
    assert judged(content, multipart(("point", b"{")), f"{MULTIPART}; boundary=B", Severity.NOTE) == ["body.point not-looked-into"]


MIXED = {"contentType": "application/json, application/xml"}


@pytest.mark.parametrize(
    ("points", "broken", "notes"),
    [
        ([("json", b'{"x": 1}'), ("xml", b"<x/>")], [], ["body.points.1 not-looked-into"]),
        ([("json", b'{"x": "no"}'), ("xml", b"<x/>")], ["body.points.0.x type"], ["body.points.1 not-looked-into"]),
        ([("xml", b"<x/>"), ("json", b'{"x": "no"}')], ["body.points.1.x type"], ["body.points.0 not-looked-into"]),
        ([("xml", b"<x/>"), ("xml", b"<y/>")], [], ["body.points not-looked-into"]),
    ],
)
def test_part_in_xml_hides_no_other_part_of_its_name(points: list[tuple[str, bytes]], broken: list[str], notes: list[str]) -> None:
    schema = {"type": "object", "properties": {"points": {"type": "array", "items": POINT}}}
    content = {MULTIPART: {"schema": schema, "encoding": {"points": MIXED}}}
    parts = [multipart(("points", text), more=f"\r\nContent-Type: application/{kind}") for kind, text in points]
    body = b"".join(part.removesuffix(b"--B--\r\n") for part in parts) + b"--B--\r\n"
    assert judged(content, body, f"{MULTIPART}; boundary=B") == broken
    assert judged(content, body, f"{MULTIPART}; boundary=B", Severity.NOTE) == notes


def test_part_in_xml_hides_no_json_before_it_where_only_one_is_described() -> None:
    content = {MULTIPART: {"schema": SHAPE, "encoding": {"point": MIXED}}}
    sent = ((b"json", b'{"x": "no"}'), (b"xml", b"<x/>"))
    head = b'--B\r\nContent-Disposition: form-data; name="point"\r\nContent-Type: application/%b\r\n\r\n%b\r\n'
    body = b"".join(head % part for part in sent) + b"--B--\r\n"
    assert judged(content, body, f"{MULTIPART}; boundary=B") == ["body.point type"]


ADDRESS = {"type": "object", "required": ["url"], "properties": {"url": {"type": "string"}}}


@pytest.mark.parametrize(
    ("schema", "count", "broken"),
    [
        ({"oneOf": [SHAPE, ADDRESS]}, b"1", []),
        ({"anyOf": [ADDRESS, SHAPE]}, b"1", []),
        ({"allOf": [{"oneOf": [ADDRESS, {"anyOf": [ADDRESS, SHAPE]}]}]}, b"1", []),
        ({"oneOf": [{"properties": {"point": {"maxLength": 2}, "count": WHOLE}}, SHAPE]}, b"1", []),
        ({"allOf": [{"properties": {"point": {"description": "Where."}}}, SHAPE]}, b"1", []),
        ({"oneOf": [SHAPE, ADDRESS]}, b"one", ["body oneOf"]),
        ({"anyOf": [ADDRESS, SHAPE]}, b"one", ["body anyOf"]),
        ({"type": "object", "additionalProperties": POINT, "properties": {"count": WHOLE}}, b"one", ["body.count type"]),
        ({"type": "object", "patternProperties": {"^p": POINT}, "properties": {"count": WHOLE}}, b"one", ["body.count type"]),
        ({"type": "object", "patternProperties": {"^p": POINT}, "properties": {"count": WHOLE}}, b"1", []),
    ],
)
def test_part_in_xml_is_looked_into_nowhere_in_its_schema(schema: dict[str, Any], count: bytes, broken: list[str]) -> None:
    content = {MULTIPART: {"schema": schema, "encoding": {"point": XML}}}
    body = multipart(("point", b"<x/>"), ("count", count))
    assert judged(content, body, f"{MULTIPART}; boundary=B") == broken
    assert judged(content, body, f"{MULTIPART}; boundary=B", Severity.NOTE) == ["body.point not-looked-into"]


def test_part_in_xml_may_be_a_list_of_lists_without_an_end() -> None:
    schema = {"type": "object", "properties": {"point": {"type": "array", "items": {"$ref": "#/components/schemas/Nest"}}}}
    operation = {
        "requestBody": {"content": {MULTIPART: {"schema": schema, "encoding": {"point": XML}}}},
        "responses": {"default": {"description": "Any."}},
    }
    nest = {"type": "array", "items": {"$ref": "#/components/schemas/Nest"}}
    document = {"openapi": "3.1.0", "paths": {"/v1/runs": {"post": operation}}, "components": {"schemas": {"Nest": nest}}}
    sent = exchange("POST", "/v1/runs", 200, body=multipart(("point", b"<x/>")), headers={"content-type": f"{MULTIPART}; boundary=B"})
    found = Judge(contract(document), lambda path: None).judge(sent).of(Severity.VIOLATION)
    assert [(finding.loc[:2], finding.rule) for finding in found] == [(("body", "point"), "type")]


def test_field_of_a_form_that_is_described_as_xml_is_not_held_to_a_schema_of_objects() -> None:
    content = {FORM: {"schema": THING, "encoding": {"point": XML}}}
    assert judged(content, b"count=1&point=%3Cx/%3E", FORM) == []
    assert judged(content, b"count=one&point=%3Cx/%3E", FORM) == ["body.count type"]


def test_parts_without_names_are_said_to_be_not_looked_into() -> None:
    body, sent = b"--B\r\n\r\nx\r\n--B--\r\n", "multipart/mixed; boundary=B"
    content = {"multipart/mixed": {"schema": {"type": "array"}}}
    assert judged(content, body, sent) == []
    assert judged(content, body, sent, Severity.NOTE) == ["body not-looked-into"]


@pytest.mark.parametrize(
    ("media_type", "body", "broken"),
    [
        ("application/jsonl", b'{"count": 1}\n{"count": 2}\n', []),
        ("application/x-ndjson", b'{"count": 1}\n{"count": "x"}', ["body.1.count type"]),
        ("application/jsonl", b'{"count": 1}\n{', ["body json"]),
        ("application/json-seq", b'\x1e{"count": 1}\n\x1e{"count": "x"}\n', ["body.1.count type"]),
    ],
)
def test_items_of_a_sequence_are_held_against_their_schema(media_type: str, body: bytes, broken: list[str]) -> None:
    assert judged({media_type: {"itemSchema": THING}}, body, media_type) == broken


def test_items_that_are_not_looked_into_are_said_to_be_so() -> None:
    content = {"text/csv": {"itemSchema": THING}}
    assert judged(content, b"a,b\n", "text/csv") == []
    assert judged(content, b"a,b\n", "text/csv", Severity.NOTE) == ["body not-looked-into"]


def multipart(*parts: tuple[str, bytes], more: str = "", boundary: str = "B") -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="%s"{more}\r\n\r\n'
    return b"".join((head % name).encode() + value + b"\r\n" for name, value in parts) + f"--{boundary}--\r\n".encode()


@pytest.mark.parametrize(
    ("body", "broken"),
    [
        (multipart(("count", b"1")), []),
        (multipart(("count", b"1"), ("ids", b"1"), ("ids", b"2"), ("point", b'{"x": 1}')), []),
        (multipart(("count", b"1"), ("file", bytes(range(256))), more='; filename="a.bin"\r\nContent-Type: application/octet-stream'), []),
        (multipart(("count", b"1"), ("any", b"\xff\xfe")), []),
        (multipart(("count", b"x")), ["body.count type"]),
        (multipart(("ids", b"1")), ["body.count required"]),
        (multipart(("count", b"1"), ("point", b'{"x": "y"}')), ["body.point.x type"]),
        (multipart(("count", b"1"), boundary="C"), ["body multipart"]),
        (b"count=1", ["body multipart"]),
    ],
)
def test_multipart_is_read_part_by_part(body: bytes, broken: list[str]) -> None:
    assert judged({MULTIPART: {"schema": THING}}, body, f"{MULTIPART}; boundary=B") == broken


@pytest.mark.parametrize("content_type", ["message/rfc822", "multipart/mixed; boundary=C", "message/delivery-status", "text/plain"])
def test_part_is_one_value_whatever_stands_in_it(content_type: str) -> None:
    body = multipart(("count", b"--C\r\n\r\nx\r\n--C--"), more=f"\r\nContent-Type: {content_type}")
    schema = {"type": "object", "required": ["count"], "properties": {"count": {"type": "string", "minLength": 15}}}
    assert judged({MULTIPART: {"schema": schema}}, body, f"{MULTIPART}; boundary=B") == []


def test_form_without_fields_is_a_closing_delimiter_alone() -> None:
    for schema, broken in (({"type": "object"}, []), (THING, ["body.count required"])):
        assert judged({MULTIPART: {"schema": schema}}, b"--B--\r\n", f"{MULTIPART}; boundary=B") == broken


@pytest.mark.parametrize(
    "part",
    [
        b'Content-Disposition: form-data; name="\xc3\xbc"\r\n\r\n1',
        b"Content-Disposition: form-data; name*=utf-8''%C3%BC\r\n\r\n1",
        b'content-disposition:form-data;name="\xc3\xbc"\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==',
        b'Content-Disposition: form-data; name="\xc3\xbc"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=31',
        b'Content-Disposition: form-data; name="\xc3\xbc"\r\nContent-Transfer-Encoding: binary\r\n\r\n1',
        b'Content-Disposition: form-data;\r\n name="\xc3\xbc"\r\n\r\n1',
        b'Content-Disposition: form-data; name="\xc3\xbc"\n\n1',
    ],
)
def test_name_and_text_of_a_part_are_read_in_each_form_in_which_they_are_sent(part: bytes) -> None:
    content = {MULTIPART: {"schema": {"type": "object", "required": ["\u00fc"], "properties": {"\u00fc": WHOLE}}}}
    for whole in (b"--B\r\n%b\r\n--B--\r\n", b"before\r\n--B \r\n%b\r\n--B--\r\nbehind", b"--B\r\n%b\r\n", b"--B\n%b\n--B--"):
        assert judged(content, whole % part, f'{MULTIPART}; boundary="B"') == []


def test_part_that_says_base64_and_is_none_is_read_as_it_is() -> None:
    body = b'--B\r\nContent-Disposition: form-data; name="count"\r\nContent-Transfer-Encoding: base64\r\n\r\n123\r\n--B--'
    assert judged({MULTIPART: {"schema": THING}}, body, f"{MULTIPART}; boundary=B") == []


def test_parts_without_a_head_or_without_anything_have_no_name() -> None:
    body = b"--B\r\n--B\r\n\r\nx\r\n--B\r\nX: y\r\n--B--"
    assert judged({MULTIPART: {"schema": THING}}, body, f"{MULTIPART}; boundary=B") == ["body.count required"]


@pytest.mark.parametrize("encoding", ["idna", "undefined", "punycode", "a\0b", "there-is-none"])
def test_name_or_boundary_in_an_encoding_that_cannot_be_read_is_none(encoding: str) -> None:
    body = f"--B\r\nContent-Disposition: form-data; name*={encoding}''%ff\r\n\r\n1\r\n--B--\r\n".encode()
    assert judged({MULTIPART: {"schema": THING}}, body, f"{MULTIPART}; boundary=B") == ["body.count required"]
    assert judged({MULTIPART: {"schema": THING}}, body, f"{MULTIPART}; boundary*={encoding}''%ff") == ["body multipart"]


def test_letter_whose_second_byte_is_a_line_break_elsewhere_stays_in_its_header() -> None:
    body = multipart(("count", b"1"), more="\r\nX-Who: \u00c5sa")
    headers = {"X-Who": {"required": True, "schema": {"enum": ["\u00c5sa"]}}}
    content = {MULTIPART: {"schema": THING, "encoding": {"count": {"headers": headers}}}}
    assert judged(content, body, f"{MULTIPART}; boundary=B") == []


def test_part_whose_head_is_longer_than_is_read_has_no_name() -> None:
    for length, broken in ((HEAD_BYTES_MAX // 2, []), (HEAD_BYTES_MAX, ["body.count required"])):
        body = multipart(("count", b"1"), more=f"\r\nX-More: {'a' * length}")
        assert judged({MULTIPART: {"schema": THING}}, body, f"{MULTIPART}; boundary=B") == broken


NESTED = {
    "comments in a header": b"--0\r\nContent-Disposition: form-data; name=a" + b"(" * 3_000 + b"\r\n\r\n1\r\n--0--\r\n",
    "parts in parts": b"".join(b"--%x\r\nContent-Type: multipart/x;boundary=%x\r\n\r\n" % (each, each + 1) for each in range(1_300)),
}


@pytest.mark.parametrize("case", NESTED)
def test_multipart_may_be_nested_as_deeply_as_it_is_long(case: str) -> None:
    assert judged({MULTIPART: {"schema": THING}}, NESTED[case], f"{MULTIPART}; boundary=0") == ["body.count required"]


def test_field_that_comes_very_often_costs_as_much_as_it_is_long() -> None:
    assert growth(lambda size: lambda: nested_fields(("a", "") for _ in range(size)), 5_000) < GROWTH_MAX
    assert growth(lambda size: lambda: gathered(("a", "") for _ in range(size)), 5_000) < GROWTH_MAX


@pytest.mark.parametrize(
    ("query", "broken"), [("a=count%3D1%26ids%3D2", []), ("a=count%3Dx", ["query.a.count type"]), ("a=", ["query.a.count required"])]
)
def test_parameter_may_be_written_as_a_form_is(query: str, broken: list[str]) -> None:
    parameter = {"name": "a", "in": "query", "content": {FORM: {"schema": THING}}}
    document = {
        "openapi": "3.1.0",
        "paths": {"/v1/runs": {"get": {"parameters": [parameter], "responses": {"default": {"description": "Any."}}}}},
    }
    found = Judge(contract(document), lambda path: None).judge(exchange("GET", f"/v1/runs?{query}", 200))
    assert [f"{'.'.join(map(str, finding.loc))} {finding.rule}" for finding in found.violations] == broken


def test_byte_order_mark_before_json_is_told_once_and_the_rest_is_judged() -> None:
    content = {JSON: {"schema": THING}}
    assert judged(content, b'\xef\xbb\xbf{"count": 1}', JSON) == []
    assert judged(content, b'\xef\xbb\xbf{"count": 1}', JSON, Severity.NOTE) == ["body byte-order-mark"]
    assert judged(content, b'\xef\xbb\xbf{"count": "x"}', JSON) == ["body.count type"]


def test_byte_order_mark_is_no_part_of_what_a_part_says() -> None:
    body = multipart(("count", b"\xef\xbb\xbf1"), ("point", b'\xef\xbb\xbf{"x": 1}'))
    assert judged({MULTIPART: {"schema": THING}}, body, f"{MULTIPART}; boundary=B") == []


def test_multipart_without_a_boundary_is_told() -> None:
    assert judged({MULTIPART: {"schema": THING}}, multipart(("count", b"1")), MULTIPART) == ["body multipart"]


def test_text_is_held_against_its_schema() -> None:
    assert judged({"text/plain": {"schema": WHOLE}}, b"12", "text/plain; charset=utf-8") == []
    assert judged({"text/plain": {"schema": WHOLE}}, b"x", "text/plain") == ["body type"]


@pytest.mark.parametrize("media_type", ["application/octet-stream", "application/xml", "image/png", "application/x-ndjson"])
def test_content_that_is_not_looked_into_is_said_to_be_so(media_type: str) -> None:
    content = {media_type: {"schema": {"type": "object"}}}
    assert judged(content, b"<a/>", media_type) == []
    assert judged(content, b"<a/>", media_type, Severity.NOTE) == ["body not-looked-into"]
    assert judged({media_type: {}}, b"<a/>", media_type, Severity.NOTE) == []


@pytest.mark.parametrize("coding", ["gzip", "X-GZIP", "deflate"])
def test_compressed_body_is_held_against_its_schema(coding: str) -> None:
    pack = zlib.compress if coding == "deflate" else gzip.compress
    assert judged({JSON: {"schema": WHOLE}}, pack(b"1"), JSON, encoding=coding) == []
    assert judged({JSON: {"schema": WHOLE}}, pack(b'"a"'), JSON, encoding=coding) == ["body type"]


@pytest.mark.parametrize(
    ("coding", "body", "rule"),
    [
        ("gzip", b"\x1f\x8b", "not-looked-into"),
        ("gzip", gzip.compress(b"[" * BODY_BYTES_MAX, mtime=0), "too-large-to-judge"),
        ("gzip", b'{\n  "count": 1\n}', "not-looked-into"),
        ("deflate", b'{\n  "count": 1\n}', "not-looked-into"),
        ("br", b"abc", "not-looked-into"),
        ("gzip, gzip", gzip.compress(b"{}", mtime=0), "not-looked-into"),
    ],
)
def test_body_that_cannot_be_unpacked_here_is_not_judged(coding: str, body: bytes, rule: str) -> None:
    content = {JSON: {"schema": THING}}
    assert judged(content, body, JSON, encoding=coding) == []
    assert judged(content, body, JSON, Severity.NOTE, encoding=coding) == [f"body {rule}"]
