"""A client of the matrix that does not end, does not stop talking, or leaves somebody behind: bounded in time and bytes."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from runflow_mock.kit.matrix.clients import OUTPUT_BYTES_MAX, CommandRunner
from runflow_mock.kit.matrix.votes import LATE_SECONDS_MAX

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="shells of POSIX")]


def still() -> None:
    """Moves nothing."""


def hold() -> None:
    """Lets nobody else in this process get on for a while, as on a busy machine."""
    assert sum(range(20_000_000)) > 0


def never() -> bool:
    """Lets nobody go on whose time is up."""
    return False


def test_what_was_said_first_and_last_is_kept_however_much_is_between() -> None:
    command = ("sh", "-c", f"echo first; head -c {2 * OUTPUT_BYTES_MAX} /dev/zero; echo last")
    ended = CommandRunner(command, 60.0).run({}, still, never)
    assert (ended.output[:6], ended.output[-5:], len(ended.output)) == ("first\n", "last\n", OUTPUT_BYTES_MAX)


def test_of_what_never_ends_the_last_is_kept() -> None:
    ended = CommandRunner(("sh", "-c", "yes; echo never"), 2.0).run({}, still, never)
    assert (ended.exit_code, set(ended.output.split())) == (None, {"y"})
    assert OUTPUT_BYTES_MAX // 2 < len(ended.output) <= OUTPUT_BYTES_MAX


def test_lateness_is_noticed_while_something_is_moved_as_well() -> None:
    ended = CommandRunner(("sleep", "1"), 60.0).run({}, hold, never)
    assert ended.late_seconds > LATE_SECONDS_MAX


def test_client_that_may_go_on_comes_to_its_end() -> None:
    # Five times as long as its own time, which is enough on a busy machine as well.
    assert CommandRunner(("sh", "-c", "sleep 1; echo done"), 0.8).run({}, still, lambda: True)[:2] == (0, "done\n")
    assert CommandRunner(("sh", "-c", "sleep 600; echo done"), 0.3).run({}, still, never)[:2] == (None, "")


def test_client_that_may_go_on_is_stopped_in_the_end() -> None:
    assert CommandRunner(("sleep", "600"), 0.1).run({}, still, lambda: True).exit_code is None


def test_whoever_has_left_the_session_is_not_waited_for() -> None:
    started = time.monotonic()
    ended = CommandRunner(("sh", "-c", "setsid sleep 100 & echo said"), 60.0).run({}, still, never)
    assert (ended.exit_code, ended.output) == (0, "said\n")
    assert time.monotonic() - started < 60.0


def test_whoever_is_left_in_the_session_is_waited_for() -> None:
    ended = CommandRunner(("sh", "-c", "(sleep 1.5; echo later) & echo said"), 60.0).run({}, still, never)
    assert (ended.exit_code, ended.output) == (0, "said\nlater\n")


def test_stopped_runner_ends_its_client_and_starts_none() -> None:
    runner, begun = CommandRunner(("sh", "-c", "sleep 600"), 600.0), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        trial = pool.submit(runner.run, {}, begun.set, never)
        assert begun.wait(30)
        runner.stop()
        with pytest.raises(ValueError, match="the matrix was stopped"):
            trial.result(30)
    with pytest.raises(ValueError, match="the matrix was stopped"):
        runner.run({}, still, never)
