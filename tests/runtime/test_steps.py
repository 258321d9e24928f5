"""Steps that leave the server: every one is looked through, and a great many leave turns to others."""

import asyncio
from datetime import timedelta

import pytest
from worlds import create_run, make_world, run_all

from runflow_mock.domain.commands import AddRule, RemoveRule
from runflow_mock.domain.fault_kinds import Delay, Fail
from runflow_mock.domain.places import DISPATCH_EDGE, START_EDGE, Where
from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.runtime.steps import STEPS_AT_ONCE, Timeline, without_secrets
from runflow_mock.wire.timeline import Step

SECRET = "operator-token-of-mine"


@pytest.mark.slow(is_covering=True)
def test_secret_is_hidden_in_whichever_step_it_is() -> None:
    steps: list[Step] = [{"id": f"run-{number}", "number": number} for number in range(2 * STEPS_AT_ONCE + 1)]
    places = (0, STEPS_AT_ONCE - 1, STEPS_AT_ONCE, 2 * STEPS_AT_ONCE)
    for place in places:
        steps[place]["url"] = f"https://h.example/{SECRET}"
    told = asyncio.run(without_secrets(steps, Scrubber((SECRET,))))
    assert SECRET not in str(told)
    assert [step["number"] for step in told] == list(range(len(steps)))
    assert [place for place, step in enumerate(told) if "url" in step] == list(places)


def test_many_steps_leave_turns_to_others_and_few_need_none() -> None:
    async def turns_during(count: int) -> int:
        steps: list[Step] = [{"id": "run"}] * count
        turns, is_done = 0, False

        async def tell() -> None:
            nonlocal is_done
            await without_secrets(steps, Scrubber())
            is_done = True

        telling = asyncio.create_task(tell())
        await asyncio.sleep(0)
        while not is_done:
            turns += 1
            await asyncio.sleep(0)
        await telling
        return turns

    assert [asyncio.run(turns_during(count)) for count in (0, STEPS_AT_ONCE, 3 * STEPS_AT_ONCE)] == [0, 0, 2]


def test_rule_that_is_gone_by_the_time_somebody_reads_is_told_as_it_was() -> None:
    world = make_world()
    world.execute(AddRule(where=Where(edge=DISPATCH_EDGE), what=Delay(timedelta(seconds=1)), label="before"))
    timeline = Timeline(world.store.rules)
    timeline.add(world.execute(AddRule(where=Where(edge=START_EDGE), what=Fail(), label="meanwhile")))
    world.execute(create_run())
    for outcome in run_all(world):
        timeline.add(outcome)
    for rule_id in tuple(world.store.rules):
        timeline.add(world.execute(RemoveRule(rule_id)))
    told = asyncio.run(timeline.tell(Scrubber()))
    met = [(step["label"], step["what"]) for step in told if step["kind"] == "fault"]
    assert met == [("before", "delay"), ("meanwhile", "fail")]
