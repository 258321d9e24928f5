"""What curl, Postman and shells of Windows write down of an exchange is a capture like any other."""

import json
from typing import Any

import pytest
from captured import recognised

from runflow_mock.kit.calibration.captures import Capture, Kind
from runflow_mock.kit.calibration.files import CaptureError
from runflow_mock.kit.calibration.postman_collections import DEPTH_MAX

BODY = '{"id": "019b76da-a800-7000-8000-000000000007", "status_code": "canceled"}'
RUN = "/v1/runs/019b76da-a800-7000-8000-000000000007"
HEADERS = {"content-type": "application/json"}
TRACE = f"""\
  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current
                                 Dload  Upload   Total   Spent    Left  Speed

  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0*   Trying 203.0.113.7:443...
* Connected to api.runflow.io (203.0.113.7) port 443
> GET {RUN}?a=1 HTTP/2
> Host: api.runflow.io
> Authorization: Bearer x
>\x20
{{ [5 bytes data]
< HTTP/2 200\x20
< content-type: application/json
<\x20
{{ [73 bytes data]
{BODY}* Connection #0 to host api.runflow.io left intact
"""


def answer(source: str, **more: Any) -> Capture:
    return Capture(**{"source": source, "place": "", "kind": Kind.ANSWER, "method": "GET", "path": RUN, "status": 200, **more})


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_trace_of_curl_is_an_answer_with_what_was_asked(end: str) -> None:
    assert recognised({"a.txt": TRACE.replace("\n", end).encode()}) == [answer("a.txt", headers=HEADERS, body=BODY.encode())]


def test_trace_of_several_calls_has_several_answers_and_those_of_other_hosts_name_them() -> None:
    other = TRACE.replace("Host: api.runflow.io", "Host: mock.example").replace("/2 200", "/1.1 404 Not Found")
    further = "> GET /other HTTP/1.1\n> Host: x.example\n<\n< HTTP/1.1 100 Continue\n<\n< HTTP/1.1 200 OK\n<\nhello\n"
    found = recognised({"a.txt": (TRACE + other + further).encode()})
    assert [(each.place, each.status, each.host) for each in found] == [("answer 1", 200, None), ("answer 2", 404, "mock.example")]


def test_trace_without_bodies_keeps_the_heads() -> None:
    raw = TRACE.replace(BODY, "").encode()
    assert recognised({"a.txt": raw}) == [answer("a.txt", headers=HEADERS)]


def test_trace_of_something_else_is_told() -> None:
    with pytest.raises(CaptureError, match=r"a\.txt cannot be understood: none of the answers in what curl -v printed is one of the API"):
        recognised({"a.txt": TRACE.replace("api.runflow.io", "x.example").replace(RUN, "/weather").encode()})


def saved(url: Any, **more: Any) -> dict[str, Any]:
    request = {"method": "GET", "url": url}
    head = [{"key": "Content-Type", "value": "application/json"}]
    return {
        "name": "one",
        "request": request,
        "response": [{"originalRequest": request, "code": 200, "header": head, "body": BODY, **more}],
    }


def collection(*items: Any) -> bytes:
    return json.dumps({"info": {"name": "Mine", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/"}, "item": items}).encode()


@pytest.mark.parametrize(
    "url",
    [
        f"https://api.runflow.io{RUN}?fields=id",
        {"raw": f"https://api.runflow.io{RUN}"},
        {"raw": f"{{{{base}}}}{RUN}"},
        {"raw": f"https://{{{{host}}}}{RUN}"},
        {"raw": "{{base}}/v1/runs/:id", "variable": [{"key": "id", "value": RUN.rpartition("/")[2]}]},
    ],
)
def test_answer_saved_in_postman_is_an_answer(url: Any) -> None:
    expected = answer("a.json", place="item[1].item[0].response[0]", headers=HEADERS, body=BODY.encode())
    assert recognised({"a.json": collection({"name": "empty"}, {"name": "folder", "item": [saved(url)]})}) == [expected]


def test_collection_without_answers_of_the_api_says_how_one_is_saved() -> None:
    for items in ((), [saved("https://x.example/y")], [saved(f"https://api.runflow.io{RUN}", code=None)]):
        with pytest.raises(CaptureError, match="save one as an example of its request"):
            recognised({"a.json": collection(*items)})


def test_folders_of_a_collection_are_read_so_deep() -> None:
    item: Any = saved(f"https://api.runflow.io{RUN}")
    for _ in range(DEPTH_MAX - 1):
        item = {"item": [item]}
    assert len(recognised({"a.json": collection(item)})) == 1
    with pytest.raises(CaptureError):
        recognised({"a.json": collection({"item": [item]})})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encoding_of_a_file_changes_nothing(encoding: str) -> None:
    assert recognised({"a.json": BODY.encode(encoding)}) == recognised({"a.json": BODY.encode()})
    assert recognised({"a.txt": TRACE.encode(encoding)}) == recognised({"a.txt": TRACE.encode()})


def test_text_that_is_cut_in_its_encoding_is_told() -> None:
    with pytest.raises(CaptureError, match="neither JSON nor an HTTP message"):
        recognised({"a.json": BODY.encode("utf-16")[:-1]})
