"""Of whom an answer was asked is read wherever a capture says it, and only the service's own hosts are believed."""

import json
from pathlib import Path
from typing import Any

import pytest
from captured import recognised

from runflow_mock.kit.calibration.captures import Capture, document_of
from runflow_mock.kit.calibration.files import CaptureError, CaptureFile, captures_in, of_hosts
from runflow_mock.kit.calibration.scrubbing import scrub

BODY = '{"id": "1", "status_code": "canceled"}'
ANSWER = {"status": 200, "headers": {}, "body": json.loads(BODY)}
OTHER, RUN = "api.other.example", "/v1/runs/1"


def transcript(target: str, host: str | None = None) -> str:
    named = "" if host is None else f"Host: {host}\n"
    return f"GET {target} HTTP/1.1\n{named}\nHTTP/1.1 200 OK\ncontent-type: application/json\n\n{BODY}"


def trace(target: str = RUN, host: str | None = None, talk: str = "* ALPN: offers h2") -> str:
    named = "" if host is None else f"> Host: {host}\n"
    return f"{talk}\n> GET {target} HTTP/1.1\n{named}>\n< HTTP/1.1 200 OK\n<\n{BODY}\n"


def archive(url: str) -> Any:
    content = {"mimeType": "application/json", "text": BODY}
    return {
        "log": {"entries": [{"request": {"method": "GET", "url": url}, "response": {"status": 200, "headers": [], "content": content}}]}
    }


def collection(url: Any, **more: Any) -> Any:
    request = {"method": "GET", "url": url}
    response = {"originalRequest": request, "code": 200, "header": [], "body": BODY}
    return {"info": {"name": "Mine"}, "item": [{"name": "one", "request": request, "response": [response]}], **more}


def only(content: Any) -> Capture:
    (capture,) = recognised({"a.txt": (content if isinstance(content, str) else json.dumps(content)).encode()})
    return capture


OF_OTHERS = [
    transcript(f"https://{OTHER}{RUN}"),
    transcript(f"HTTPS://{OTHER}{RUN}", "api.runflow.io"),
    transcript(RUN, OTHER),
    trace(host=OTHER),
    trace(f"http://{OTHER}{RUN}", OTHER),
    trace(talk=f"* Connected to {OTHER} (203.0.113.7) port 443 (#0)"),
    trace(talk=f"* Established connection to {OTHER} (203.0.113.7) port 443) from 10.0.0.2 port 50000"),
    trace(talk=f"* Re-using existing https: connection with host {OTHER}"),
    trace(talk=f"* Connected to proxy.example (203.0.113.7) port 443\n* [HTTP/2] [1] [:authority: {OTHER}]"),
    f"* Connected to {OTHER} (203.0.113.7) port 443\n< HTTP/1.1 200 OK\n<\n{BODY}\n",
    archive(f"https://{OTHER}{RUN}"),
    collection(f"https://{OTHER}{RUN}"),
    collection(f"{{{{base}}}}{RUN}", variable=[{"key": "base", "value": f"https://{OTHER}"}]),
    collection({"protocol": "https", "host": ["api", "other", "example"], "path": ["v1", "runs", "1"]}),
    {"request": {"method": "GET", "url": f"https://{OTHER}{RUN}"}, "response": ANSWER},
    {"request": {"method": "GET", "path": f"https://{OTHER}{RUN}"}, "response": ANSWER},
    {"request": {"method": "GET", "target": RUN, "headers": {"Host": OTHER}}, "response": ANSWER},
    {"request": {"method": "GET", "target": RUN, "headers": [{"name": ":authority", "value": OTHER}]}, "response": ANSWER},
    {"request": {"method": "GET", "target": RUN, "host": OTHER}, "response": ANSWER},
    {"request": {"method": "GET", "url": f"https://{OTHER}{RUN}"}, **ANSWER},
    {"url": f"https://{OTHER}{RUN}", **ANSWER},
    {"format": "runflow-mock/captures", "version": 1, "captures": [{"kind": "answer", "host": OTHER, "body": json.loads(BODY)}]},
]


