"""Many waits that begin or end at one moment: each look at a journal is a turn of its own, so that nobody else waits for all of them."""

import asyncio

import pytest
from loop_turns import Fake

WAITS = 20
NEVER = {"for": {"journal": {"path": "/v1/**", "count": 1_000}}, "timeout": 0.05}


@pytest.mark.slow(is_covering=True)
def test_others_have_a_turn_between_waits_that_begin_and_end_together() -> None:
    async def tell() -> tuple[int, list[int]]:
        fake = Fake()
        for _ in range(3):
            assert (await fake.ask("GET", "/v1/runs", "late").answer())[0] == 200
        # The first verb of all is imported beside the loop.
        assert (await fake.ask("POST", "/_mock/wait", "late", NEVER).answer())[0] == 408
        asked, most = [fake.ask("POST", "/_mock/wait", "late", NEVER) for _ in range(WAITS)], 0
        answered = 0
        while answered < WAITS:
            # What is ready in one turn of the loop is done before anybody is heard again.
            await asyncio.sleep(0)
            before, answered = answered, sum(each.has_answer for each in asked)
            most = max(most, answered - before)
        statuses = [(await each.answer())[0] for each in asked]
        await fake.runtime.close()
        return most, statuses

    assert asyncio.run(tell()) == (1, [408] * WAITS)
