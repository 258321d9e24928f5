"""The matrix for clients: which cells there are, and what trials say about the rules."""

import sys
from base64 import b32encode, b32hexencode, b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path
from socket import socket
from textwrap import wrap
from time import process_time
from typing import Any

import pytest
from bench import SECRET, Time, VirtualRunner, builds, fake
from msgspec.structs import replace

from runflow_mock.domain.hygiene import RULES
from runflow_mock.domain.records import Limits
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.domain.verdicts import Judgement
from runflow_mock.kit.matrix.asks import ASKS
from runflow_mock.kit.matrix.cells import (
    CALLBACK_CONTROL,
    CELLS,
    CONTROL,
    LATE_SECONDS,
    REFUSED_AT_POLL,
    select,
)
from runflow_mock.kit.matrix.clients import CommandRunner, Ended, longest_seconds
from runflow_mock.kit.matrix.expectations import Expectation, load_expectations
from runflow_mock.kit.matrix.judging import (
    FORGERY_TAKEN,
    NO_ANSWER,
    NO_CALLBACK,
    NO_CONTROL,
    NO_RUN,
    NO_TIME,
    NO_TLS,
    NO_TRAFFIC,
    NOT_MET,
    ONLY_CREATES,
    STILL_ASKING,
    TOLD_ANYWAY,
    TOLD_BEFORE,
    TOLD_ELSEWHERE,
    judge_trials,
    places_of,
)
from runflow_mock.kit.matrix.outputs import Output
from runflow_mock.kit.matrix.running import run_matrix
from runflow_mock.kit.matrix.situations import Cell, Ending
from runflow_mock.kit.matrix.trials import MatrixJob, Trial, environment, lost_files, over_tls, try_cell
from runflow_mock.kit.probes.catalogue import ASKS as PROBED
from runflow_mock.kit.sheets.records import Row
from runflow_mock.runtime.config import Config
from runflow_mock.testing.client import Client, ClientError
from runflow_mock.testing.control import Control
from runflow_mock.testing.in_process import BASE_URL, InProcess
from runflow_mock.testing.records import Exchange, Message
from runflow_mock.testing.server import RunningServer, serve

ORDERS = Path(__file__).parent.parent / "clients" / "orders.py"
BY_NAME = {cell.name: cell for cell in CELLS}
NOTHING: dict[str, Any] = {"verdicts": [], "violations": [], "ours": [], "background_errors": []}
FAILED, FORGED, LOST = BY_NAME["failed"], BY_NAME["wrong secret"], BY_NAME["answer lost after creation"]


def _attempt(status: int | None, fault: str | None = None, *copies: int) -> dict[str, Any]:
    told = [{"status_code": copy, "error": None} for copy in copies]
    return {"status_code": status, "fault": None if fault is None else {"kind": fault}, "copies": told, "error": "gone"}


def _trial(cell: Cell, exit_code: int | None = 0, *attempts: dict[str, Any], **more: Any) -> Trial:
    deliveries = ({"attempts": list(attempts)},) if attempts else ()
    usual = Trial(
        cell=cell,
        tenant="t",
        exit_code=exit_code,
        seconds=1.0,
        output="",
        exchanges=3,
        report=NOTHING,
        is_met=True,
        runs=1,
        deliveries=deliveries,
    )
    return replace(usual, **more)


def _judge(cell: Cell, *trials: Trial, expected: dict[str, Expectation] | None = None) -> Row:
    cells = tuple({each.name: each for each in (CONTROL, CALLBACK_CONTROL, cell)}.values())
    sheet = judge_trials(cells, {trial.cell.name: trial for trial in trials}, expected or {})
    return next(row for row in sheet.rows if row.subject == cell.name)


def _judge_rule(rule: str, cell: Cell, *trials: Trial) -> tuple[Judgement, str | None]:
    sheet = judge_trials((CONTROL, CALLBACK_CONTROL, cell), {trial.cell.name: trial for trial in trials}, {})
    return next((row.judgement, row.reason) for row in sheet.rows if (row.subject, row.rule) == (cell.name, rule))


def _found(rule: str, verdict: str) -> dict[str, Any]:
    return {"rule": rule, "verdict": verdict, "evidence": [{"message": "seen", "exchanges": ["x1"]}], "reason": None}


PLAIN = _trial(CONTROL)
HEARS = (_trial(CONTROL, callback_origins=frozenset(("http://127.0.0.1:9",))), _trial(CALLBACK_CONTROL, 0, _attempt(204)))


@pytest.mark.parametrize(("exit_code", "judgement"), [(1, Judgement.HELD), (0, Judgement.BROKEN), (None, Judgement.BROKEN)])
def test_failure_must_end_badly_and_must_end(exit_code: int | None, judgement: Judgement) -> None:
    assert _judge(FAILED, PLAIN, _trial(FAILED, exit_code)).judgement is judgement


def test_fault_that_was_not_met_is_not_exercised_however_the_client_ended() -> None:
    row = _judge(FAILED, PLAIN, _trial(FAILED, 1, is_met=False))
    assert (row.judgement, row.reason) == (Judgement.NOT_EXERCISED, NOT_MET)


def test_control_that_fails_leaves_everything_else_unsaid() -> None:
    row = _judge(FAILED, _trial(CONTROL, 1), _trial(FAILED, 1))
    assert (row.judgement, row.reason) == (Judgement.NOT_EXERCISED, NO_CONTROL)
    assert _judge(CONTROL, _trial(CONTROL, 1)).judgement is Judgement.BROKEN


def test_where_a_sheet_has_rows_is_known_before_anything_is_tried() -> None:
    cells = select(is_full=True, only=())
    sheet = judge_trials(cells, {CONTROL.name: _trial(CONTROL, 0, exchanges=0)}, {})
    assert tuple((row.subject, row.rule) for row in sheet.rows) == places_of(cells)


def test_client_that_sends_nothing_does_not_pass() -> None:
    silent = _trial(CONTROL, 0, exchanges=0)
    sheet = judge_trials((CONTROL, FAILED), {CONTROL.name: silent}, {})
    assert {row.judgement for row in sheet.rows} == {Judgement.NOT_EXERCISED}
    assert (sheet.rows[0].reason, sheet.exit_code) == (NO_TRAFFIC, 3)


@pytest.mark.parametrize(("exit_code", "told"), [(1, "ended with 1"), (-6, "ended with -6"), (None, "was stopped after 6 s")])
def test_client_that_fails_before_it_sends_anything_is_told_its_own_last_words(exit_code: int | None, told: str) -> None:
    silent = _trial(CONTROL, exit_code, exchanges=0, seconds=6.0, output="EOFError: EOF when reading a line\n")
    sheet = judge_trials((CONTROL, FAILED), {CONTROL.name: silent}, {})
    (reason,) = {row.reason or "" for row in sheet.rows}
    assert reason == f"{NO_TRAFFIC}; without a terminal and input it {told}, and the last it said is: EOFError: EOF when reading a line"
    assert sheet.exit_code == 3


@pytest.mark.parametrize(("status", "judgement"), [(401, Judgement.HELD), (204, Judgement.BROKEN), (None, Judgement.NOT_EXERCISED)])
def test_forged_callback_is_judged_by_the_answer(status: int | None, judgement: Judgement) -> None:
    row = _judge(FORGED, *HEARS, _trial(FORGED, 0, _attempt(status, "callback.wrong_secret"), _attempt(204)))
    assert row.judgement is judgement
    assert row.reason == (f"{NO_ANSWER}: gone" if status is None else None)


