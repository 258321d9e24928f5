"""Turns: a tenant whose receiver hangs holds up nobody else, and who waits has not begun."""

import asyncio

import pytest
from worlds import catalog

from runflow_mock.runtime.bounds import Bound
from runflow_mock.runtime.callback_turns import TENANT_TURNS_MAX, CallbackTurns
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.tenants import Tenant, Tenants


def tenants() -> tuple[Tenant, Tenant]:
    known = Tenants(Config(), catalog(), monotonic=lambda: 0.0, wall=lambda: 0.0)
    return tuple(known.create(Config().tenant(name)) for name in ("a", "b"))  # type: ignore[return-value]


@pytest.mark.parametrize(("maximum", "of_a", "of_b"), [(64, TENANT_TURNS_MAX, 1), (4, 4, 0)])
def test_tenant_has_a_share_and_the_server_a_bound(maximum: int, of_a: int, of_b: int) -> None:
    async def story() -> None:
        told = list[str]()
        bound = Bound("callback_sockets_max", maximum, told.append, "wait")
        turns, (first, second) = CallbackTurns(bound), tenants()
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
        assert (len(begun), bound.used, bound.peak) == (201, 0, min(maximum, TENANT_TURNS_MAX + of_b))

    asyncio.run(story())
