"""Long batches: nobody else waits while thousands of items are read, or brought on by a poll."""

import asyncio
import gc
import json
import sys
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from loop_turns import BATCH, ITEMS, Fake, Turns

from runflow_mock.runtime.runtime import YIELD_EVERY_TIMERS
from runflow_mock.web.calls import Call
from runflow_mock.wire.batches import ITEMS_AT_ONCE
from runflow_mock.wire.bodies import read_body

pytestmark = pytest.mark.slow(is_covering=True)
INPUT = {"image_url": "https://cdn.example.com/a.png"}
BAD = {"image_url": 7}


def turns_of(
    fake: Fake, *bodies: dict[str, Any] | str, path: str = "/v1/batches", tenant: str = "long", headers: str = ""
) -> list[tuple[int, int, Any]]:
    """Returns how many turns of the loop each of some requests took that came in one turn, with its status and its JSON."""

    async def tell() -> list[tuple[int, int, Any]]:
        asked = [fake.ask("POST", path, tenant, body, headers) for body in bodies]
        turns = [0] * len(asked)
        waiting = [asyncio.ensure_future(each.answer()) for each in asked]
        while not all(each.done() for each in waiting):
            for index, each in enumerate(waiting):
                turns[index] += not each.done()
            await asyncio.sleep(0)
        await fake.runtime.close()
        return [(count, *each.result()) for count, each in zip(turns, waiting, strict=True)]

    return asyncio.run(tell())


@pytest.mark.parametrize("batch", [BATCH, {"model": BATCH["model"], "input": [INPUT] * ITEMS}], ids=["items", "input"])
def test_items_of_a_batch_are_read_while_others_have_their_turn(batch: dict[str, Any]) -> None:
    [(few, few_status, _)] = turns_of(Fake(), {**batch, **{key: batch[key][:1] for key in ("items", "input") if key in batch}})
    [(many, many_status, _)] = turns_of(Fake(), batch)
    assert (few_status, many_status) == (201, 201)
    assert many - few >= ITEMS // ITEMS_AT_ONCE - 1


