"""A FastAPI application that gets its callbacks in process: they go straight into the application."""

import hashlib
import hmac

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from runflow_mock.testing.asynchronous import AsyncRunflow

SECRET = "rf_whsec_of_the_shop"


def make_shop() -> FastAPI:
    """Returns the application; `state.batches` holds what it was told."""
    shop = FastAPI()
    shop.state.batches = {}

    @shop.post("/hooks/runflow")
    async def take(request: Request) -> Response:
        body, stamp = await request.body(), request.headers["Runflow-Timestamp"]
        expected = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(request.headers["Runflow-Signature"].encode(), f"v1={expected}".encode()):
            return Response(status_code=401)
        event = await request.json()
        outcomes = ["failed" if item.get("error") else "succeeded" for item in event["output"]["items"]]
        shop.state.batches[event["batch_id"]] = outcomes
        return Response(status_code=204)

    return shop


@pytest.mark.asyncio
@pytest.mark.runflow(callback_secret=SECRET)
async def test_batch_that_half_succeeds(runflow_in_process_async: AsyncRunflow) -> None:
    runflow, shop = runflow_in_process_async, make_shop()
    await runflow.deliver_to(shop, "https://shop.example")
    await runflow.faults.add(what="fail", where="batch.item[1]")
    items = [{"image_url": f"https://cdn.example.com/{name}.jpg", "config": {"elements": ["tag_removal"]}} for name in "ab"]
    body = {"input": items, "callback_url": "https://shop.example/hooks/runflow"}
    async with httpx.AsyncClient(transport=runflow.transport, base_url=runflow.base_url, headers=runflow.headers) as client:
        batch = (await client.post("/v1/models/runflow/dyver-removal/batches", json=body)).raise_for_status().json()
    await runflow.clock.run_until_idle()
    assert shop.state.batches == {batch["id"]: ["succeeded", "failed"]}
