import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO

import pytest
from commands import call
from msgspec.structs import replace
from rich.text import Text

from runflow_mock.cli.listen import line_of
from runflow_mock.runtime.config import Config
from runflow_mock.testing.listening import Heard
from runflow_mock.testing.samples import send_sample

SECRET = "rf_whsec_listen"
HEARD = Heard(
    at=datetime(2026, 1, 1, tzinfo=UTC),
    request_id="delivery-1",
    event="run.failed",
    about="run",
    verified=True,
    objection=None,
    answered=None,
    answered_ms=None,
    problem=None,
    headers={},
    body="{}",
)


@contextmanager
def listening(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", IO[str]]]:
    """A listener as a user starts it, on a free port, and what it says."""
    command = [sys.executable, "-m", "runflow_mock", "listen", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, process.stdout
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.mark.slow(is_covering=True)
def test_json_lines_tell_the_address_and_then_every_callback() -> None:
    with listening("--secret", SECRET, "--count", "1", "--json") as (process, lines):
        url = json.loads(lines.readline())["url"]
        send_sample("run.completed", url, Config(callback_secret=SECRET))
        heard = json.loads(lines.readline())
        assert process.wait(timeout=10) == 0
    assert (heard["event"], heard["verified"], json.loads(heard["body"])["event"]) == ("run.completed", True, "run.completed")


@pytest.mark.slow(is_covering=True)
def test_signal_stops_with_exit_code_0() -> None:
    with listening() as (process, lines):
        assert "as callback_url, answering 200" in lines.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


@pytest.mark.slow
@pytest.mark.parametrize("as_json", [True, False])
def test_callback_that_cannot_be_shown_is_answered_and_ends_the_listener(*, as_json: bool) -> None:
    """Whoever read the lines is gone: that is nothing to whoever sends callbacks."""
    command = [sys.executable, "-m", "runflow_mock", "listen", "--port", "0", *(["--json"] * as_json)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = re.search(r"http://127.0.0.1:[0-9]+/", process.stdout.readline())
            process.stdout.close()
            assert url is not None
            attempts = send_sample("run.completed", url[0], Config(callback_secret=SECRET))["attempts"]
            assert [attempt["status_code"] for attempt in attempts] == [200]
            assert process.wait(timeout=30) == 1
            assert process.stderr is not None
            assert process.stderr.read() == ""
        finally:
            process.kill()


def test_taken_port_is_told_with_exit_code_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = call("listen", "--port", str(port))
    assert told.code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in told.err
    assert "--port" in told.err


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "run.failed  run  delivery-1  verified"),
        ({"verified": None}, "not checked (no --secret)"),
        ({"verified": False, "objection": "too [old]"}, "NOT VERIFIED: too [old]"),
        ({"answered": 500, "answered_ms": 12}, "-> 500 in 12 ms"),
        ({"problem": "http://[::1]:1/ did not answer"}, "-> http://[::1]:1/ did not answer"),
        ({"event": "a\n12:00  run.completed", "about": "b\r\nc"}, "a\\n12:00  run.completed  b\\r\\nc  delivery-1"),
        ({"event": None, "request_id": None}, "no event  run  no Runflow-Request-Id"),
    ],
)
def test_line_says_what_a_person_wants_to_know(changes: dict[str, object], words: str) -> None:
    assert words in Text.from_markup(line_of(replace(HEARD, **changes))).plain
