"""Whatever arrives, the answer is the flat envelope, never a 500, and what was refused has left no trace."""

import json
from typing import Any

import httpx
import pytest
from doors import Door
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from steps import ABSENT, BATCHES, INPUT, MODEL, RUNS, history_length, places, post_run, problem

JSON = {"content-type": "application/json"}
GOOD = json.dumps({"input": INPUT}).encode()


def post_raw(door: Door, raw: bytes, path: str = RUNS, content_type: str = "application/json") -> httpx.Response:
    return door.request("POST", path, content=raw, headers={"content-type": content_type})


def with_input(text: str) -> bytes:
    return ('{"input": {"image_url": "https://a.example/b.jpg", "extra": ' + text + "}}").encode("utf-8", "surrogatepass")


NOT_JSON = {
    "empty object is cut": b"{",
    "text": b"hello",
    "single quotes": b"{'input': {}}",
    "trailing comma": b'{"input": {},}',
    "two values": GOOD + GOOD,
    "NaN": with_input("NaN"),
    "Infinity": with_input("-Infinity"),
    "hexadecimal": with_input("0x10"),
    "leading zero": with_input("01"),
    "number beyond a double": with_input("1e400"),
    "whole number beyond a double": with_input("1" + "0" * 400),
    "whole number of 5000 digits": with_input("[-" + "9" * 5000 + "]"),
    "lone surrogate": with_input('"\\ud800"'),
    "raw surrogate": with_input('"\ud800"'),
    "wrong UTF-8": b'{"input": "\xff\xfe"}',
    "Latin-1": '{"input": "é"}'.encode("latin-1"),
    "UTF-16": GOOD.decode().encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "control character in a string": b'{"input": "\x01"}',
    "65 levels": with_input("[" * 63 + "]" * 63),
    "a hundred thousand levels": with_input("[" * 100_000),
    "levels hidden behind a quoted bracket": with_input('["\\"]", ' + "[" * 70 + "]" * 70 + "]"),
    "key twice": b'{"input": {}, "input": {}}',
    "key twice, once escaped": b'{"input": {}, "\\u0069nput": {}}',
    "key twice, hidden by an escaped colon": b'{"a": 1, "a": "\\u003a", "b": 1}',
    "key twice, deep inside": with_input('[{"a": {"b": 1, "b": 1}}]'),
}


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON.keys())
@pytest.mark.parametrize("path", [RUNS, BATCHES])
def test_body_that_cannot_be_read_is_400_and_leaves_no_trace(door: Door, raw: bytes, path: str) -> None:
    door.get("/v1/runs")
    before = history_length(door)
    assert problem(post_raw(door, raw, path), 400, "BAD_REQUEST") == []
    assert history_length(door) == before


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", (["body"], "missing")),
        (b"[]", (["body"], "dict_type")),
        (b"null", (["body"], "dict_type")),
        (b'"text"', (["body"], "dict_type")),
        (b"7", (["body"], "dict_type")),
        (with_input('"a\\u0000b"'), (["body", "input", "extra"], "string_nul")),
        (with_input('[1, {"x": "\\u0000"}]'), (["body", "input", "extra", 1, "x"], "string_nul")),
        (with_input('{"\\u0000": 1}'), (["body", "input", "extra"], "string_nul")),
    ],
)
def test_body_of_the_wrong_kind_is_422(door: Door, raw: bytes, expected: tuple[list[Any], str]) -> None:
    assert places(post_raw(door, raw)) == [expected]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", ""])
def test_other_content_types_are_422(door: Door, content_type: str) -> None:
    assert places(post_raw(door, GOOD, content_type=content_type)) == [(["header", "content-type"], "content_type")]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.api+json"])
def test_kinds_of_json_are_taken(door: Door, content_type: str) -> None:
    assert post_raw(door, GOOD, content_type=content_type).status_code == 201


def test_body_without_a_content_type_is_taken(door: Door) -> None:
    assert door.request("POST", RUNS, content=GOOD).status_code == 201


@pytest.mark.parametrize(
    "text",
    [
        "[" * 61 + "]" * 61,
        '"[[[["',
        '{"a": ":", "b": "\\u003a:"}',
        "1" + "0" * 300,
        '": ' + "1" * 400 + '"',
        "-0.0",
        '"\\ud83d\\ude00"',
        '"\\\\u0000"',
    ],
)
def test_unusual_but_valid_json_is_kept_as_it_is(door: Door, text: str) -> None:
    response = post_raw(door, with_input(text))
    assert response.status_code == 201, response.text
    assert response.json()["input"]["extra"] == json.loads(text)


