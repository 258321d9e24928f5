"""Judging ahead: what is judged before anybody asks, and what is left until somebody does."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from sys import maxsize
from typing import Any

import pytest
from doors import MANUAL, Door
from msgspec.structs import replace
from steps import RUNS, ok

from runflow_mock.runtime.judging_ahead import QUIET_REQUESTS_MAX, REFUSAL_BYTES, REFUSAL_EXCHANGES, WAITING_MAX
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.control.tenants import JUDGED_MAX, JUDGED_OF_ONE_MAX

TURNS = 3
"""After so many turns of the loop everything has been done that a request has left to do."""


def tenant_of(door: Door, name: str = "test") -> Tenant:
    found = door.runtime.tenants.get(name)
    assert found is not None
    return found


def look(door: Door, tenant: Tenant, seen: int) -> None:
    """What the runtime does a moment after it has seen so many exchanges."""

    async def begin() -> None:
        await door.runtime.judgings.prepared()
        door.runtime.judgings.ahead.look(tenant, seen)

    door._loop.run_until_complete(begin())


def test_filling_journal_is_judged_while_its_tenant_is_quiet() -> None:
    with Door(limits=replace(MANUAL.limits, journal_max=20)) as door:
        for _ in range(12):
            ok(door.get("/v1/runs"))
        tenant = tenant_of(door)
        assert tenant.journal.judge_at == maxsize, "it has been asked for"
        look(door, tenant, 12)
        for _ in range(20):
            ok(door.get("/v1/runs/statuses"))
        judged = door.runtime.judgings.of(tenant)
        assert (judged.counts["list_runs"].exchanges, judged.unjudged) == (12, 0)


class Unworked(ThreadPoolExecutor):
    """Takes note of what it is given, and never comes to it."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[Any] = []

    def submit(self, work: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        self.given.append(work)
        return Future()


def test_what_judges_is_loaded_once_however_often_one_looks_meanwhile() -> None:
    executor = Unworked()

    async def look_often(tenant: Tenant) -> None:
        asyncio.get_running_loop().set_default_executor(executor)
        for _ in range(3):
            door.runtime.judgings.ahead.look(tenant, 1)

    with Door() as door:
        ok(door.get("/v1/runs"))
        tenant = tenant_of(door)
        door._loop.run_until_complete(look_often(tenant))
    assert len(executor.given) == 1


def test_busy_tenant_is_not_judged() -> None:
    # The journal does not fill: otherwise a look of its own comes after a tenth of a second, and finds a slow machine quiet.
    with Door(limits=replace(MANUAL.limits, journal_max=100)) as door:
        for _ in range(30):
            ok(door.get("/v1/runs"))
        tenant = tenant_of(door)
        look(door, tenant, 30 - QUIET_REQUESTS_MAX - 1)
        assert door.runtime.judgings.of(tenant).untouched == 30


def test_journal_that_does_not_fill_is_left_alone_until_it_is_read() -> None:
    with Door(limits=replace(MANUAL.limits, journal_max=20)) as door:
        for _ in range(9):
            ok(door.get("/v1/runs"))
        tenant = tenant_of(door)
        assert tenant.journal.total < tenant.journal.judge_at


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def send(door: Door, path: str, count: int) -> Tenant:
    """Sends one request so often, where everything is loaded that judges, and returns the tenant."""
    door.run(door.runtime.judgings.prepared())
    for _ in range(count):
        door.get(path)
        door.run(turns(TURNS))
    return tenant_of(door)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("path", ["/v1/runs?limit=0", "/v1/rnus"])
def test_exchanges_of_a_client_that_is_refused_again_and_again_do_not_wait_for_a_reader(path: str) -> None:
    with Door() as door:
        tenant = send(door, path, 2 * WAITING_MAX)
        assert door.runtime.judgings.of(tenant).untouched == WAITING_MAX


@pytest.mark.slow(is_covering=True)
def test_exchanges_of_a_client_that_is_not_refused_are_left_until_somebody_reads() -> None:
    with Door() as door:
        tenant = send(door, "/v1/runs", WAITING_MAX + 10)
        assert door.runtime.judgings.of(tenant).untouched == WAITING_MAX + 10


@pytest.mark.slow(is_covering=True)
def test_one_refusal_among_many_answers_has_a_few_exchanges_judged() -> None:
    with Door() as door:
        send(door, "/v1/runs", WAITING_MAX + 10)
        tenant = send(door, "/v1/runs?limit=0", 1)
        assert door.runtime.judgings.of(tenant).untouched == WAITING_MAX + 11 - REFUSAL_EXCHANGES


def test_few_refusals_are_left_until_somebody_reads() -> None:
    with Door() as door:
        tenant = send(door, "/v1/runs?limit=0", 5)
        assert door.runtime.judgings.of(tenant).untouched == 5


def filled(door: Door, name: str = "test") -> Tenant:
    """Returns a tenant of whose exchanges more wait than may."""
    ok(door.get("/v1/runs", key=f"rf_live_mock_{name}"))
    tenant = tenant_of(door, name)
    first = tenant.journal.last
    assert first is not None
    for number in range(2, WAITING_MAX + 10):
        tenant.journal.record(replace(first, number=number))
    return tenant


def test_what_a_refusal_has_judged_keeps_its_own_answer_from_nothing() -> None:
    async def refuse() -> list[int]:
        await door.runtime.judgings.prepared()
        judging = door.runtime.judgings.of(tenant)
        door.runtime.judgings.ahead.refused(tenant)
        # An answer that is written now leaves with this turn of the loop.
        left = list[int]()
        asyncio.get_running_loop().call_soon(lambda: left.append(judging.untouched))
        await turns(TURNS)
        return [*left, judging.untouched]

    with Door() as door:
        tenant = filled(door)
        waiting = len(tenant.journal)
        assert door.run(refuse()) == [waiting, waiting - REFUSAL_EXCHANGES]


def test_nothing_is_judged_of_a_tenant_that_was_dropped_meanwhile() -> None:
    async def refuse_and_drop() -> None:
        await door.runtime.judgings.prepared()
        door.runtime.judgings.ahead.refused(tenant)
        door.runtime.tenants.drop("test")
        await turns(TURNS)

    with Door() as door:
        tenant = filled(door)
        door.run(refuse_and_drop())
        assert door.runtime.judgings.of(tenant).untouched == len(tenant.journal)


def test_refusal_has_what_judges_loaded_beside_the_loop() -> None:
    executor = Unworked()

    async def refuse() -> None:
        asyncio.get_running_loop().set_default_executor(executor)
        door.runtime.judgings.ahead.refused(tenant)
        await turns(TURNS)

    with Door() as door:
        tenant = filled(door)
        door.run(refuse())
        assert len(executor.given) == 1
        assert door.runtime.judgings.of(tenant).untouched == len(tenant.journal)


SECRET = "Kq7Zt2Lm9vBx4-callback"


showing = pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", RUNS, {"input": {}, "metadata": {"note": SECRET}, "client_reff": 1}),
        ("POST", RUNS, {"input": {SECRET: 1}, SECRET: 1}),
        ("GET", f"/v1/{SECRET}", None),
        ("GET", f"/v1/runs?limit=0&{SECRET}=1", None),
    ],
    ids=["a value", "names of fields", "a path", "a name in a query"],
)
LOOKED_AT = ("/_mock/report", "/_mock/journal?limit=9", "/_mock/journal.har", "/_mock/report")