def test_forged_callback_says_nothing_where_genuine_ones_are_refused_too() -> None:
    deaf = (HEARS[0], _trial(CALLBACK_CONTROL, 0, _attempt(401)))
    assert _judge(FORGED, *deaf, _trial(FORGED, 0, _attempt(401, "callback.wrong_secret"))).reason == NO_CONTROL
    assert _judge(CALLBACK_CONTROL, *deaf).judgement is Judgement.BROKEN


def test_callbacks_are_not_exercised_by_a_client_that_polls() -> None:
    assert _judge(FORGED, PLAIN).reason == NO_CALLBACK


@pytest.mark.parametrize(("copies", "judgement"), [((204, 204), Judgement.HELD), ((204, 409), Judgement.BROKEN)])
def test_every_copy_must_be_taken(copies: tuple[int, int], judgement: Judgement) -> None:
    cell = BY_NAME["twice"]
    attempt = _attempt(copies[1], "callback.duplicate", copies[0])
    assert _judge(cell, *HEARS, _trial(cell, 0, attempt)).judgement is judgement


@pytest.mark.parametrize(("runs", "judgement"), [(1, Judgement.HELD), (2, Judgement.BROKEN)])
def test_lost_answer_must_not_lead_to_a_second_run(runs: int, judgement: Judgement) -> None:
    assert _judge(LOST, PLAIN, _trial(LOST, 1, runs=runs)).judgement is judgement


@pytest.mark.parametrize(
    ("made_again", "runs", "judgement"),
    [(0, 4, Judgement.HELD), (1, 4, Judgement.BROKEN), (1, 3, Judgement.HELD)],
    ids=["only what has failed", "what had succeeded too", "no more than where nothing goes wrong"],
)
def test_what_has_succeeded_must_not_be_created_again(made_again: int, runs: int, judgement: Judgement) -> None:
    cell = BY_NAME["partly succeeded"]
    plain = _trial(CONTROL, runs=3)
    assert _judge_rule("keeps-successes", cell, plain, _trial(cell, runs=runs, made_again=made_again))[0] is judgement


@pytest.mark.parametrize(
    ("exit_code", "status", "judged"),
    [
        (0, 401, (Judgement.HELD, None)),
        (1, 401, (Judgement.BROKEN, None)),
        (1, 204, (Judgement.NOT_EXERCISED, FORGERY_TAKEN)),
        (1, None, (Judgement.NOT_EXERCISED, NO_ANSWER)),
    ],
)
def test_forged_callback_that_was_refused_has_no_effect(exit_code: int, status: int | None, judged: tuple[Judgement, str | None]) -> None:
    cell = BY_NAME["changed body"]
    trial = _trial(cell, exit_code, _attempt(status, "callback.tamper"), _attempt(204))
    assert _judge_rule("acts-after-verifying", cell, *HEARS, trial) == judged


@pytest.mark.parametrize("name", ["wrong secret", "unsigned"])
@pytest.mark.parametrize(
    ("exit_code", "status", "judged"),
    [
        (0, 401, (Judgement.HELD, None)),
        (7, None, (Judgement.BROKEN, None)),
        (1, 401, (Judgement.BROKEN, None)),
        (1, 204, (Judgement.NOT_EXERCISED, FORGERY_TAKEN)),
    ],
    ids=["refuses it", "dies of it", "gives up at it", "takes it"],
)
def test_forged_callback_does_not_keep_a_client_from_its_end(
    name: str, exit_code: int, status: int | None, judged: tuple[Judgement, str | None]
) -> None:
    cell = BY_NAME[name]
    trial = _trial(cell, exit_code, _attempt(status, "callback.wrong_secret"))
    assert _judge_rule("survives-callbacks", cell, *HEARS, trial) == judged


@pytest.mark.parametrize("name", sorted(REFUSED_AT_POLL))
def test_client_that_asks_on_for_what_is_refused_is_told_of_under_one_rule(name: str) -> None:
    cell = BY_NAME[name]
    repeats = {**NOTHING, "verdicts": [_found("retry-refused", "broken")]}
    trials = {CONTROL.name: PLAIN, cell.name: _trial(cell, None, report=repeats)}
    rows = judge_trials((CONTROL, cell), trials, {}).rows
    assert [row.rule for row in rows if row.judgement is Judgement.BROKEN] == ["retry-refused"]
    assert [row.reason for row in rows if (row.subject, row.rule) == (cell.name, cell.rule)] == [STILL_ASKING]
    assert _judge(cell, PLAIN, _trial(cell, None)).judgement is Judgement.BROKEN


def test_client_that_shows_elsewhere_why_it_does_not_end_is_told_of_once() -> None:
    cell = BY_NAME["answer lost beside others at work"]
    trials = {trial.cell.name: trial for trial in (PLAIN, _trial(FAILED, None), _trial(cell, None))}
    rows = judge_trials((CONTROL, FAILED, cell), trials, {}).rows
    assert [(row.subject, row.rule) for row in rows if row.judgement is Judgement.BROKEN] == [("failed", "reports-failure")]


def test_client_that_never_gives_up_what_is_refused_is_told_of_under_one_rule() -> None:
    cell = BY_NAME["409 at creation"]
    trials = {CONTROL.name: PLAIN, cell.name: _trial(cell, None, report={**NOTHING, "verdicts": [_found("retry-gives-up", "broken")]})}
    rows = judge_trials((CONTROL, cell), trials, {}).rows
    assert [row.rule for row in rows if row.judgement is Judgement.BROKEN] == ["retry-gives-up"]


@pytest.mark.parametrize("name", sorted(REFUSED_AT_POLL))
def test_readings_that_are_refused_say_nothing_of_who_was_told_by_a_callback(name: str) -> None:
    cell = BY_NAME[name]
    assert _judge(cell, HEARS[0], _trial(cell, 0, _attempt(204))).reason == TOLD_ANYWAY
    assert _judge(cell, HEARS[0], _trial(cell, 0, _attempt(401))).judgement is Judgement.BROKEN


@pytest.mark.parametrize(
    ("exit_code", "lost", "judgement"),
    [
        (0, (), Judgement.HELD),
        (1, ("/media/a.png",), Judgement.HELD),
        (None, ("/media/a.png",), Judgement.HELD),
        (0, ("/media/a.png",), Judgement.BROKEN),
    ],
)
def test_file_that_was_not_got_must_not_be_passed_over_in_silence(
    exit_code: int | None, lost: tuple[str, ...], judgement: Judgement
) -> None:
    cell = BY_NAME["503 at download"]
    row = _judge(cell, PLAIN, _trial(cell, exit_code, lost_files=lost))
    assert (row.judgement, "/media/a.png" in row.evidence[0]) == (judgement, judgement is Judgement.BROKEN)


def test_callback_that_nobody_answers_in_time_is_not_taken() -> None:
    """Whoever is gone refuses the connection; whoever is there and keeps silent has not taken it."""
    silent = {**_attempt(None), "error": "no answer within 10 s"}
    assert _judge(CALLBACK_CONTROL, HEARS[0], _trial(CALLBACK_CONTROL, 0, silent)).judgement is Judgement.BROKEN
    assert _judge(CALLBACK_CONTROL, HEARS[0], _trial(CALLBACK_CONTROL, 0, _attempt(None))).judgement is Judgement.NOT_EXERCISED
    forged = {**_attempt(None, "callback.wrong_secret"), "error": "no answer within 10 s"}
    assert _judge(FORGED, *HEARS, _trial(FORGED, 0, forged)).judgement is Judgement.NOT_EXERCISED


