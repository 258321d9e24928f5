from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import START

from runflow_mock.engine.timers import TimerQueue

SECOND = timedelta(seconds=1)
OWNERS = st.sampled_from("abcde")
CHANGES = st.lists(st.tuples(OWNERS, st.none() | st.integers(0, 3)), max_size=30)


def _drain(queue: TimerQueue) -> list[str]:
    fired = []
    while queue.next_due() is not None:
        fired.append(queue.pop()[1])
    return fired


def test_earliest_timer_fires_first() -> None:
    queue = TimerQueue()
    queue.schedule("late", START + 2 * SECOND)
    queue.schedule("early", START + SECOND)
    assert queue.next_due() == START + SECOND
    assert [queue.pop(), queue.pop()] == [(START + SECOND, "early"), (START + 2 * SECOND, "late")]


def test_ties_fire_in_the_order_of_scheduling() -> None:
    queue = TimerQueue()
    owners = ["c", "a", "d", "b"]
    for owner in owners:
        queue.schedule(owner, START)
    assert _drain(queue) == owners


def test_scheduling_again_replaces_the_timer_and_joins_the_end_of_a_tie() -> None:
    queue = TimerQueue()
    for owner in ("a", "b", "a"):
        queue.schedule(owner, START)
    assert len(queue) == 2
    assert _drain(queue) == ["b", "a"]


def test_timer_can_be_put_off_and_brought_forward() -> None:
    queue = TimerQueue()
    queue.schedule("a", START + SECOND)
    queue.schedule("a", START + 3 * SECOND)
    assert queue.next_due() == START + 3 * SECOND
    queue.schedule("a", START)
    assert queue.pending() == [(START, "a")]


def test_cancelling_twice_is_safe() -> None:
    queue = TimerQueue()
    queue.schedule("a", START)
    queue.schedule("b", START)
    queue.cancel("a")
    queue.cancel("a")
    queue.cancel("never scheduled")
    assert len(queue) == 1
    assert _drain(queue) == ["b"]


def test_cancelled_owner_can_be_scheduled_again() -> None:
    queue = TimerQueue()
    queue.schedule("a", START)
    queue.cancel("a")
    queue.schedule("a", START + SECOND)
    assert queue.pending() == [(START + SECOND, "a")]


def test_empty_queue_has_nothing_due_and_nothing_to_pop() -> None:
    queue = TimerQueue()
    assert queue.next_due() is None
    assert queue.pending() == []
    with pytest.raises(IndexError, match="no timer is set"):
        queue.pop()


def test_looking_at_what_is_pending_changes_nothing() -> None:
    queue = TimerQueue()
    for owner in "abc":
        queue.schedule(owner, START)
    queue.cancel("b")
    assert queue.pending() == queue.pending() == [(START, "a"), (START, "c")]


def test_stale_timers_are_swept_when_they_outnumber_the_live_ones() -> None:
    queue = TimerQueue()
    for number in range(3_000):
        queue.schedule(str(number), START + number * SECOND)
    for number in range(2_900):
        queue.cancel(str(number))
    assert len(queue._heap) < 1_100
    assert _drain(queue) == [str(number) for number in range(2_900, 3_000)]


@pytest.mark.slow(is_covering=True)
@given(CHANGES)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_queue_behaves_as_a_list_sorted_by_due_and_order(changes: list[tuple[str, int | None]]) -> None:
    queue, model = TimerQueue(), dict[str, tuple[int, int]]()
    for order, (owner, seconds) in enumerate(changes):
        if seconds is None:
            queue.cancel(owner)
            model.pop(owner, None)
        else:
            queue.schedule(owner, START + seconds * SECOND)
            model[owner] = (seconds, order)
    expected = [(START + model[owner][0] * SECOND, owner) for owner in sorted(model, key=lambda owner: model[owner])]
    assert queue.pending() == list(queue.copy().drained()) == expected
    assert _drain(queue) == [owner for _, owner in expected]


def test_upcoming_timers_are_those_that_will_fire() -> None:
    queue = TimerQueue()
    for place, owner in enumerate("abcd"):
        queue.schedule(owner, START + place * SECOND)
    queue.cancel("b")
    queue.schedule("a", START + 9 * SECOND)
    assert queue.upcoming(2) == [(START + 2 * SECOND, "c"), (START + 3 * SECOND, "d")]
    assert queue.upcoming(9) == queue.pending()
    assert TimerQueue().upcoming(1) == []