@pytest.mark.parametrize("content", OF_OTHERS)
def test_answer_of_another_host_names_it(content: Any) -> None:
    assert only(content).host == OTHER


@pytest.mark.parametrize("authority", ["api.runflow.io", "API.Runflow.io", "api.runflow.io.", "api.runflow.io:443", "api.runflow.io.:443"])
@pytest.mark.parametrize(
    "form",
    [
        lambda name: transcript(f"https://{name}{RUN}"),
        lambda name: transcript(RUN, name),
        lambda name: trace(host=name),
        lambda name: archive(f"https://{name}{RUN}"),
        lambda name: collection(f"https://{name}{RUN}"),
        lambda name: {"request": {"method": "GET", "url": f"https://{name}{RUN}"}, "response": ANSWER},
    ],
)
def test_host_of_the_service_is_known_in_every_spelling(form: Any, authority: str) -> None:
    capture = only(form(authority))
    assert (capture.method, capture.path, capture.host) == ("GET", RUN, None)


@pytest.mark.parametrize("authority", ["api.runflow.io:8443", "localhost:3000", "[::1]:8787", "api.runflow.io.example", "127.0.0.1"])
def test_other_port_or_name_is_another_host(authority: str) -> None:
    for content in (transcript(RUN, authority), trace(host=authority), archive(f"https://{authority}{RUN}")):
        assert only(content).host == authority


@pytest.mark.parametrize("authority", ["localhost:8080", "localhost", "staging.example.com", "127.0.0.1"])
def test_address_without_a_scheme_names_its_host(authority: str) -> None:
    forms = (
        collection(f"{authority}{RUN}"),
        collection(f"{{{{base}}}}{RUN}", variable=[{"key": "base", "value": authority}]),
        {"request": {"method": "GET", "url": f"{authority}{RUN}"}, "response": ANSWER},
    )
    assert [only(form).host for form in forms] == [authority] * 3


@pytest.mark.parametrize(
    ("target", "host"),
    [(RUN.removeprefix("/v1"), "api.runflow.io"), (RUN[1:], ""), (RUN[1:], "api.runflow.io"), (RUN, "https://api.runflow.io"), (RUN, "")],
)
def test_path_that_is_written_otherwise_is_the_service_s_own(target: str, host: str) -> None:
    found = only({"request": {"method": "GET", "target": target, "host": host}, "response": ANSWER})
    assert (found.path, found.host) == (RUN, None)


@pytest.mark.parametrize("host", ["http://[bad", "[bad", "a:b:c"])
def test_host_that_is_none_is_not_the_service(host: str) -> None:
    with pytest.raises(CaptureError, match="is at no address of the API"):
        only({"request": {"method": "GET", "target": RUN, "host": host}, "response": ANSWER})


def test_empty_host_of_a_document_is_none() -> None:
    captures = [{"kind": "answer", "host": "", "body": json.loads(BODY)}]
    assert only({"format": "runflow-mock/captures", "version": 1, "captures": captures}).host is None


@pytest.mark.parametrize("named", ["localhost:3000", "localhost", "LOCALHOST.", "http://localhost:3000/"])
def test_host_is_named_with_its_port_or_without(named: str) -> None:
    file = CaptureFile("a.txt", Path("a.txt"), transcript(RUN, "localhost:3000").encode())
    assert [len(found) for found in of_hosts(captures_in((file,)), (named,))[0].values()] == [1]


@pytest.mark.parametrize("named", ["localhost:3001", "ocalhost"])
def test_another_name_does_not_do(named: str) -> None:
    file = CaptureFile("a.txt", Path("a.txt"), transcript(RUN, "localhost:3000").encode())
    with pytest.raises(CaptureError, match="holds answers of localhost:3000 alone"):
        of_hosts(captures_in((file,)), (named,))