class Talker:
    """A client that sends nothing and says something about its key."""

    def __init__(self, say: Callable[[str], str]) -> None:
        self._say = say

    def run(self, env: Mapping[str, str], move: Callable[[], None], may_go_on: Callable[[], bool]) -> Ended:
        """Says it."""
        return Ended(0, self._say(env["RUNFLOW_API_KEY"]))

    def stop(self) -> None:
        """Does nothing: it has ended."""


@pytest.mark.parametrize(
    ("say", "is_shown"),
    [
        (lambda key: f"sent {key}", True),
        (lambda key: b64encode(f"{key}:".encode()).decode(), True),
        (lambda key: b64encode(f":{key}".encode()).decode(), True),
        (lambda key: b64encode(f"user:{key}".encode()).decode(), True),
        (lambda key: b64encode(f"Bearer {key}".encode()).decode(), True),
        (lambda key: encodebytes(f"{'user' * 12}:{key}".encode()).decode(), True),
        (lambda key: urlsafe_b64encode(f"~~~>{key}".encode()).decode(), True),
        (lambda key: key.encode().hex(), True),
        (lambda key: key.encode().hex(" ").upper(), True),
        (lambda key: "".join(f"%{byte:02X}" for byte in key.encode()), True),
        (lambda key: "\n".join(wrap(f"authorization: Bearer {key}", 16)), True),
        (lambda key: f"SENT {key}".upper(), True),
        (lambda key: b32encode(key.encode()).decode(), True),
        (lambda key: b32encode(f"key={key}&x".encode()).decode().lower().rstrip("="), True),
        (lambda key: b32hexencode(f"a{key}".encode()).decode(), True),
        (" ".join, True),
        (lambda key: "-".join(wrap(key.upper(), 4)), True),
        (lambda key: f"({key[::-1]})", True),
        (lambda key: str([*key.encode()]), True),
        (lambda key: " ".join(f"{byte:03o}" for byte in key.encode()), True),
        (lambda key: " ".join(f"{byte:08b}" for byte in key.encode()), True),
        (lambda key: ", ".join(f"0x{byte:02X}" for byte in key.encode()), True),
        (lambda key: f"sent {key[:12]}...{key[-1:]}", False),
        (lambda key: f"SENT {key[:-2].upper()}**", False),
        (lambda key: b64encode(f"user:{key[:5]}".encode()).decode(), False),
        (lambda key: sha256(key.encode()).hexdigest(), False),
    ],
    ids=[
        "whole",
        "first",
        "after a byte",
        "as a password",
        "as a header",
        "over two lines",
        "for addresses",
        "in digits",
        "in pairs of digits",
        "percent-encoded",
        "broken into lines",
        "in capitals",
        "in base32",
        "in base32 with more around it",
        "in the other base32",
        "with spaces",
        "in groups",
        "turned round",
        "in numbers",
        "in octal digits",
        "in binary digits",
        "as a program has bytes",
        "masked",
        "masked, in capitals",
        "its beginning",
        "its digest",
    ],
)
def test_key_is_printed_in_whatever_form(say: Callable[[str], str], is_shown: bool) -> None:
    with fake("seed") as (app, _):
        job = MatrixJob(client=Talker(say), url=BASE_URL, env={}, callback_secret=SECRET, exchanger=app)
        assert try_cell(CONTROL, job).printed == (("the API key",) if is_shown else ())


@pytest.mark.parametrize(("printed", "judgement"), [((), Judgement.HELD), (("the API key",), Judgement.BROKEN)])
def test_key_is_not_printed(printed: tuple[str, ...], judgement: Judgement) -> None:
    sheet = judge_trials((CONTROL,), {CONTROL.name: replace(PLAIN, printed=printed)}, {})
    row = next(row for row in sheet.rows if row.rule == "key-not-in-output")
    assert (row.judgement, row.evidence) == (
        judgement,
        ("plain: it has printed the API key",) if printed else ("1 trials printed neither",),
    )


@pytest.mark.parametrize(("exit_code", "judgement"), [(0, Judgement.HELD), (1, Judgement.HELD), (None, Judgement.BROKEN)])
def test_what_never_comes_is_not_waited_for_without_end(exit_code: int | None, judgement: Judgement) -> None:
    cell = BY_NAME["work without end"]
    assert _judge(cell, PLAIN, _trial(cell, exit_code)).judgement is judgement
    assert _judge(cell, PLAIN).reason == NO_TIME


@pytest.mark.parametrize(("saw_end", "judgement"), [(True, Judgement.HELD), (False, Judgement.BROKEN)])
def test_unknown_state_must_not_be_taken_for_the_end(saw_end: bool, judgement: Judgement) -> None:
    cell = BY_NAME["unknown state"]
    assert _judge(cell, PLAIN, _trial(cell, 0, saw_end=saw_end)).judgement is judgement


HEARD = {
    "answers": (_attempt(204), True),
    "refuses": (_attempt(401), True),
    "answers one copy": (_attempt(None, "callback.duplicate", 204), True),
    "ends before it has answered": ({**_attempt(None), "error": "BrokenAnswer: the receiver hung up before it answered"}, True),
    "keeps silent": ({**_attempt(None), "error": "no answer within 10 s"}, True),
    "does not listen": ({**_attempt(None), "error": "CannotConnect: Cannot connect to 127.0.0.1 port 9: refused"}, False),
    "was not asked yet": ({**_attempt(None), "error": None}, False),
    "was sent a forgery": (_attempt(204, "callback.tamper"), False),
    "is told by the kit that it has answered": (_attempt(200, "callback.drop"), False),
}


@pytest.mark.parametrize("name", ["unknown state", "page of 200 at poll"])
@pytest.mark.parametrize("way", HEARD)
def test_whoever_was_told_of_the_end_by_a_callback_has_not_made_it_up(name: str, way: str) -> None:
    cell, (attempt, is_heard) = BY_NAME[name], HEARD[way]
    row = _judge(cell, PLAIN, _trial(cell, 0, attempt, saw_end=False))
    assert row.judgement is (Judgement.HELD if is_heard else Judgement.BROKEN)


class Deaf:
    """A client that orders, names a place where nobody listens, and waits for nothing."""

    def __init__(self, app: InProcess, url: str) -> None:
        self._app, self._url = app, url

    def run(self, env: Mapping[str, str], move: Callable[[], None], may_go_on: Callable[[], bool]) -> Ended:
        """Orders once."""
        order = {"input": {"image_url": "https://cdn.example.com/1.jpg"}, "callback_url": self._url}
        control = Control(BASE_URL, env["RUNFLOW_API_KEY"], self._app)
        control.client.post("/v1/models/runflow/background-removal/runs", order)
        control.close()
        return Ended(0, "")

    def stop(self) -> None:
        """Does nothing: it has ended."""