def test_body_beyond_the_limit_is_413_and_one_at_the_limit_is_read() -> None:
    with Door(body_bytes_max=len(GOOD)) as door:
        assert post_raw(door, GOOD).status_code == 201
        before = history_length(door)
        assert problem(post_raw(door, GOOD + b" "), 413, "PAYLOAD_TOO_LARGE") == []
        assert history_length(door) == before


def test_key_comes_before_the_size() -> None:
    with Door(body_bytes_max=10) as door:
        problem(door.request("POST", RUNS, content=GOOD, headers=JSON, key=None), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("path", ["/home", "/v1", "/v1/", "/v2/runs", "/v1/runs/", "/v1/nothing", "/v1//runs", "/v1/models//a/runs"])
def test_unknown_route_is_404(door: Door, path: str) -> None:
    assert problem(door.get(path), 404, "NOT_FOUND") == []


@pytest.mark.parametrize("path", ["/v1/models/x/runs", "/v1/models/0/batches"])
def test_creation_for_a_model_of_one_word_is_404_and_its_path_takes_nothing_else(door: Door, path: str) -> None:
    problem(door.post(path, {"input": INPUT}), 404, "NOT_FOUND")
    answer = door.request("OPTIONS", path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/runs", "GET"),
        ("PUT", f"/v1/runs/{ABSENT}", "GET"),
        ("PATCH", "/v1/batches", "GET, POST"),
        ("OPTIONS", "/v1/runs", "GET"),
        ("GET", RUNS, "POST"),
        ("PUT", f"/v1/callback-secrets/{ABSENT}", "DELETE, GET, PATCH"),
        ("BREW", "/v1/runs", "GET"),
    ],
)
def test_other_method_is_405_and_lists_those_there_are(door: Door, method: str, path: str, allowed: str) -> None:
    response = door.request(method, path)
    assert problem(response, 405, "METHOD_NOT_ALLOWED") == []
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize("text", ["1", "null", ABSENT[:-1], ABSENT.replace("-", ""), f"{{{ABSENT}}}", ABSENT + "%0A", "%00", "é"])
def test_id_that_is_no_uuid_is_422(door: Door, text: str) -> None:
    assert places(door.get(f"/v1/runs/{text}")) == [(["path", "id"], "uuid_parsing")]


def test_query_of_too_many_parameters_is_400(door: Door) -> None:
    problem(door.get("/v1/runs?" + "a&" * 1000), 400, "BAD_REQUEST")


def test_refused_request_moves_no_money_and_leaves_nothing_behind(door: Door) -> None:
    run = post_run(door)
    ledger = door.get("/_mock/ledger").json()
    for raw in (b"{", b"[]", b'{"input": {}}', with_input('"\\u0000"')):
        assert post_raw(door, raw).status_code in (400, 422)
    assert door.get("/_mock/ledger").json() == ledger
    assert [item["id"] for item in door.get("/v1/runs").json()["items"]] == [run["id"]]


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=8
)
inputs = st.fixed_dictionaries(
    {}, optional={"image_url": anything | st.just("https://a.example/b.jpg"), "config": anything, "seed": anything}
)
common = {"callback_url": anything, "metadata": anything, "client_ref": anything, "model": anything | st.just(MODEL)}
bodies = st.fixed_dictionaries(
    {}, optional={"input": inputs | anything | st.lists(inputs | anything, max_size=3), "items": anything, **common}
)


FUZZ = settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.slow(is_covering=True)
def test_any_body_is_created_or_refused_without_a_trace(door: Door) -> None:
    door.get("/v1/runs")

    @FUZZ
    @given(body=bodies | anything, path=st.sampled_from([RUNS, BATCHES, "/v1/batches", "/v1/models/openai/gpt-image-2/runs"]))
    def is_answered(body: Any, path: str) -> None:
        before = history_length(door)
        response = post_raw(door, json.dumps(body).encode(), path)
        assert response.status_code in {201, 400, 402, 404, 409, 413, 422}, response.text
        if response.status_code != 201:
            assert set(response.json()) == {"code", "message", "errors"}
            assert history_length(door) == before

    is_answered()
    door.settle()


@pytest.mark.slow(is_covering=True)
def test_any_bytes_are_answered(door: Door) -> None:
    @FUZZ
    @given(raw=st.binary(max_size=60) | st.binary(max_size=20).map(lambda noise: GOOD[:20] + noise + GOOD[20:]))
    def is_answered(raw: bytes) -> None:
        response = post_raw(door, raw)
        assert response.status_code in {201, 400, 422}, response.text
        assert response.headers["content-type"] == "application/json"

    is_answered()
