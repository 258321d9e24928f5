"""Signals end commands in order: nothing half written, no trace, and the exit code that shells know."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from bench import SECRET, fake
from commands import sandbox

from runflow_mock.cli.stopping import ended_by_signals
from runflow_mock.kit.matrix.cells import select
from runflow_mock.kit.matrix.clients import STOPPED, Ended
from runflow_mock.kit.matrix.running import run_matrix
from runflow_mock.kit.matrix.trials import MatrixJob
from runflow_mock.testing.in_process import BASE_URL

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

ALL = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@contextmanager
def running(*arguments: str, ignored: tuple[signal.Signals, ...] = ()) -> Iterator["subprocess.Popen[str]"]:
    def begin() -> None:
        for number in ALL:
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

    command = [sys.executable, "-m", "runflow_mock", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=begin) as process:  # noqa: PLW1509 - one thread
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def usual() -> Iterator[None]:
    """Signals end this process, whoever has started it: a shell lets an interrupt pass by what it runs in the background."""
    before = [signal.signal(each, signal.default_int_handler if each is signal.SIGINT else signal.SIG_DFL) for each in ALL]
    yield
    for each, handler in zip(ALL, before, strict=True):
        signal.signal(each, handler)


@pytest.mark.usefixtures("usual")
@pytest.mark.parametrize("number", ALL, ids=lambda number: str(number.name))
def test_signal_is_an_exit_code_and_handlers_come_back(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in ALL]
    with pytest.raises(SystemExit) as ended, ended_by_signals():
        signal.raise_signal(number)
    assert ended.value.code == 128 + number
    assert [signal.getsignal(each) for each in ALL] == before


class Interrupted:
    """What ends the process while a class gets its names, as a signal may while something is imported."""

    def __set_name__(self, owner: type, name: str) -> None:
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.usefixtures("usual")
def test_signal_while_a_class_is_made_is_an_exit_code() -> None:
    with pytest.raises(SystemExit) as ended, ended_by_signals():
        type("Made", (), {"part": Interrupted()})
    assert ended.value.code == 128 + signal.SIGTERM


def _interrupt_twice(second: signal.Signals, cleared: list[str]) -> None:
    with ended_by_signals(iter((7.0, 7.9)).__next__):
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(second)
            cleared.append("all")


@pytest.mark.usefixtures("usual")
@pytest.mark.parametrize("second", ALL, ids=lambda number: str(number.name))
def test_signal_that_comes_twice_within_a_moment_is_one(second: signal.Signals) -> None:
    cleared = list[str]()
    with pytest.raises(SystemExit) as ended:
        _interrupt_twice(second, cleared)
    assert (ended.value.code, cleared) == (128 + signal.SIGINT, ["all"])


LATER = """
import signal
from runflow_mock.cli.stopping import ended_by_signals
with ended_by_signals(iter((7.0, 8.0)).__next__):
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.raise_signal(signal.SIGTERM)
        print("still there", flush=True)
"""


@pytest.mark.slow
def test_second_signal_that_comes_later_ends_the_command_at_once() -> None:
    ended = subprocess.run((sys.executable, "-c", LATER), capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (-signal.SIGTERM, "")


def test_what_fails_without_a_signal_is_told() -> None:
    with pytest.raises(ZeroDivisionError), ended_by_signals():
        raise ZeroDivisionError


@pytest.mark.usefixtures("usual")
def test_what_is_to_be_ignored_is_ignored_once_another_signal_has_ended_the_command() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with pytest.raises(SystemExit), ended_by_signals():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_what_is_to_be_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_leave_signals_alone() -> None:
    seen: list[object] = []

    def look() -> None:
        with ended_by_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


@pytest.mark.slow
@pytest.mark.parametrize("number", ALL, ids=lambda number: str(number.name))
def test_matrix_ends_with_its_clients(number: signal.Signals, tmp_path: Path) -> None:
    """They are in sessions of their own, so that no terminal ends them."""
    pipe, sheet = tmp_path / "pipe", tmp_path / "a.xml"
    os.mkfifo(pipe)
    sheet.write_text("of an earlier day")
    client = ("sh", "-c", f"exec 3> {pipe}; echo begun >&3; exec sleep 600")
    with running("verify-client", "--junit", str(sheet), "--timeout", "600", "--", *client) as process:
        with pipe.open() as begun:
            assert begun.readline() == "begun\n"
            process.send_signal(number)
            # The end comes once nobody is left who could write.
            assert begun.read() == ""
        _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (128 + number, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xml", "pipe"]
    assert sheet.read_text() == "of an earlier day"


class Ending:
    """A client at whose work this process is ended, and that has something to ask when it is stopped."""

    def __init__(self) -> None:
        self.stopped, self.left, self.asked_late = threading.Event(), threading.Event(), True

    def run(self, env: Mapping[str, str], move: Callable[[], None], may_go_on: Callable[[], bool]) -> Ended:
        """Works until it is stopped."""
        signal.raise_signal(signal.SIGTERM)
        self.stopped.wait(30)
        self.asked_late = self.left.wait(0.03)
        raise ValueError(STOPPED)

    def stop(self) -> None:
        """Stops it."""
        self.stopped.set()


@pytest.mark.usefixtures("usual")
def test_matrix_that_is_ended_leaves_when_nobody_asks_the_fake_any_more() -> None:
    client = Ending()
    with fake("seed") as (app, _):
        job = MatrixJob(client=client, url=BASE_URL, env={}, callback_secret=SECRET, exchanger=app)
        with pytest.raises(SystemExit), ended_by_signals():
            run_matrix(select(is_full=False, only=("plain",)), job, {}, lambda trial: None, jobs=1)
        client.left.set()
    assert (client.stopped.is_set(), client.asked_late) == (True, False)


@pytest.mark.slow
@pytest.mark.parametrize("number", ALL, ids=lambda number: str(number.name))
def test_suite_that_is_ended_leaves_older_files(number: signal.Signals, tmp_path: Path) -> None:
    har = tmp_path / "a.har"
    har.write_text("of an earlier day")
    with sandbox() as fake, running("verify", "--base-url", fake.url, "--har", str(har)) as process:
        assert process.stdout is not None
        assert "is a fake with the control API" in process.stdout.readline()
        process.send_signal(number)
        _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (128 + number, "")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.har", "of an earlier day")]


@pytest.mark.slow
def test_server_whose_terminal_is_closed_leaves_its_evidence(tmp_path: Path) -> None:
    with running("serve", "--port", "0", "--json", "--report", str(tmp_path / "report")) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        httpx.get(ready["url"] + "/v1/runs", headers={"Authorization": f"Bearer {ready['key']}"})
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads((tmp_path / "report" / "sandbox" / "journal.json").read_bytes())["items"]


@pytest.mark.slow
def test_server_that_is_to_outlive_its_terminal_does() -> None:
    with running("serve", "--port", "0", "--json", ignored=(signal.SIGHUP,)) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGHUP)
        assert httpx.get(ready["url"] + "/_mock/health").status_code == 200
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_signals_are_ignored_to_the_end_of_a_process_once_its_command_has_taken_them(usual: None) -> None:
    with ended_by_signals(ends_process=True):
        signal.signal(signal.SIGTERM, lambda number, frame: None)
    assert [signal.getsignal(each) for each in ALL] == [signal.default_int_handler, signal.SIG_IGN, signal.SIG_DFL]


@pytest.mark.slow
def test_server_that_is_told_to_stop_again_and_again_has_stopped() -> None:
    with running("serve", "--port", "0", "--json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        while process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.002)
        assert process.returncode == 0
