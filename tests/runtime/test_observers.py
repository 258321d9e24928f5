import io
import json

import pytest
from doors import MANUAL, Door
from steps import callback_run, ok, post_run
from worlds import catalog

from runflow_mock.runtime.observers import Log, NullObserver
from runflow_mock.runtime.sender import RecordingSender
from runflow_mock.web.app import create_app
from runflow_mock.wire.timeline import Step


class LoggedDoor(Door):
    """A door whose server writes its log where the test can read it."""

    def __init__(self, *, as_json: bool = False, level: str = "info", sender: RecordingSender | None = None) -> None:
        super().__init__(sender=sender)
        self.text = io.StringIO()
        observer = Log(self.text, as_json=as_json, level=level)
        self.app = create_app(MANUAL, catalog=catalog(), sender=self.sender, observer=observer)
        self.runtime = self.app.state.runtime
        self._client._transport.app = self.app  # type: ignore[attr-defined]

    def __enter__(self) -> "LoggedDoor":
        return self

    def lines(self) -> list[str]:
        """What was written so far."""
        return self.text.getvalue().splitlines()


def test_exchange_is_one_readable_line() -> None:
    with LoggedDoor() as door:
        door.get("/v1/runs?limit=7")
        (line,) = door.lines()
    assert line.startswith("2026-01-01T00:00:00.000Z test ")
    assert "GET /v1/runs?limit=7 -> 200 (" in line


def test_each_transition_and_attempt_is_one_line() -> None:
    with LoggedDoor(sender=RecordingSender(500, 200)) as door:
        run = callback_run(door)
        door.settle()
        told = [line.split(maxsplit=2)[2] for line in door.lines() if " -> 201 " not in line]
    assert [line.split()[0] for line in told] == ["run"] * 4 + ["delivery"] * 5
    assert told[0] == f"run {run['id']} queued model=runflow/background-removal"
    assert told[3] == f"run {run['id']} running -> succeeded cost=0.270000"
    assert [" ".join(line.split()[2:6]) for line in told[5:]] == [
        "pending -> delivering attempt=1",
        "delivering -> pending response=500",
        "pending -> delivering attempt=2",
        "delivering -> succeeded response=200",
    ]


def test_json_form_has_the_same_facts() -> None:
    with LoggedDoor(as_json=True) as door:
        post_run(door)
        step, exchange = (json.loads(line) for line in door.lines())
    assert (step["event"], step["tenant"], step["kind"], step["to"]) == ("step", "test", "run", "queued")
    assert (exchange["event"], exchange["method"], exchange["status"]) == ("exchange", "POST", 201)


@pytest.mark.parametrize("as_json", [True, False])
def test_nothing_secret_is_written(as_json: bool) -> None:
    with LoggedDoor(as_json=as_json) as door:
        secret = ok(door.post("/v1/callback-secrets", {}), 201)["secret"]
        door.get("/v1/runs", key="rf_live_4fa9real")
        callback_run(door)
        door.settle()
        text = door.text.getvalue()
    for private in (secret, door.key, "rf_live_4fa9real"):
        assert private not in text
    assert " - " in text or '"tenant":null' in text, "the refused exchange has a line as well"


def test_quiet_log_writes_problems_alone() -> None:
    with LoggedDoor(level="warning") as door:
        post_run(door)
        assert door.lines() == []
        door.runtime.report(None, ValueError("broke"))
        assert "problem: no tenant: ValueError: broke" in door.lines()[0]
        door.runtime.background_errors.clear()


def test_receiver_that_believes_no_callback_is_told_of_with_the_dialect_that_it_seems_to_expect() -> None:
    with LoggedDoor(level="warning", sender=RecordingSender(401)) as door:
        door.post("/v1/callback-secrets", {})
        callback_run(door)
        door.settle()
        (line,) = door.lines()
    assert "answers 401 to genuine callbacks" in line
    assert "serve --dialect docs" in line


def test_long_targets_are_cut() -> None:
    with LoggedDoor() as door:
        door.get("/v1/runs?q=" + "x" * 1000)
        assert len(door.lines()[0]) < 300


def test_silence_takes_everything() -> None:
    silence = NullObserver()
    silence.steps("test", [])
    silence.problem("x")
    assert silence.is_listening is False


def test_line_breaks_of_a_rule_do_not_split_a_step() -> None:
    stream = io.StringIO()
    step: Step = {"at": "t", "kind": "run", "id": "r", "from": "running", "to": "failed", "failure_code": "A\nB"}
    Log(stream).steps("test", [step])
    assert len(stream.getvalue().splitlines()) == 1
    assert "A\\nB" in stream.getvalue()


def test_signatures_of_addresses_are_not_logged() -> None:
    with LoggedDoor() as door:
        door.get("/media/test/x/result_00001_.webp?expires=1&signature=0123456789abcdef", key=None)
        assert "signature=..." in door.text.getvalue()
        assert "0123456789abcdef" not in door.text.getvalue()