def test_callback_to_which_nobody_listens_tells_of_no_end() -> None:
    cell = replace(BY_NAME["page of 200 at poll"], clock=ClockMode.MANUAL)
    with fake("seed") as (app, _), socket() as closed:
        closed.bind(("127.0.0.1", 0))
        client = Deaf(app, f"http://127.0.0.1:{closed.getsockname()[1]}/")
        trial = try_cell(cell, MatrixJob(client=client, url=BASE_URL, env={}, callback_secret=SECRET, exchanger=app))
    assert trial.deliveries
    assert (trial.has_heard, len(trial.untold)) == (False, 1)


@pytest.mark.parametrize(
    ("exit_code", "saw_end", "judgement"),
    [(0, True, Judgement.HELD), (1, False, Judgement.HELD), (0, False, Judgement.BROKEN)],
    ids=["asks again", "says that it has failed", "takes it for the end"],
)
def test_page_must_not_be_taken_for_a_result(exit_code: int, saw_end: bool, judgement: Judgement) -> None:
    cell = BY_NAME["page of 200 at poll"]
    assert _judge(cell, PLAIN, _trial(cell, exit_code, saw_end=saw_end)).judgement is judgement


@pytest.mark.parametrize(
    ("name", "exchange", "judgement"),
    [
        ("empty object at poll", "x2", Judgement.HELD),
        ("empty object at poll", "x1", Judgement.BROKEN),
        ("503 at poll", "x2", Judgement.BROKEN),
    ],
    ids=["after it", "before it", "after what was no record, and said so"],
)
def test_record_without_a_name_may_lead_nowhere(name: str, exchange: str, judgement: Judgement) -> None:
    violation = {"operation": "get_run", "loc": ["path", "id"], "message": "'undefined' is not a UUID", "exchange": exchange}
    trial = _trial(BY_NAME[name], 1, report={**NOTHING, "violations": [violation]}, misled=frozenset(("x2",)))
    sheet = judge_trials((CONTROL, BY_NAME[name]), {CONTROL.name: PLAIN, name: trial}, {})
    assert next(row.judgement for row in sheet.rows if row.rule == "contract") is judgement


def test_what_came_before_the_bad_answer_and_asked_for_it_was_not_misled() -> None:
    ids = list[str]()

    def order(control: Control) -> bool:
        ids.append(
            control.client.post("/v1/models/runflow/background-removal/runs", {"input": {"image_url": "https://cdn.example.com/1.jpg"}})[
                "id"
            ]
        )
        return True

    def reads(control: Control) -> bool:
        control.client.get(f"/v1/runs/{ids[0]}")
        return True

    trial, _ = _try(replace(BY_NAME["empty object at poll"], clock=ClockMode.MANUAL), 1_800_000_000.0, order, reads, reads, reads)
    assert (trial.exchanges, len(trial.misled)) == (4, 2)


@pytest.mark.parametrize(("runs", "judgement"), [(1, Judgement.HELD), (0, Judgement.BROKEN)])
def test_client_that_only_creates_has_created_where_it_ends_well(runs: int, judgement: Judgement) -> None:
    cell, plain = BY_NAME["page of 200 at creation"], replace(PLAIN, only_creates=True)
    assert _judge(cell, plain, _trial(cell, 0, saw_end=False, only_creates=True, runs=runs)).judgement is judgement


@pytest.mark.parametrize(
    ("exit_code", "untold", "judgement"),
    [(0, (), Judgement.HELD), (1, ("r1",), Judgement.HELD), (0, ("r1",), Judgement.BROKEN)],
    ids=["waits", "says that it has failed", "does not wait"],
)
@pytest.mark.parametrize("name", ["one of several late", "slow work"])
def test_client_that_ends_well_has_waited_for_all(name: str, exit_code: int, untold: tuple[str, ...], judgement: Judgement) -> None:
    cell = BY_NAME[name]
    assert _judge(cell, PLAIN, _trial(cell, exit_code, untold=untold)).judgement is judgement


@pytest.mark.parametrize(
    ("port", "judged"),
    [(2, (Judgement.BROKEN, None)), (1, (Judgement.NOT_EXERCISED, ONLY_CREATES))],
    ids=["at a port of its own each time", "at that of a receiver that runs anyway"],
)
@pytest.mark.parametrize("name", ["failed", "slow work"])
def test_client_that_listens_itself_is_held_to_the_end_of_its_work(name: str, port: int, judged: tuple[Judgement, str | None]) -> None:
    first, second = (frozenset((f"http://127.0.0.1:{number}",)) for number in (1, port))
    plain = replace(PLAIN, only_creates=True, callback_origins=first)
    row = _judge(BY_NAME[name], plain, _trial(BY_NAME[name], 0, only_creates=True, untold=("r1",), callback_origins=second))
    assert (row.judgement, row.reason) == judged


@pytest.mark.parametrize("name", ["failed", "slow work", "402 at creation"])
@pytest.mark.parametrize("only_creates", [True, False])
def test_client_that_only_creates_is_not_held_to_the_end_of_its_work(name: str, only_creates: bool) -> None:
    """Somebody else may wait; what is refused at once it hears of itself."""
    cell = BY_NAME[name]
    runs = 0 if name == "402 at creation" else 1
    row = _judge(cell, replace(PLAIN, only_creates=only_creates), _trial(cell, 0, only_creates=only_creates, untold=("r1",), runs=runs))
    expected = (Judgement.NOT_EXERCISED, ONLY_CREATES) if only_creates and runs else (Judgement.BROKEN, None)
    assert (row.judgement, row.reason) == expected


@pytest.mark.parametrize(("knew_end", "reason"), [(True, TOLD_BEFORE), (False, None)])
def test_state_that_comes_after_the_end_was_told_says_nothing(knew_end: bool, reason: str | None) -> None:
    cell = BY_NAME["unknown state"]
    assert _judge(cell, PLAIN, _trial(cell, 1, knew_end=knew_end)).reason == reason


@pytest.mark.parametrize(
    ("more", "is_excused"),
    [
        ({}, True),
        ({"callback_origins": frozenset(("http://127.0.0.1:9",))}, False),
        ({"only_creates": False}, False),
        ({"saw_end": True}, False),
    ],
    ids=["listens to webhooks", "asked for a callback", "reads", "was told"],
)
def test_whoever_only_listens_may_wait_for_a_partial_success_of_which_no_webhook_tells(more: dict[str, Any], is_excused: bool) -> None:
    cell = BY_NAME["partly succeeded"]
    trial = _trial(cell, None, **{"only_creates": True, "saw_end": False, **more})
    sheet = judge_trials((CONTROL, cell), {CONTROL.name: PLAIN, cell.name: trial}, {})
    broken = {row.rule for row in sheet.of(Judgement.BROKEN)}
    assert broken == (set() if is_excused else {"handles-partial"})


class Worker:
    """A client that does what it is told to, and moves on for as long as that says so."""

    def __init__(self, app: InProcess, *steps: Callable[[Control], bool]) -> None:
        self._app, self._steps = app, steps
        self.moves = 0

    def run(self, env: Mapping[str, str], move: Callable[[], None], may_go_on: Callable[[], bool]) -> Ended:
        """Takes the steps, each again and again until it is done."""
        with closing(Control(BASE_URL, env["RUNFLOW_API_KEY"], self._app)) as control:
            for step in self._steps:
                while not step(control):
                    self.moves += 1
                    move()
        return Ended(0, "")

    def stop(self) -> None:
        """Does nothing: it has ended."""


