from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import START

from runflow_mock.domain.instants import LATEST
from runflow_mock.engine.clock import VirtualClock

STANDING = VirtualClock(START, 100.0, 0.0)
REAL = VirtualClock(START, 100.0, 1.0)
FAST = VirtualClock(START, 100.0, 60.0)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("clock", "passed"), [(STANDING, 0), (REAL, 2), (FAST, 120)])
def test_virtual_time_passes_at_the_rate_of_the_clock(clock: VirtualClock, passed: int) -> None:
    assert clock.at(100.0) == START
    assert clock.at(102.0) == START + passed * SECOND


@pytest.mark.parametrize("clock", [STANDING, REAL, FAST])
def test_jump_sets_the_clock_forward_and_keeps_its_rate(clock: VirtualClock) -> None:
    target = clock.at(105.0) + 30 * SECOND
    jumped = clock.jumped(target, 105.0)
    assert jumped == VirtualClock(target, 105.0, clock.rate)


def test_clock_may_jump_to_the_present() -> None:
    assert REAL.jumped(START + 5 * SECOND, 105.0).at(105.0) == START + 5 * SECOND


@pytest.mark.parametrize("clock", [STANDING, REAL, FAST])
def test_clock_never_goes_back(clock: VirtualClock) -> None:
    with pytest.raises(ValueError, match="cannot go back"):
        clock.jumped(clock.at(105.0) - timedelta(microseconds=1), 105.0)


@pytest.mark.slow(is_covering=True)
@given(st.floats(0, 1_000), st.floats(0, 100), st.floats(0, 100))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_new_rate_does_not_change_the_present(passed: float, before: float, after: float) -> None:
    clock = VirtualClock(START, 100.0, before)
    assert clock.with_rate(after, 100.0 + passed).at(100.0 + passed) == clock.at(100.0 + passed)


def test_new_rate_counts_from_the_change() -> None:
    assert REAL.with_rate(10.0, 105.0).at(106.0) == START + 15 * SECOND
    assert REAL.with_rate(0.0, 105.0).at(900.0) == START + 5 * SECOND


@pytest.mark.parametrize(("clock", "seconds"), [(REAL, 60.0), (FAST, 1.0), (STANDING, None)])
def test_wait_is_real_time_and_a_standing_clock_never_gets_there(clock: VirtualClock, seconds: float | None) -> None:
    assert clock.real_seconds_until(START + 60 * SECOND, 100.0) == seconds


@pytest.mark.parametrize("clock", [STANDING, REAL, FAST])
def test_what_is_due_is_not_waited_for(clock: VirtualClock) -> None:
    assert clock.real_seconds_until(START, 100.0) == 0.0
    assert clock.real_seconds_until(START - SECOND, 100.0) == 0.0


def test_clock_stops_at_the_latest_instant_however_much_time_has_passed() -> None:
    assert [FAST.at(real) for real in (1e12, 1e300)] == [LATEST, LATEST]
