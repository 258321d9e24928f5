"""pytest-asyncio, auto: every coroutine is a test or a fixture; run with --asyncio-mode=auto."""

import asyncio

import pytest
from fastapi import FastAPI
from stories import BODY, PATH, client_of


@pytest.fixture
async def shop(runflow_in_process_async):
    app, arrived, lock = FastAPI(), [], asyncio.Lock()

    @app.post("/hooks")
    async def hooks(body: dict):
        async with lock:
            arrived.append(body)

    await runflow_in_process_async.deliver_to(app, "https://shop.example/")
    return arrived, lock


async def test_application_runs_in_the_loop_of_the_test(runflow_in_process_async, shop):
    runflow, (arrived, lock) = runflow_in_process_async, shop
    async with client_of(runflow) as client:
        assert (await client.post(PATH, json={**BODY, "callback_url": "https://shop.example/hooks"})).status_code == 201
    async with lock:
        pass
    await runflow.clock.run_until_idle()
    assert len(arrived) == 1


@pytest.mark.asyncio(loop_scope="module")
async def test_loop_of_a_module(runflow_async):
    assert (await runflow_async.ledger()).balance == "10.000000"
