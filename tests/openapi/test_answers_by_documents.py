"""Answers held against small documents of users: headers, and bodies of other media types than JSON."""

import gzip
from typing import Any

import pytest
from exchanges import exchange
from foreign import contract

from runflow_mock.domain.exchanges import BODY_BYTES_MAX
from runflow_mock.domain.findings import Finding, Severity
from runflow_mock.openapi.answers import answer_findings
from runflow_mock.openapi.media_types import ENCODINGS

JSON = "application/json"
TEXT = "text/plain"
WHOLE = {"type": "integer"}


def findings(response: Any, headers: dict[str, str], body: bytes = b"", *, status: str = "200", method: str = "GET") -> list[Finding]:
    """All that is found in an answer that a document describes; its parts may be components."""
    components = {"headers": {"Left": {"required": True, "schema": WHOLE}}, "responses": {"Whole": response}}
    operation = {"responses": {status: {"$ref": "#/components/responses/Whole"}}}
    document = {"openapi": "3.2.0", "info": {}, "paths": {"/x": {method.lower(): operation}}, "components": components}
    judging = contract(document)
    declared = judging.operation("/x", method)
    assert declared is not None
    told = tuple((name.encode(), value.encode()) for name, value in headers.items())
    sent = exchange(method, "/x", int(status) if status.isdigit() else 200, response_headers=told, response_body=body)
    return list(answer_findings(judging, declared, sent))


def rules(response: Any, headers: dict[str, str], body: bytes = b"", *, status: str = "200", method: str = "GET") -> list[str]:
    """What is wrong with an answer that a document describes."""
    found = findings(response, headers, body, status=status, method=method)
    return [finding.rule for finding in found if finding.severity is Severity.VIOLATION]


LIST = {"schema": {"type": "array", "items": WHOLE}}
OBJECT = {"schema": {"type": "object", "properties": {"a": WHOLE}}, "explode": True}


@pytest.mark.parametrize(
    ("header", "told", "expected"),
    [
        ({"schema": WHOLE}, "5", []),
        ({"schema": WHOLE}, "five", ["type"]),
        ({"schema": WHOLE}, None, []),
        ({"required": True, "schema": WHOLE}, None, ["required"]),
        ({"$ref": "#/components/headers/Left"}, None, ["required"]),
        ({"$ref": "#/components/headers/Left"}, "x", ["type"]),
        ({"schema": {"enum": ["a", "b"]}}, "c", ["enum"]),
        (LIST, "1, 2", []),
        (LIST, "1, x", ["type"]),
        (OBJECT, "a=1", []),
        (OBJECT, "a=x", ["type"]),
        ({"content": {TEXT: {"schema": {"type": "string", "maxLength": 2}}}}, "abc", ["maxLength"]),
        ({"schema": {"type": "string", "format": "date-time"}}, "2026-01-01T00:00:00Z", []),
        ({"schema": {"type": "string", "format": "uuid"}}, "none", ["format"]),
    ],
)
@pytest.mark.parametrize("status", ["200", "2XX", "2xx", "default"])
def test_header_of_an_answer_is_judged(header: Any, told: str | None, expected: list[str], status: str) -> None:
    assert rules({"description": "", "headers": {"X-Left": header}}, {} if told is None else {"x-left": told}, status=status) == expected


def test_content_type_is_no_header_of_an_answer() -> None:
    headers = {"Content-Type": {"required": True, "schema": {"const": "text/html"}}}
    assert rules({"description": "", "headers": headers}, {}) == []


def media(name: str, schema: Any, *, word: str = "schema") -> dict[str, Any]:
    return {"description": "", "content": {name: {word: schema}}}


EVENT = {"type": "object", "required": ["data"], "properties": {"event": {"enum": ["tick"]}, "retry": {"maximum": 9}}}


