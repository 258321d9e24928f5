import asyncio
from collections.abc import Callable, Sequence
from threading import Thread, current_thread
from typing import Any

import pytest
from doors import Door
from exchanges import create, exchange, exchange_at, read
from msgspec.structs import replace
from steps import RUNS, ok

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import Findings, Severity
from runflow_mock.domain.scrubbing import Scrubber, mask
from runflow_mock.domain.verdicts import Judgement, Verdict
from runflow_mock.engine.journal import Journal
from runflow_mock.openapi.contract_judge import Judge
from runflow_mock.openapi.contracts import Contract, packaged_contract
from runflow_mock.runtime.judging import READ_STEP_EXCHANGES, Judging
from runflow_mock.runtime.judgings import SEQUENCE_AT_ONCE, SEQUENCE_BYTES_AT_ONCE
from runflow_mock.runtime.reports import report_on


def judging(journal: Journal, *, is_paced: bool = True) -> Judging:
    return Judging(Judge(packaged_contract(), lambda path: None), journal, is_paced=is_paced)


def record(journal: Journal, *exchanges: Any) -> None:
    for found in exchanges:
        journal.record(exchange_at(float(journal.total), found, journal.total + 1))


def test_counts_hold_what_has_left_the_journal() -> None:
    journal = Journal(2, 10_000)
    judged = judging(journal)
    for _ in range(3):
        record(journal, read(), exchange("GET", "/v1/runs?limit=0", 422, answer={"errors": []}))
        judged.catch_up()
    counts = judged.counts
    assert {name: count.exchanges for name, count in counts.items()} == {"get_run": 3, "list_runs": 3}
    assert counts["list_runs"].of(Severity.VIOLATION) == {"minimum": 3, "refused": 3}
    assert counts["list_runs"].statuses == {422: 3}
    assert judged.unjudged == 0


def test_what_left_before_anybody_looked_is_counted_as_that() -> None:
    journal = Journal(2, 10_000)
    judged = judging(journal)
    record(journal, *[read()] * 5)
    assert (judged.unjudged, judged.counts["get_run"].exchanges) == (3, 2)


def test_broken_rule_stays_broken_when_its_evidence_has_left() -> None:
    journal = Journal(2, 10_000)
    judged = judging(journal)
    record(journal, create(422), create(422))
    judged.verdicts()
    record(journal, read(), read())
    verdict = next(verdict for verdict in judged.verdicts() if verdict.rule == "retry-refused")
    assert (verdict.judgement, verdict.broken) == (Judgement.BROKEN, 1)


def test_cleared_journal_begins_anew() -> None:
    journal = Journal(10, 10_000)
    judged = judging(journal)
    record(journal, create(422), create(422))
    assert judged.counts
    judged.verdicts()
    journal.clear()
    record(journal, read())
    assert {name: count.exchanges for name, count in judged.counts.items()} == {"get_run": 1}
    assert not [verdict.rule for verdict in judged.verdicts() if verdict.broken]


def test_findings_are_kept_for_the_journal_only() -> None:
    journal = Journal(2, 10_000)
    judged = judging(journal)
    for _ in range(5):
        record(journal, read())
        assert {judged.findings(found).operation for found in journal.as_read()} == {"get_run"}
        assert len(judged._early) <= 3
    judged.catch_up()
    assert (len(judged._findings), judged._early) == (2, {})


class Counting(Judge):
    """Notes which exchanges are judged."""

    def __init__(self) -> None:
        super().__init__(packaged_contract(), lambda path: None)
        self.judged: list[int] = []

    def judge(self, exchange: Exchange) -> Findings:
        """Judges an exchange."""
        self.judged.append(exchange.number)
        return super().judge(exchange)


def test_exchange_that_is_judged_before_its_turn_is_judged_once_and_counted_in_turn() -> None:
    journal = Journal(10, 10_000)
    judge = Counting()
    judged = Judging(judge, journal, is_paced=True)
    record(journal, *[read()] * 3)
    last = journal.latest(1)[0]
    assert judged.findings(last) == judged.findings(last)
    assert judge.judged == [3]
    assert judged.counts["get_run"].exchanges == 3
    assert judge.judged == [3, 1, 2]


def test_exchange_of_before_the_journal_was_cleared_is_not_taken_for_one_of_its_number() -> None:
    journal = Journal(10, 10_000)
    judged = judging(journal)
    record(journal, read())
    old = journal.latest(1)[0]
    journal.clear()
    journal.record(replace(exchange_at(0.0, exchange("GET", "/v1/nothing", 404), 1), id="another"))
    assert judged.findings(old).operation == "get_run"
    assert judged.findings(journal.latest(1)[0]).operation is None
    assert not judged.knows(old)