def _try(cell: Cell, now: float, *steps: Callable[[Control], bool]) -> tuple[Trial, Worker]:
    with fake("seed") as (app, _):
        worker = Worker(app, *steps)
        job = MatrixJob(client=worker, url=BASE_URL, env={}, callback_secret=SECRET, exchanger=app, now=lambda: now)
        return try_cell(cell, job), worker


def test_time_that_stands_begins_at_the_clients_own() -> None:
    """A client that looks for what was created within the last minute finds what it has created."""
    seen = list[str]()

    def order(control: Control) -> bool:
        body = {"input": {"image_url": "https://cdn.example.com/1.jpg"}}
        seen.append(control.client.post("/v1/models/runflow/background-removal/runs", body)["created_at"])
        return True

    trial, _ = _try(FAILED, 1_800_000_000.0, order)
    assert (seen, trial.only_creates) == (["2027-01-15T08:00:00.000Z"], True)


@pytest.mark.parametrize(
    ("urls", "places"),
    [
        (("https://hooks.example?order=1", "https://hooks.example?order=2"), 1),
        (("https://hooks.example/h", "https://HOOKS.example:443/h", "https://hooks.example#h"), 1),
        (("https://hooks.example/h", "https://hooks.example:8443/h"), 2),
        (("https://hooks.example/h", "https://hooks.example.org/h"), 2),
        (("hooks.example/h",), 1),
    ],
    ids=["another query", "spelled otherwise", "another port", "another host", "no address"],
)
def test_place_for_callbacks_is_one_however_its_address_is_written(urls: tuple[str, ...], places: int) -> None:
    def order(control: Control) -> bool:
        for url in urls:
            with suppress(ClientError):
                control.client.post(
                    "/v1/models/runflow/background-removal/runs",
                    {"input": {"image_url": "https://cdn.example.com/1.jpg"}, "callback_url": url},
                )
        return True

    trial, _ = _try(CONTROL, 1_800_000_000.0, order)
    assert len(trial.callback_origins) == places


@pytest.mark.slow(is_covering=True)
def test_hundreds_of_items_come_to_their_end_in_some_moves() -> None:
    batches = list[str]()

    def order(control: Control) -> bool:
        body = {"input": [{"image_url": f"https://cdn.example.com/{number}.jpg"} for number in range(100)]}
        batches.append(control.client.post("/v1/models/runflow/background-removal/batches", body)["id"])
        return True

    def ends(control: Control) -> bool:
        return bool(control.client.get(f"/v1/batches/{batches[0]}")["status_code"] == "succeeded")

    trial, worker = _try(BY_NAME["one of several late"], 1_800_000_000.0, order, ends)
    # A fifth of a minute, as the moves of a client at work are paced.
    assert (trial.runs, trial.untold, worker.moves <= 60) == (100, (), True)


def _transfer(
    method: str, path: str, status: int, *, body: str | None = None, fault: str | None = None, host: str = "127.0.0.1"
) -> Exchange:
    headers = {"host": host, **({} if body is None else {"content-length": str(len(body))})}
    return Exchange("x", "2026-01-01T00:00:00Z", Message(method, path, None, headers, body), Message(status=status), fault=fault)


@pytest.mark.parametrize(
    ("transfers", "lost"),
    [
        ([_transfer("GET", "/media/a?signature=1", 200, fault="cut"), _transfer("GET", "/media/a?signature=2", 206)], ()),
        ([_transfer("GET", "/media/a", 206), _transfer("GET", "/media/a", 416)], ()),
        ([_transfer("GET", "/media/a", 206, fault="cut"), _transfer("GET", "/media/a", 416)], ("/media/a",)),
        ([_transfer("PUT", "/_upload/a", 503, body="1", fault="f"), _transfer("PUT", "/_upload/b", 200, body="1")], ()),
        ([_transfer("PUT", "/_upload/a", 503, body="1", fault="f"), _transfer("PUT", "/_upload/b", 200, body="2")], ("/_upload/a",)),
        ([_transfer("GET", "/media/a", 503), _transfer("GET", "/media/b", 200)], ("/media/a",)),
    ],
    ids=["again", "in ranges", "in ranges, cut", "in another session", "something else", "another file"],
)
def test_file_is_lost_that_was_not_brought_or_got_in_another_way(transfers: list[Exchange], lost: tuple[str, ...]) -> None:
    assert lost_files(transfers) == lost


@pytest.mark.parametrize(("status", "judgement"), [(204, Judgement.HELD), (401, Judgement.BROKEN)])
def test_callback_that_ends_with_a_line_break_is_genuine(status: int, judgement: Judgement) -> None:
    cell = BY_NAME["line break at the end"]
    ended = _trial(cell, 0, _attempt(status, "callback.line_break"), _attempt(204))
    assert _judge(cell, *HEARS, ended).judgement is judgement
    # Who signs what it has written anew is told so once.
    respaced = BY_NAME["other spaces"]
    sheet = judge_trials(
        (CONTROL, CALLBACK_CONTROL, respaced, cell),
        {trial.cell.name: trial for trial in (*HEARS, ended, _trial(respaced, 0, _attempt(204, "callback.respace")))},
        {},
    )
    assert {row.subject: row.reason for row in sheet.rows}[cell.name] == TOLD_ELSEWHERE


def _giving_up(verdict: str) -> dict[str, Any]:
    evidence = [] if verdict == "not_exercised" else [{"message": "some tries failed"}]
    return {**NOTHING, "verdicts": [{"rule": "retry-gives-up", "verdict": verdict, "evidence": evidence, "reason": None}]}


@pytest.mark.parametrize(("is_trying", "judgement"), [(True, Judgement.NOT_EXERCISED), (False, Judgement.BROKEN)])
def test_client_that_was_stopped_while_it_tried_is_told_of_under_giving_up_alone(is_trying: bool, judgement: Judgement) -> None:
    cell = BY_NAME["503 for ever"]
    stopped = _trial(cell, None, is_trying=is_trying, report=_giving_up("held"))
    assert _judge(cell, PLAIN, stopped).judgement is judgement
    rows = {row.rule: row for row in judge_trials((CONTROL, cell), {CONTROL.name: PLAIN, cell.name: stopped}, {}).rows}
    assert rows["ends"].judgement is Judgement.HELD
    assert rows["retry-gives-up"].judgement is (Judgement.NOT_EXERCISED if is_trying else Judgement.HELD)


@pytest.mark.parametrize(
    ("stopped", "elsewhere", "judgement"),
    [
        ("held", "held", Judgement.NOT_EXERCISED),
        ("not_exercised", "held", Judgement.NOT_EXERCISED),
        ("broken", "held", Judgement.BROKEN),
        ("held", "broken", Judgement.BROKEN),
    ],
)
def test_whoever_was_still_trying_has_neither_given_up_nor_tried_for_ever(stopped: str, elsewhere: str, judgement: Judgement) -> None:
    cell, other = BY_NAME["503 for ever"], BY_NAME["503 at poll"]
    trials = (PLAIN, _trial(cell, None, is_trying=True, report=_giving_up(stopped)), _trial(other, report=_giving_up(elsewhere)))
    sheet = judge_trials((CONTROL, cell, other), {trial.cell.name: trial for trial in trials}, {})
    row = next(row for row in sheet.rows if row.rule == "retry-gives-up")
    assert row.judgement is judgement
    assert (row.reason or "").endswith("--timeout gives it longer") is (judgement is Judgement.NOT_EXERCISED)


