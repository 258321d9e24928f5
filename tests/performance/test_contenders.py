"""The contenders: what they are asked, how their answers are read, and that each row is measured or explained."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from benchmarks.contenders import CONTENDERS, OURS, STANDING
from benchmarks.contenders.contender import Contender, Request, Start, json_request, program
from benchmarks.contenders.document import document
from benchmarks.contenders.installed import LOCK, PACKAGES, node_version
from benchmarks.contenders.ours import Ours
from benchmarks.contenders.running import NotRunning, running
from benchmarks.contests import calling, isolating, serving, starting
from benchmarks.contests.tellings import Cells
from benchmarks.report import ALONE
from benchmarks.results import Cell
from benchmarks.rows import KINDS, Row
from openapi_spec_validator import OpenAPIV31SpecValidator

from runflow_mock.web.operations import API_OPERATIONS

RUN = {"id": "019b76da-a800-7000-8000-000000000007", "status_code": "queued"}
ANSWERS = {
    "runflow-mock": (RUN, RUN["id"]),
    "bare Starlette": (RUN, RUN["id"]),
    "localstripe": ({"id": "cus_gXzMnK84yj0zmL", "object": "customer"}, "cus_gXzMnK84yj0zmL"),
    "moto": ({"QueryExecutionId": "dd5d4098-e826-4d81-bf45-acdb8d32948f"}, "dd5d4098-e826-4d81-bf45-acdb8d32948f"),
    "aimock": ({"request_id": "d32e0782-074a-4c16", "queue_position": 0}, "d32e0782-074a-4c16"),
}
"""What a create is answered with by those whose polls depend on it, and what the poll must name."""


class Missing(Ours):
    """A contender on a machine that does not have it."""

    @property
    def programs(self) -> Sequence[Path]:
        return (program("no-such-program"),)


class Mute(Ours):
    """A contender whose program ends before it has answered."""

    def command(self, start: Start) -> Sequence[str]:
        return ("sh", "-c", "echo the port is taken; exit 1")


def fall(reason: str) -> None:
    """Fails as a server does."""
    raise NotRunning(reason)


@pytest.mark.parametrize("name", ANSWERS)
def test_poll_asks_for_what_was_created(name: str) -> None:
    (contender,) = (each for each in CONTENDERS if each.name == name)
    answer, wanted = ANSWERS[name]
    poll = contender.poll(msgspec.json.encode(answer))
    assert wanted in poll.path + poll.body.decode()


@pytest.mark.parametrize("contender", CONTENDERS, ids=lambda each: each.name)
def test_creates_differ_and_carry_a_body(contender: Contender) -> None:
    first, second = contender.create(1), contender.create(2)
    assert first.body != second.body
    assert first.raw.endswith(b"\r\n\r\n" + first.body)
    assert f"Content-Length: {len(first.body)}\r\n".encode() in first.raw


def test_create_of_a_test_carries_the_key_of_its_tenant() -> None:
    made, created, asked = OURS.before_test(3)[0], OURS.create(1, 3), OURS.poll(msgspec.json.encode(RUN), 3)
    assert msgspec.json.decode(made.body) == {"name": "test_3"}
    assert {each.headers["Authorization"] for each in (created, asked)} == {"Bearer rf_live_mock_test_3"}


def test_time_stands_only_where_it_is_said() -> None:
    start = Start(1, Path())
    assert [*OURS.command(start), "--clock", "manual"] == [*STANDING.command(start)]


def test_request_without_body_has_no_length() -> None:
    assert Request("GET", "/a", 200).raw == b"GET /a HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n"
    assert json_request("POST", "/a", 201, {"b": 1}).raw.endswith(b'Content-Length: 7\r\n\r\n{"b":1}')


@pytest.mark.slow(is_covering=True)
def test_document_of_the_others_is_valid_and_is_about_our_paths() -> None:
    made = msgspec.json.decode(document(msgspec.json.encode(RUN)))
    OpenAPIV31SpecValidator(made).validate()
    ours = {operation.path for operation in API_OPERATIONS}
    assert {"/v1/runs/{id}"} == ours & set(made["paths"])


def test_every_row_has_a_program() -> None:
    measured = [*starting.ROWS, *serving.ROWS, *isolating.ROWS, *calling.ROWS, *ALONE]
    assert sorted(measured) == sorted(Row)
    assert list(KINDS) == list(Row)


def test_reason_stands_where_a_row_cannot_be_measured_and_a_failure_where_it_failed() -> None:
    cells = Cells(CONTENDERS)
    with cells.guard(OURS, (Row.POLLS,)):
        fall("it  has\nended")
    cells.put_median(OURS, Row.CREATES, [3.0, 1.0, 2.0])
    for row in (Row.CREATES, Row.DAY):
        cells.remark(OURS, row, "with a remark")
    cells.remark(OURS, Row.CREATES, "and another one")
    told = cells.of(OURS)
    assert told[Row.POLLS] == Cell(note="failed: it has ended")
    assert told[Row.CREATES] == Cell(2.0, "with a remark; and another one")
    assert told[Row.DAY] == Cell(note="not measured")
    assert cells.of(CONTENDERS[1])[Row.FULL] == Cell(note="it keeps no runs")


def test_what_is_not_installed_is_named() -> None:
    assert Missing().absence() == "no-such-program is not installed"
    assert OURS.absence() is None


def test_what_does_not_answer_is_told_with_its_last_words() -> None:
    with pytest.raises(NotRunning, match="the port is taken"), running(Mute(), b"{}"):
        raise AssertionError("it has not answered")


def test_versions_are_exact_and_hashed() -> None:
    assert all(version.replace(".", "").isdigit() for version in PACKAGES.values())
    lock = LOCK.read_text(encoding="utf-8")
    assert "localstripe==" in lock
    assert "moto==" in lock
    assert lock.count("--hash=sha256:") > lock.count("==")
    assert "://" not in lock


def test_version_that_is_not_installed_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        node_version("no-such-package")
