"""Turns: a tenant whose receiver hangs holds up nobody else, and who waits has not begun."""

import asyncio
from time import monotonic

import pytest
from worlds import catalog

from runflow_mock.runtime.bounds import Bound
from runflow_mock.runtime.callback_turns import TENANT_TURNS_MAX, CallbackTurns, Hurried
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.tenants import Tenant, Tenants


def tenants(*names: str) -> list[Tenant]:
    known = Tenants(Config(), catalog(), monotonic=lambda: 0.0, wall=lambda: 0.0)
    return [known.create(Config().tenant(name)) for name in names]


@pytest.mark.parametrize(("maximum", "of_a", "of_b"), [(64, TENANT_TURNS_MAX, 1), (16, 14, 1), (8, 7, 1), (4, 4, 0), (2, 2, 0), (1, 1, 0)])
def test_tenant_has_a_share_and_the_server_a_bound(maximum: int, of_a: int, of_b: int) -> None:
    async def story() -> None:
        told = list[str]()
        bound = Bound("callback_sockets_max", maximum, told.append, "wait")
        turns, (first, second) = CallbackTurns(bound), tenants("a", "b")
        begun, end = list[str](), asyncio.Event()

        async def call(tenant: Tenant) -> None:
            async with turns.of(tenant):
                begun.append(tenant.settings.name)
                await end.wait()

        tasks = [asyncio.create_task(call(first)) for _ in range(200)]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(call(second)))
        for _ in range(5):
            await asyncio.sleep(0)
        assert (begun.count("a"), begun.count("b"), bound.used) == (of_a, of_b, of_a + of_b)
        assert bool(told) is (of_b == 0)
        end.set()
        await asyncio.gather(*tasks)
        assert (len(begun), bound.used, bound.peak) == (201, 0, of_a + of_b)

    asyncio.run(story())


def test_many_tenants_whose_receivers_hang_leave_a_turn_for_the_next_one() -> None:
    """Sixty tenants with five such callbacks each had all 256 sockets, and nobody else's callback left before their time was over."""

    async def story() -> None:
        bound = Bound("callback_sockets_max", 256, list[str]().append, "wait")
        turns, (*hanging, last) = CallbackTurns(bound), tenants(*(f"t{number}" for number in range(61)))
        end, has_begun = asyncio.Event(), asyncio.Event()

        async def call(tenant: Tenant) -> None:
            async with turns.of(tenant):
                await end.wait()

        async def call_last() -> None:
            async with turns.of(last):
                has_begun.set()

        tasks = [asyncio.create_task(call(tenant)) for tenant in hanging for _ in range(5)]
        await asyncio.sleep(0)
        await asyncio.wait_for(call_last(), 1.0)
        assert has_begun.is_set()
        assert bound.used >= 224
        end.set()
        await asyncio.gather(*tasks)
        assert (bound.used, bound.peak <= 256) == (0, True)

    asyncio.run(story())


async def hang(turns: CallbackTurns, tenant: Tenant, end: asyncio.Event) -> str:
    try:
        async with turns.of(tenant):
            await end.wait()
    except Hurried:
        return "hurried"
    return "whole"


def test_nobody_is_hurried_for_whoever_waits_no_longer() -> None:
    async def story() -> None:
        bound = Bound("callback_sockets_max", 1, list[str]().append, "wait")
        turns, (first, second) = CallbackTurns(bound, 0.02), tenants("a", "b")
        end = asyncio.Event()
        task, waiting = (asyncio.create_task(hang(turns, tenant, end)) for tenant in (first, second))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(task), 0.05)
        end.set()
        assert (await task, turns.hurried, bound.used) == ("whole", 0, 0)

    asyncio.run(story())


def test_who_is_hurried_is_told_how_long_it_had() -> None:
    async def story() -> tuple[float, float]:
        turns, (first, second) = CallbackTurns(Bound("x", 1, list[str]().append, "wait"), 0.0), tenants("a", "b")
        has_begun, began, seconds = asyncio.Event(), 0.0, 0.0

        async def call() -> None:
            nonlocal began, seconds
            try:
                async with turns.of(first):
                    began = monotonic()
                    has_begun.set()
                    await asyncio.Event().wait()
            except Hurried as hurried:
                seconds = hurried.seconds

        task = asyncio.create_task(call())
        await has_begun.wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(task), 0.03)
        had = monotonic() - began
        async with turns.of(second):
            await task
        return seconds, had

    seconds, had = asyncio.run(story())
    assert seconds >= had > 0.02


