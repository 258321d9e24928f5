"""Threads of the fake: at work whatever a test has put in the place of threads."""

import threading
from unittest.mock import patch

import pytest

from runflow_mock.testing.loop_threads import HANDS, ReadyExecutor, begin


def test_executor_made_beside_other_threads_works() -> None:
    with patch("threading.Thread"):
        executor = ReadyExecutor()
        done = [executor.submit(divmod, 7, number) for number in range(1, HANDS * 2)]
        assert done[1].result(5) == (3, 1)
    executor.shutdown()
    assert all(each.done() for each in done)


def test_executor_hands_on_what_is_raised() -> None:
    executor = ReadyExecutor()
    with pytest.raises(ZeroDivisionError):
        executor.submit(divmod, 1, 0).result(5)
    executor.shutdown()
    with pytest.raises(RuntimeError, match="shutdown"):
        executor.submit(divmod, 1, 1)


def test_threads_of_an_executor_end_with_it() -> None:
    before = set(threading.enumerate())
    ReadyExecutor().shutdown()
    assert set(threading.enumerate()) <= before


def test_work_has_a_thread_of_its_own_whatever_stands_for_threads() -> None:
    together = threading.Barrier(HANDS * 4)
    with patch("threading.Thread"):
        done = [begin(together.wait, 5) for _ in range(HANDS * 4)]
    assert sorted(each.result(5) for each in done) == list(range(HANDS * 4))
