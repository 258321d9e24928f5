"""An asynchronous client in process: no socket, no thread to wait for."""

import asyncio

import httpx
import pytest

from runflow_mock.testing import Runflow

SHIRTS = [{"image_url": f"https://cdn.example.com/{number}.jpg"} for number in range(6)]


async def cut_out(client: httpx.AsyncClient, inputs: dict[str, str]) -> str:
    """Returns how a run with these inputs ends."""
    created = await client.post("/v1/models/runflow/background-removal/runs", json={"input": inputs})
    run = created.raise_for_status().json()
    while run["completed_at"] is None:
        await asyncio.sleep(0)
        run = (await client.get(f"/v1/runs/{run['id']}")).json()
    return str(run["status_code"])


@pytest.mark.slow(is_covering=True)
@pytest.mark.asyncio
async def test_six_runs_at_once(runflow_in_process: Runflow) -> None:
    runflow = runflow_in_process
    runflow.faults.add(what="fail", where={"input": SHIRTS[3]})
    async with httpx.AsyncClient(transport=runflow.transport, base_url=runflow.base_url, headers=runflow.headers) as client:
        ends = await asyncio.gather(*(cut_out(client, shirt) for shirt in SHIRTS))
    assert ends == ["succeeded", "succeeded", "succeeded", "failed", "succeeded", "succeeded"]
