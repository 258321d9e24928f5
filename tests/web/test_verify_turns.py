"""What is said of a journal with thousands of items is looked at while others have their turn."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from loop_turns import BATCH, Fake

NOTHING = {"input": {"image_url": "https://cdn.example.com/nothing.png"}}


async def _answered_meanwhile(fake: Fake, asks: str, path: str, body: object, status: int) -> int:
    """Returns how many requests of another tenant were answered while one was worked on."""
    asked, others = fake.ask(asks, path, "late", body), 0
    while not asked.has_answer:
        others += await fake.ask("GET", "/v1/runs", "other").is_answered()
    assert (await asked.answer())[0] == status
    return others


def _told(ask: Callable[[Fake], Awaitable[int]]) -> int:
    async def tell() -> int:
        fake = Fake()
        # The first verb of all is imported beside the loop.
        assert (await fake.ask("POST", "/_mock/verify", "late", {"at_least": 0}).answer())[0] == 200
        for _ in range(3):
            assert (await fake.ask("POST", "/v1/batches", "late", BATCH).answer())[0] == 201
        try:
            return await ask(fake)
        finally:
            await fake.runtime.close()

    return asyncio.run(tell())


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/_mock/verify", NOTHING, 409),
        ("/_mock/verify", {"sequence": [{"operation": "create_batch", "at_least": 3}, NOTHING]}, 409),
        ("/_mock/wait", {"for": {"journal": NOTHING}, "timeout": 0}, 408),
    ],
)
def test_others_are_answered_while_a_statement_is_held_against_many_items(path: str, body: object, status: int) -> None:
    assert _told(lambda fake: _answered_meanwhile(fake, "POST", path, body, status)) >= 3


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("asks", "path"), [("GET", "/_mock/scenario"), ("DELETE", "/_mock/tenants/late?tell=true")])
def test_others_are_answered_while_a_scenario_is_held_against_many_requests(asks: str, path: str) -> None:
    """A thousand expectations of a journal of a thousand requests held everybody for twelve seconds."""

    async def ask(fake: Fake) -> int:
        expected = [{"requests": {"path": f"/v1/{number}", "count": 0}} for number in range(50)]
        played = fake.ask("PUT", "/_mock/scenario", "late", {"scenario": {"name": "many", "expectations": expected}})
        assert (await played.answer())[0] == 200
        for _ in range(50):
            assert (await fake.ask("GET", "/v1/runs", "late").answer())[0] == 200
        return await _answered_meanwhile(fake, asks, path, None, 200)

    assert _told(ask) >= 10