@pytest.mark.parametrize(
    ("name", "word", "schema", "body", "expected"),
    [
        (TEXT, "schema", {"type": "string", "maxLength": 2}, b"ab", []),
        (TEXT, "schema", {"type": "string", "maxLength": 2}, b"abc", ["maxLength"]),
        (TEXT, "schema", WHOLE, b"12", []),
        (TEXT, "schema", WHOLE, b"twelve", ["type"]),
        ("application/vnd.own+json", "schema", WHOLE, b"1", []),
        ("application/vnd.own+json", "schema", WHOLE, b'"1"', ["type"]),
        ("application/problem+json", "schema", WHOLE, b"{", ["json"]),
        ("application/x-ndjson", "itemSchema", WHOLE, b"1\n2\n", []),
        ("application/x-ndjson", "itemSchema", WHOLE, b'1\n"2"\n', ["type"]),
        ("application/jsonl", "itemSchema", WHOLE, b"1\n{", ["json"]),
        ("application/json-seq", "itemSchema", WHOLE, b"\x1e1\n\x1e2.5\n", ["type"]),
        ("text/event-stream", "itemSchema", EVENT, b": hello\n\nevent: tick\ndata: 1\ndata: 2\n\n", []),
        ("text/event-stream", "itemSchema", EVENT, b"event:tock\r\ndata:1\r\n\r\n", ["enum"]),
        ("text/event-stream", "itemSchema", EVENT, b"retry: 10\ndata\n\n", ["maximum"]),
        ("text/event-stream", "itemSchema", EVENT, b"event: tock\ndata: never ended", []),
        ("application/x-www-form-urlencoded", "schema", OBJECT["schema"], b"a=x", ["type"]),
        ("text/csv", "schema", WHOLE, b"a,b", []),
    ],
)
def test_body_of_an_answer_is_read_by_its_media_type(name: str, word: str, schema: Any, body: bytes, expected: list[str]) -> None:
    assert rules(media(name, schema, word=word), {"content-type": name}, body) == expected


SHORT = {"type": "string", "maxLength": 2}


@pytest.mark.parametrize("name", ["text/csv", "text/html", "text/xml", "text/event-stream", "text/x-own; version=2"])
def test_text_of_every_kind_is_held_against_the_schema_of_a_text(name: str) -> None:
    described = media(name, SHORT)
    assert findings(described, {"content-type": name}, b"ab") == []
    assert rules(described, {"content-type": name}, b"abc") == ["maxLength"]


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("iso-8859-1", "\xe9\xe9".encode("latin-1")),
        ("utf-8", "\xe9\xe9".encode()),
        ("Windows-1252", b"\x80\xe9"),
        ("utf-16", "\xe9\xe9".encode("utf-16")),
        ("utf-16le", b"\x00\xd8a\x00"),
        *((charset, b"ab") for charset in sorted(ENCODINGS) if not charset.startswith(("utf-16", "utf-32"))),
    ],
)
def test_text_is_read_in_the_encoding_that_it_names(charset: str, body: bytes) -> None:
    described = media("text/csv", {**SHORT, "minLength": 2})
    assert findings(described, {"content-type": f"text/csv; charset={charset}"}, body) == []


@pytest.mark.parametrize(
    "charset", ["none", "idna", "undefined", "hex", "utf-7", "unicode_escape", "raw_unicode_escape", "punycode", "\xe9"]
)
def test_text_in_an_encoding_that_is_not_read_here_is_not_judged(charset: str) -> None:
    (found,) = findings(media("text/csv", SHORT), {"content-type": f"text/csv; charset={charset}"}, b"+2AA-\\ud800")
    assert (found.rule, found.severity) == ("not-looked-into", Severity.NOTE)
    assert "encoding" in found.message


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["string", "integer"], "maxLength": 2},
        {"anyOf": [{"type": "object", "required": ["a"]}, SHORT]},
        {"oneOf": [{"type": "array"}, SHORT]},
    ],
)
def test_text_that_may_stand_for_something_else_is_not_judged(schema: Any) -> None:
    (found,) = findings(media("text/xml", schema), {"content-type": "text/xml"}, b"<a/>")
    assert (found.rule, found.severity) == ("not-looked-into", Severity.NOTE)
    assert rules(media("text/xml", {**SHORT, "type": ["string", "null"]}), {"content-type": "text/xml"}, b"<a/>") == ["maxLength"]


