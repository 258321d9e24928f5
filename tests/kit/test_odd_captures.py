"""Files that nobody would expect: whatever stands in them, they are captures or are told to be none."""

import json
from contextlib import suppress
from typing import Any

import pytest
from captured import recognised
from hypothesis import given, settings
from hypothesis import strategies as st

from runflow_mock.kit.calibration.captures import FORMAT
from runflow_mock.kit.calibration.files import CaptureError
from runflow_mock.kit.calibration.notes import Note, notes_of
from runflow_mock.kit.calibration.readings import Evidence, read_switches
from runflow_mock.kit.calibration.reports import Calibration, represent, summary_of
from runflow_mock.kit.calibration.scrubbing import scrub, secrets_in
from runflow_mock.kit.sheets.markdown import write_markdown
from runflow_mock.kit.sheets.terminal import lines
from runflow_mock.openapi.contracts import packaged_contract

NAMES = (
    *("log", "entries", "request", "response", "status", "headers", "body", "body_base64", "secret", "items", "attempts", "url", "event"),
    *("run_id", "code", "message", "id", "status_code", "output", "created_at", "plain_secret", "payload_bytes", "attempt_count", "path"),
    *("method", "postData", "text", "content", "encoding", "name", "value", "Runflow-Signature", "Runflow-Timestamp", "format", "version"),
    *("captures", "kind", "is_terminal", "items_total", "next", "errors", "loc"),
)
WORDS = (
    *("GET", "/v1/runs/1", "https://api.runflow.io/v1/runs", "base64", "run.failed", "canceled", "v1=00", "1767225600", FORMAT),
    *("callback", "{}"),
)
ODD = st.recursive(
    st.none() | st.booleans() | st.sampled_from((0, 1, 402, 404, 422, 429, 1.5)) | st.sampled_from(WORDS) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=20,
)


def archive(request: Any, response: Any) -> Any:
    return {"log": {"entries": [{"request": request, "response": response}, 2]}}


def calibrated(raw: bytes) -> None:
    captures = []
    with suppress(CaptureError):
        captures = recognised({"odd.json": raw})
    secrets = [secret for capture in captures for secret in secrets_in(capture)]
    readings = read_switches(scrub(capture, ["whsec_1"], secrets) for capture in captures)
    calibration = Calibration(captures=len(captures), files=1, readings=readings, notes=notes_of(captures, packaged_contract()))
    assert represent(calibration)["captures"] == len(captures)
    assert write_markdown(summary_of(calibration)).count("\n") >= len(list(lines(summary_of(calibration)))) - len(readings) * 2


def test_no_line_of_a_calibration_is_a_captures_own() -> None:
    said = Evidence("odd\nfile.json", "body.\x1b[2J")
    note = Note(rule="unknown-field", where="run.a\nwritten /etc/passwd", message="not in the document", evidence=said)
    shown = list(lines(summary_of(Calibration(captures=1, files=1, readings=(), notes=(note,)))))
    assert shown[-1] == (
        r"beyond the contract: run.a\nwritten /etc/passwd (unknown-field): not in the document (odd\nfile.json: body.\x1b[2J)"
    )


@pytest.mark.slow(is_covering=True)
@settings(max_examples=100)
@given(ODD)
def test_any_json_is_captures_or_is_told_to_be_none(value: Any) -> None:
    calibrated(json.dumps(value).encode())


@pytest.mark.slow(is_covering=True)
@settings(max_examples=50)
@given(st.binary(max_size=40) | st.text(alphabet="HTP/1. 20OK\r\n:abR-", max_size=60).map(str.encode))
def test_any_bytes_are_captures_or_are_told_to_be_none(raw: bytes) -> None:
    calibrated(raw)
    calibrated(b"HTTP/1.1 " + raw)
    calibrated(b"HTTP/1.1 429 No\n" + raw)


@pytest.mark.parametrize(
    "value",
    [
        archive(1, {"status": 200}),
        archive({"url": "http://[", "method": 1}, {"status": 404, "headers": 1, "content": 2}),
        archive({"url": "https://api.runflow.io/v1/runs"}, {"status": 200, "content": {"encoding": "base64", "text": "?"}}),
        {"request": None, "response": {"status": 200, "headers": [1, {"name": 2}], "body": [None]}},
        {"headers": {"Runflow-Signature": None}, "body": None, "secret": 1},
        {"status": 404, "headers": [], "body": {"code": None, "message": 1}},
        {"items": [None, {"attempts": 1}], "next": {}},
        {"event": ["run.failed"], "run_id": {}, "output": [], "created_at": {}},
        [{"payload_bytes": 1, "attempt_count": None}],
        {"format": FORMAT, "version": 1, "captures": 1},
    ],
)  # fmt: skip
def test_this_json_is_captures_or_is_told_to_be_none(value: Any) -> None:
    calibrated(json.dumps(value).encode())
