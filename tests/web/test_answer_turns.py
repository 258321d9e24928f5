"""Long answers are made in turns: so many at once, in order, a share for each tenant, and who leaves is waited for no more."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec
import pytest
from doors import MANUAL, STEPS_TO_BEGIN, Door
from steps import INPUT, RUNS, ok

from runflow_mock.runtime.bounds import Bounds, BoundsMax
from runflow_mock.web.answer_turns import AnswerTurns, Turn
from runflow_mock.web.control.operations import CONTROL_OPERATIONS
from runflow_mock.web.pieces import PIECE_BYTES

LONG_BYTES = 16 * 1024


def bounds_of(most: int) -> tuple[Bounds, list[str]]:
    told: list[str] = []
    return Bounds(BoundsMax(long_answers_max=most), told.append, 10), told


def begun(turns: AnswerTurns, *whose: str) -> tuple[list[Turn], list[bool]]:
    lined_up = [Turn(turns) for _ in whose]
    return lined_up, [turn.begin(name) for turn, name in zip(lined_up, whose, strict=True)]


def come(turns: Sequence[Turn]) -> list[bool]:
    return [turn.coming is not None and turn.coming.done() for turn in turns]


async def one_after_another() -> None:
    bounds, told = bounds_of(1)
    (first, second, third), at_once = begun(AnswerTurns(bounds), "a", "b", "c")
    assert at_once == [True, False, False]
    assert (bounds.long_answers.used, bounds.long_answers.met, len(told)) == (1, 2, 1)
    first.end()
    assert come((second, third)) == [True, False]
    second.end()
    await third.until_come()
    third.end()
    assert (bounds.long_answers.used, bounds.long_answers.peak) == (0, 1)


async def who_leaves_is_passed_over() -> None:
    bounds, _ = bounds_of(1)
    (first, leaving, third), _at_once = begun(AnswerTurns(bounds), "a", "b", "c")
    leaving.end()
    first.end()
    assert come((third,)) == [True]
    third.end()
    third.end()
    assert bounds.long_answers.used == 0


async def one_tenant_has_a_share() -> None:
    bounds, told = bounds_of(4)
    (*_, third), at_once = begun(AnswerTurns(bounds), "a", "a", "a")
    assert at_once == [True, True, False]
    assert told == ["the bound long_answers_max of tenant a of 2 is met: further ones of this tenant wait for their turn"]
    _, others = begun(third._turns, "b", "c", "d")
    assert others == [True, True, False]
    assert come((third,)) == [False]


@pytest.mark.parametrize("story", [one_after_another, who_leaves_is_passed_over, one_tenant_has_a_share], ids=lambda story: story.__name__)
def test_turns_come(story: Any) -> None:
    asyncio.run(story())


@pytest.fixture
def narrow() -> Any:
    with Door(MANUAL, bounds=BoundsMax(long_answers_max=1)) as door:
        yield door


def test_no_more_long_answers_are_made_at_once_than_may_be(narrow: Door) -> None:
    for _ in range(3):
        ok(narrow.post(RUNS, {"input": {**INPUT, "note": "x" * PIECE_BYTES}}), 201)

    async def story() -> list[httpx.Response]:
        return await asyncio.gather(*(narrow.fetch("/_mock/runs") for _ in range(4)))

    answers = narrow.run(story())
    assert [len(each.json()["items"]) for each in answers] == [3] * 4
    bound = narrow.get("/_mock/health").json()["bounds"]["long_answers_max"]
    assert bound == {"used": 0, "max": 1, "peak": 1, "met": 3}


def left_in_the_line(door: Door, method: str, path: str, body: bytes = b"") -> list[Any]:
    """Sends a request that has to wait, leaves as soon as it does, lets its turn come, and returns what was answered all the same."""
    bounds = door.runtime.bounds
    sent: list[Any] = []

    async def story() -> None:
        left, met = asyncio.Event(), bounds.long_answers.met
        messages = [{"type": "http.request", "body": body}]

        async def receive() -> dict[str, Any]:
            if not messages:
                await left.wait()
                return {"type": "http.disconnect"}
            return messages.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        taken = (bounds.long_answers, bounds.long_answers_of("test"))
        assert all(bound.take() for bound in taken)
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "scheme": "http",
            "client": ("127.0.0.1", 1),
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"authorization", f"Bearer {door.key}".encode()),
                *([(b"content-type", b"application/json")] if body else []),
            ],
        }
        asking = asyncio.ensure_future(door.app(scope, receive, send))
        for _ in range(STEPS_TO_BEGIN):
            await asyncio.sleep(0)
        assert bounds.long_answers.met == met + 1
        left.set()
        for _ in range(STEPS_TO_BEGIN):
            await asyncio.sleep(0)
        for bound in taken:
            bound.give()
        # Whoever comes next finds the place free, and lets those go first who wait.
        await door.fetch("/_mock/runs")
        await asking

    door.run(story())
    assert bounds.long_answers.used == 0
    return sent


def test_client_that_leaves_while_it_waits_to_read_is_not_answered(narrow: Door) -> None:
    assert left_in_the_line(narrow, "GET", "/_mock/history") == []


def test_what_was_wholly_received_is_carried_out_although_its_client_has_left(narrow: Door) -> None:
    saved = narrow.get("/_mock/snapshot").content
    made = ok(narrow.post(RUNS, {"input": INPUT}), 201)["id"]
    before = narrow.get("/_mock/ledger").json()["balance"]
    left_in_the_line(narrow, "POST", "/_mock/ledger/credits", b'{"amount": "5.00"}')
    assert float(narrow.get("/_mock/ledger").json()["balance"]) == float(before) + 5
    left_in_the_line(narrow, "PUT", "/_mock/snapshot", saved)
    assert made not in narrow.get("/_mock/runs").text
    tenant = narrow.runtime.tenants.get("test")
    left_in_the_line(narrow, "DELETE", "/_mock/tenants/test")
    # Whoever came next has made it anew.
    assert narrow.runtime.tenants.get("test") is not tenant


@pytest.mark.slow(is_covering=True)
def test_every_answer_that_grows_with_what_a_tenant_holds_is_long(door: Door) -> None:
    asked = [operation for operation in CONTROL_OPERATIONS if operation.method == "GET" and "{" not in operation.path]
    asked = [operation for operation in asked if operation.id != "watch_events"]
    usual = {operation.id: len(door.get(operation.path).content) for operation in asked}
    note = "x" * LONG_BYTES
    given = msgspec.json.encode({"input": [{**INPUT, "note": note}]}).decode()
    for body in (given, given):
        ok(door.post("/v1/models/runflow/background-removal/batches", content=body), 201)
    ok(door.post(RUNS, {"input": {**INPUT, "note": note}, "callback_url": "http://127.0.0.1:9/x"}), 201)
    ok(door.post("/_mock/faults", {"what": {"kind": "answer", "status": 503, "body": note}, "when": {"after": 1000}}), 201)
    door.settle()
    grown = {operation.id for operation in asked if len(door.get(operation.path).content) > usual[operation.id] + LONG_BYTES}
    assert len(grown) > 7, grown
    assert {operation.id for operation in asked if operation.id in grown and not operation.is_long} == set()
