"""Files of captures: found in folders, recognised by their shape, and told by name where they are not."""

import gzip
import json
import re
import zlib
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from captured import in_process, recognised
from doors import Door
from steps import callback_run, ok

from runflow_mock.kit.calibration.captures import FORMAT, Capture, Kind
from runflow_mock.kit.calibration.files import BYTES_MAX, CaptureError, CaptureFile, captures_in, read_files

RUN = {"id": "1", "status_code": "failed"}
PAYLOAD = {"event": "run.failed", "run_id": "1", "output": None}
SIGNED = {"Runflow-Signature": "v1=0"}
EXCHANGE = {"request": {"method": "GET", "target": "/v1/runs/1?fields=id"}, "response": {"status": 200, "headers": {}, "body": RUN}}


def captures_of(content: Any, name: str = "a.json") -> list[Capture]:
    return recognised({name: content if isinstance(content, bytes) else json.dumps(content).encode()})


def archive(*entries: Any) -> Any:
    return {"log": {"version": "1.2", "entries": list(entries)}}


def entry(url: str, **more: Any) -> Any:
    request = {"method": "GET", "url": url, "headers": [{"name": "Accept", "value": "*/*"}]}
    return {"request": request, "response": {"status": 200, "headers": [], "content": {"text": json.dumps(RUN)}, **more}}


@pytest.mark.parametrize(
    ("content", "kind", "place"),
    [
        (RUN, Kind.ANSWER, ""),
        ({"id": "1", "items_total": 2, "items": []}, Kind.ANSWER, ""),
        ({"items": [RUN], "next": None}, Kind.ANSWER, ""),
        ({"items": []}, Kind.ANSWER, ""),
        ({"code": "CONFLICT", "message": "no"}, Kind.ANSWER, ""),
        ({"id": "1", "secret": "whsec_1"}, Kind.ANSWER, ""),
        ({"status": 402, "body": {"code": "X", "message": "no"}}, Kind.ANSWER, ""),
        ({"status": 429, "headers": {"Retry-After": "7"}}, Kind.ANSWER, ""),
        (PAYLOAD, Kind.CALLBACK, ""),
        ({"headers": SIGNED, "body": "{}"}, Kind.CALLBACK, ""),
        ({"headers": {}, "body": "{}", "secret": "whsec_1"}, Kind.CALLBACK, ""),
        (EXCHANGE, Kind.ANSWER, ""),
        ([RUN], Kind.ANSWER, "[0]"),
        ({"items": [EXCHANGE], "total": 1}, Kind.ANSWER, "items[0]"),
        (archive(entry("https://api.runflow.io/v1/runs/1")), Kind.ANSWER, "log.entries[0]"),
        (b"HTTP/2 404\r\ncontent-type: application/json\r\n\r\n{}", Kind.ANSWER, ""),
        (b"POST /hook HTTP/1.1\nRunflow-Signature: v1=0\n\n{}", Kind.CALLBACK, ""),
        (b"Host: shop.example\nRunflow-Request-Id: x-1\n\n{}", Kind.CALLBACK, ""),
    ],
)
def test_shape_is_recognised(content: Any, kind: Kind, place: str) -> None:
    assert [(capture.kind, capture.place) for capture in captures_of(content)] == [(kind, place)]


def test_lines_of_listen_are_callbacks_and_the_first_is_none() -> None:
    heard = {"request_id": "x-1", "verified": True, "headers": SIGNED, "body": json.dumps(PAYLOAD)}
    lines = "\n".join(map(json.dumps, ({"url": "http://127.0.0.1:8788/", "forward_to": None}, heard, heard))).encode()
    assert [(capture.kind, capture.place, capture.value) for capture in captures_of(lines)] == [
        (Kind.CALLBACK, "line 2", PAYLOAD), (Kind.CALLBACK, "line 3", PAYLOAD),
    ]  # fmt: skip


@pytest.mark.slow(is_covering=True)
def test_history_of_a_callback_holds_the_bytes_that_were_sent() -> None:
    found = recognised({name: raw for name, raw in in_process().files.items() if name == "runs/history.json"})
    assert [(capture.kind, capture.place) for capture in found] == [(Kind.ANSWER, ""), (Kind.CALLBACK, "[0].payload_bytes")]
    assert found[1].record["event"] == "run.failed"