def test_verdicts_of_before_a_clearing_or_a_later_look_are_not_taken() -> None:
    journal = Journal(10, 10_000)
    judged = judging(journal)
    record(journal, create(422), create(422))
    before = judged.look_at(journal.as_read())
    record(journal, read())
    latest = judged.verdicts()
    judged.conclude(before, 2, journal.clearings)
    assert judged.verdicts() is latest
    journal.clear()
    judged.conclude(before, 2, journal.clearings - 1)
    assert not [verdict.rule for verdict in judged.verdicts() if verdict.broken]


def verdicts_after(change: Callable[[Journal], None]) -> tuple[Sequence[Verdict], Judging]:
    """The verdicts on what was read of a long journal of refusals, which changes while they are found; and what judges."""
    with Door() as door:
        ok(door.get("/v1/runs"))
        tenant, judgings = door.runtime.tenants.get("test"), door.runtime.judgings
        assert tenant is not None
        record(tenant.journal, *[create(422)] * (SEQUENCE_AT_ONCE + 1))

        async def found() -> Sequence[Verdict]:
            await judgings.prepared()
            exchanges = await judgings.read(tenant)
            change(tenant.journal)
            finding = asyncio.create_task(judgings.verdicts(tenant, exchanges))
            await asyncio.sleep(0)
            record(tenant.journal, read())
            return await finding

        return asyncio.run(found()), judgings.of(tenant)


def test_what_was_read_before_a_clearing_breaks_no_rule_after_it() -> None:
    verdicts, judged = verdicts_after(Journal.clear)
    assert [verdict.rule for verdict in (*verdicts, *judged.verdicts()) if verdict.broken] == []


