"""Orders: a run as a client of a fake in this process asks for it, and an application that hears of its end."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from fastapi import FastAPI
from steps import MODEL

from runflow_mock.testing.runflow import Runflow

HOOK = "http://localhost/hooks"
RUN = f"http://localhost/v1/models/{MODEL}/runs"
BODY = {"input": {"image_url": "https://cdn.example.com/shirt.jpg"}, "callback_url": HOOK}


def create(runflow: Runflow, **more: str) -> None:
    with httpx.Client(transport=runflow.transport, headers=runflow.headers) as client:
        client.post(RUN, json={**BODY, **more}).raise_for_status()


def create_and_wait(runflow: Runflow, **more: str) -> list[int | None]:
    """Returns how each attempt to deliver the callback was answered."""
    create(runflow, **more)
    runflow.clock.run_until_idle()
    return [attempt.status_code for delivery in runflow.deliveries for attempt in delivery.attempts]


def shop(handle: Callable[[], Awaitable[None]], lifespan: Any = None) -> FastAPI:
    made = FastAPI(lifespan=lifespan)

    @made.post("/hooks")
    async def hook() -> dict[str, bool]:
        await handle()
        return {"ok": True}

    return made
