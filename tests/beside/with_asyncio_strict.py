"""pytest-asyncio, strict: coroutines and their fixtures are marked."""

import httpx
import pytest
import pytest_asyncio
from stories import BODY, PATH

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def client(runflow_in_process_async):
    runflow = runflow_in_process_async
    async with httpx.AsyncClient(transport=runflow.transport, base_url=runflow.base_url, headers=runflow.headers) as opened:
        yield opened


async def test_in_process(runflow_in_process_async, client):
    assert (await client.post(PATH, json=BODY)).status_code == 201
    await runflow_in_process_async.clock.run_until_idle()
    assert [run["status_code"] for run in await runflow_in_process_async.runs.list()] == ["succeeded"]


async def test_over_loopback(runflow_async, runflow_receiver_async):
    async with httpx.AsyncClient(base_url=runflow_async.base_url, headers=runflow_async.headers) as client:
        answer = await client.post(PATH, json={**BODY, "callback_url": runflow_receiver_async.url})
    assert answer.status_code == 201
    assert len(await runflow_receiver_async.wait()) == 1


async def test_hosts(runflow_hosts):
    async with httpx.AsyncClient(headers=runflow_hosts.headers) as client:
        assert (await client.post("https://api.runflow.io" + PATH, json=BODY)).status_code == 201