@pytest.mark.parametrize(
    "content", [transcript("https://www.runflow.io/v1/runs/1"), transcript("/weather", OTHER), transcript("/v1/weather", OTHER)]
)
def test_transcript_of_something_else_than_the_api_is_told(content: str) -> None:
    with pytest.raises(CaptureError, match="what was asked is at no address of the API"):
        only(content)


@pytest.mark.parametrize("content", [transcript(RUN), trace(), {"request": {"method": "GET", "target": RUN}, "response": ANSWER}, BODY])
def test_what_says_nothing_of_its_host_is_taken_as_it_is(content: Any) -> None:
    assert only(content).host is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_request_with_its_body_belongs_to_the_answer_behind_it(end: str) -> None:
    asked = 'POST /v1/models/a/b/runs HTTP/1.1\nHost: api.runflow.io\nContent-Type: application/json\n\n{"input": {}}\n\n'
    raw = (asked + "HTTP/1.1 201 Created\ncontent-type: application/json\n\n" + BODY).replace("\n", end).encode()
    (capture,) = recognised({"a.http": raw})
    assert (capture.method, capture.path, capture.status, capture.value) == ("POST", "/v1/models/a/b/runs", 201, json.loads(BODY))


@pytest.mark.parametrize("between", ["", "\n", "\n\n"])
def test_each_of_several_requests_belongs_to_its_answer(between: str) -> None:
    asked = "POST /v1/models/a/b/runs HTTP/1.1\nHost: api.runflow.io\n\n{}\n\nHTTP/1.1 201 Created\nx-a: b\n\n" + BODY
    raw = between.join((asked, transcript(RUN, OTHER), transcript("/v1/runs"), asked)).encode()
    assert [(each.method, each.path, each.host, each.status, each.value) for each in recognised({"a.http": raw})] == [
        ("POST", "/v1/models/a/b/runs", None, 201, json.loads(BODY)),
        ("GET", RUN, OTHER, 200, json.loads(BODY)),
        ("GET", "/v1/runs", None, 200, json.loads(BODY)),
        ("POST", "/v1/models/a/b/runs", None, 201, json.loads(BODY)),
    ]  # fmt: skip


def exchange(target: str) -> Any:
    return {"request": {"method": "GET", "target": target}, "response": ANSWER}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([exchange("/weather"), exchange(RUN)]),
        json.dumps({"items": [exchange("/_upload/x"), exchange(RUN)]}),
        f"{json.dumps(exchange('/weather'))}\n{json.dumps(exchange(RUN))}",
        transcript("/weather") + "\n" + transcript(RUN),
    ],
)
def test_of_several_exchanges_those_with_something_else_are_passed_over(content: str) -> None:
    assert only(content).path == RUN


@pytest.mark.parametrize("content", [[exchange("/weather"), exchange("/health")], exchange("/weather")])
def test_exchanges_with_something_else_alone_are_told(content: Any) -> None:
    with pytest.raises(CaptureError, match=r"what was asked .*is at no address of the API"):
        only(content)


def test_exchanges_that_the_fake_kept_count_wherever_it_was_asked() -> None:
    kept = {
        "operation": "get_run", "relies_on": [], "ours": [], "response": ANSWER,
        "request": {"method": "GET", "target": RUN, "headers": {"host": "127.0.0.1:8787"}},
    }  # fmt: skip
    assert only(kept).host is None


def test_document_of_captures_keeps_the_host_and_a_redacted_copy_does_not() -> None:
    capture = only(transcript(RUN, OTHER))
    assert only(document_of([capture]).decode()).host == OTHER
    assert only(document_of([scrub(capture)]).decode()).host is None


def test_base_of_a_collection_may_hold_the_version() -> None:
    assert only(collection("{{base}}/runs/1")).path == RUN
    assert only(collection("{{base}}/runs/1", variable=[{"key": "base", "value": "https://api.runflow.io/v1"}])).path == RUN
