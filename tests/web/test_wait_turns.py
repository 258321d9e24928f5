"""Many waits that begin or end at one moment: each look at a journal is a turn of its own, so that nobody else waits for all of them."""

import asyncio

import pytest
from costs import lines_run
from loop_turns import BATCH, Asked, Fake

from runflow_mock.runtime.tenant_uses import WAITS_MAX

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


@pytest.mark.slow(is_covering=True)
def test_wait_stands_behind_one_of_another_tenants_and_not_behind_all() -> None:
    async def tell() -> int:
        fake = Fake()
        at_once = {**NEVER, "timeout": 0}
        assert (await fake.ask("POST", "/_mock/wait", "late", at_once).answer())[0] == 408
        assert (await fake.ask("GET", "/v1/runs", "other").answer())[0] == 200
        many = [fake.ask("POST", "/_mock/wait", "late", at_once) for _ in range(WAITS)]
        one = fake.ask("POST", "/_mock/wait", "other", at_once)
        while not await one.is_answered():
            assert not all(each.has_answer for each in many)
        before = sum(each.has_answer for each in many)
        for each in (*many, one):
            assert (await each.answer())[0] == 408
        await fake.runtime.close()
        return before

    assert asyncio.run(tell()) <= 2


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("statement", "came"),
    [({"operation": "list_runs"}, ("GET", "/v1/runs")), ({"operation": "create_batch", "count": 2}, ("POST", "/v1/batches"))],
    ids=["comes-to-hold", "holds-no-more"],
)
def test_wait_tells_of_one_moment_whatever_comes_while_it_finds_out(statement: dict[str, object], came: tuple[str, str]) -> None:
    async def tell(turn: int) -> tuple[int, bool, bool]:
        fake = Fake()
        for _ in range(2):
            assert (await fake.ask("POST", "/v1/batches", "late", BATCH).answer())[0] == 201
        asked = fake.ask("POST", "/_mock/wait", "late", {"for": {"journal": statement}, "timeout": 0})
        for _ in range(turn):
            await asyncio.sleep(0)
        fake.ask(*came, "late", BATCH if came[0] == "POST" else None)
        status, body = await asked.answer()
        await fake.runtime.close()
        return status, body["held"], body["state"]["verified"]

    for turn in range(40):
        status, held, verified = asyncio.run(tell(turn))
        assert (status == 200, held) == (verified, verified), turn


def _most_in_one_turn(waits: int) -> int:
    """Returns how many lines are run in one turn of the loop at most while so many waits look at a batch that has come."""
    unmet = {"for": {"journal": {"client_ref": "none", "operation": "create_batch"}}, "timeout": 60}
    with asyncio.Runner() as runner:

        async def begin() -> Fake:
            fake = Fake()
            assert (await fake.ask("POST", "/_mock/wait", "late", NEVER).answer())[0] == 408
            for _ in range(waits):
                fake.ask("POST", "/_mock/wait", "late", unmet)
            for _ in range(10 * waits):
                await asyncio.sleep(0)
            return fake

        async def ask(fake: Fake) -> Asked:
            return fake.ask("POST", "/v1/batches", "late", BATCH)

        fake = runner.run(begin())
        asked = runner.run(ask(fake))
        lines = list[int]()
        while not asked.has_answer or len(lines) < 5 * waits:
            lines.append(lines_run(lambda: runner.run(asyncio.sleep(0))))
        return max(lines)


@pytest.mark.slow(is_covering=True)
def test_others_have_a_turn_between_waits_that_look_at_what_has_come() -> None:
    """A batch of thousands of items is much to look at, and a tenant may have a thousand waits."""
    assert _most_in_one_turn(3 * WAITS) < 2 * _most_in_one_turn(2)


@pytest.mark.slow(is_covering=True)
def test_no_more_waits_are_open_than_may_be_however_many_come_in_one_turn() -> None:
    async def tell() -> tuple[int, int]:
        fake = Fake()
        assert (await fake.ask("GET", "/v1/runs", "late").answer())[0] == 200
        assert (await fake.ask("POST", "/_mock/wait", "late", NEVER).answer())[0] == 408
        asked = [fake.ask("POST", "/_mock/wait", "late", NEVER) for _ in range(WAITS_MAX + 5)]
        statuses = [(await each.answer())[0] for each in asked]
        await fake.runtime.close()
        return statuses.count(408), statuses.count(409)

    assert asyncio.run(tell()) == (WAITS_MAX, 5)
