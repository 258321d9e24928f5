"""How long the loop is held: the longest is kept, and a long one is told by the name of what held it."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from doors import Door

from runflow_mock.runtime.bounds import Bound, BoundsMax
from runflow_mock.runtime.loop_watch import PULSE_SECONDS, LoopWatch


class Moved:
    """A timer that tests move."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_longest_hold_is_kept_and_a_long_one_is_told() -> None:
    told = list[str]()
    watch = LoopWatch(lambda: 0.0, told.append)
    for seconds in (0.1, 0.249, 0.2):
        watch.note("list_runs", seconds)
    assert (watch.longest_seconds, told) == (0.249, [])
    watch.note("create_batch", 0.25)
    assert told == ["the event loop was held for 250 ms by create_batch; everybody else has waited"]


def test_pulse_that_is_late_tells_what_nobody_has_told() -> None:
    told = list[str]()
    watch = LoopWatch(lambda: 0.0, told.append)
    watch.note("create_batch", 1.0)
    watch.look(1.1)
    assert (watch.longest_seconds, len(told)) == (1.0, 1)
    watch.look(1.3)
    assert len(told) == 2
    assert "by something that is no request" in told[1]


def test_pulse_measures_how_late_it_is() -> None:
    timer, telling = Moved(), asyncio.Event()
    watch = LoopWatch(timer, lambda text: telling.set())

    async def beat() -> None:
        pulse = asyncio.create_task(watch.pulse())
        await asyncio.sleep(0)
        timer.now = PULSE_SECONDS + 0.5
        await telling.wait()
        pulse.cancel()

    asyncio.run(beat())
    assert watch.longest_seconds == pytest.approx(0.5)


def test_steps_count_and_what_lies_between_does_not() -> None:
    timer, told = Moved(), list[str]()
    watch = LoopWatch(timer, told.append)

    async def work() -> str:
        timer.now += 0.1
        await asyncio.sleep(0)
        timer.now += 0.2
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            timer.now += 0.05
        return "done"

    async def story() -> str:
        task = asyncio.ensure_future(_run(watch.timed("wait", work())))
        for _ in range(3):
            await asyncio.sleep(0)
            timer.now += 10
        task.cancel()
        return await task

    async def _run(timed: Any) -> str:
        return str(await timed)

    assert asyncio.run(story()) == "done"
    assert watch.longest_seconds == pytest.approx(0.2)
    assert told == []


def test_errors_of_a_step_pass_through() -> None:
    async def fail() -> None:
        raise LookupError("no")

    async def story(work: Coroutine[Any, Any, None]) -> None:
        await LoopWatch(lambda: 0.0, print).timed("x", work)

    with pytest.raises(LookupError):
        asyncio.run(story(fail()))


def test_health_shows_the_longest_hold_and_the_bounds_with_their_use() -> None:
    with Door() as door:
        door.get("/v1/runs")
        door.runtime.loop_watch.note("list_runs", 0.1234)
        health = door.get("/_mock/health").json()
    assert health["loop_held_ms_max"] >= 123.4
    assert set(health["bounds"]) == {*BoundsMax.__struct_fields__, "tenants_max"}
    journals = health["bounds"]["journal_bytes_max"]
    assert set(journals) == {"used", "max", "peak", "met"}
    assert journals["used"] > 0


def test_bound_is_told_when_it_is_met_and_again_when_half_of_it_was_free() -> None:
    told = list[str]()
    bound = Bound("x_max", 2, told.append, "wait")
    assert [bound.take() for _ in range(4)] == [True, True, False, False]
    assert (bound.used, bound.peak, bound.met, told) == (2, 2, 2, ["the bound x_max of 2 is met: wait"])
    bound.give()
    assert [bound.take(2), bound.take()] == [False, True]
    assert (bound.met, len(told)) == (3, 2)