@pytest.mark.parametrize("name", ["text/json", "text/json; charset=utf-8"])
def test_json_that_is_called_text_is_json(name: str) -> None:
    described = media("text/json", {"enum": ["Done"]})
    assert findings(described, {"content-type": name}, b'"Done"') == []
    assert rules(described, {"content-type": name}, b"Done") == ["json"]


@pytest.mark.parametrize(
    ("name", "word", "schema", "body"),
    [
        ("application/xml", "schema", {"type": "object"}, b"<a/>"),
        ("text/csv", "schema", {"type": "array"}, b"a,b"),
        ("text/xml", "schema", {"type": "object"}, b"<a/>"),
        ("application/pdf", "schema", SHORT, b"%PDF"),
        ("application/xml", "itemSchema", {"type": "object"}, b"<a/>"),
        ("application/json", "schema", {"type": "object"}, b"x" * BODY_BYTES_MAX),
    ],
)
def test_body_of_an_answer_that_was_not_judged_is_told(name: str, word: str, schema: Any, body: bytes) -> None:
    (found,) = findings(media(name, schema, word=word), {"content-type": name}, body)
    assert (found.loc, found.severity) == (("response", "body"), Severity.NOTE)


MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("name", "word", "body"),
    [(JSON, "schema", b"1"), ("application/problem+json", "schema", b"1"), ("application/jsonl", "itemSchema", b"1\n2")],
)
def test_byte_order_mark_before_json_is_told_once_and_the_rest_is_judged(name: str, word: str, body: bytes) -> None:
    described = media(name, WHOLE, word=word)
    (found,) = findings(described, {"content-type": name}, MARK + body)
    assert (found.loc, found.rule, found.severity) == (("response", "body"), "byte-order-mark", Severity.NOTE)
    assert rules(described, {"content-type": name}, MARK + b'"a"') == ["type"]
    assert rules(described, {"content-type": name}, MARK + MARK + body) == ["json"]


@pytest.mark.parametrize(
    ("charset", "body"), [("utf-8", MARK + b"ab"), ("utf-16", "ab".encode("utf-16")), ("utf-16le", b"\xff\xfea\0b\0"), ("", MARK + b"ab")]
)
@pytest.mark.parametrize("name", [TEXT, "text/csv"])
def test_byte_order_mark_is_no_part_of_a_text(name: str, charset: str, body: bytes) -> None:
    assert findings(media(name, SHORT), {"content-type": f"{name}; charset={charset}" if charset else name}, body) == []


@pytest.mark.parametrize("schema", [{}, True, {"description": "A table."}])
@pytest.mark.parametrize("name", ["application/pdf", "text/csv"])
def test_body_of_which_the_document_says_nothing_is_not_told(name: str, schema: Any) -> None:
    assert findings(media(name, schema), {"content-type": name}, b"%PDF") == []
    assert findings({"description": "", "content": {"application/pdf": {}}}, {"content-type": "application/pdf"}, b"%PDF") == []


def test_compressed_body_of_an_answer_is_held_against_its_schema() -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert findings(media("application/json", WHOLE), headers, gzip.compress(b"1")) == []
    assert rules(media("application/json", WHOLE), headers, gzip.compress(b'"a"')) == ["type"]


def test_answer_that_is_compressed_in_an_unknown_way_is_told_and_not_judged() -> None:
    (found,) = findings(media("application/json", WHOLE), {"content-type": "application/json", "content-encoding": "br"}, b"\x1f")
    assert (found.severity, found.rule) == (Severity.NOTE, "not-looked-into")


@pytest.mark.parametrize("told", [{}, {"content-type": "application/json"}, {"content-type": "application/json", "content-encoding": "br"}])
def test_answer_that_ends_with_its_head_is_not_asked_for_the_body_that_is_described(told: dict[str, str]) -> None:
    described = {**media("application/json", WHOLE), "headers": {"Left": {"required": True, "schema": WHOLE}}}
    assert rules(described, told, method="HEAD") == ["required"]
    for status in ("204", "205", "304"):
        assert rules(described, {**told, "left": "1"}, status=status) == []


def test_picture_whose_schema_names_bytes_is_not_told() -> None:
    described = media("image/png", {"type": "string", "format": "binary"})
    assert findings(described, {"content-type": "image/png"}, b"\x89PNG") == []
