"""Presence: whether a client is still there while something is done for it."""

import asyncio
from asyncio import create_task, wait
from collections.abc import Coroutine
from typing import Any

from starlette.types import Receive


async def while_connected(work: Coroutine[Any, Any, None], receive: Receive) -> bool:
    """Tells whether the work came to its end before the client went away."""
    working, gone = create_task(work), create_task(until_gone(receive))
    try:
        await wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
        return working.done()
    finally:
        working.cancel()
        gone.cancel()


async def until_gone(receive: Receive) -> None:
    """Returns once the client has gone away; whatever it still sends is dropped."""
    while (await receive())["type"] != "http.disconnect":
        continue
