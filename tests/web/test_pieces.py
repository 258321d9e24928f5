"""Nothing stands still: what takes long is done in small pieces, or in a thread beside the loop. Counted, not timed."""

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from threading import current_thread, main_thread
from typing import Any

import msgspec
import pytest
from costs import lines_run
from doors import Door
from steps import INPUT, RUNS, ok
from turns import Watched, turns_while

from runflow_mock.domain.exchanges import BODY_BYTES_MAX
from runflow_mock.domain.money import parse_money
from runflow_mock.domain.pages import RECORDS_AT_ONCE
from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.engine.journal import Journal
from runflow_mock.openapi.contracts import Contract
from runflow_mock.runtime.judging import STEP_BYTES
from runflow_mock.runtime.runtime import YIELD_EVERY_TIMERS
from runflow_mock.runtime.sender import RecordingSender
from runflow_mock.runtime.tenant_uses import TENANTS_AT_ONCE
from runflow_mock.web.lists import PAGE_BYTES
from runflow_mock.web.pieces import LINES_BYTES, PIECE_BYTES, list_in_pieces, look
from runflow_mock.wire.windows import Window, read_window

DENSE = json.dumps({"input": [[n % 10] for n in range(15_000)]}, separators=(",", ":"))
# Each exchange is looked through for secrets, and then judged; a report needs only the latter.
READERS = (("/_mock/journal?limit=20", 2), ("/_mock/journal.har", 2), ("/_mock/report", 1))


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("path", "turns"), READERS)
def test_others_have_a_turn_between_long_exchanges(door: Door, path: str, turns: int) -> None:
    few, many = 1, 5
    ok(door.get("/_mock/report"))
    for _ in range(few):
        door.post(RUNS, content=DENSE)
    before = turns_while(door, "GET", path)
    door.delete("/_mock/journal")
    for _ in range(many):
        door.post(RUNS, content=DENSE)
    assert turns_while(door, "GET", path) - before >= turns * (many - few)


LOOKED_THROUGH = (
    ("GET", "/_mock/history"),
    ("GET", "/_mock/timeline"),
    ("GET", "/_mock/scenario/export?history=true"),
    ("DELETE", "/_mock/tenants/test?tell=true"),
)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("method", "path"), LOOKED_THROUGH, ids=[path for _, path in LOOKED_THROUGH])
def test_what_is_looked_through_for_secrets_at_once_does_not_grow(door: Door, method: str, path: str) -> None:
    watched = Watched()

    def largest(runs: int) -> int:
        for _ in range(runs):
            door.post(RUNS, {"input": INPUT})
        door.post("/v1/runs", content="{}")
        door.settle()
        watched.seen.clear()
        assert door.request(method, path).status_code == 200
        return max(watched.seen)

    door.runtime.scrubber = watched
    few = largest(2)
    assert largest(40) <= few + 2_000


def test_what_came_without_a_key_is_not_looked_through_for_the_report_of_a_tenant(door: Door) -> None:
    watched = Watched()

    door.runtime.scrubber = watched
    door.runtime.lobby = Journal(100, 10_000_000, door.runtime.scrubber)
    door.get("/_mock/report")
    for _ in range(50):
        assert door.get("/v1/runs", headers={"Authorization": ""}).status_code == 401
    watched.seen.clear()
    assert "50 without a key that this server knows" in door.get("/_mock/report").text
    assert len(watched.seen) < 50


def test_long_bodies_are_looked_through_when_somebody_reads_them_and_not_on_their_way(door: Door) -> None:
    seen: list[int] = []

    class Reading(Scrubber):
        def is_clean(self, *parts: bytes) -> bool:
            seen.append(sum(map(len, parts)))
            return super().is_clean(*parts)

    ok(door.get("/v1/runs"))
    door.runtime.scrubber = Reading()
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    tenant.journal = Journal(10, 10_000_000, door.runtime.scrubber)
    ok(door.post(RUNS, {"input": {**INPUT, "note": "x" * 2 * BODY_BYTES_MAX}}), 201)
    ok(door.get("/v1/runs"))
    assert max(seen, default=0) < BODY_BYTES_MAX
    ok(door.get("/_mock/journal"))
    assert max(seen) > BODY_BYTES_MAX


def test_others_have_a_turn_between_long_runs(door: Door) -> None:
    usual = turns_while(door, "GET", "/_mock/runs")
    for _ in range(3):
        ok(door.post(RUNS, {"input": {**INPUT, "note": "x" * PIECE_BYTES}}), 201)
    assert turns_while(door, "GET", "/_mock/runs") == usual + 3


