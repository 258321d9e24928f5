"""What VCR and its like and nock have recorded for a test is a capture like any other."""

import gzip
import json
from base64 import b64encode
from typing import Any

import pytest
from captured import recognised

from runflow_mock.kit.calibration.captures import Capture, Kind, PassedOver
from runflow_mock.kit.calibration.cassettes import read_cassette
from runflow_mock.kit.calibration.files import CaptureError

BODY = '{"id": "019b76da-a800-7000-8000-000000000007", "status_code": "canceled"}'
RUN = "/v1/runs/019b76da-a800-7000-8000-000000000007"
ADDRESS = f"https://api.runflow.io{RUN}"
HEADERS = {"content-type": "application/json"}
PACKED = gzip.compress(BODY.encode(), mtime=0)
BASE64 = b64encode(PACKED).decode()
PYTHON = f"""\
interactions:
- request:
    body: null
    headers:
      Accept:
      - '*/*'
      authorization:
      - DUMMY
    method: GET
    uri: {ADDRESS}?a=1
  response:
    body:
      string: '{BODY}'
    headers:
      Content-Type:
      - application/json
    status:
      code: 200
      message: OK
version: 1
"""
RUBY = f"""\
---
http_interactions:
- request:
    method: get
    uri: {ADDRESS}
    body:
      encoding: US-ASCII
      string: ''
    headers:
      Accept: ["*/*"]
  response:
    status:
      code: 200
      message: OK
    headers:
      Content-Type:
      - application/json
    body:
      encoding: UTF-8
      string: '{BODY}'
    http_version: null
  recorded_at: Mon, 30 Nov 2026 10:00:00 GMT
recorded_with: VCR 6.3.1
"""
GO = f"""\
---
version: 2
interactions:
    - id: 0
      request:
        proto: HTTP/1.1
        host: api.runflow.io
        body: ""
        headers:
            Accept:
                - '*/*'
        url: {ADDRESS}
        method: GET
      response:
        proto: HTTP/2.0
        headers:
            Content-Type:
                - application/json
        body: '{BODY}'
        status: 200 OK
        code: 200
        duration: 1.5s
"""
PHP = f"""\

-
    request:
        method: GET
        url: '{ADDRESS}'
        headers:
            Host: api.runflow.io
    response:
        status:
            http_version: '1.1'
            code: '200'
            message: OK
        headers:
            Content-Type: application/json
        body: '{BODY}'
    index: 0
"""


def answer(**more: Any) -> Capture:
    own = {"source": "a", "place": "", "kind": Kind.ANSWER, "method": "GET", "path": RUN, "status": 200, "headers": HEADERS}
    return Capture(**{**own, "body": BODY.encode(), **more})


def cassette(body: Any, **more: Any) -> bytes:
    request: Any = {"method": "GET", "uri": ADDRESS, "headers": {}, "body": None}
    response = {"status": {"code": 200, "message": "OK"}, "headers": {"Content-Type": ["application/json"]}, "body": body, **more}
    return json.dumps({"version": 1, "interactions": [{"request": request, "response": response}]}).encode()


@pytest.mark.parametrize(
    ("text", "place"),
    [(PYTHON, "interactions[0]"), (RUBY, "http_interactions[0]"), (GO, "interactions[0]"), (PHP, "[0]")],
    ids=["python", "ruby", "go", "php"],
)
def test_cassette_in_yaml_is_an_answer_with_what_was_asked(text: str, place: str) -> None:
    assert recognised({"a": text.encode()}) == [answer(place=place)]


@pytest.mark.parametrize(
    "body", [{"string": BODY}, {"base64_string": BASE64}, {"encoding": "UTF-8", "string": BODY}, BODY, {"string": BASE64}]
)
def test_cassette_in_json_is_one_as_well_however_the_body_is_kept(body: Any) -> None:
    assert recognised({"a": cassette(body)}) == [answer(place="interactions[0]")]


def test_body_that_yaml_keeps_as_binary_is_unpacked() -> None:
    text = PYTHON.replace(f"string: '{BODY}'", f"string: !!binary |\n        {BASE64[:40]}\n        {BASE64[40:]}")
    assert recognised({"a": text.encode()}) == [answer(place="interactions[0]")]


def test_body_that_is_packed_says_how_in_its_head() -> None:
    packed = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    found = recognised({"a": cassette({"base64_string": BASE64}, headers=packed)})
    assert [each.body for each in found] == [BODY.encode()]


def test_body_of_nothing_that_is_packed_is_empty() -> None:
    packed = {"base64_string": b64encode(gzip.compress(b"")).decode()}
    assert [each.body for each in recognised({"a": cassette(packed)})] == [b""]


def test_cassette_names_other_hosts_and_passes_over_other_addresses() -> None:
    other = PYTHON.replace("api.runflow.io", "mock.example")
    elsewhere = PYTHON.replace(ADDRESS, "https://storage.example/a.png")
    both = PYTHON.removesuffix("version: 1\n") + elsewhere.removeprefix("interactions:\n")
    assert [each.host for each in recognised({"a": other.encode()})] == ["mock.example"]
    assert recognised({"a": both.encode()}) == [answer(place="interactions[0]")]
    with pytest.raises(CaptureError, match="at no address of the API"):
        recognised({"a": elsewhere.encode()})


