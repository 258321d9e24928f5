"""What curl, Postman and shells of Windows write down of an exchange is a capture like any other."""

import gzip
import json
from typing import Any

import pytest
from captured import recognised

from runflow_mock.kit.calibration.captures import UNPACKED_BYTES_MAX, Capture, Kind, PassedOver, Unrecognised, among_others
from runflow_mock.kit.calibration.dumps import talk_of
from runflow_mock.kit.calibration.files import CaptureError
from runflow_mock.kit.calibration.postman_collections import DEPTH_MAX, read_collection

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


def dump(kind: str, raw: bytes, *, is_hexadecimal: bool) -> str:
    """A piece as curl writes it: with --trace sixteen bytes a line, with --trace-ascii 64, or up to the end of a line."""
    direction = "=> Send" if kind.startswith(">") else "<= Recv"
    lines, at = [f"{direction} {kind[2:]}, {len(raw)} bytes ({len(raw):#x})"], 0
    while at < len(raw):
        part = raw[at : at + (16 if is_hexadecimal else 64)]
        if is_hexadecimal:
            shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
            lines.append(f"{at:04x}: {part.hex(' '):<47} {shown}")
            at += len(part)
        else:
            text, end, _ = part.partition(b"\r\n")
            lines.append(f"{at:04x}: {''.join(chr(byte) if 32 <= byte < 127 else '.' for byte in text)}")
            at += len(text) + len(end)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("stamp", ["", "12:34:56.789012 ", "12:34:56.789012 [0-0] "])
