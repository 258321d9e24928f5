"""The control API is loaded with the first verb, and beside the loop: nobody else waits for it."""

import sys
from subprocess import run

import pytest

ASK = """
import asyncio, sys, threading
import httpx
from runflow_mock.web.app import create_app

on_the_loop, beside_it = [], []

def hear(event, args):
    if event == "import" and args[0].startswith("runflow_mock"):
        (on_the_loop if threading.current_thread() is threading.main_thread() else beside_it).append(args[0])

async def ask():
    app = create_app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        headers = {"Authorization": "Bearer rf_live_mock_a"}
        await client.get("/v1/runs", headers=headers)
        sys.addaudithook(hear)
        asking = [asyncio.ensure_future(client.get("/_mock/clock", headers=headers))]
        # While it is imported others come for it.
        while not asking[0].done():
            if len(asking) < 30:
                asking.append(asyncio.ensure_future(client.get("/_mock/clock", headers=headers)))
            await asyncio.sleep(0.002)
        assert {each.status_code for each in await asyncio.gather(*asking)} == {200}

asyncio.run(ask())
print(on_the_loop, len(beside_it) > 20)
"""


@pytest.mark.slow
def test_first_verb_is_imported_beside_the_loop() -> None:
    asked = run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False)
    assert (asked.stdout, asked.stderr) == ("[] True\n", "")