def test_batch_is_refused_once_all_of_it_was_read_in_pieces() -> None:
    items = [{"input": INPUT}] * (ITEMS - 1) + [{"input": BAD}]
    [(turns, status, told)] = turns_of(Fake(), {**BATCH, "items": items})
    assert (turns >= ITEMS // ITEMS_AT_ONCE, status) == (True, 422)
    assert told["errors"][0]["loc"] == ["body", "items", ITEMS - 1, "input", "image_url"]


def test_large_batches_are_read_one_after_the_other() -> None:
    """Eight of 3.6 MB took 350 MB: all of them were parsed before the first was read to its end."""
    batch = {**BATCH, "items": [{"input": {**INPUT, "note": "x" * 200}}] * ITEMS}

    async def tell() -> list[int]:
        fake = Fake()
        asked = [fake.ask("POST", "/v1/batches", f"large{number}", batch) for number in range(4)]
        turns = [0] * len(asked)
        while not all(each.has_answer for each in asked):
            turns = [count + (not each.has_answer) for count, each in zip(turns, asked, strict=True)]
            await asyncio.sleep(0)
        assert [(await each.answer())[0] for each in asked] == [201] * 4
        await fake.runtime.close()
        return [0, *turns]

    turns = asyncio.run(tell())
    assert all(later - earlier >= ITEMS // ITEMS_AT_ONCE - 1 for earlier, later in pairwise(turns)), turns


def test_inputs_of_a_batch_are_weighed_while_others_have_their_turn() -> None:
    schema = {"properties": {"n": {"items": {"allOf": [{"minimum": 0}] * 3_000}}}}

    async def tell() -> tuple[int, int, Any]:
        fake = Fake()
        scenario = {"scenario": {"models": [{"id": BATCH["model"], "input": schema}]}}
        assert (await fake.ask("PUT", "/_mock/scenario", "long", scenario).answer())[0] == 200
        asked, turns = fake.ask("POST", "/v1/batches", "long", {**BATCH, "items": [{"input": {"n": [0] * 14}}] * ITEMS}), 0
        while not await asked.is_answered():
            turns += 1
        status, told = await asked.answer()
        await fake.runtime.close()
        return turns, status, told["errors"]

    turns, status, [error] = asyncio.run(tell())
    # It is too much before the last piece begins.
    assert (turns >= ITEMS // ITEMS_AT_ONCE - 2, status, error["type"]) == (True, 422, "value_cost"), turns


def test_long_batch_that_is_refused_is_parsed_once() -> None:
    """What was found out about one that is no JSON, or whose model is not there, was forgotten until it was its turn to be answered."""

    def parsed(body: str) -> int:
        calls = 0

        def count(frame: FrameType, event: str, argument: Any) -> None:
            nonlocal calls
            calls += event == "call" and frame.f_code is read_body.__code__

        sys.setprofile(count)
        try:
            [(_, status, _)] = turns_of(Fake(), body)
        finally:
            sys.setprofile(None)
        assert status in (400, 404)
        return calls

    no_model = json.dumps({**BATCH, "model": "no/model"})
    assert (parsed(no_model), parsed(f"{no_model}!")) == (1, 1)


@pytest.mark.parametrize("more", [{"model": "no/model"}, {"items": [{"input": BAD}] * ITEMS}], ids=["model", "items"])
def test_refused_batch_does_not_stay_until_the_next_collection(more: dict[str, Any]) -> None:
    """Its error led to what had raised it, and that to the error."""
    gc.collect()
    # Of other tests, whose fakes go on.
    earlier = [each for each in gc.get_objects() if isinstance(each, Call)]
    gc.disable()
    try:
        [(_, status, _)] = turns_of(Fake(), {**BATCH, **more})
        calls = [each for each in gc.get_objects() if isinstance(each, Call) and each.body]
        stay = [call for call in calls if not any(call is each for each in earlier)]
    finally:
        gc.enable()
    assert status in (404, 422)
    assert not stay


def test_same_batch_under_one_key_is_made_once_while_both_are_read() -> None:
    (_, first, made), (_, second, again) = turns_of(Fake(), BATCH, BATCH, headers="Idempotency-Key: one\r\n")
    assert (first, second, again["id"]) == (201, 201, made["id"])


def test_long_batch_without_a_model_is_refused_as_a_short_one_is() -> None:
    told = [turns_of(Fake(), {"model": "no/model", "items": [{"input": INPUT}] * count})[0][1:] for count in (1, ITEMS)]
    assert [status for status, _ in told] == [404, 404]
    assert told[0] == told[1]


def test_long_batch_of_nobody_is_not_read() -> None:
    told = [turns_of(Fake(), {**BATCH, "items": [{"input": INPUT}] * (times * ITEMS)}, tenant="x y")[0][:2] for times in (1, 2)]
    assert [status for _, status in told] == [401, 401]
    assert told[0] == told[1]


@pytest.mark.parametrize("verb", ["reset", "delete"])
def test_long_batch_of_a_tenant_that_goes_meanwhile_is_read_by_the_next_one(verb: str) -> None:
    async def tell() -> tuple[int, int]:
        fake = Fake()
        assert (await fake.ask("POST", "/v1/batches", "long", {**BATCH, "items": [{"input": INPUT}]}).answer())[0] == 201
        asked = fake.ask("POST", "/v1/batches", "long", BATCH)
        assert not await asked.is_answered()
        tenant = fake.runtime.tenants.get("long")
        assert tenant is not None
        fake.runtime.tenants.repeat(tenant) if verb == "reset" else fake.runtime.tenants.drop("long")
        status, _ = await asked.answer()
        tenant = fake.runtime.tenants.get("long")
        assert tenant is not None
        await fake.runtime.close()
        return status, len(tenant.world.store.batches)

    assert asyncio.run(tell()) == (201, 1)


def test_no_item_is_lost_between_two_pieces() -> None:
    items = [{"input": INPUT, "client_ref": f"r{number}"} for number in range(ITEMS)]
    [(_, status, made)] = turns_of(Fake(), {**BATCH, "items": items})
    assert status == 201
    assert [item["client_ref"] for item in made["items"]] == [f"r{number}" for number in range(ITEMS)]
    assert json.dumps(made["input"]) == json.dumps([INPUT] * ITEMS)


AUTO = {"name": "auto", "clock": "auto", "balance": "100000.00", "batch_limit": ITEMS}
WAIT = "/_mock/wait"


async def polled(fake: Fake, batch_id: str, times: int) -> list[str]:
    """The statuses of a batch, read so many times in a row."""
    return [(await fake.ask("GET", f"/v1/batches/{batch_id}", "auto").answer())[1]["status_code"] for _ in range(times)]


async def batch_under_auto(fake: Fake) -> str:
    assert (await fake.ask("POST", "/_mock/tenants", "", AUTO).answer())[0] == 201
    status, made = await fake.ask("POST", "/v1/batches", "auto", BATCH).answer()
    assert status == 201
    return str(made["id"])


@pytest.mark.parametrize("way", ["polls", "wait"])
def test_poll_that_brings_a_long_batch_on_lets_others_have_their_turn(way: str) -> None:
    async def tell() -> tuple[int, str]:
        turns = Turns()
        fake = Fake(turns)
        batch_id = await batch_under_auto(fake)
        wait = {"for": {"batch": batch_id}, "timeout": 60}
        most = await turns.most_during(polled(fake, batch_id, 3) if way == "polls" else fake.ask("POST", WAIT, "auto", wait).answer())
        [status] = await polled(fake, batch_id, 1)
        await fake.runtime.close()
        return most, status

    most, status = asyncio.run(tell())
    # A piece each: the poll, the next one that comes and finds it, its waiting, and the alarm that goes on where nobody waits.
    assert (most <= 4 * YIELD_EVERY_TIMERS, status) == (True, "succeeded"), most


def test_whoever_comes_after_a_poll_finds_all_that_it_brings_about() -> None:
    async def tell() -> tuple[list[str], int, list[str]]:
        fake = Fake()
        batch_id = await batch_under_auto(fake)
        first, second = await polled(fake, batch_id, 2)
        # On other connections and in the same turn as the poll: they see it as if it had happened at once.
        asked = [fake.ask("GET", f"/v1/batches/{batch_id}", "auto") for _ in range(3)]
        told = [(await each.answer())[1] for each in asked]
        await fake.runtime.close()
        return [first, second], told[0]["items_succeeded"], [each["status_code"] for each in told]

    assert asyncio.run(tell()) == (["queued", "running"], ITEMS, ["succeeded"] * 3)


def test_poll_goes_on_where_nobody_asks_again() -> None:
    async def tell() -> int:
        fake = Fake()
        batch_id = await batch_under_auto(fake)
        await polled(fake, batch_id, 2)
        tenant = fake.runtime.tenants.get("auto")
        assert tenant is not None
        runs = tenant.world.store.runs.values()
        for _ in range(100 * ITEMS):
            if all(run.is_terminal for run in runs):
                break
            await asyncio.sleep(0)
        ended = sum(run.is_terminal for run in runs)
        await fake.runtime.close()
        return ended

    assert asyncio.run(tell()) == ITEMS


def test_tenant_that_goes_while_a_poll_brings_it_on_stays_where_it_stands() -> None:
    async def tell() -> tuple[bool, bool]:
        fake = Fake()
        batch_id = await batch_under_auto(fake)
        await polled(fake, batch_id, 2)
        tenant = fake.runtime.tenants.get("auto")
        assert tenant is not None
        fake.runtime.tenants.drop("auto")
        before = tenant.world.history.total
        for _ in range(ITEMS):
            await asyncio.sleep(0)
        await fake.runtime.close()
        return tenant.world.history.total == before, any(not run.is_terminal for run in tenant.world.store.runs.values())

    assert asyncio.run(tell()) == (True, True)
