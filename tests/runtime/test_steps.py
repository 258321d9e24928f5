"""Steps that leave the server: every one is looked through, and a great many leave turns to others."""

import asyncio

import pytest

from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.runtime.steps import STEPS_AT_ONCE, without_secrets
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