def test_answer_without_a_status_of_http_is_told_beside_others() -> None:
    given = json.loads(cassette({"string": BODY}))
    given["interactions"].append({**given["interactions"][0], "response": {"status": {"code": 99}}})
    good, bad = read_cassette(given, "a")
    assert isinstance(good, Capture)
    assert (good.status, bad) == (200, PassedOver("its interactions[1].response.status is no whole number from 100 to 599"))


def nock(**more: Any) -> dict[str, Any]:
    own = {
        "scope": "https://api.runflow.io:443",
        "method": "GET",
        "path": f"{RUN}?a=1",
        "body": "",
        "status": 200,
        "response": json.loads(BODY),
    }
    return {**own, "rawHeaders": ["Content-Type", "application/json"], "responseIsBinary": False, **more}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"response": BODY},
        {"response": [PACKED.hex()], "rawHeaders": ["Content-Type", "application/json"]},
        {"response": [PACKED.hex()[:40], PACKED.hex()[40:]]},
        {"response": BODY.encode().hex(), "responseIsBinary": True},
        {"rawHeaders": {"content-type": "application/json"}},
        {"rawHeaders": {"Content-Type": ["application/json"]}, "reqheaders": {"host": "api.runflow.io"}},
    ],
)
@pytest.mark.parametrize("is_alone", [False, True])
def test_recording_of_nock_is_an_answer_with_what_was_asked(more: Any, is_alone: bool) -> None:
    given = nock(**more) if is_alone else [nock(**more)]
    found = recognised({"a": json.dumps(given).encode()})
    assert [(each.place, each.method, each.path, each.status, each.headers, each.value) for each in found] == [
        ("" if is_alone else "[0]", "GET", RUN, 200, HEADERS, json.loads(BODY))
    ]


@pytest.mark.parametrize(("body", "kind"), [(["ab12cd", "00ff"], "application/json"), ("1234", "text/plain"), ("", "text/plain")])
def test_body_of_hexadecimal_digits_is_what_it_is(body: Any, kind: str) -> None:
    found = recognised({"a": json.dumps(nock(response=body, rawHeaders=["Content-Type", kind])).encode()})
    assert [each.body for each in found] == [body.encode() if isinstance(body, str) else json.dumps(body, separators=(",", ":")).encode()]


@pytest.mark.parametrize("more", [{"responseIsBinary": True}, {"rawHeaders": ["Content-Encoding", "br"]}])
def test_body_of_hexadecimal_digits_is_read_where_the_recording_says_so(more: Any) -> None:
    found = recognised({"a": json.dumps(nock(response=["ab12cd", "00ff"], **more)).encode()})
    assert [each.body for each in found] == [b"\xab\x12\xcd\x00\xff"]


def test_recording_of_nock_keeps_what_is_elsewhere_apart() -> None:
    found = recognised({"a": json.dumps([nock(), nock(scope="https://x.example:8443"), nock(path="/other")]).encode()})
    assert [(each.place, each.host) for each in found] == [("[0]", None), ("[1]", "x.example:8443")]


@pytest.mark.parametrize("body", [{"text": BODY, "charset": "UTF-8"}, {"encoding": "base64", "encoded": b64encode(BODY.encode()).decode()}])
def test_session_of_charles_is_an_answer_with_what_was_asked(body: Any) -> None:
    head = {"headers": [{"name": "Content-Type", "value": "application/json"}]}
    asked: Any = {"method": "GET", "scheme": "https", "host": "api.runflow.io", "port": None, "path": RUN, "request": {"header": {}}}
    given = {"status": "COMPLETE", **asked, "response": {"status": 200, "header": head, "body": body}}
    assert recognised({"a": json.dumps([given]).encode()}) == [answer(place="[0]")]
    other = recognised({"a": json.dumps({**given, "host": "localhost", "port": 8000}).encode()})
    assert [each.host for each in other] == ["localhost:8000"]


@pytest.mark.parametrize(
    "body", [{"jsonBody": json.loads(BODY)}, {"data": json.loads(BODY)}, {"base64Body": b64encode(BODY.encode()).decode()}]
)
def test_body_of_an_exchange_goes_by_each_name_that_programs_have_for_it(body: Any) -> None:
    given = {"request": {"url": RUN, "method": "GET"}, "response": {"status": 200, "headers": HEADERS, **body}}
    assert [each.value for each in recognised({"a": json.dumps(given).encode()})] == [json.loads(BODY)]


def test_yaml_that_cannot_be_read_is_told_with_its_line() -> None:
    with pytest.raises(CaptureError, match=r"line \d+, column \d+"):
        recognised({"a": (PYTHON + "x: [").encode()})


def test_cassette_beside_a_body_of_its_name_is_no_head() -> None:
    assert [each.source for each in recognised({"a.yaml": PYTHON.encode(), "a.json": BODY.encode()})] == ["a.yaml", "a.json"]


@pytest.mark.parametrize("line", ["interactions:", "http_interactions:", "- request:"])
def test_message_whose_body_has_a_line_of_a_cassette_is_a_message(line: str) -> None:
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/markdown\r\n\r\n"
    found = recognised({"a": f"{head}# Names\n{line}\n- a\n".encode()})
    assert [(each.status, each.body) for each in found] == [(200, f"# Names\n{line}\n- a\n".encode())]