@pytest.mark.parametrize(
    ("exit_code", "first", "count", "judgement"),
    [
        (1, "a reading", 1, Judgement.NOT_EXERCISED),
        (0, "a reading", 1, Judgement.BROKEN),
        (None, "a reading", 1, Judgement.BROKEN),
        (1, "a creation", 1, Judgement.BROKEN),
        # Of one it is not told what it was.
        (1, "a reading", 2, Judgement.BROKEN),
    ],
)
def test_poller_with_a_deadline_of_its_own_has_given_up_where_it_ends_badly(
    exit_code: int | None, first: str, count: int, judgement: Judgement
) -> None:
    cell = BY_NAME["503 for ever at poll"]
    found = {
        **_found("retry-gives-up", "broken"),
        "evidence": [{"message": "12 tries failed", "exchanges": [first, "another"]}],
        "broken": count,
    }
    trial = _trial(cell, exit_code, report={**NOTHING, "verdicts": [found]}, readings=frozenset(("a reading", "another")))
    sheet = judge_trials((CONTROL, cell), {CONTROL.name: PLAIN, cell.name: trial}, {})
    row = next(row for row in sheet.rows if row.rule == "retry-gives-up")
    assert (row.judgement, "by itself" in (row.reason or "")) == (judgement, judgement is Judgement.NOT_EXERCISED)


@pytest.mark.slow(is_covering=True)
def test_client_that_still_tries_when_its_time_is_up_has_longer_and_is_said_so() -> None:
    """After one try it is not trying again; after the second and up to the eighth it is, and the ninth decides."""
    said, may_go_on = list[str](), list[bool]()
    with fake("seed") as (app, time):

        class Trier(Worker):
            """Asks after each of ten tries, of which each is followed by a look, whether it may go on."""

            def run(self, env: Mapping[str, str], move: Callable[[], None], ask: Callable[[], bool]) -> Ended:
                with closing(Control(BASE_URL, env["RUNFLOW_API_KEY"], self._app)) as control:
                    for _ in range(10):
                        with suppress(ClientError):
                            control.client.post("/v1/models/runflow/background-removal/runs", {"input": {}})
                        control.client.get("/v1/runs")
                        time.seconds += 1
                        may_go_on.append(ask())
                return Ended(None, "")

        job = MatrixJob(
            client=Trier(app),
            url=BASE_URL,
            env={},
            callback_secret=SECRET,
            exchanger=app,
            seconds_max=20.0,
            now=time,
            say=said.append,
        )
        trial = try_cell(BY_NAME["503 for ever"], job)
    assert may_go_on == [False, *[True] * 7, False, False]
    assert said == ["503 for ever: still trying after 20 s; it has up to 100 s to show whether it gives up"]
    assert trial.is_trying


@pytest.mark.parametrize(("seconds_max", "longest"), [(1.0, 5.0), (60.0, 300.0), (200.0, 300.0), (1800.0, 1800.0)])
def test_client_that_still_tries_has_five_times_as_long_or_five_minutes(seconds_max: float, longest: float) -> None:
    assert longest_seconds(seconds_max) == longest


def test_client_that_creates_no_run_of_a_model_is_told_that_no_cell_is_for_it() -> None:
    """As one that creates evaluations alone: it ends well, and the control's delay is at an edge that it never comes to."""
    trials = {CONTROL.name: _trial(CONTROL, is_met=False)}
    row = next(row for row in judge_trials((CONTROL, FAILED), trials, {}).rows if row.subject == FAILED.name)
    assert (row.judgement, row.reason) == (Judgement.NOT_EXERCISED, NO_RUN)
    failing = {CONTROL.name: _trial(CONTROL, 1, is_met=False)}
    row = next(row for row in judge_trials((CONTROL, FAILED), failing, {}).rows if row.subject == FAILED.name)
    assert row.reason == NO_CONTROL


class Trier:
    """A client that creates, waits so long, creates again, and is stopped or ends after the last of its pauses."""

    def __init__(self, app: InProcess, time: Time, pauses: Sequence[float], exit_code: int | None) -> None:
        self._app, self._time, self._pauses, self._exit_code = app, time, pauses, exit_code

    def run(self, env: Mapping[str, str], move: Callable[[], None], may_go_on: Callable[[], bool]) -> Ended:
        """Tries before each pause."""
        headers = [(b"authorization", f"Bearer {env['RUNFLOW_API_KEY']}".encode()), (b"content-type", b"application/json")]
        for pause in self._pauses:
            self._app.call(
                "POST", "/v1/models/runflow/background-removal/runs", headers, b'{"input": {"image_url": "https://a.example/1"}}'
            )
            self._time.seconds += pause
        return Ended(self._exit_code, "")

    def stop(self) -> None:
        """Does nothing: it has ended."""


@pytest.mark.parametrize(
    ("pauses", "exit_code", "is_trying"),
    [
        ((0.03, 0.03, 0.03, 0.03), None, True),
        ((0.2, 0.2, 0.2), None, True),
        ((0.03, 0.03, 0.03, 1.5), None, True),
        ((1.0, 2.0, 4.0, 8.0), None, True),
        ((0.03, 0.03, 0.03, 30.0), None, False),
        ((30.0,), None, False),
        ((0.03, 0.03, 0.03), 1, False),
    ],
    ids=["fast", "slower", "stopped late", "growing", "hangs after some", "hangs after one", "gives up"],
)
def test_client_is_still_trying_whatever_its_pauses_and_however_late_it_is_stopped(
    pauses: Sequence[float], exit_code: int | None, is_trying: bool
) -> None:
    with fake("seed") as (app, time):
        client = Trier(app, time, pauses, exit_code)
        trial = try_cell(BY_NAME["503 for ever"], MatrixJob(client=client, url=BASE_URL, env={}, callback_secret=SECRET, exchanger=app))
    assert (trial.exchanges, trial.is_trying) == (len(pauses), is_trying)


@pytest.mark.slow(is_covering=True)
def test_cell_that_takes_longer_than_the_time_limit_is_not_tried_and_says_so() -> None:
    told = list[str]()
    cells = (CONTROL, BY_NAME["answer too late after creation"])
    with fake("seed") as (app, time):
        runner = VirtualRunner(app, time, builds.Build())
        job = MatrixJob(client=runner, url=BASE_URL, env={}, callback_secret=SECRET, exchanger=app, seconds_max=2 * LATE_SECONDS - 1)
        trials = run_matrix(cells, job, {}, lambda trial: told.append(trial.cell.name), jobs=1)
    row = next(row for row in judge_trials(cells, trials, {}).rows if row.subject == cells[1].name)
    assert (told, row.judgement, row.reason) == (["plain"], Judgement.NOT_EXERCISED, NO_TIME)


def test_expectation_of_the_author_outranks_the_table() -> None:
    trials = (PLAIN, _trial(FAILED, 0, output="out of stock"))
    assert _judge(FAILED, *trials, expected={"failed": Expectation(Ending.WELL, "stock")}).judgement is Judgement.HELD
    assert _judge(FAILED, *trials, expected={"failed": Expectation(3)}).evidence == (
        "expected to end with exit code 3, ended with 0; the last it said: out of stock",
    )
    assert _judge(FAILED, *trials, expected={"failed": Expectation(0, "sold")}).judgement is Judgement.BROKEN


