"""Nothing stands still: what takes long is done in small pieces, or in a thread beside the loop. Counted, not timed."""

import asyncio
import json
from collections.abc import Iterator
from threading import current_thread, main_thread
from typing import Any

import msgspec
import pytest
from doors import Door
from steps import RUNS, ok

from runflow_mock.openapi.contracts import Contract
from runflow_mock.runtime.judging import STEP_BYTES
from runflow_mock.web.pieces import PIECE_BYTES, list_in_pieces

DENSE = json.dumps({"input": [[n % 10] for n in range(15_000)]}, separators=(",", ":"))
READERS = ("/_mock/journal?limit=20", "/_mock/journal.har", "/_mock/report")


def turns_while(door: Door, path: str) -> int:
    """Returns how often somebody else had a turn while a request was answered."""

    async def count() -> int:
        asking = asyncio.ensure_future(door.fetch(path))
        turns = 0
        while not asking.done():
            turns += 1
            await asyncio.sleep(0)
        assert (await asking).status_code == 200
        return turns

    return door.run(count())


@pytest.mark.parametrize("path", READERS)
def test_others_have_a_turn_between_long_exchanges(door: Door, path: str) -> None:
    few, many = 2, 22
    ok(door.get("/_mock/report"))
    for _ in range(few):
        door.post(RUNS, content=DENSE)
    before = turns_while(door, path)
    door.delete("/_mock/journal")
    for _ in range(many):
        door.post(RUNS, content=DENSE)
    assert turns_while(door, path) - before >= min(many, 20) - few


def test_list_is_the_same_in_pieces() -> None:
    made: list[int] = []

    def values() -> Iterator[Any]:
        for number in range(5):
            made.append(number)
            yield {"number": number, "text": "x" * (PIECE_BYTES // 2)}

    async def story() -> tuple[msgspec.Raw, list[int]]:
        writing = asyncio.ensure_future(list_in_pieces(values()))
        seen = []
        while not writing.done():
            await asyncio.sleep(0)
            seen.append(len(made))
        return await writing, seen

    written, seen = asyncio.run(story())
    assert [value["number"] for value in json.loads(bytes(written))] == [0, 1, 2, 3, 4]
    assert seen[:2] == [2, 4]


def test_empty_list_is_one() -> None:
    assert bytes(asyncio.run(list_in_pieces(()))) == b"[]"


def test_what_judges_is_loaded_beside_the_loop(door: Door) -> None:
    prepared: list[bool] = []

    class Watched(Contract):
        def prepare(self) -> None:
            prepared.append(current_thread() is main_thread())
            super().prepare()

    known = door.runtime.judgings.contract
    door.runtime.judgings = type(door.runtime.judgings)(Watched(known.document))
    ok(door.get("/_mock/report"))
    ok(door.get("/_mock/report"))
    assert prepared == [False]


def test_step_takes_no_more_bytes_than_it_may(door: Door) -> None:
    for _ in range(4):
        door.post(RUNS, content=DENSE)
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    judging = door.runtime.judgings.of(tenant)
    steps = 0
    while judging.is_behind:
        judging.catch_up(25, STEP_BYTES)
        steps += 1
    assert steps == 4