@pytest.mark.parametrize("path", ["/_mock/ledger", "/_mock/ledger?limit=1", "/_mock/timeline?limit=1"])
def test_others_have_a_turn_while_all_of_a_world_is_looked_at(door: Door, path: str) -> None:
    door.post(RUNS, {"input": INPUT})
    assert turns_while(door, "GET", path) > turns_while(door, "GET", "/_mock/clock")


@pytest.mark.slow(is_covering=True)
def test_others_have_a_turn_between_the_items_of_a_batch(door: Door) -> None:
    ok(door.post("/_mock/ledger/credits", {"amount": "100.00"}))
    items = [{**INPUT, "note": "x" * PIECE_BYTES, "password": "hunter22"}] * 3
    batches = f"{RUNS.removesuffix('runs')}batches"
    one, many = (ok(door.post(batches, {"input": items[:count]}), 201)["id"] for count in (1, 3))
    assert turns_while(door, "GET", f"/_mock/batches/{many}") >= turns_while(door, "GET", f"/_mock/batches/{one}") + 2
    door.settle()
    told = door.get(f"/_mock/batches/{many}")
    assert [item["sequence_index"] for item in told.json()["batch"]["output"]["items"]] == [0, 1, 2]
    assert "hunter22" not in told.text


@pytest.mark.slow(is_covering=True)
def test_others_have_a_turn_while_it_is_written_what_an_advance_has_led_to() -> None:
    with Door(balance=parse_money("1000")) as door:
        # The first verb of all is imported beside the loop.
        ok(door.get("/_mock/clock"))
        usual = turns_while(door, "POST", "/_mock/clock/advance", content=b'{"by": "1m"}')
        for _ in range(3):
            ok(door.post(f"{RUNS.removesuffix('runs')}batches", {"input": [INPUT] * 100}), 201)
        fired, written = 900 // YIELD_EVERY_TIMERS, 1
        assert turns_while(door, "POST", "/_mock/clock/advance", content=b'{"by": "1m"}') == usual + fired + written


def test_others_have_a_turn_between_tenants_of_whose_exchanges_some_are_judged(door: Door) -> None:
    door.get("/v1/runs")
    ok(door.get("/_mock/tenants?limit=100"))
    one = turns_while(door, "GET", "/_mock/tenants?limit=100")
    for number in range(5):
        door.get("/v1/runs", key=f"rf_live_mock_other{number}")
    assert turns_while(door, "GET", "/_mock/tenants?limit=100") == one + 5


@pytest.mark.slow(is_covering=True)
def test_others_have_a_turn_while_all_tenants_are_looked_at() -> None:
    with Door() as door:
        # The first verb of all is imported beside the loop.
        ok(door.get("/_mock/health"))
        usual = turns_while(door, "GET", "/_mock/health")
        for number in range(2 * TENANTS_AT_ONCE):
            door.runtime.tenants.find(f"rf_live_mock_t{number}")
        assert turns_while(door, "GET", "/_mock/health") == usual + 2


def test_metrics_are_written_beside_the_loop(door: Door) -> None:
    assert turns_while(door, "GET", "/_mock/metrics") > turns_while(door, "GET", "/_mock/clock")


def test_others_have_a_turn_between_long_records_of_a_page(door: Door) -> None:
    usual = turns_while(door, "GET", "/v1/runs")
    for _ in range(3):
        ok(door.post(RUNS, {"input": {**INPUT, "note": "x" * PAGE_BYTES}}), 201)
    assert turns_while(door, "GET", "/v1/runs") == usual + 3
    assert len(ok(door.get("/v1/runs"))["items"]) == 3


@pytest.fixture
def many_lines() -> Iterator[tuple[Door, str]]:
    """A fake with more lines of logs than are looked at in one step, and the id of a run that is younger than they all."""
    with Door(balance=parse_money("1000")) as door:
        batches = f"{RUNS.removesuffix('runs')}batches"
        for _ in range(4):
            ok(door.post(batches, {"input": [INPUT] * 100}), 201)
        door.settle()
        run = ok(door.post(RUNS, {"input": INPUT}), 201)["id"]
        door.settle()
        yield door, run


