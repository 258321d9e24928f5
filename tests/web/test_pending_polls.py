"""Polls that take more than one turn, beside others and beside work that nobody asked for: each brings about its own change and no more."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from loop_turns import BATCH, ITEMS, Fake, Turns

from runflow_mock.domain.batches import Batch
from runflow_mock.runtime.observers import NullObserver
from runflow_mock.runtime.runtime import YIELD_EVERY_TIMERS
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.wire.timeline import Step

pytestmark = pytest.mark.slow(is_covering=True)
AUTO = {"name": "auto", "clock": "auto", "balance": "100000.00", "batch_limit": ITEMS}
RUN = {"input": {"image_url": "https://cdn.example.com/a.png"}}
SYNCHRONOUS = {"input": {"prompt": "a shoe", "sync_mode": True}}
RUNS = "/v1/models/runflow/background-removal/runs"
A_DAY_LATE = {"where": {"edge": "run.dispatching->running", "client_ref": "late"}, "what": {"kind": "delay", "by": "24h"}}
HELD = {"where": {"edge": "run.running->succeeded", "client_ref": "held"}, "what": {"kind": "after_polls", "polls": 2}}
HOURS_LATE = {"where": {"edge": "run.queued->dispatching"}, "what": {"kind": "delay", "by": "1h"}}


async def sent(fake: Fake, method: str, path: str, body: object = None) -> Any:
    """What the answer to a request says that was not refused."""
    status, told = await fake.ask(method, path, "auto", body).answer()
    assert status < 300, told
    return told


async def made(fake: Fake, *rules: object, items: int = ITEMS) -> tuple[Tenant, str]:
    """A tenant whose time moves on with polls, with a batch."""
    await sent(fake, "POST", "/_mock/tenants", AUTO)
    for rule in rules:
        await sent(fake, "POST", "/_mock/faults", rule)
    batch = await sent(fake, "POST", "/v1/batches", {**BATCH, "items": [RUN] * items})
    tenant = fake.runtime.tenants.get("auto")
    assert tenant is not None
    return tenant, batch["id"]


async def rest(tenant: Tenant) -> None:
    """Lets all happen that polls have left."""
    for _ in range(1_000):
        await asyncio.sleep(0)


def statuses(tenant: Tenant, run_id: str) -> tuple[str, str]:
    """How a run stands, and the only batch."""
    batch: Batch
    (batch,) = tenant.world.store.batches.values()
    return next(run.status for run in tenant.world.store.runs.values() if run.id == run_id), batch.status


@pytest.mark.parametrize("items", [YIELD_EVERY_TIMERS - 1, ITEMS])
@pytest.mark.parametrize("way", ["wait", "synchronous run"])
def test_whoever_waits_brings_no_more_about_than_that(way: str, items: int) -> None:
    async def tell() -> str:
        fake = Fake()
        tenant, batch_id = await made(fake, A_DAY_LATE, items=items)
        late = await sent(fake, "POST", RUNS, {**RUN, "client_ref": "late"})
        if way == "wait":
            await sent(fake, "POST", "/_mock/wait", {"for": {"batch": batch_id}, "timeout": 60})
        else:
            ended = await sent(fake, "POST", "/v1/models/google/nano-banana-pro/runs", SYNCHRONOUS)
            assert ended["status_code"] == "succeeded"
        await rest(tenant)
        status, of_batch = statuses(tenant, late["id"])
        assert way != "wait" or of_batch == "succeeded"
        await fake.runtime.close()
        return status

    assert asyncio.run(tell()) == "dispatching"


@pytest.mark.parametrize("items", [3, ITEMS])
def test_clients_that_were_told_the_same_wait_for_one_change(items: int) -> None:
    async def tell() -> tuple[list[str], tuple[str, str]]:
        fake = Fake()
        tenant, batch_id = await made(fake, A_DAY_LATE, items=items)
        late = await sent(fake, "POST", RUNS, {**RUN, "client_ref": "late"})
        path = f"/v1/batches/{batch_id}"
        await sent(fake, "GET", path)
        # Such an answer leaves in a later turn than the one in which it was made.
        await sent(fake, "POST", "/_mock/faults", {"where": {"operation": "get_batch"}, "what": {"kind": "latency", "seconds": 0}})
        told = await asyncio.gather(*(sent(fake, "GET", path) for _ in range(3)))
        await rest(tenant)
        await fake.runtime.close()
        return [each["status_code"] for each in told], statuses(tenant, late["id"])

    assert asyncio.run(tell()) == (["running"] * 3, ("dispatching", "succeeded"))


def test_poll_that_rules_count_stands_behind_what_others_left() -> None:
    async def tell() -> tuple[int, int]:
        turns = Turns()
        fake = Fake(turns)
        tenant, batch_id = await made(fake, HELD)
        held = await sent(fake, "POST", RUNS, {**RUN, "client_ref": "held"})
        await sent(fake, "GET", f"/v1/batches/{batch_id}")
        await sent(fake, "POST", "/_mock/faults", {"where": {"operation": "get_run"}, "what": {"kind": "latency", "seconds": 0}})

        async def both() -> None:
            counted = fake.ask("GET", f"/v1/runs/{held['id']}", "auto")
            # That answer leaves in a later turn: the poll of the batch is under way by then.
            assert (await fake.ask("GET", f"/v1/batches/{batch_id}", "auto").answer())[0] == 200
            assert (await counted.answer())[0] == 200
            await rest(tenant)

        most = await turns.most_during(both())
        polls = next(run.polls for run in tenant.world.store.runs.values() if run.id == held["id"])
        await fake.runtime.close()
        return most, polls

    most, polls = asyncio.run(tell())
    assert (most <= 4 * YIELD_EVERY_TIMERS, polls) == (True, 1), most


def test_what_a_poll_left_goes_on_where_a_clock_passes_slowly() -> None:
    async def tell() -> tuple[int, str]:
        fake = Fake()
        tenant, batch_id = await made(fake, HOURS_LATE)
        await sent(fake, "POST", "/_mock/clock/scale", {"factor": 0.001})
        await sent(fake, "GET", f"/v1/batches/{batch_id}")
        await rest(tenant)
        (batch,) = tenant.world.store.batches.values()
        await fake.runtime.close()
        return len(tenant.polls), batch.status

    assert asyncio.run(tell()) == (0, "running")


class FailingOnce(NullObserver):
    """Has a bug at one step, once it is armed."""

    is_armed = False

    @property
    def is_listening(self) -> bool:  # type: ignore[override]
        """Whether the next step fails."""
        return self.is_armed

    def steps(self, tenant: str, steps: Sequence[Step]) -> None:
        """Fails once."""
        self.is_armed = False
        raise RuntimeError("planted")


def test_bug_at_what_one_poll_brings_about_leaves_the_others_theirs() -> None:
    async def tell() -> tuple[str, int, int]:
        observer = FailingOnce()
        fake = Fake(observer)
        tenant, batch_id = await made(fake)
        other = await sent(fake, "POST", RUNS, RUN)
        await sent(fake, "GET", f"/v1/batches/{batch_id}")
        await sent(fake, "POST", "/_mock/faults", {"where": {"operation": "get_run"}, "what": {"kind": "latency", "seconds": 0}})
        answers = [fake.ask("GET", path, "auto") for path in (f"/v1/runs/{other['id']}", f"/v1/batches/{batch_id}")]
        for _ in range(100):
            if len(tenant.polls) > 1:
                break
            await asyncio.sleep(0)
        observer.is_armed = True
        await rest(tenant)
        for asked in answers:
            assert (await asked.answer())[0] == 200
        status, _ = statuses(tenant, other["id"])
        errors = len(fake.runtime.background_errors)
        await fake.runtime.close()
        return status, errors, len(tenant.polls)

    status, errors, polls = asyncio.run(tell())
    assert (status != "queued", errors, polls) == (True, 1, 0), status
