"""Long batches told: nobody else waits while thousands of items are written, and what is told is how they stood when it began."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from loop_turns import ITEMS, Asked, Fake

from runflow_mock.runtime.tenants import Tenant

pytestmark = pytest.mark.slow(is_covering=True)
MODEL = "runflow/background-removal"
# Long enough for several pieces.
LABEL = "x" * 250
TellT = TypeVar("TellT")


def batch_of(count: int) -> dict[str, Any]:
    return {"model": MODEL, "items": [{"input": {"image_url": "https://cdn.example.com/a.png"}, "client_ref": LABEL}] * count}


def told(story: Coroutine[Any, Any, TellT]) -> TellT:
    return asyncio.run(story)


async def turns_until(asked: Asked) -> int:
    turns = 0
    while not asked.has_answer:
        turns += 1
        await asyncio.sleep(0)
    return turns


async def until_made(tenant: Tenant, batches: int) -> None:
    for _ in range(ITEMS):
        if len(tenant.world.store.batches) == batches:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"{len(tenant.world.store.batches)} batches instead of {batches}")


async def made(fake: Fake, count: int = ITEMS, headers: str = "") -> tuple[int, Any]:
    """How many turns the creation of a batch took, and what it was answered with."""
    asked = fake.ask("POST", "/v1/batches", "long", batch_of(count), headers)
    turns = await turns_until(asked)
    status, batch = await asked.answer()
    assert status == 201
    return turns, batch


def test_answer_to_a_long_creation_is_written_while_others_have_their_turn() -> None:
    async def story() -> tuple[int, int]:
        fake = Fake()
        (in_pieces, _), (at_once, _) = await made(fake), await made(fake, headers="Idempotency-Key: one\r\n")
        await fake.runtime.close()
        return in_pieces, at_once

    in_pieces, at_once = told(story())
    # Both are read in pieces; an answer that is remembered has to be there in the step in which the batch is made.
    assert in_pieces >= at_once + 2


def test_answer_that_is_remembered_is_the_one_that_was_given() -> None:
    async def story() -> tuple[Any, Any]:
        fake = Fake()
        (_, first), (_, again) = [await made(fake, headers="Idempotency-Key: one\r\n") for _ in range(2)]
        await fake.runtime.close()
        return first, again

    first, again = told(story())
    assert (first == again, len(first["items"])) == (True, ITEMS)


def test_rule_finds_the_whole_answer_to_a_long_creation() -> None:
    async def story() -> tuple[int, int, int]:
        fake = Fake()
        rule = {"where": {"edge": "after_create_before_response"}, "what": {"kind": "answer", "status": 503}}
        assert (await fake.ask("POST", "/_mock/faults", "long", rule).answer())[0] == 201
        status, _ = await fake.ask("POST", "/v1/batches", "long", batch_of(ITEMS)).answer()
        tenant = fake.runtime.tenants.get("long")
        assert tenant is not None
        await fake.runtime.close()
        return status, len(tenant.world.store.batches), len(fake.runtime.background_errors)

    assert told(story()) == (503, 1, 0)


def test_long_batch_is_written_while_others_have_their_turn() -> None:
    async def story() -> list[int]:
        fake = Fake()
        ids = [(await made(fake, count))[1]["id"] for count in (1, ITEMS)]
        turns = [await turns_until(fake.ask("GET", f"/v1/batches/{batch_id}", "long")) for batch_id in ids]
        await fake.runtime.close()
        return turns

    few, many = told(story())
    assert many >= few + 2


@pytest.mark.parametrize("way", ["creation", "reading"])
def test_long_batch_is_told_as_it_stood_when_that_began(way: str) -> None:
    """Others bring its runs on while it is written; a record whose first half is older than its second tells what never was."""

    async def story() -> tuple[Any, str]:
        fake = Fake()
        _, batch = await made(fake)
        path, body = ("/v1/batches", batch_of(ITEMS)) if way == "creation" else (f"/v1/batches/{batch['id']}", None)
        asked = fake.ask("GET" if body is None else "POST", path, "long", body)
        tenant = fake.runtime.tenants.get("long")
        assert tenant is not None
        await until_made(tenant, 1 if body is None else 2)
        fake.seconds = 3_600.0
        for _ in range(2):
            assert not asked.has_answer
            fake.runtime.settle(tenant)
            await asyncio.sleep(0)
        _, shown = await asked.answer()
        now = (await fake.ask("GET", f"/v1/batches/{batch['id']}", "long").answer())[1]["status_code"]
        await fake.runtime.close()
        return shown, now

    shown, now = told(story())
    assert ({item["status_code"] for item in shown["items"]}, shown["status_code"], shown["output"]) == ({"queued"}, "queued", None)
    assert now == "succeeded"


def test_pieces_of_a_long_batch_are_the_record_of_a_short_one() -> None:
    async def story() -> tuple[Any, Any, Any]:
        fake = Fake()
        _, short = await made(fake, 1)
        _, long = await made(fake)
        read = (await fake.ask("GET", f"/v1/batches/{long['id']}", "long").answer())[1]
        await fake.runtime.close()
        return short, long, read

    short, long, read = told(story())
    assert long == read
    assert list(long) == list(short)
    assert [item["sequence_index"] for item in long["items"]] == list(range(ITEMS))
    assert long["input"] == short["input"] * ITEMS
