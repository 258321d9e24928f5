"""Receivers that compare callbacks with the record that they read: with the sandbox in which it is none of them is accused."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import msgspec
import pytest
from handlers import running
from record_checkers import WAYS, Api, checker, fill
from slips import SECRET

from runflow_mock.domain.tenants import ClockMode
from runflow_mock.domain.verdicts import Judgement
from runflow_mock.kit.probes.carriers import Carrier
from runflow_mock.kit.probes.content_steps import COMPARED
from runflow_mock.kit.probes.effects import Effects
from runflow_mock.kit.probes.known_records import KnownRecords, NoRecord
from runflow_mock.kit.probes.probe_steps import GIVE_SANDBOX, LET_IT_END, ProbeKit, takes
from runflow_mock.kit.probes.sample_callbacks import Sender
from runflow_mock.kit.probes.verdicts import verify_receiver
from runflow_mock.kit.sheets.records import Sheet
from runflow_mock.runtime.config import Config
from runflow_mock.testing.client import HttpExchanger
from runflow_mock.testing.control import Control
from runflow_mock.testing.samples import EVENTS
from runflow_mock.testing.server import RunningServer, serve

# As of the other receivers: a whole run takes long on a busy machine.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningServer]:
    with serve(Config(port=0, clock=ClockMode.MANUAL, speed=1.0)) as server:
        yield server


def _verify(
    sandbox: RunningServer, way: str, *, dialect: str = "seed", event: str = "run.completed", is_known: bool = True, **filled: Any
) -> Sheet:
    """Probes a receiver with what its application has created, or without that, with effects told."""
    with ExitStack() as stack:
        key = stack.enter_context(closing(Control(sandbox.url))).create_tenant(dialect=dialect).key
        control = stack.enter_context(closing(Control(sandbox.url, key)))
        fill(control, **{"runs": 20, **filled})
        running = stack.enter_context(checker(way, Api(sandbox.url, key), dialect))
        known = KnownRecords(control) if is_known else None
        sender = stack.enter_context(Sender(SECRET, dialect, event=event, known=known))
        # By a clock that stands only the pauses count, so that no load makes an effect late.
        effects = stack.enter_context(closing(Effects(running.effects_url, quiet_seconds=0.05, appear_seconds_max=0.4, now=lambda: 0.0)))
        carrier = stack.enter_context(closing(Carrier(running.url, seconds_max=5.0, pause_seconds=0.01, betrays=sender.betrayed)))
        return verify_receiver(ProbeKit(sender, carrier, effects), running.url, lambda row: None, answer_seconds_max=5.0)


def _broken(sheet: Sheet) -> dict[str, tuple[str, ...]]:
    return {f"{row.subject}: {row.rule}": row.evidence for row in sheet.of(Judgement.BROKEN)}


@pytest.mark.slow
@pytest.mark.parametrize(("way", "dialect"), [*((way, "seed") for way in WAYS), ("by its id", "docs"), ("item by item", "docs")])
def test_receiver_that_compares_with_the_record_is_not_accused(sandbox: RunningServer, way: str, dialect: str) -> None:
    sheet = _verify(sandbox, way, dialect=dialect)
    assert (_broken(sheet), sheet.errors) == ({}, ())
    rows = {row.subject: row for row in sheet.rows}
    held = (
        "genuine",
        "run.failed",
        "batch.succeeded",
        "evaluation.failed",
        "repeats",
        "copies at once",
        "forged, without effect",
        "genuine after forged",
    )
    assert {name: rows[name].judgement for name in held} == dict.fromkeys(held, Judgement.HELD)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["seed", "docs"])
@pytest.mark.parametrize("event", EVENTS)
def test_receiver_that_compares_is_not_accused_whatever_the_genuine_event_is(sandbox: RunningServer, event: str, dialect: str) -> None:
    sheet = _verify(sandbox, "item by item", dialect=dialect, event=event)
    assert (_broken(sheet), sheet.errors, sheet.rows[0].judgement) == ({}, (), Judgement.HELD)


@pytest.mark.slow
def test_receiver_that_compares_with_a_record_that_has_not_ended_is_told_so(sandbox: RunningServer) -> None:
    sheet = _verify(sandbox, "by its id", runs=2, ends=False)
    assert (_broken(sheet), sheet.exit_code) == ({}, 3)
    assert LET_IT_END in (sheet.rows[0].reason or "")


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("read", "is_reading"),
    [("/v1/runs/{id}", True), ("/v1/runs?limit=100", True), ("/v1/runs/{other}", False), ("/v1/models", False), (None, False)],
    ids=["the record", "its list", "another record", "something else", "nothing"],
)
def test_only_who_reads_the_record_may_refuse_what_differs_from_it(sandbox: RunningServer, read: str | None, is_reading: bool) -> None:
    """An application that polls what else it has created excuses no receiver."""
    with closing(Control(sandbox.url)) as admin, closing(Control(sandbox.url, admin.create_tenant().key)) as control:
        fill(control, 2, ends=False)
        known = KnownRecords(control)
        picked = known.pick("run.completed", is_fresh=True)
        other = next(run["id"] for run in control.runs() if run["id"] != picked["id"])
        before = known.latest_reading()
        if read is not None:
            control.client.get(read.format(id=picked["id"], other=other))
        assert (known.latest_reading() != before) is is_reading


@pytest.mark.slow(is_covering=True)
def test_records_are_known_without_an_exchange_of_the_application(sandbox: RunningServer) -> None:
    """What is made to fail for the application fails for it alone, and the journal tells of nobody else."""
    with closing(Control(sandbox.url)) as admin, closing(Control(sandbox.url, admin.create_tenant().key)) as control:
        fill(control, 1)
        before = control.journal()
        control.add_fault(what={"kind": "answer", "status": 503})
        picked = KnownRecords(control).pick("evaluation.completed", is_fresh=True)
        assert control.journal() == before
        control.clear_faults()
        assert msgspec.json.decode(msgspec.json.encode(picked)) == control.client.get(f"/v1/evaluations/{picked['id']}")


class OtherVersion(HttpExchanger):
    """Brings answers of a sandbox in which what is to be judged has another name."""

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        """Returns status and body of the answer."""
        status, content = super().exchange(method, path, headers, body)
        return status, content.replace(b'"assignment"', b'"task"')


@pytest.mark.slow(is_covering=True)
def test_sandbox_whose_records_cannot_be_read_is_told_of(sandbox: RunningServer) -> None:
    with closing(Control(sandbox.url)) as admin:
        key = admin.create_tenant().key
    with closing(Control(sandbox.url, key, OtherVersion(sandbox.url))) as control:
        fill(control, 1)
        with pytest.raises(NoRecord, match="start one of this version"):
            KnownRecords(control)


class Refuser(BaseHTTPRequestHandler):
    """Refuses whatever it is sent; the record is read the first so many times meanwhile."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if next(self.server.readings, False):  # type: ignore[attr-defined]
            self.server.control.client.get("/v1/runs?limit=100")  # type: ignore[attr-defined]
        self.send_response(422)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Says nothing."""


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("readings", "is_held"), [(1, False), (2, None), (3, None)], ids=["by an application that polls", "by the receiver", "each time"]
)
def test_refusal_is_excused_only_where_the_record_is_read_for_it_again(sandbox: RunningServer, readings: int, is_held: bool | None) -> None:
    with (
        closing(Control(sandbox.url)) as admin,
        closing(Control(sandbox.url, admin.create_tenant().key)) as control,
        HTTPServer(("127.0.0.1", 0), Refuser) as server,
        running(server) as receiver,
    ):
        fill(control, 2, ends=False)
        server.control, server.readings = control, iter([True] * readings)  # type: ignore[attr-defined]
        with Sender(SECRET, "seed", known=KnownRecords(control)) as sender, closing(Carrier(receiver.url, seconds_max=5.0)) as carrier:
            (seen,) = takes("run.completed")(ProbeKit(sender, carrier))
    assert seen.is_held is is_held


@pytest.mark.slow
def test_what_a_receiver_refuses_because_it_compares_is_told(sandbox: RunningServer) -> None:
    rows = {row.subject: row for row in _verify(sandbox, "by its id").rows}
    compared = ("unusual bytes", "letter in two parts", "large body", "last attempt", "whole seconds", "no duration")
    assert {name: rows[name].reason for name in compared} == dict.fromkeys(compared, COMPARED)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("way", ["by its id", "by the list", "item by item", "by what it has cost"])
def test_receiver_that_compares_is_told_what_to_give_where_no_sandbox_is_given(sandbox: RunningServer, way: str) -> None:
    sheet = _verify(sandbox, way, is_known=False, runs=1)
    assert (_broken(sheet), sheet.errors, sheet.exit_code) == ({}, (), 3)
    assert GIVE_SANDBOX in (sheet.rows[0].reason or "")


@pytest.mark.slow
@pytest.mark.parametrize("way", ["after it has answered", "and does nothing where they differ"])
def test_receiver_that_takes_what_it_does_not_believe_is_not_accused_without_a_sandbox(sandbox: RunningServer, way: str) -> None:
    sheet = _verify(sandbox, way, is_known=False, runs=1)
    assert (_broken(sheet), sheet.errors, sheet.exit_code) == ({}, (), 0)
