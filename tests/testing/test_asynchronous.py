"""The handle of a test that is a coroutine does whatever the blocking one does."""

import asyncio
from typing import Any

import httpx
import pytest
from steps import MODEL

from runflow_mock.testing.asynchronous import AsyncReceiver, AsyncRunflow
from runflow_mock.testing.receiver import CallbackReceiver
from runflow_mock.testing.runflow import Runflow, open_tenant

RUNS = f"/v1/models/{MODEL}/runs"
BODY = {"input": {"image_url": "https://cdn.example.com/shirt.jpg"}}

# What leads to clients that block, what the fixtures alone use, and what `sync` has for those who need it.
BLOCKING = {"adapter", "app", "close", "is_in_process", "note_loop", "stop_deliveries", "look_at", "move_with"}
# A coroutine cannot wait in a property, nor in a `for`.
ASKED_OTHERWISE = {"find"}


def _names(part: Any) -> set[str]:
    return {name for name in dir(part) if not name.startswith("_")}


@pytest.mark.parametrize("part", ["", "clock", "faults", "runs", "batches", "deliveries"])
def test_handle_for_coroutines_has_every_verb_of_the_blocking_one(tenant: Runflow, part: str) -> None:
    handle = AsyncRunflow(tenant)
    blocking, awaited = (getattr(each, part) if part else each for each in (tenant, handle))
    kept = {"control", "awaited", "admin_key", "keys", "seed"}
    assert _names(blocking) - _names(awaited) - BLOCKING - ASKED_OTHERWISE - kept == set()


def test_receiver_for_coroutines_has_every_verb_of_the_blocking_one() -> None:
    with CallbackReceiver() as receiver:
        assert _names(receiver) - _names(AsyncReceiver(receiver)) - BLOCKING - {"received"} == set()


def test_verbs_for_coroutines_do_what_the_blocking_ones_do(tenant: Runflow) -> None:
    async def story() -> None:
        runflow = AsyncRunflow(tenant)
        rule = await runflow.faults.add(what="reset")
        await runflow.faults.remove(rule)
        assert await runflow.faults.list() == ()
        await runflow.clock.resume()
        await runflow.clock.freeze()
        before = await runflow.clock.now()
        secret = await runflow.callback_secret()
        async with runflow.receiver() as receiver:
            async with httpx.AsyncClient(base_url=runflow.base_url, headers=runflow.headers) as client:
                (await client.post(RUNS, json={**BODY, "callback_url": receiver.url})).raise_for_status()
            assert await runflow.clock.now() == before
            await runflow.clock.run_until_idle()
            (callback,) = await receiver.wait()
        callback.verify(secret)
        assert [step.kind for step in await runflow.timeline()] == [step.kind for step in tenant.timeline]
        assert runflow.exceptions == ()

    asyncio.run(story())


def test_attempts_that_were_pulled_are_settled_by_a_coroutine(url: str) -> None:
    async def story(runflow: AsyncRunflow) -> None:
        async with httpx.AsyncClient(base_url=runflow.base_url, headers=runflow.headers) as client:
            (await client.post(RUNS, json={**BODY, "callback_url": "http://localhost/hooks"})).raise_for_status()
        await runflow.clock.run_until_idle()
        assert len(await runflow.deliveries.pull()) == 1
        await runflow.deliveries.settle()
        assert [delivery.state for delivery in await runflow.deliveries.list()] == ["succeeded"]

    with open_tenant(url, clock="manual", deliveries="pull") as opened:
        asyncio.run(story(AsyncRunflow(opened)))