@showing
def test_secret_that_is_learned_after_judging_ahead_is_shown_nowhere(method: str, path: str, body: object) -> None:
    with Door() as door:
        door.run(door.runtime.judgings.prepared())
        door.request(method, path, json=body)
        tenant = tenant_of(door)
        judging = door.runtime.judgings.of(tenant)
        judging.judge_ahead(REFUSAL_EXCHANGES, REFUSAL_BYTES)
        assert judging.untouched == 0
        ok(door.post("/v1/webhooks", {"url": "https://example.com/hook", "secret": SECRET}), 201)
        assert [path for path in LOOKED_AT if SECRET in door.get(path).text] == []


@showing
def test_secret_that_is_learned_after_somebody_has_read_it_is_shown_no_more(method: str, path: str, body: object) -> None:
    with Door() as door:
        door.request(method, path, json=body)
        assert SECRET in [door.get(path).text for path in LOOKED_AT][1]
        ok(door.post("/v1/webhooks", {"url": "https://example.com/hook", "secret": SECRET}), 201)
        assert [path for path in LOOKED_AT if SECRET in door.get(path).text] == []


def test_what_was_judged_ahead_is_not_judged_again_by_who_reads() -> None:
    with Door() as door:
        tenant = filled(door)
        judging = door.runtime.judgings.of(tenant)
        judging.judge_ahead(REFUSAL_EXCHANGES, REFUSAL_BYTES)
        ahead = [judging.knows(exchange) for exchange in tenant.journal.as_read()]
        assert ahead == [True] * REFUSAL_EXCHANGES + [False] * (len(ahead) - REFUSAL_EXCHANGES)
        assert judging.counts["list_runs"].exchanges == len(ahead)


def test_what_is_not_small_is_left_to_who_asks() -> None:
    with Door() as door:
        tenant = filled(door)
        first = tenant.journal.last
        assert first is not None
        big = replace(first, number=tenant.journal.total + 1, request_body=b" " * REFUSAL_BYTES)
        tenant.journal.record(big)
        judging = door.runtime.judgings.of(tenant)
        while judging.untouched:
            judging.judge_ahead(REFUSAL_EXCHANGES, REFUSAL_BYTES)
        assert [exchange.number for exchange in tenant.journal.as_read() if not judging.knows(exchange)] == [big.number]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("count", [2, JUDGED_MAX // JUDGED_OF_ONE_MAX + 3, JUDGED_MAX + 1])
def test_every_look_at_many_tenants_gets_further_with_each(count: int) -> None:
    limits = replace(MANUAL.limits, journal_max=10 * WAITING_MAX)
    with Door(tenants_max=2 * JUDGED_MAX, limits=limits) as door:
        judgings = [door.runtime.judgings.of(filled(door, f"t{number}")) for number in range(count)]
        share = min(JUDGED_OF_ONE_MAX, max(1, JUDGED_MAX // count))
        for turn in (1, 2):
            ok(door.get("/_mock/tenants?limit=200", key=None))
            assert {judging.waiting for judging in judgings} == {WAITING_MAX + 9 - turn * share}