def test_error_of_ours_is_not_the_clients() -> None:
    ours = {**NOTHING, "ours": [{"message": "a field too many", "exchange": "e1"}]}
    sheet = judge_trials((CONTROL,), {CONTROL.name: _trial(CONTROL, report=ours)}, {})
    assert (sheet.of(Judgement.BROKEN), sheet.errors, sheet.exit_code) == ((), ("plain: a field too many [e1]",), 2)


def test_file_of_expectations_is_read(tmp_path: Path) -> None:
    file = tmp_path / "expect.yaml"
    file.write_text("failed: {exit: 3, output: 'out of'}\n402 at creation: {exit: success}\n")
    assert load_expectations(file) == {"failed": Expectation(3, "out of"), "402 at creation": Expectation(Ending.WELL, None)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("faild: {exit: 1}", "there is no cell 'faild'; choose from plain, failed"),
        ("failed: {exit: nicely}", "exit 'nicely' of failed is not a number and none of success, failure, any"),
        ("failed: {exits: 1}", "unknown field `exits`"),
        ("failed: {output: '('}", "is no regular expression"),
        ("[", "write one cell a line"),
        (
            "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)),
            "expect.yaml: line 7, column ",
        ),
    ],
)
def test_file_of_expectations_that_cannot_be_used_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "expect.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"expect\.yaml") as refused:
        load_expectations(file)
    assert words in str(refused.value)


POLLED = (
    *("/v1/runs", "/v1/batches", f"/v1/batches/{builds.NOBODY}/items", f"/v1/runs/{builds.NOBODY}/evaluations"),
    *(f"/v1/{noun}/{builds.NOBODY}" for noun in ("runs", "batches", "evaluations")),
)


@pytest.mark.parametrize("path", POLLED)
@pytest.mark.parametrize("name", ["401 at poll", "503 twice at poll", "503 for ever at poll"])
def test_every_reading_that_shows_how_work_is_getting_on_meets_the_fault_of_every_answer(path: str, name: str) -> None:
    def read(control: Control) -> bool:
        with pytest.raises(ClientError, match=name.partition(" ")[0]):
            control.client.get(path)
        return True

    assert _try(BY_NAME[name], 1_800_000_000.0, read)[0].exchanges == 1


def test_default_matrix_leaves_out_what_full_adds() -> None:
    usual, full = select(is_full=False, only=()), select(is_full=True, only=())
    assert full == CELLS
    assert {cell.name for cell in full} - {cell.name for cell in usual} == {cell.name for cell in CELLS if cell.is_full}
    of_the_client = {"contract", "ends", "key-not-in-output"}
    assert {rule for cell in full for rule in (cell.rule, *cell.also)} | of_the_client == set(ASKS)
    # Nobody waits for so long unasked.
    assert {rule for cell in usual for rule in (cell.rule, *cell.also)} | of_the_client == set(ASKS) - {"bounds-waiting"}


def test_control_comes_with_every_selection() -> None:
    assert [cell.name for cell in select(is_full=False, only=("wrong secret",))] == ["plain", "callback", "wrong secret"]
    with pytest.raises(ValueError, match="there is no cell 'forged'; choose from plain"):
        select(is_full=False, only=("forged",))


class Chatterer:
    """A client that is told of the end of its run first, and says much besides before it ends."""

    def __init__(self, app: InProcess, requests: int) -> None:
        self.app, self.requests = app, requests

    def run(self, env: Mapping[str, str], move: Callable[[], None], may_go_on: Callable[[], bool]) -> Ended:
        """Orders, reads the end, and reads its balance again and again."""
        api = Client(BASE_URL, env["RUNFLOW_API_KEY"], self.app)
        run = api.post("/v1/models/runflow/background-removal/runs", {"input": {"image_url": "https://cdn.example.com/a.jpg"}})
        for _ in range(4):
            move()
        assert api.get(f"/v1/runs/{run['id']}")["status_code"] == "succeeded"
        for _ in range(self.requests):
            api.get("/v1/billing/balance")
        return Ended(0, "")

    def stop(self) -> None:
        """Does nothing: it ends with this thread."""


@pytest.mark.parametrize(
    ("secret", "output", "is_shown"),
    [
        ("my-callback-secret", "MY_CALLBACK_SECRET is set", False),
        ("my-callback-secret", "my callback secret is set", False),
        ("my-callback-secret", "terces-kcabllac-ym", True),
        ("my-callback-secret-1", "MY_CALLBACK_SECRET_1", True),
        ("a-1-b-2-c-3", "a1b2c3", False),
        ("runflow-order-2026", "Order: Runflow order 2026 made", False),
        ("1-fix-webhook-secret", "commit 1: fix webhook secret", False),
        ("runflow-order-2026", "runflow order\n2026", False),
        ("whsec_4f1d9a0c77b2", "WHSEC 4F1D 9A0C 77B2", True),
        ("ab12-cd34-ef56-gh78", "AB12 CD34 EF56 GH78", True),
    ],
    ids=[
        "words in capitals",
        "words in a sentence",
        "words turned round",
        "no words alone",
        "too short",
        "words and a number in a sentence",
        "a number and words in a sentence",
        "words and a number over two lines",
        "random in groups",
        "random in groups of its own",
    ],
)
def test_secret_of_words_is_no_sentence(secret: str, output: str, is_shown: bool) -> None:
    assert Output(output.encode()).shows(secret.encode()) is is_shown


@pytest.mark.slow
def test_output_is_read_once_for_all_secrets() -> None:
    said = b'{"a": "\\u0041b", "n": 12}\n' * 4000
    secrets = [f"rf_live_{number:032x}".encode() for number in range(8)]

    def seconds(count: int) -> float:
        began = process_time()
        output = Output(said)
        assert not any(output.shows(secret) for secret in secrets[:count])
        return process_time() - began

    assert min(seconds(8) for _ in range(3)) < 4 * min(seconds(1) for _ in range(3))


class Orderer:
    """A client that makes a secret, deletes it, prints it, and orders once."""

    def __init__(self, app: InProcess, say: Callable[[str], str]) -> None:
        self._app, self._say = app, say

    def run(self, env: Mapping[str, str], move: Callable[[], None], may_go_on: Callable[[], bool]) -> Ended:
        """Does all that."""
        api = Client(BASE_URL, env["RUNFLOW_API_KEY"], self._app)
        made = api.post("/v1/callback-secrets", {"label": "mine"})
        api.request("DELETE", f"/v1/callback-secrets/{made['id']}")
        api.post("/v1/models/runflow/background-removal/runs", {"input": {"image_url": "https://cdn.example.com/a.jpg"}})
        for _ in range(3):
            move()
        return Ended(0, self._say(made["secret"]))

    def stop(self) -> None:
        """Does nothing: it ends with this thread."""


def _order_in(cell: Cell, say: Callable[[str], str]) -> Trial:
    with fake("seed") as (app, _):
        return try_cell(cell, MatrixJob(client=Orderer(app, say), url=BASE_URL, env={}, callback_secret=SECRET, exchanger=app))


