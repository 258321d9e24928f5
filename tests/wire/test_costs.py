"""No input costs more than its length: every parser, fed with what is worst for it, in one size and in four times that size."""

import gc
import gzip
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from costs import GROWTH_MAX, growth, lines_run
from worlds import catalog

from runflow_mock.domain.callback_policy import CallbackPolicy, objection
from runflow_mock.domain.errors import DomainError
from runflow_mock.domain.filters import QueryError, parse_filter
from runflow_mock.domain.globs import matches_glob
from runflow_mock.domain.pages import parse_order
from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.kit.calibration.dumps import talk_of
from runflow_mock.kit.calibration.postman_collections import read_collection
from runflow_mock.kit.calibration.traces import read_trace
from runflow_mock.kit.calibration.transcripts import read_transcript, split_messages
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.openapi.matched_schemas import check_patterns, with_matched_patterns
from runflow_mock.openapi.pattern_states import states_of
from runflow_mock.openapi.patterns import as_matched
from runflow_mock.openapi.schemas import SchemaError, check_schema
from runflow_mock.openapi.texts import read_text
from runflow_mock.openapi.yaml_values import YamlError
from runflow_mock.web.operations import API_OPERATIONS
from runflow_mock.web.routing import Router
from runflow_mock.wire.bodies import read_body
from runflow_mock.wire.control import ControlError, instant
from runflow_mock.wire.fields import Checker
from runflow_mock.wire.marked_yaml import read_yaml
from runflow_mock.wire.problems import Problem
from runflow_mock.wire.runs import RUN_FIELDS
from runflow_mock.wire.times import read_duration

REFUSALS = (Problem, ControlError, QueryError, SchemaError, YamlError, DomainError, ValueError)
Read = Callable[[Any], object]


def tried(read: Read, given: object) -> None:
    with suppress(*REFUSALS):
        read(given)


def body(raw: bytes) -> object:
    return read_body(raw, "application/json")


def glob(pattern: str) -> Read:
    return lambda path: matches_glob(pattern, "/v1/" + path)


def checker(schema: dict[str, Any]) -> Read:
    compiled = Checker(schema)
    return lambda value: compiled.errors(value, ())


def nested(size: int) -> bytes:
    return b'{"input":' + b"[" * 65 + b'"' + b'\\"' * size


def dump(pieces: int, lines: int) -> bytes:
    shown = b"\n".join(b"%04x: %b" % (64 * n, b"x" * 64) for n in range(lines))
    return b"<= Recv header, 17 bytes (0x11)\n0000: HTTP/1.1 200 OK\n" + b"\n".join([b"<= Recv data, 9 bytes (0x9)\n" + shown] * pieces)


def trace(line: str) -> bytes:
    return f"> GET /v1/runs HTTP/1.1\n> Host: api.runflow.io\n{line}\n< HTTP/1.1 200 OK\n< A: b\n<\n{line}\n".encode()


def collection(address: object, answers: int, **variables: str) -> object:
    """A collection in which one request has many answers."""
    items = [{"request": {"method": "GET", "url": address}, "response": [{"code": 200, "body": "{}"}] * answers}]
    return {"info": {"name": "x"}, "item": items, "variable": [{"key": key, "value": value} for key, value in variables.items()]}