@pytest.mark.slow(is_covering=True)
def test_what_the_control_api_keeps_is_understood() -> None:
    with Door(callback_secret="rf_whsec_0123") as door:
        callback_run(door)
        door.settle()
        kept = {name: ok(door.get(f"/_mock/{name}")) for name in ("deliveries", "journal", "journal.har")}
    (sent,) = captures_of(kept["deliveries"])
    assert (sent.kind, sent.place, sent.record["event"]) == (Kind.CALLBACK, "items[0].attempts[0]", "run.completed")
    assert {capture.path for capture in captures_of(kept["journal.har"])} == {"/v1/models/runflow/background-removal/runs"}
    assert [capture.status for capture in captures_of(kept["journal"])] == [201]


def test_exchange_knows_its_request() -> None:
    (capture,) = captures_of(EXCHANGE)
    assert (capture.method, capture.path, capture.status, capture.value) == ("GET", "/v1/runs/1", 200, RUN)


def test_names_of_headers_are_read_in_any_case_and_body_as_text_json_or_base64() -> None:
    raw = json.dumps(PAYLOAD)
    for body in ({"body": raw}, {"body": PAYLOAD}, {"body_base64": b64encode(raw.encode()).decode()}):
        (capture,) = captures_of({"headers": {"RUNFLOW-Signature": "v1=0"}, **body})
        assert (capture.headers, capture.value) == ({"runflow-signature": "v1=0"}, PAYLOAD)


def test_raw_bytes_of_a_callback_are_kept_exactly() -> None:
    (capture,) = captures_of(b'POST / HTTP/1.1\r\nRunflow-Signature: 0\r\n\r\n{"a":  1}\r\n\r\n')
    assert capture.body == b'{"a":  1}\r\n\r\n'


def test_request_that_never_got_an_answer_is_no_capture() -> None:
    lost = {**EXCHANGE, "response": {"status": 0, "headers": {}, "body": None}}
    assert [capture.status for capture in captures_of({"items": [lost, EXCHANGE]})] == [200]
    assert captures_of({"items": [lost]}) == []


def test_of_an_archive_what_is_not_of_the_api_is_passed_over() -> None:
    others = [
        entry(url) for url in ("https://www.runflow.io/v1/runs", "https://api.stripe.com/v1/charges", "http://127.0.0.1:8787/media/a.png")
    ]
    blocked = entry("https://api.runflow.io/v1/runs", status=0)
    hook = entry("https://shop.example/hooks")
    hook["request"] |= {"headers": [{"name": "Runflow-Signature", "value": "0"}], "postData": {"text": json.dumps(PAYLOAD)}}
    encoded = entry("http://127.0.0.1:8787/v1/runs/1", content={"encoding": "base64", "text": b64encode(b'{"id":"2"}').decode()})
    without = entry("https://api.runflow.io/v1/not-known-yet", content={"size": 0})
    found = captures_of(archive(*others, blocked, hook, encoded, without))
    assert [(capture.place, capture.record) for capture in found] == [
        ("log.entries[4]", PAYLOAD), ("log.entries[5]", {"id": "2"}), ("log.entries[6]", {}),
    ]  # fmt: skip


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zlib.compress])
@pytest.mark.parametrize("encoding", ["base64", "Base64"])
def test_body_in_an_archive_may_be_base64_and_packed(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    kept = {"encoding": encoding, "text": b64encode(pack(json.dumps(PAYLOAD).encode())).decode()}
    hook = entry("https://shop.example/hooks")
    hook["request"] |= {"headers": [{"name": "Runflow-Signature", "value": "0"}], "postData": kept}
    found = captures_of(archive(hook, entry("https://api.runflow.io/v1/runs/1", content=kept)))
    assert [(capture.kind, capture.record) for capture in found] == [(Kind.CALLBACK, PAYLOAD), (Kind.ANSWER, PAYLOAD)]


def test_of_several_answers_in_a_transcript_the_last_counts() -> None:
    before = b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    (capture,) = captures_of(before + b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n\r\n{}", "a.txt")
    assert (capture.status, capture.headers, capture.value) == (429, {"retry-after": "7"}, {})


@pytest.mark.parametrize("origin", [b"", b"https://api.runflow.io"])
def test_request_line_before_an_answer_says_what_was_asked(origin: bytes) -> None:
    (capture,) = captures_of(
        b"GET " + origin + b"/v1/runs/1?fields=id HTTP/1.1\n\nHTTP/2 404\r\ncontent-type: application/json\r\n\r\n{}", "a.http"
    )
    assert (capture.kind, capture.method, capture.path, capture.status) == (Kind.ANSWER, "GET", "/v1/runs/1", 404)


def test_head_and_body_beside_each_other_are_one_answer() -> None:
    head = b"HTTP/1.1 402 Payment Required\r\ncontent-type: application/json\r\n\r\n"
    (capture,) = recognised({"a.headers": head, "a.json": b'{"code":"X","message":"no"}'})
    assert (capture.source, capture.status, capture.record["code"]) == ("a.headers", 402, "X")
    assert [found.body for found in recognised({"a.headers": head, "b.json": b'{"code":"X","message":"no"}'})] != [b""]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG", "it is neither JSON nor an HTTP message"),
        (b'{"id":\n{', "line 1 is not JSON"),
        (b'{"a": 1}\n{"b": 2}', "line 1 has a, and so is no "),
        ({"rf_live_0123": 1, "a": 2}, r"it has \[redacted\], a, and so is no "),
        ({}, "it has no fields"),
        ([7], "it is no object"),
        ([{"a": 1}, 7], r"\[0\] has a, and so is no "),
        (archive(), "none of its 0 entries"),
        (archive({"request": {}, "response": {}}), "none of its 1 entries"),
        ({"headers": SIGNED, "body_base64": "???"}, "its body_base64 is not Base64"),
        ({"format": FORMAT, "version": 9, "captures": []}, "its version is 9"),
        ({"format": FORMAT, "version": 1, "captures": [{"kind": "song"}]}, r"captures\[0\] is not whole"),
        (b"HTTP/1.1 200 OK\nno header\n\n{}", "line 2 of its head is not Name: value"),
        (b"Accept: */*\n\n{}", "it has neither a status line"),
    ],
)
def test_what_is_no_capture_is_told_by_name_and_with_the_way_out(content: Any, message: str) -> None:
    with pytest.raises(CaptureError, match=rf"^odd\.json cannot be understood: {message}.*; give JSON.* or leave the file out$"):
        captures_of(content, "odd.json")


