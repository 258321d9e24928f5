from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runflow_mock.domain.quotas import Allowance, Quota, Window, count, look

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
QUOTA = Quota(requests=2, window=MINUTE)


def test_window_begins_with_the_first_request() -> None:
    at = 5 * SECOND
    assert count(QUOTA, None, at) == (Window(at, 1), Allowance(limit=2, remaining=1, resets_in=MINUTE))


def test_request_beyond_the_quota_is_exceeded_and_not_counted() -> None:
    full = Window(timedelta(), 2)
    assert count(QUOTA, full, 45 * SECOND) == (full, Allowance(limit=2, remaining=0, resets_in=15 * SECOND, is_exceeded=True))


@pytest.mark.parametrize(("at", "is_exceeded"), [(MINUTE - timedelta(microseconds=1), True), (MINUTE, False), (3 * MINUTE, False)])
def test_window_ends_after_its_length(at: timedelta, is_exceeded: bool) -> None:
    assert count(QUOTA, Window(timedelta(), 2), at)[1].is_exceeded is is_exceeded


def test_looking_counts_nothing() -> None:
    window = Window(timedelta(), 1)
    assert look(QUOTA, window, SECOND) == look(QUOTA, window, SECOND) == Allowance(limit=2, remaining=1, resets_in=59 * SECOND)
    assert look(QUOTA, None, SECOND).remaining == 2


@given(st.integers(1, 5), st.lists(st.timedeltas(timedelta(), 2 * MINUTE), max_size=40))
def test_no_window_lets_more_through_than_the_quota(requests: int, pauses: list[timedelta]) -> None:
    quota, window, at, admitted = Quota(requests=requests, window=MINUTE), None, timedelta(), list[timedelta]()
    for pause in pauses:
        at += pause
        window, allowance = count(quota, window, at)
        assert timedelta() < allowance.resets_in <= MINUTE
        assert 0 <= allowance.remaining < requests
        if not allowance.is_exceeded:
            admitted.append(window.began)
    assert all(admitted.count(began) <= requests for began in admitted)