WORST: dict[str, tuple[Read, int, Callable[[int], Any]]] = {
    "text that does not end": (body, 8_000, nested),
    "text that ends in a backslash": (body, 8_000, lambda size: nested(size) + b"\\"),
    "many texts": (body, 8_000, lambda size: b'{"input":' + b"[" * 65 + b'"a",' * size),
    "last key twice": (body, 4_000, lambda size: b"{" + b"".join(b'"k%d":0,' % n for n in range(size)) + b'"k0":0}'),
    "every key twice": (body, 4_000, lambda size: b"{" + b",".join(b'"k%d":0' % (n // 2) for n in range(size)) + b"}"),
    "many digits": (body, 20_000, lambda size: b'{"a":0.' + b"1" * size + b"}"),
    "many whole digits": (body, 20_000, lambda size: b'{"a":1' + b"0" * size + b"}"),
    "many exponents": (body, 4_000, lambda size: b'{"a":[' + b"1e300," * size + b"1]}"),
    "escaped NULs": (body, 4_000, lambda size: b'{"a":[' + b'"\\u0000",' * size + b"1]}"),
    "half characters": (body, 4_000, lambda size: b'{"a":"' + b"\\ud83d\\ud83d\\udc4d" * size + b'"}'),
    "glob of many stars": (glob("/v1/*a*a*a*a*ab"), 4_000, lambda size: "a" * size),
    "glob across many segments": (glob("/v1/**a*a*a**b*a**c"), 4_000, lambda size: "a/a" * size),
    "glob across one segment": (glob("**a*b*c**d"), 4_000, lambda size: "a" * size),
    "glob of any characters": (glob("**?a?*?a?**b"), 4_000, lambda size: "a/" * size),
    "filter with an open text": (lambda q: parse_filter(q, RUN_FIELDS), 200, lambda size: "id:'" + "''" * size),
    "filter of escapes": (lambda q: parse_filter(q, RUN_FIELDS), 200, lambda size: "id:'" + "\\'" * size),
    "filter of comparisons": (lambda q: parse_filter(q, RUN_FIELDS), 80, lambda size: " AND ".join(["id:a"] * size)),
    "order of many fields": (lambda order: parse_order(order, RUN_FIELDS), 200, lambda size: "id," * size),
    "duration of many parts": (read_duration, 4_000, lambda size: "1m" * size + "x"),
    "duration of many digits": (read_duration, 4_000, lambda size: "1" * size + "m"),
    "instant of many digits": (lambda given: instant(given, "at"), 4_000, lambda size: "2026-01-01T00:00:00." + "1" * size + "Z"),
    "escapes upon escapes": (Scrubber(["hunter2hunter2"]).scrub, 2_000, lambda size: b"%25" * size + b"\\\\" * size + b"rf_live_A"),
    "fields that may be secrets": (Scrubber().scrub, 2_000, lambda size: b'"secret_secre' * size + b'"a_key":"' * size),
    "parts without an end": (Scrubber().scrub, 2_000, lambda size: b'name="secret"\n' * size),
    "passwords without an end": (Scrubber().scrub, 2_000, lambda size: b"://a:" * size + b"://" + b"a:" * size + b"@"),
    "keys without an end": (Scrubber().scrub, 2_000, lambda size: b"rf_live_" * size + b"72665f" * size),
    "base64 within base64 behind escapes": (
        Scrubber().scrub,
        400,
        lambda size: b" ".join(b"%252525" + b64encode(b64encode(b"a text of its own, %d" % n)) for n in range(size)),
    ),
    "quoted-printable without an end": (Scrubber().scrub, 2_000, lambda size: b"=5F=3D" * size + b"&amp;" * size),
    "lists that may be secrets": (Scrubber().scrub, 2_000, lambda size: b'"secret":[' * size + b'{"a":"b",' * size),
    "names upon names": (Scrubber().scrub, 2_000, lambda size: b"secret=" * size + b"\npassword: 'api_key: \"" * size),
    "names in long words": (Scrubber().scrub, 2_000, lambda size: b"secret" * size + b" secret" * size + b'{"value":"' * size),
    "tokens without an end": (Scrubber().scrub, 2_000, lambda size: b"eyJ" * size + b".eyJhbGciOiJI" * size),
    "private keys without an end": (Scrubber().scrub, 500, lambda size: b"-----BEGIN PRIVATE KEY-----\n" * size),
    "settings without an end": (Scrubber().scrub, 1_000, lambda size: b"secret: |\n  a\n" * size + b"  a\n" * size),
    "elements without an end": (Scrubber().scrub, 2_000, lambda size: b"<secret " * size + b"</" + b"<a:secret>" * size),
    "groups without an end": (Scrubber().scrub, 2_000, lambda size: b"&secret[a]" * size + b"secret=" + b"[secret" * size),
    "lines of base64": (Scrubber().scrub, 2_000, lambda size: b"cmZfbGl2ZV9\n" * size),
    "archives behind one another": (Scrubber().scrub, 40, lambda size: b"x" + gzip.compress(b"") * size),
    "path of many segments": (Router(API_OPERATIONS).match, 4_000, lambda size: "/v1/models" + "/runs" * size + "x"),
    "path that the document does not know": (packaged_contract().address, 4_000, lambda size: "/v1/models" + "/runs" * size + "x"),
    "name of no model": (catalog().get, 4_000, lambda size: "runflow/" + "background-removal" * size),
    "callback address": (lambda url: objection(CallbackPolicy(), url), 500, lambda size: "http://" + "a-." * size + "x"),
    "callback to many local names": (lambda url: objection(CallbackPolicy(), url), 200, lambda size: "http://" + "localhost." * size),
    "aliases in YAML": (read_yaml, 1_000, lambda size: "a: &a [1]\nb: [" + "*a, " * size + "1]"),
    "merges in YAML": (read_text, 1_000, lambda size: f"a: {{<<: [{','.join(f'{{k{n}: 1}}' for n in range(size))}]}}".encode()),
    "keys in YAML": (read_yaml, 1_000, lambda size: "".join(f"k{n}: 1\n" for n in range(size)) + "k0: 1"),
    "levels in YAML": (read_yaml, 1_000, lambda size: "[" * size),
    "names that break a rule": (checker({"propertyNames": {"maxLength": 1}}), 500, lambda size: {f"a{n}": 0 for n in range(size)}),
    "rules that a list breaks": (checker({"allOf": [{"minItems": 10**9 + n} for n in range(900)]}), 2_000, lambda size: [0] * size),
    "pattern that goes back": (checker({"pattern": r"^(a|aa)+\1?$"}), 2_000, lambda size: "a" * size + "!"),
    "pattern that looks ahead": (checker({"pattern": r"^(?:(?=[^z]*y)a|a)*$"}), 2_000, lambda size: "a" * size + "!"),
    "texts by a pattern of many states": (
        checker({"items": {"pattern": "(a|b)*a(a|b){500}x"}}),
        40,
        lambda size: [f"{n:050b}".replace("0", "a").replace("1", "b") for n in range(size)],
    ),
    "long text by a pattern of many states": (
        checker({"pattern": "(a|b)*a(a|b){500}x"}),
        500,
        lambda size: "".join("ab"[n * n % 7 % 2] for n in range(size)),
    ),
    "classes without an end": (states_of, 2_000, lambda size: "[" * size),
    "letters of alphabets without an end": (states_of, 2_000, lambda size: r"\p{" * size),
    "repeats without an end": (states_of, 2_000, lambda size: "a{1,9" * size + "{" + "1" * size),
    "repeats within repeats": (states_of, 2_000, lambda size: "(" * size + "a" + "{99})" * size),
    "ways to choose": (states_of, 2_000, lambda size: "(a|b){1,99}|" * size),
    "classes without an end, as they are meant": (as_matched, 500, lambda size: "[" * size),
    "names of groups without an end": (as_matched, 2_000, lambda size: "(?<" * size + "?" * size),
    "references to groups without an end": (as_matched, 2_000, lambda size: r"\k<" * size + "a" * size),
    "dots and groups": (as_matched, 200, lambda size: "(?<a>.)" * size),
    "patterns in a schema": (
        with_matched_patterns,
        200,
        lambda size: {"properties": {f"p{n}": {"pattern": f"^.{n}[^]$"} for n in range(size)}},
    ),
    "large patterns in a schema": (
        check_patterns,
        4,
        lambda size: {"properties": {f"p{n}": {"pattern": rf"\S{{100}}{n}"} for n in range(size)}},
    ),
    "dump of one large piece": (talk_of, 4_000, lambda size: dump(1, size)),
    "digits in what curl prints": (lambda raw: list(read_trace(raw, "x")), 500, lambda size: trace("1" * size)),
    "dashes in what curl prints": (lambda raw: list(read_trace(raw, "x")), 2_000, lambda size: trace("1 2 3 " + "-" * size)),
    "names in what curl says": (lambda raw: list(read_trace(raw, "x")), 2_000, lambda size: trace("* " + "[:authority: " * size)),
    "heads before an answer": (split_messages, 200, lambda size: b"HTTP/1.1 100 x\r\nA: b\r\n\r\n" * size),
    "heads without a header": (read_transcript, 5_000, lambda size: b"HTTP/1.1 100 x\r\n\r\n" * size),
    "answers of one long request": (
        lambda value: list(read_collection(value, "x")),
        200,
        lambda size: collection("https://api.runflow.io/v1/runs/" + "a/" * 40 * size, size),
    ),
    "answers of one request with a long variable": (
        lambda value: list(read_collection(value, "x")),
        200,
        lambda size: collection("{{a}}/v1/runs", size, a="https://api.runflow.io/" + "a/" * 40 * size),
    ),
    "dump of many pieces": (talk_of, 500, lambda size: dump(size, 16)),
    "different things": (checker({"uniqueItems": True}), 2_000, lambda size: [{"a": [n]} for n in range(size)]),
    "whole numbers that differ": (checker({"uniqueItems": True}), 300, lambda size: [2**64 + n for n in range(size)]),
    "schema of many references": (
        check_schema,
        200,
        lambda size: {"$defs": {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(size)}, "$ref": "#/$defs/d0"},
    ),
}


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("read", "size", "make"), WORST.values(), ids=WORST.keys())
def test_cost_grows_with_the_length_and_no_faster(read: Read, size: int, make: Callable[[int], Any]) -> None:
    assert growth(lambda length: partial(tried, read, make(length)), size) < GROWTH_MAX


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("number", [b"1e308", b"-1.7976931348623157e308", b"5e-324"])
def test_number_of_few_digits_costs_few_steps(number: bytes) -> None:
    written = {1_000: b'{"a":[' + b"1.5," * 4_000 + b"1]}", 4_000: b'{"a":[' + (number + b",") * 4_000 + b"1]}"}
    assert growth(lambda size: partial(tried, body, written[size]), 1_000) < GROWTH_MAX


@pytest.mark.slow(is_covering=True)
def test_growth_of_what_looks_at_everything_for_everything_is_seen() -> None:
    # Of the third power, so that a busy machine that stretches the small measurement hides nothing.
    def triples(size: int) -> Callable[[], object]:
        return lambda: sum(1 for a in range(size) for b in range(size) for c in range(size) if a == b == c)

    assert growth(triples, 30) >= GROWTH_MAX


def test_lines_of_whoever_listens_to_the_collector_are_none_of_a_call() -> None:
    def listen(phase: str, told: dict[str, int]) -> None:
        told.get(phase)

    def make() -> None:
        assert [[] for _ in range(10_000)]

    alone = lines_run(make)
    gc.callbacks.append(listen)
    try:
        assert lines_run(make) == alone
    finally:
        gc.callbacks.remove(listen)
    assert gc.isenabled()