BAD = {"encoding": "base64", "text": "e30=="}
CALLS = [{"headers": SIGNED, "body": "{}"}, {"headers": SIGNED, "body_base64": "???"}]
BAD_CALL = CALLS[1]
ELSEWHERE = {"request": {"method": "GET", "url": "https://other.example/nothing"}, "response": {"status": 200, "body": {}}}
LISTENING = b'{"url": "http://127.0.0.1:1", "forward_to": null}\r\n'
UNNUMBERED, BEYOND = (entry("https://api.runflow.io/v1/runs/2", status=status) for status in ("200", 99999))
NO_STATUS = "is no whole number from 100 to 599"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{}"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (archive(entry("https://api.runflow.io/v1/runs/1"), entry("https://api.runflow.io/v1/runs/2", content=BAD)), "its log.entries[1]"),
        (archive(entry("https://api.runflow.io/v1/runs/2", content=BAD), entry("https://api.runflow.io/v1/runs/1")), "its log.entries[0]"),
        (json.dumps(RUN).encode() + b'\n{"id":', "line 2 is not JSON"),
        (json.dumps(RUN).encode() + b'\n{"a": 1}', "line 2 has a, and so is no "),
        ([RUN, {"a": 1}], "[1] has a, and so is no "),
        ([[[{"a": 1}], [RUN]]], "[0][0][0] has a, and so is no "),
        ([[RUN], 7], "[1] is no object, and so is no "),
        ([[], RUN], "[0] is no object, and so is no "),
        (json.dumps(EXCHANGE).encode() + b"\r\n\r\n-- noon --\r\n" + LISTENING, "line 3 is not JSON"),
        (archive(entry("https://api.runflow.io/v1/runs/1"), UNNUMBERED), f"its log.entries[1].response.status {NO_STATUS}"),
        (archive(entry("https://api.runflow.io/v1/runs/1"), BEYOND), f"its log.entries[1].response.status {NO_STATUS}"),
        ([{"status": 99999, "body": "{}"}, RUN], f"its [0].status {NO_STATUS}"),
        ([{"status": True, "body": "{}"}, RUN], f"its [0].status {NO_STATUS}"),
        ([7, RUN], "[0] is no object, and so is no "),
        (CALLS[::-1], "its [0].body_base64 is not Base64"),
        ({"items": [EXCHANGE, {"a": 1}]}, "items[1] has a, and so is no "),
        ({"url": "/", "attempts": CALLS}, "its .attempts[1].body_base64 is not Base64"),
        ({"format": FORMAT, "version": 1, "captures": [{"kind": "song"}, {"kind": "answer"}]}, "captures[0] is not whole"),
        (ANSWER + b"HTTP/1.1 200 OK\r\ncontent-type: x\r\nno header\r\n\r\n{}", "message 2: line 3 of its head is not Name: value"),
    ],
)
def test_of_several_things_one_that_is_no_capture_is_told_and_left_out(content: Any, told: str) -> None:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    lines: list[str] = []
    found = captures_in((CaptureFile("odd", Path("odd"), raw),), lines.append)
    assert len(found["odd"]) == 1
    (line,) = lines
    assert line.startswith(f"odd: {told}")
    assert line.endswith("; it is left out")


