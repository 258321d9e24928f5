"""Many rules and much that they are held against: others have their turn, and no rule costs every moment more than it may."""

import asyncio
from time import thread_time

import pytest
from doors import Door
from loop_turns import BATCH, ITEMS, Fake, Turns
from steps import INPUT, Body, ok, refusal
from worlds import START

from runflow_mock.domain.documents import write_document
from runflow_mock.domain.fault_kinds import Fail
from runflow_mock.domain.faults import NO_DECISION, FaultRule, choose
from runflow_mock.domain.identity import RuleId
from runflow_mock.domain.places import Subject, Where
from runflow_mock.domain.seeds import Seed

RULES = 100


def rule(number: int, what: Body) -> Body:
    return {"where": {"input": {"image_url": f"https://cdn.example.com/{number}"}}, "what": what}


async def with_rules(fake: Fake, what: Body) -> None:
    for number in range(RULES):
        assert (await fake.ask("POST", "/_mock/faults", "late", rule(number, what)).answer())[0] == 201


@pytest.mark.slow(is_covering=True)
def test_others_are_answered_while_a_long_batch_is_held_against_many_rules() -> None:
    """Two thousand items and five hundred rules held everybody for three seconds of work."""

    async def tell() -> int:
        fake = Fake()
        await with_rules(fake, {"kind": "answer", "status": 503})
        asked, others = fake.ask("POST", "/v1/batches", "late", BATCH), 0
        while not asked.has_answer:
            others += await fake.ask("GET", "/v1/runs", "other").is_answered()
        assert (await asked.answer())[0] == 201
        await fake.runtime.close()
        return others

    assert asyncio.run(tell()) >= 2 * ITEMS * RULES // 2_000


@pytest.mark.slow(is_covering=True)
def test_item_that_was_chosen_ahead_is_chosen_anew_once_the_rules_are_others() -> None:
    async def tell() -> list[int]:
        fake, statuses = Fake(), list[int]()
        await with_rules(fake, {"kind": "answer", "status": 503})
        for body in (BATCH, {**BATCH, "items": [*BATCH["items"], {"input": {"image_url": "https://cdn.example.com/7"}}]}):
            statuses.append((await fake.ask("POST", "/v1/batches", "late", body).answer())[0])
        asked = fake.ask("POST", "/v1/batches", "late", BATCH)
        await asyncio.sleep(0)
        first = {"where": {"input": INPUT | {"image_url": "https://cdn.example.com/a.png"}}, "what": {"kind": "answer", "status": 502}}
        made = fake.ask("POST", "/_mock/faults", "late", first)
        statuses += [(await each.answer())[0] for each in (made, asked)]
        await fake.runtime.close()
        return statuses

    assert asyncio.run(tell()) == [201, 503, 201, 502]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("verb", ["clock/run-until-idle", "clock/advance"])
def test_fewer_timers_have_one_turn_where_each_is_held_against_many_rules(verb: str) -> None:
    async def tell() -> int:
        turns = Turns()
        fake = Fake(turns)
        await with_rules(fake, {"kind": "fail"})
        assert (await fake.ask("POST", "/v1/batches", "late", BATCH).answer())[0] == 201
        body = {"by": "1h"} if verb == "clock/advance" else {}
        most = await turns.most_during(fake.ask("POST", f"/_mock/{verb}", "late", body).answer())
        await fake.runtime.close()
        return most

    # The advance and the alarm of the clock bring on four each.
    assert asyncio.run(tell()) <= 8


@pytest.mark.slow(is_covering=True)
def test_long_input_is_read_once_for_all_rules() -> None:
    """With two hundred rules a request of 1.6 MB took ten seconds of work."""
    rules = [FaultRule(id=RuleId(str(number)), where=Where(input=write_document({"a": number})), what=Fail()) for number in range(200)]
    subject = Subject(input=write_document([{"a": 1}] * 20_000))
    seconds = [_seconds_to_choose(some, subject) for some in (rules[:1], rules)]
    assert seconds[1] < 20 * max(seconds[0], 0.001)


def _seconds_to_choose(rules: list[FaultRule], subject: Subject) -> float:
    def choose_once() -> float:
        began = thread_time()
        assert choose(rules, {Fail}, subject, START, Seed(b"0")) == NO_DECISION
        return thread_time() - began

    return min(choose_once() for _ in range(3))


@pytest.mark.parametrize("path", ["/_mock/faults", "/_mock/stubs"])
def test_place_of_a_rule_has_small_documents(door: Door, path: str) -> None:
    """Every request was held against four megabytes of each of twenty rules, which took two seconds."""
    place = {"input": {"note": "x" * 10_000}, "metadata": {"note": "x" * 10_000}}
    sent = {"where": place, "what": {"kind": "fail"}} if path.endswith("faults") else {**place, "output": {}}
    assert "have 20022 bytes together; 16384 are possible" in refusal(door.post(path, sent), 422)


@pytest.mark.slow(is_covering=True)
def test_documents_of_all_places_together_have_a_bound(door: Door) -> None:
    sent = {"where": {"input": {"note": "x" * 16_000}}, "what": {"kind": "fail"}}
    for _ in range(65):
        ok(door.post("/_mock/faults", sent), 201)
    assert "place_bytes_max is 1048576" in refusal(door.post("/_mock/faults", sent), 409, "limit")
    ok(door.post("/_mock/faults", {"what": {"kind": "fail"}}), 201)
