"""Every fault that the pages show fires for a client that does the usual: what is copied from a page must not stay silent."""

import asyncio
from typing import Any

import httpx
import pytest
from doors import Clocks, Door
from steps import BATCHES, INPUT, RUNS, Body, ok, post_fault
from worlds import CALLBACK_URL

from runflow_mock.web.connections import ConnectionFault
from writing.faults import EXAMPLES

TOLD = {"callback_url": CALLBACK_URL}
TRIES = 5


async def at_once(seconds: float) -> None:
    """Waits for nothing."""
    await asyncio.sleep(0)


def tried(door: Door, method: str, path: str, **given: Any) -> Body:
    """What the answer says; like a client, tries again after whatever is none."""
    for _ in range(TRIES):
        try:
            answer = door.request(method, path, **given)
            if answer.is_success and answer.headers["Content-Type"] == "application/json":
                return dict(answer.json())
        except (ConnectionFault, httpx.HTTPError, ValueError):
            continue
    return {}


def do_the_usual(door: Door) -> None:
    """Runs a model, gives another run up, runs a batch, and polls and lists and fetches what comes of it."""
    made = [tried(door, "POST", RUNS, json={"input": INPUT, "client_ref": "sku-7", **TOLD}) for _ in range(2)]
    tried(door, "POST", BATCHES, json={"input": [INPUT, INPUT], **TOLD})
    door.post(f"/_mock/runs/{made[1].get('id')}/cancel")
    door.settle()
    for _ in range(TRIES):
        ended = tried(door, "GET", f"/v1/runs/{made[0].get('id')}")
        door.settle()
    tried(door, "GET", "/v1/runs")
    for url in (ended.get("output") or {}).get("image_urls", ()):
        tried(door, "GET", url)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("kind", EXAMPLES)
def test_example_of_a_fault_fires_for_a_usual_client(kind: str) -> None:
    with Door(clocks=Clocks(sleep=at_once), callback_secret="rf_whsec_of_the_examples") as door:
        example = EXAMPLES[kind]
        rule = post_fault(door, example.get("where") or {}, example["what"], example.get("when"))
        # A secret was changed some time ago.
        made = ok(door.post("/v1/callback-secrets", {"label": "next"}), 201)
        ok(door.patch(f"/v1/callback-secrets/{made['id']}", {"is_current": True}))
        do_the_usual(door)
        assert ok(door.get(f"/_mock/faults/{rule['id']}"))["fired"] > 0