@pytest.mark.slow(is_covering=True)
def test_search_of_all_runs_gives_what_one_of_them_has_and_leaves_turns(many_lines: tuple[Door, str]) -> None:
    door, run = many_lines
    lines = ok(door.get(f"/v1/runs/{run}/logs"))["items"]
    steps = 401 * len(lines) // RECORDS_AT_ONCE
    assert steps
    usual = turns_while(door, "GET", f"/v1/runs/{run}/logs")
    assert turns_while(door, "GET", "/v1/runs/any/logs?sort_by=timestamp:desc&limit=3") == usual + steps
    newest = ok(door.get(f"/v1/runs/any/logs?sort_by=timestamp:desc&limit={len(lines)}"))
    assert newest["items"] == lines[::-1]
    assert newest["next"] is not None
    assert ok(door.get(f"/v1/runs/any/logs/{lines[0]['id']}")) == lines[0]


@pytest.mark.slow(is_covering=True)
def test_what_is_refused_later_is_refused_in_the_same_words(many_lines: tuple[Door, str]) -> None:
    door, run = many_lines
    told = [door.get(f"/v1/runs/{whose}/logs?fields=nothing") for whose in (run, "any")]
    assert [answer.status_code for answer in told] == [422, 422]
    assert told[0].json()["errors"] == told[1].json()["errors"]
    absent = [door.get(f"/v1/runs/{whose}/logs/{run}") for whose in (run, "any")]
    assert [answer.status_code for answer in absent] == [404, 404]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("path", ["runs?limit=100", "batches?limit=100", "timeline?limit=100", "journal?offset=0&limit=100"])
