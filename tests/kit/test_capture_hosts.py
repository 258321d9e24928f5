"""Only the service's answers count: what an archive has of other hosts is left out, unless they are named."""

import json
from pathlib import Path
from typing import Any

import pytest

from runflow_mock.domain.documents import BYTE_ORDER_MARK
from runflow_mock.kit.calibration.captures import Capture
from runflow_mock.kit.calibration.files import CaptureError, captures_in, of_hosts, read_files

ANSWER = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"id": "%d", "status_code": "queued"}'


def entry(url: str, **body: Any) -> dict[str, Any]:
    content = {"mimeType": "application/json", "text": json.dumps(body)}
    return {"request": {"method": "GET", "url": url, "headers": []}, "response": {"status": 200, "headers": [], "content": content}}


def archive(folder: Path, *urls: str, creator: str = "a browser") -> Path:
    file = folder / "traffic.har"
    entries = [entry(url, items=[{"id": "x", "status_code": "cancelled"}]) for url in urls]
    file.write_text(json.dumps({"log": {"creator": {"name": creator}, "entries": entries}}))
    return file


def taken(file: Path, *hosts: str) -> tuple[list[Capture], dict[str, int]]:
    found, others = of_hosts(captures_in(read_files([file])), hosts)
    return [capture for captures in found.values() for capture in captures], dict(others)


OURS, OTHER = "https://api.runflow.io/v1/batches", "https://api.other.example/v1/batches"


def test_answers_of_other_hosts_are_left_out_and_counted(tmp_path: Path) -> None:
    captures, others = taken(archive(tmp_path, OURS, OTHER, OTHER))
    assert ([capture.place for capture in captures], others) == (["log.entries[0]"], {"api.other.example": 2})


@pytest.mark.parametrize(
    "url", [OTHER, "http://localhost:3000/v1/runs", "http://127.0.0.1:8787/v1/runs", "https://runflow.io.example/v1/runs"]
)
def test_archive_of_another_host_alone_is_refused_with_the_way_out(tmp_path: Path, url: str) -> None:
    with pytest.raises(CaptureError, match="none of the service's hosts; name it with --host"):
        taken(archive(tmp_path, url))


def test_host_that_is_named_counts(tmp_path: Path) -> None:
    captures, others = taken(archive(tmp_path, OTHER), "API.other.example")
    assert (len(captures), others) == (1, {})


def test_archive_of_the_fake_itself_counts_wherever_it_was_asked(tmp_path: Path) -> None:
    assert len(taken(archive(tmp_path, "http://127.0.0.1:8787/v1/runs", creator="runflow-mock"))[0]) == 1


@pytest.mark.parametrize("text", [ANSWER % 1, b'{"id": "1", "status_code": "queued"}', b'{"id": "1", "status_code": "queued"}\n' * 2])
def test_mark_of_the_byte_order_changes_nothing(tmp_path: Path, text: bytes) -> None:
    plain, marked = tmp_path / "plain.txt", tmp_path / "marked.txt"
    plain.write_bytes(text)
    marked.write_bytes(BYTE_ORDER_MARK + text)
    with_mark, without = ([capture.value for capture in taken(file)[0]] for file in (marked, plain))
    assert with_mark == without != []


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n\r\n"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_each_of_several_answers_in_a_file_is_read(tmp_path: Path, count: int, between: bytes) -> None:
    file = tmp_path / "answers.txt"
    file.write_bytes(between.join(ANSWER % number for number in range(count)))
    captures, _ = taken(file)
    places = [f"message {number + 1}" for number in range(count)] if count > 1 else [""]
    assert [capture.place for capture in captures] == places
    assert [capture.value["id"] for capture in captures if isinstance(capture.value, dict)] == [str(number) for number in range(count)]


def test_answer_of_a_proxy_belongs_to_the_one_behind_it(tmp_path: Path) -> None:
    file = tmp_path / "answers.txt"
    file.write_bytes(
        b"HTTP/1.1 200 Connection established\r\nvia: x\r\n\r\n" + ANSWER % 1 + b"\nHTTP/1.1 100 Continue\r\nx: y\r\n\r\n" + ANSWER % 2
    )
    assert [capture.value["id"] for capture in taken(file)[0] if isinstance(capture.value, dict)] == ["1", "2"]


def test_body_that_speaks_of_a_status_line_is_one_body(tmp_path: Path) -> None:
    file = tmp_path / "answer.txt"
    file.write_bytes(b'HTTP/1.1 200 OK\r\n\r\n{"code": "x", "message": "it said HTTP/1.1 200 OK\\nx: y"}')
    assert len(taken(file)[0]) == 1