def test_of_lists_in_lists_each_thing_that_is_no_capture_is_told() -> None:
    lines: list[str] = []
    found = captures_in(
        (CaptureFile("odd", Path("odd"), json.dumps([RUN, [BAD_CALL, ELSEWHERE, [BAD_CALL], BAD_CALL]]).encode()),), lines.append
    )
    assert [capture.place for capture in found["odd"]] == ["[0]"]
    assert lines == [f"odd: its {place}.body_base64 is not Base64; it is left out" for place in ("[1][0]", "[1][2][0]", "[1][3]")]


def test_lists_in_lists_are_read() -> None:
    assert [capture.place for capture in captures_of([[RUN], [[EXCHANGE]]])] == ["[0][0]", "[1][0][0]"]


def test_lists_nested_beyond_all_measure_are_told() -> None:
    with pytest.raises(CaptureError, match="cannot be understood: it is n"):
        captures_of(b"[" * 900 + json.dumps(RUN).encode() + b"]" * 900)


@pytest.mark.parametrize(
    ("content", "place"),
    [([ELSEWHERE, BAD_CALL], "[1]"), ([BAD_CALL, ELSEWHERE], "[0]"), ([ELSEWHERE, [ELSEWHERE, BAD_CALL]], "[1][1]")],
)
def test_of_calls_of_others_and_what_is_no_capture_the_latter_is_the_reason(content: Any, place: str) -> None:
    with pytest.raises(CaptureError, match=rf"cannot be understood: its {re.escape(place)}\.body_base64 is not Base64"):
        captures_of(content)


def test_calls_of_others_alone_are_the_reason_where_nothing_else_is() -> None:
    with pytest.raises(CaptureError, match=r"cannot be understood: what was asked at \[0\] is at no address of the API"):
        captures_of([ELSEWHERE, [ELSEWHERE]])


def test_of_a_304_a_browser_shows_what_it_had_before() -> None:
    cached = entry("https://api.runflow.io/v1/runs/1", status=304)
    assert [capture.place for capture in captures_of(archive(cached, entry("https://api.runflow.io/v1/runs/1")))] == ["log.entries[1]"]


def test_byte_order_mark_before_json_is_no_part_of_a_body() -> None:
    marked = entry("https://api.runflow.io/v1/runs/1", content={"text": "\ufeff" + json.dumps(RUN)})
    assert [capture.record for capture in captures_of(archive(marked))] == [RUN]


@pytest.mark.slow(is_covering=True)
def test_folder_is_read_to_its_depth_without_what_is_hidden(tmp_path: Path) -> None:
    in_process().write(tmp_path / "captures")
    (tmp_path / "captures" / ".DS_Store").write_bytes(b"\0")
    names = [file.name for file in read_files([tmp_path / "captures"])]
    assert names == sorted(in_process().files)
    assert len(captures_in(read_files([tmp_path / "captures"]))) == len(names)


def test_files_of_the_same_name_are_told_apart_and_given_twice_are_one(tmp_path: Path) -> None:
    for folder in ("a", "b", "c"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "run.json").write_text(json.dumps(RUN))
    given = [tmp_path / "a", tmp_path / "b", tmp_path / "b" / "run.json", tmp_path / "c" / "run.json", tmp_path / "a" / "run.json"]
    assert [file.name for file in read_files(given)] == ["a/run.json", "b/run.json", "run.json"]
    again = [tmp_path / "a" / "run.json", tmp_path / "b" / "run.json"]
    assert [file.name for file in read_files(again)] == ["run.json", "run.json~2"]


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"none\.json cannot be read: No such file"):
        read_files([tmp_path / "none.json"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(CaptureError, match="empty has no files"):
        read_files([tmp_path / "empty"])


@pytest.mark.slow(is_covering=True)
def test_file_beyond_all_measure_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "big.har").open("wb") as file:
        file.truncate(BYTES_MAX + 1)
    with pytest.raises(CaptureError, match=r"big\.har cannot be read: it has more than"):
        read_files([tmp_path / "big.har"])