@pytest.mark.parametrize(
    ("say", "is_shown"),
    [
        (lambda secret: f"signed with {secret}", True),
        (lambda secret: b64encode(secret.encode()).decode(), True),
        (lambda secret: secret.encode().hex(), True),
        (lambda secret: f"signed with {secret[:10]}…", False),
    ],
    ids=["whole", "in base64", "in digits", "its beginning"],
)
def test_secret_that_the_api_has_made_is_known_when_it_is_deleted(say: Callable[[str], str], is_shown: bool) -> None:
    assert _order_in(replace(CONTROL, clock=ClockMode.MANUAL), say).printed == (("a secret of callbacks",) if is_shown else ())


class Subscriber(Orderer):
    """A client that makes a webhook with a secret, which it prints."""

    def run(self, env: Mapping[str, str], move: Callable[[], None], may_go_on: Callable[[], bool]) -> Ended:
        """Makes it."""
        secret = "whsec_" + "4f1d9a0c77b2" * 2
        webhook = {"url": "http://127.0.0.1:9000/organization", "event_types": ["run.completed"], "secret": secret}
        Client(BASE_URL, env["RUNFLOW_API_KEY"], self._app).post("/v1/webhooks", webhook)
        return Ended(0, self._say(secret))


def test_secret_of_a_webhook_is_known_although_its_creation_has_left_the_history() -> None:
    with fake("seed") as (app, _):
        # A history tells nothing any more of what its older half held.
        job = MatrixJob(
            client=Subscriber(app, str), url=BASE_URL, env={}, callback_secret=SECRET, exchanger=app, given_secrets=lambda _: ()
        )
        assert try_cell(CONTROL, job).printed == ("a secret of webhooks",)


@pytest.mark.slow(is_covering=True)
def test_what_the_matrix_creates_for_others_counts_for_no_client() -> None:
    alone, beside = (_order_in(cell, str) for cell in (replace(CONTROL, clock=ClockMode.MANUAL), BY_NAME["many others at work"]))
    assert (beside.runs, beside.exchanges) == (alone.runs, alone.exchanges) == (1, 3)


def _talk(requests: int, config: Config) -> Trial:
    app = InProcess(config)
    try:
        cell = Cell(name="one", rule="waits-for-ends", clock=ClockMode.MANUAL, one_at_a_time=True)
        return try_cell(cell, MatrixJob(client=Chatterer(app, requests), url=BASE_URL, env={}, callback_secret=SECRET, exchanger=app))
    finally:
        app.stop()


@pytest.mark.slow
def test_end_is_known_however_much_is_said_after_it() -> None:
    trial = _talk(100, Config())
    assert (trial.exchanges, trial.untold, trial.saw_end) == (102, (), True)


@pytest.mark.slow
def test_nobody_is_told_of_ends_that_may_have_left_the_journal() -> None:
    trial = _talk(4, Config(limits=Limits(journal_max=3)))
    assert (trial.exchanges, trial.untold) == (6, ())


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serve(Config(port=0, speed=1.0)) as running:
        yield running


def _job(server: RunningServer, *command: str, seconds_max: float = 20.0) -> MatrixJob:
    return MatrixJob(client=CommandRunner(command, seconds_max), url=server.url, env={}, callback_secret="rf_whsec_matrix")


@pytest.mark.slow(is_covering=True)
def test_trial_runs_the_command_in_the_situation(server: RunningServer) -> None:
    trial = try_cell(BY_NAME["422 at creation"], _job(server, sys.executable, str(ORDERS)))
    assert (trial.exit_code, trial.output, trial.exchanges, trial.is_met, trial.runs) == (1, "failed: 422\n", 1, True, 0)


@pytest.mark.slow
def test_command_that_does_not_end_is_stopped(server: RunningServer) -> None:
    trial = try_cell(FAILED, _job(server, sys.executable, "-c", "import threading; threading.Event().wait()", seconds_max=0.3))
    assert (trial.exit_code, trial.exchanges, trial.is_met) == (None, 0, False)
    assert trial.told.startswith("did not end and was stopped after ")


def test_command_that_is_not_there_is_refused(server: RunningServer) -> None:
    with pytest.raises(ValueError, match="'no-such-command' cannot be started: No such file or directory"):
        try_cell(FAILED, _job(server, "no-such-command"))


UNTRUSTED, ZONED = BY_NAME["untrusted certificate"], BY_NAME["another time zone"]


@pytest.mark.parametrize(
    ("with_trust", "exchanges", "without", "judgement", "reason"),
    [
        (0, 3, 0, Judgement.NOT_EXERCISED, NO_TLS),
        (1, 0, 0, Judgement.HELD, None),
        (1, 4, 0, Judgement.HELD, None),
        (1, 1, 1, Judgement.BROKEN, None),
        (1, 4, 1, Judgement.BROKEN, None),
    ],
)
def test_who_trusts_any_certificate_is_seen_by_what_it_sends_over_tls(
    with_trust: int, exchanges: int, without: int, judgement: Judgement, reason: str | None
) -> None:
    untrusted = _trial(UNTRUSTED, 1, exchanges=exchanges, secure_exchanges=without)
    row = _judge(UNTRUSTED, replace(PLAIN, secure_exchanges=with_trust), untrusted)
    assert (row.judgement, row.reason) == (judgement, reason)
    if judgement is Judgement.BROKEN:
        assert row.evidence[0].endswith(f", {exchanges} exchanges, 1 of them by a certificate for which nobody vouches")


@pytest.mark.parametrize(
    ("host", "count"),
    [
        ("api.runflow.io", 1),
        ("API.Runflow.io", 1),
        ("api.runflow.io:443", 1),
        ("public.runflow.io", 1),
        ("api.runflow.io:80", 0),
        ("127.0.0.1:443", 0),
        ("", 0),
    ],
)
def test_exchange_under_the_services_name_came_over_tls(host: str, count: int) -> None:
    assert over_tls([_transfer("GET", "/v1/models", 200, host=host), _transfer("GET", "/v1/runs", 200)]) == count


def test_environment_is_that_of_the_cell() -> None:
    class Nobody:
        """No client."""

    known = {"env": {"TRUST": "bundle"}, "env_of_distrust": {"WAY": "proxy"}}
    job = MatrixJob(client=Nobody(), url=BASE_URL, callback_secret=SECRET, **known)  # type: ignore[arg-type]
    usual, zoned, untrusted = (environment(job, cell, "rf_live_mock_k") for cell in (CONTROL, ZONED, UNTRUSTED))
    assert ("TZ" in usual, zoned["TZ"], usual["TRUST"], zoned["TRUST"]) == (False, "Asia/Kathmandu", "bundle", "bundle")
    assert ("TRUST" in untrusted, untrusted["WAY"]) == (False, "proxy")


@pytest.mark.parametrize("rule", [*ASKS, *(rule.id for rule in RULES), *PROBED], ids=str)
def test_rule_is_documented_with_what_it_asks(rule: str) -> None:
    asks = {**{name: told for name, (told, _) in ASKS.items()}, **{each.id: each.asks for each in RULES}}
    page = (ORDERS.parents[2] / "docs" / "verdicts.md").read_text(encoding="utf-8")
    assert f"| `{rule}` | {asks[rule] if rule in asks and rule not in PROBED else PROBED[rule]} |" in page


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_cell_is_documented(cell: Cell) -> None:
    page = (ORDERS.parents[2] / "docs" / "verdicts.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| `{cell.rule}` | {ASKS[cell.rule][0]}"))
    assert cell.name + ("*" if cell.is_full else "") in row