def test_time_that_is_over_for_another_reason_is_no_haste() -> None:
    async def story() -> int:
        turns, (first,) = CallbackTurns(Bound("x", 1, list[str]().append, "wait")), tenants("a")
        with pytest.raises(TimeoutError):
            async with turns.of(first):
                raise TimeoutError
        return turns.hurried

    assert asyncio.run(story()) == 0


def test_attempt_that_has_taken_longest_makes_room_where_all_turns_are_taken() -> None:
    """As many tenants as there are turns, with one hanging callback each, let everybody else's wait until their time was over."""

    async def story() -> None:
        bound, told = Bound("callback_sockets_max", 3, list[str]().append, "wait"), list[str]()
        turns, (*hanging, last, later) = CallbackTurns(bound, 0.01), tenants("a", "b", "c", "d", "e")
        end = asyncio.Event()
        tasks = [asyncio.create_task(hang(turns, tenant, end)) for tenant in hanging]
        await asyncio.sleep(0)
        for tenant in (last, later):
            async with asyncio.timeout(5), turns.of(tenant):
                told.append(tenant.settings.name)
        assert (turns.hurried, [task.done() for task in tasks], told) == (1, [True, False, False], ["d", "e"])
        end.set()
        assert (await asyncio.gather(*tasks), bound.used) == (["hurried", "whole", "whole"], 0)

    asyncio.run(story())


def test_nobody_is_hurried_for_a_tenant_that_has_a_turn_or_once_nobody_waits() -> None:
    async def story() -> None:
        turns, (first, second, third) = CallbackTurns(Bound("x", 2, list[str]().append, "wait"), 0.02), tenants("a", "b", "c")
        ends = [asyncio.Event() for _ in range(4)]
        tasks = [asyncio.create_task(hang(turns, tenant, end)) for tenant, end in zip((first, second, second, third), ends, strict=True)]
        await asyncio.sleep(0)
        # The third gets what the second gives back, and the first need not hurry any more.
        ends[2].set()
        ends[3].set()
        ends[1].set()
        assert await asyncio.gather(*tasks[1:]) == ["whole"] * 3
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(tasks[0]), 0.05)
        ends[0].set()
        assert (await tasks[0], turns.hurried) == ("whole", 0)

    asyncio.run(story())


def test_turn_of_whoever_waits_no_longer_goes_to_the_next_one() -> None:
    async def story() -> None:
        bound = Bound("callback_sockets_max", 1, list[str]().append, "wait")
        turns, (first, second) = CallbackTurns(bound), tenants("a", "b")
        begun, ends = list[int](), [asyncio.Event() for _ in range(5)]

        async def call(number: int, tenant: Tenant) -> None:
            async with turns.of(tenant):
                begun.append(number)
                await ends[number].wait()

        tasks = [asyncio.create_task(call(number, tenant)) for number, tenant in enumerate((first, first, second, first, second))]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.sleep(0)
        ends[0].set()
        await asyncio.sleep(0)
        # The turn is given by now, and its owner goes before it has begun.
        tasks[3].cancel()
        for end in ends:
            end.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (begun, bound.used) == ([0, 2, 4], 0)

    asyncio.run(story())


def test_tenants_take_turns_in_the_order_in_which_they_wait() -> None:
    async def story() -> None:
        bound = Bound("callback_sockets_max", 1, list[str]().append, "wait")
        turns, (first, second) = CallbackTurns(bound), tenants("a", "b")
        begun = list[str]()

        async def call(tenant: Tenant) -> None:
            async with turns.of(tenant):
                begun.append(tenant.settings.name)
                await asyncio.sleep(0)

        await asyncio.gather(*(call(tenant) for tenant in (first, first, first, second, second)))
        assert begun == ["a", "a", "b", "a", "b"]

    asyncio.run(story())