def test_others_have_a_turn_between_lines_about_many_records(door: Door, path: str) -> None:
    batches = f"{RUNS.removesuffix('runs')}batches"
    ok(door.post("/_mock/ledger/credits", {"amount": "100.00"}))
    ok(door.post(batches, {"input": [INPUT]}), 201)
    ok(door.get(f"/_mock/{path}"))
    few = turns_while(door, "GET", f"/_mock/{path}")
    for _ in range(30):
        ok(door.post(batches, {"input": [INPUT]}), 201)
    many = turns_while(door, "GET", f"/_mock/{path}")
    assert many >= few + 30 * 200 // LINES_BYTES


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/_mock/faults", {"what": {"kind": "answer", "status": 503}, "where": {"input": {"note": "x" * (PIECE_BYTES // 5)}}}),
        ("/_mock/stubs", {"input": {"note": "x" * (PIECE_BYTES // 5)}, "nsfw_detected": True}),
    ],
    ids=["faults", "stubs"],
)
def test_others_have_a_turn_between_rules(door: Door, path: str, rule: dict[str, Any]) -> None:
    """A thousand rules were written in one step of 143 ms."""
    usual = turns_while(door, "GET", path)
    made = [ok(door.post(path, rule), 201) for _ in range(10)]
    assert turns_while(door, "GET", path) >= usual + 1
    assert [each["id"] for each in ok(door.get(path))["items"]] == [each["id"] for each in made]


def test_others_have_a_turn_between_deliveries(door: Door) -> None:
    usual = turns_while(door, "GET", "/_mock/deliveries")
    given = {"input": INPUT, "callback_url": "http://127.0.0.1:9/x", "metadata": {"note": "x" * (PIECE_BYTES // 5)}}
    for _ in range(10):
        ok(door.post(RUNS, given), 201)
    door.settle()
    assert turns_while(door, "GET", "/_mock/deliveries") >= usual + 2


def test_what_happens_while_the_past_is_told_comes_after_it(door: Door) -> None:
    made = [door.post(RUNS, {"input": INPUT}).json()["id"] for _ in range(3)]
    looked, created, *_ = door.together(
        ("GET", "/_mock/timeline?limit=1000", None),
        ("POST", RUNS, {"input": INPUT}),
        ("GET", "/_mock/timeline?limit=1000", None),
    )
    made.append(created.json()["id"])
    steps = door.get("/_mock/timeline?limit=1000").json()["items"][::-1]
    assert [step["id"] for step in steps if step["kind"] == "run" and step.get("to") == "queued"] == made
    assert [step["number"] for step in steps] == list(range(1, len(steps) + 1))
    assert [step["id"] for step in looked.json()["items"] if step["kind"] == "run"][::-1] in (made[:3], made)


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("PUT", "/_mock/scenario", b'{"scenario": {"name": "x", "story": "y"}}', 200),
        ("POST", "/_mock/tenants", b'{"name": "new", "scenario": {"name": "x", "story": "y"}}', 201),
    ],
)
def test_others_have_a_turn_while_a_scenario_is_read(door: Door, method: str, path: str, content: bytes, status: int) -> None:
    usual = turns_while(door, "PUT", "/_mock/faults", content=b"{}", status=405)
    assert turns_while(door, method, path, content=content, status=status) > usual


def test_two_tenants_of_one_name_that_are_made_at_once_are_one(door: Door) -> None:
    asked = {"name": "twin", "scenario": {"name": "x", "story": "y"}}
    made = door.together(*[("POST", "/_mock/tenants", asked)] * 3)
    assert sorted(each.status_code for each in made) == [201, 409, 409]


def test_others_have_a_turn_while_a_snapshot_is_read(door: Door) -> None:
    saved = door.get("/_mock/snapshot").content
    usual = turns_while(door, "PUT", "/_mock/faults", content=b"{}", status=405)
    assert turns_while(door, "PUT", "/_mock/snapshot", content=saved) > usual


@pytest.mark.slow(is_covering=True)
def test_line_about_a_delivery_costs_the_same_however_much_its_webhook_was_told(door: Door) -> None:
    given = {"url": "http://127.0.0.1:9/w", "secret": "s" * 32, "event_subscriptions": [{"event_type_code": "run.completed"}]}
    webhook = ok(door.post("/v1/webhooks", given, key=door.admin_key), 201)["id"]
    paths = ("/_mock/deliveries?limit=1", f"/v1/webhooks/{webhook}/deliveries?limit=1")

    def lines(runs: int) -> list[int]:
        for _ in range(runs):
            ok(door.post(RUNS, {"input": INPUT}), 201)
        door.settle()
        door.delete("/_mock/journal")
        return [lines_run(partial(door.get, path, key=door.admin_key)) for path in paths]

    lines(1)
    few = lines(1)
    assert all(many < 1.2 * usual for usual, many in zip(few, lines(30), strict=True))


@pytest.mark.parametrize("path", ["/v1/webhooks/{id}", "/v1/webhooks", "/v1/webhooks?fields=id,deliveries"])
def test_others_have_a_turn_between_the_deliveries_that_a_webhook_shows(door: Door, path: str) -> None:
    given = {"url": "http://127.0.0.1:9/w", "secret": "s" * 32, "event_subscriptions": [{"event_type_code": "run.completed"}]}
    webhook = ok(door.post("/v1/webhooks", given, key=door.admin_key), 201)["id"]
    shown = path.format(id=webhook)
    embedding = f"{shown}{'&' if '?' in shown else '?'}embed=deliveries"
    for _ in range(10):
        ok(door.post(RUNS, {"input": INPUT, "metadata": {"note": "x" * (PIECE_BYTES // 5)}}), 201)
    door.settle()
    assert turns_while(door, "GET", embedding, key=door.admin_key) >= turns_while(door, "GET", shown, key=door.admin_key) + 2
    told = ok(door.get(embedding, key=door.admin_key))
    (one,) = told.get("items", [told])
    assert one["deliveries"] == ok(door.get(f"/v1/webhooks/{webhook}/deliveries", key=door.admin_key))["items"][::-1]


def test_attempts_that_tell_a_webhook_of_different_runs_are_not_compared() -> None:
    with Door(sender=RecordingSender(500)) as door:
        given = {"url": "http://127.0.0.1:9/w", "secret": "s" * 32, "event_subscriptions": [{"event_type_code": "run.completed"}]}
        ok(door.post("/v1/webhooks", given, key=door.admin_key), 201)
        for _ in range(2):
            ok(door.post(RUNS, {"input": INPUT}), 201)
        ok(door.post("/_mock/clock/advance", {"by": "1m"}))
        rows = ok(door.get("/_mock/deliveries?limit=2"))["items"]
        assert {row["verdict"] for row in rows} == {"delivered", "fixed"}


def test_window_is_the_same_in_pieces() -> None:
    numbers = list(range(3 * RECORDS_AT_ONCE))
    whole, odd = (read_window({"limit": "2", "offset": "1", **more}, "kind") for more in ({}, {"kind": "odd"}))
    assert whole is not None
    assert odd is not None

    async def story(window: Window) -> tuple[tuple[list[int], int], int]:
        looking, turns = asyncio.ensure_future(look(numbers, window, lambda number: number % 2 == 1)), 0
        while not looking.done():
            turns += 1
            await asyncio.sleep(0)
        return await looking, turns

    last = len(numbers) - 1
    assert asyncio.run(story(whole)) == (([last - 1, last - 2], len(numbers)), 1)
    assert asyncio.run(story(odd)) == (([last - 2, last - 4], len(numbers) // 2), 3)


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


@pytest.mark.slow(is_covering=True)
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


@pytest.mark.slow(is_covering=True)
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