@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("is_hexadecimal", [False, True])
def test_dump_of_curl_is_an_answer_with_what_was_asked(stamp: str, is_chunked: bool, is_hexadecimal: bool) -> None:
    request = f"GET {RUN} HTTP/1.1\r\nHost: api.runflow.io\r\nAuthorization: Bearer x\r\n\r\n".encode()
    more = {"transfer-encoding": "chunked"} if is_chunked else {}
    raw = BODY.encode()
    sent = b"%x\r\n%b\r\n5;x=1\r\n%b\r\n0\r\nx-sum: 3\r\n\r\n" % (len(raw) - 5, raw[:-5], raw[-5:]) if is_chunked else raw
    head = [b"HTTP/1.1 200 OK\r\n", *(f"{name}: {value}\r\n".encode() for name, value in (HEADERS | more).items()), b"\r\n"]
    pieces = [
        ("> header", request),
        *(("< header", line) for line in head),
        ("< data", sent[:30]),
        ("< SSL data", b"x"),
        ("< data", sent[30:]),
    ]
    told = [
        "== Info: Connected to api.runflow.io (203.0.113.7) port 443\n",
        *(dump(*each, is_hexadecimal=is_hexadecimal) for each in pieces),
    ]
    text = "".join(stamp + each for each in (*told, "== Info: Connection #0 to host api.runflow.io left intact\n"))
    assert recognised({"a.txt": text.encode()}) == [answer("a.txt", headers=HEADERS | more, body=raw)]


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_chunks_of_a_raw_answer_are_put_together(end: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    (found,) = recognised({"a.txt": head + end.join((b"3", b'{"a', b"4;x", b'":1}', b"0", b"x-sum: 3", b"", b""))})
    assert found.value == {"a": 1}
    for kept in (b'{"a":1}', end.join((b"3", b'{"a', b"4", b'":'))):
        (found,) = recognised({"a.txt": head + kept})
        assert found.body == kept


def test_lines_that_a_dump_leaves_out_are_no_more_than_it_has() -> None:
    raw = b"<= Recv data, 9 bytes (0x9)\n" + b"ffffffff: a\n" * 100
    assert len(talk_of(raw)) < 2 * len(raw)


def test_bodies_in_a_file_are_together_no_longer_than_can_be_kept() -> None:
    body = bytes(UNPACKED_BYTES_MAX)
    one = Capture(source="x", place="", kind=Kind.ANSWER, body=body)
    assert len(list(among_others(iter((one,)) for _ in range(4)))) == 4
    with pytest.raises(Unrecognised, match="its bodies have more than 268435456 bytes once they are unpacked"):
        list(among_others(iter((one,)) for _ in range(5)))


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


def test_request_and_headers_in_postman_may_be_texts() -> None:
    saved: dict[str, Any] = {"code": 200, "body": BODY, "header": "Content-Type: application/json\nX: a: b\n"}
    for asked in (
        {"request": f"https://api.runflow.io{RUN}"},
        {"request": {}, "response": [{**saved, "originalRequest": f"{{{{u}}}}{RUN}"}]},
    ):
        collection = {"info": {"name": "x"}, "item": [{"response": [saved], **asked}]}
        (found,) = recognised({"a.json": json.dumps(collection).encode()})
        assert (found.path, found.headers) == (RUN, {"content-type": "application/json", "x": "a: b"})


def test_status_saved_in_postman_may_be_text_and_one_that_is_none_is_told() -> None:
    def read(*codes: Any) -> list[Any]:
        saving = collection(*(saved(f"https://api.runflow.io{RUN}", code=code) for code in codes))
        return list(read_collection(json.loads(saving), "a.json"))

    good, bad = read("200", "OK")
    assert (good.status, bad) == (200, PassedOver("its item[1].response[0].code is no whole number from 100 to 599"))
    with pytest.raises(Unrecognised, match=r"its item\[0\].response\[0\].code is no whole number from 100 to 599"):
        read(True)


NO_STATUSES = (99999, 600, 99, -5, True, 200.5, "OK", "99999999999999999", "-5")


@pytest.mark.parametrize("code", NO_STATUSES)
def test_status_saved_in_postman_is_one_that_http_has(code: Any) -> None:
    items = (saved(f"https://api.runflow.io{RUN}", code=code), *(saved(f"https://api.runflow.io{RUN}", code=known) for known in (100, 599)))
    passed, *kept = read_collection(json.loads(collection(*items)), "a.json")
    assert (passed, [getattr(found, "status", None) for found in kept]) == (
        PassedOver("its item[0].response[0].code is no whole number from 100 to 599"),
        [100, 599],
    )


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


ASKED = {"method": "GET", "url": f"https://api.runflow.io{RUN}"}


@pytest.mark.parametrize("name", ["status", "status_code", "statusCode"])
def test_status_in_a_log_has_one_of_several_names(name: str) -> None:
    line = json.dumps({"request": ASKED, "response": {name: 200, "headers": HEADERS, "body": BODY}})
    assert recognised({"a.log": line.encode()}) == [answer("a.log", headers=HEADERS, body=BODY.encode())]
    with pytest.raises(CaptureError, match="is no document of captures"):
        recognised({"a.log": line.replace("200", '"queued"').encode()})


@pytest.mark.parametrize("between", ["", "\n", "\r\n\r\n"])
def test_values_one_behind_the_other_are_read_as_jq_writes_them(between: str) -> None:
    whole = between.join([json.dumps(json.loads(BODY), indent=2)] * 3)
    assert [each.place for each in recognised({"a.json": whole.encode()})] == ["value 1", "value 2", "value 3"]


def test_text_behind_a_value_is_told() -> None:
    with pytest.raises(CaptureError, match="neither JSON nor an HTTP message"):
        recognised({"a.json": f"{json.dumps(json.loads(BODY), indent=2)}\nnoon".encode()})


@pytest.mark.parametrize(
    "text",
    [
        '{"items":[],"next":"\\ud800"}\n\n{"items":\n[]}',
        '{"id":"a","status_code":"running","duration_ms":NaN}',
        '{"items":[]}\n\n{"a":\n1e999}',
    ],
    ids=["half of a character", "one value with NaN", "number beyond doubles"],
)
def test_values_one_behind_the_other_are_held_to_the_same_json_as_one_alone(text: str) -> None:
    with pytest.raises(CaptureError, match=r"a\.json cannot be understood: it is neither JSON nor .*; give JSON"):
        recognised({"a.json": text.encode()})


def test_raw_answer_that_is_packed_is_unpacked() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n\r\n"
    (packed,), (plain,) = (recognised({"a.txt": head + body}) for body in (gzip.compress(BODY.encode()), BODY.encode()))
    assert packed.body == plain.body == BODY.encode()


def test_collection_as_the_api_of_postman_answers_with_it_is_one() -> None:
    saved = {"code": 200, "body": BODY, "originalRequest": ASKED}
    collection = {"info": {"name": "x"}, "item": [{"request": ASKED, "response": [saved]}]}
    (found,) = recognised({"a.json": json.dumps({"collection": collection}).encode()})
    assert (found.path, found.status, found.body) == (RUN, 200, BODY.encode())


@pytest.mark.parametrize("url", ["https://evil.example\\@api.runflow.io", "https://api.runflow.io\\.evil.example", "\\\\evil.example"])
def test_address_that_programs_read_in_two_ways_is_none_of_the_service(url: str) -> None:
    asked = [{"request": {**ASKED, "url": url + RUN}, "response": {"status": 200, "body": BODY}}, json.loads(BODY)]
    assert [each.path for each in recognised({"a.json": json.dumps(asked).encode()})] == [None]