def test_what_comes_while_verdicts_are_found_is_left_to_whoever_asks_next() -> None:
    verdicts, judged = verdicts_after(lambda journal: None)
    assert [verdict.rule for verdict in verdicts if verdict.broken] == ["retry-refused"]
    assert not judged.is_concluded


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(("note", "is_beside"), [(10, False), (SEQUENCE_BYTES_AT_ONCE // 5, True)], ids=["short", "long"])
def test_long_bodies_are_looked_at_beside_the_loop_however_few(note: int, is_beside: bool) -> None:
    """A hundred requests with 60 kB each held everybody up for two seconds: only their number was looked at."""
    threads = set[Thread]()

    class Watched(Judging):
        def look_at(self, exchanges: Sequence[Exchange]) -> tuple[Verdict, ...]:
            threads.add(current_thread())
            return super().look_at(exchanges)

    with Door() as door:
        ok(door.get("/v1/runs"))
        tenant, judgings = door.runtime.tenants.get("test"), door.runtime.judgings
        assert tenant is not None
        judgings._known[tenant.journal] = Watched(Judge(packaged_contract(), lambda path: None), tenant.journal, is_paced=True)
        record(tenant.journal, *[exchange("POST", RUNS, 201, body={"metadata": {"note": "x" * note}})] * 5)

        async def found() -> None:
            await judgings.verdicts(tenant, await judgings.read(tenant))

        asyncio.run(found())
    assert (len(threads), current_thread() not in threads) == (1, is_beside)


def test_journal_is_acquitted_without_being_judged_until_a_violation_comes() -> None:
    journal = Journal(10, 10_000)
    judged = judging(journal)
    record(journal, read(), read(), read())
    assert [judged.acquits(2), judged.acquits(2)] == [None, True]
    assert judged.is_behind
    record(journal, exchange("GET", "/v1/runs?limit=0", 200))
    assert [judged.acquits(), judged.acquits()] == [False, False]
    journal.clear()
    record(journal, read())
    assert judged.acquits() is True


def test_what_is_acquitted_is_not_changed_by_a_mask() -> None:
    scrubber = Scrubber()
    scrubber.learn("0199f8a2-7b3c-4d5e-8f90-a1b2c3d4e5f6")
    journal = Journal(10, 10_000, scrubber)
    judged = judging(journal)
    record(journal, exchange("GET", "/v1/runs/0199f8a2-7b3c-4d5e-8f90-a1b2c3d4e5f6"))
    assert judged.acquits() is True
    assert [found.target for found in journal.as_read()] == ["/v1/runs/" + mask(36).decode()]


def test_what_was_judged_already_is_acquitted_by_its_findings() -> None:
    journal = Journal(10, 10_000)
    judged = judging(journal)
    record(journal, read(), exchange("GET", "/v1/nothing", 404))
    judged.catch_up()
    judged.judge = Judge(Contract({"openapi": "3.1.0", "paths": {}}), lambda path: None)
    assert judged.acquits() is False


def test_journal_that_has_dropped_exchanges_is_acquitted_by_those_that_are_left() -> None:
    journal = Journal(2, 10_000)
    judged = judging(journal)
    record(journal, exchange("GET", "/v1/nothing", 404), read(), read())
    assert judged.acquits() is True


@pytest.mark.parametrize("key", ["a", "b"])
def test_tenants_are_judged_apart(key: str) -> None:
    with Door() as door:
        door.post(RUNS, {}, key="rf_live_mock_a")
        door.get("/v1/runs", key="rf_live_mock_b")
        tenant = door.runtime.tenants.get(key)
        assert tenant is not None
        counts = door.runtime.judgings.of(tenant).counts
    assert set(counts) == {"create_run" if key == "a" else "list_runs"}


@pytest.mark.slow(is_covering=True)
def test_others_have_their_turn_while_a_long_journal_is_judged() -> None:
    count = 10 * READ_STEP_EXCHANGES
    with Door() as door:
        for _ in range(count):
            door.get("/v1/rnus")
        tenant = door.runtime.tenants.get("test")
        assert tenant is not None

        async def read() -> int:
            task = asyncio.create_task(door.runtime.judgings.caught_up(tenant))
            turns = await turns_during(task)
            assert not (await task).is_behind
            return turns

        assert asyncio.run(read()) >= 10


@pytest.mark.slow(is_covering=True)
def test_others_have_their_turn_while_a_long_journal_is_acquitted() -> None:
    with Door() as door:
        for _ in range(10 * READ_STEP_EXCHANGES):
            ok(door.get("/v1/runs"))
        tenant = door.runtime.tenants.get("test")
        assert tenant is not None

        async def read() -> int:
            task = asyncio.create_task(door.runtime.judgings.acquitted(tenant))
            turns = await turns_during(task)
            assert await task
            return turns

        assert asyncio.run(read()) >= 10


async def turns_during(task: asyncio.Task[Any]) -> int:
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    return turns


def test_what_comes_while_a_report_is_made_is_not_judged_for_it() -> None:
    """A client that went on had a thousand requests judged in one step."""
    with Door() as door:
        ok(door.get("/v1/runs"))
        ok(door.get("/_mock/report"))
        for _ in range(3):
            ok(door.get("/v1/runs"))
        tenant = door.runtime.tenants.get("test")
        assert tenant is not None
        report = report_on(door.runtime, tenant, ())
        assert (report.exchanges, report.unjudged, report.waiting, report.operations["list_runs"].exchanges) == (4, 0, 3, 1)
        assert ok(door.get("/_mock/report"))["exchanges"] == {"total": 4, "dropped": 0, "unjudged": 0, "waiting": 0}


def test_report_is_not_clean_while_something_waits_to_be_judged() -> None:
    """A request that led nowhere came while the report was made, and the report said that all was well."""
    with Door() as door:
        ok(door.get("/v1/runs"))
        assert ok(door.get("/_mock/report"))["clean"]
        door.get("/v1/rnus")
        tenant = door.runtime.tenants.get("test")
        assert tenant is not None
        report = report_on(door.runtime, tenant, ())
        assert (report.is_clean, report.waiting, report.unjudged, report.unmatched) == (False, 1, 0, ())


def test_what_waits_and_what_has_left_are_counted_apart() -> None:
    journal = Journal(2, 10_000)
    judged = judging(journal)
    record(journal, *[read()] * 5)
    so_far = judged.so_far()
    assert (so_far.judged, so_far.unjudged, so_far.waiting) == ([], 3, 2)


def test_nothing_is_looked_at_for_a_report_after_a_journal_was_cleared() -> None:
    journal = Journal(100, 100_000)
    judged = judging(journal)
    record(journal, create(422), create(422))
    judged.catch_up()
    judged.verdicts()
    journal.clear()
    record(journal, create(422), create(422))
    so_far = judged.so_far()
    assert (so_far.judged, so_far.counts, so_far.waiting) == ([], {}, 2)
    assert {verdict.judgement for verdict in so_far.verdicts} == {Judgement.NOT_EXERCISED}


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("count", [SEQUENCE_AT_ONCE // 2, SEQUENCE_AT_ONCE + 1])
def test_no_more_is_looked_at_for_verdicts_than_was_read(count: int) -> None:
    class Watched(Judging):
        def look_at(self, exchanges: Sequence[Exchange]) -> tuple[Verdict, ...]:
            looks.append(len(exchanges))
            return super().look_at(exchanges)

    looks = list[int]()
    with Door() as door:
        ok(door.get("/v1/runs"))
        tenant, judgings = door.runtime.tenants.get("test"), door.runtime.judgings
        assert tenant is not None
        journal = tenant.journal
        judgings._known[journal] = Watched(Judge(packaged_contract(), lambda path: None), journal, is_paced=True)
        record(journal, *[read()] * (count - 1))

        async def found() -> None:
            exchanges = await judgings.read(tenant)
            record(journal, *[read()] * 500)
            await judgings.verdicts(tenant, exchanges)

        asyncio.run(found())
    assert looks == [count]
