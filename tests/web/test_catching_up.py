"""Catching up: whoever asks a tenant that its clock has left far behind waits for it, and nobody else does."""

import ast
import asyncio
import json
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

import pytest
from forgeries import sealed_anew
from loop_turns import BATCH, ITEMS, Asked, Fake, Turns
from sources import modules

from runflow_mock.runtime.catching_up import TURNS_MAX, catch_up
from runflow_mock.runtime.runtime import YIELD_EVERY_TIMERS, Runtime
from runflow_mock.runtime.tenants import Tenant, Tenants
from runflow_mock.web.control.operations import CONTROL_OPERATIONS


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("path", ["/v1/batches?limit=1", "/_mock/deliveries"])
def test_others_are_answered_while_a_tenant_catches_up(path: str) -> None:
    async def tell() -> tuple[list[bool], int]:
        fake = Fake()
        await fake.late()
        behind = fake.ask("GET", path, "late")
        answered = [await fake.ask("GET", "/v1/runs", "other").is_answered(), await behind.is_answered()]
        status, _ = await behind.answer()
        await fake.runtime.close()
        return answered, status

    assert asyncio.run(tell()) == ([True, False], 200)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("path", ["/v1/batches?limit=1", "/_mock/deliveries"])
def test_many_who_wait_for_one_tenant_bring_it_on_together(path: str) -> None:
    async def tell() -> int:
        turns = Turns()
        fake = Fake(turns)
        await fake.late()
        most = await turns.most_during(asyncio.gather(*(fake.ask("GET", path, "late").ended() for _ in range(20))))
        await fake.runtime.close()
        return most

    assert asyncio.run(tell()) <= IN_ONE_TURN


@pytest.mark.slow(is_covering=True)
def test_operation_that_needs_no_key_waits_for_the_tenant_whose_rules_it_meets() -> None:
    async def tell() -> tuple[bool, int, int]:
        fake = Fake()
        rule = {"what": {"kind": "latency", "seconds": 0}, "where": {"operation": "list_models"}}
        assert (await fake.ask("POST", "/_mock/faults", "late", rule).answer())[0] == 201
        await fake.late()
        health = fake.ask("GET", "/v1/health", "late")
        is_answered = await health.is_answered()
        status, _ = await health.answer()
        tenant = fake.runtime.tenants.get("late")
        assert tenant is not None
        await fake.runtime.close()
        return is_answered, status, sum(not run.is_terminal for run in tenant.world.store.runs.values())

    assert asyncio.run(tell()) == (False, 200, 0)


@pytest.mark.slow(is_covering=True)
def test_upload_waits_for_its_tenant() -> None:
    async def tell() -> tuple[bool, bool]:
        fake = Fake()
        session = {"filename": "a.txt", "mime_type": "text/plain", "size_bytes": 4}
        status, opened = await fake.ask("POST", "/v1/asset-uploads", "late", session).answer()
        assert status == 201
        await fake.late()
        fake.seconds = 600.0
        tenant = fake.runtime.tenants.get("late")
        assert tenant is not None
        before = tenant.world.history.total
        parts = urlsplit(opened["upload_url"])
        put = fake.ask("PUT", f"{parts.path}?{parts.query}", "late", "ab")
        await put.is_answered()
        is_partly = 0 < tenant.world.history.total - before < ITEMS
        answered = await put.is_answered()
        assert (await put.ended())[0] == 200
        await fake.runtime.close()
        return is_partly, answered

    assert asyncio.run(tell()) == (True, False)


@pytest.mark.slow(is_covering=True)
def test_whoever_waited_finds_the_tenant_in_the_present() -> None:
    async def tell() -> tuple[int, int]:
        fake = Fake()
        await fake.late()
        status, found = await fake.ask("GET", "/v1/batches?limit=1", "late").answer()
        await fake.runtime.close()
        return status, found["items"][0]["items_succeeded"]

    assert asyncio.run(tell()) == (200, ITEMS)


def test_tenant_that_is_deleted_while_it_catches_up_is_left_where_it_stands() -> None:
    async def tell() -> bool:
        fake = Fake()
        await fake.late()
        tenant = fake.runtime.tenants.get("late")
        assert tenant is not None
        catching_up = asyncio.create_task(catch_up(fake.runtime, tenant))
        await asyncio.sleep(0)
        fake.runtime.tenants.drop("late")
        await catching_up
        await fake.runtime.close()
        return any(not run.is_terminal for run in tenant.world.store.runs.values())

    assert asyncio.run(tell())


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("many", [1, 3])
def test_world_of_which_others_make_more_all_the_while_is_left_to_whoever_settles_next(many: int) -> None:
    class Endless:
        turns = 0

        def settle(self, tenant: Tenant, timers_max: int) -> bool:
            self.turns += 1
            return False

    async def tell() -> int:
        fake = Fake()
        await fake.late()
        tenant = fake.runtime.tenants.get("late")
        assert tenant is not None
        endless = Endless()
        await asyncio.gather(*(catch_up(cast(Runtime, endless), tenant) for _ in range(many)))
        await fake.runtime.close()
        return endless.turns

    # Those of whoever came a turn before count for all.
    assert TURNS_MAX <= asyncio.run(tell()) < TURNS_MAX + many


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("faults", {"what": {"kind": "fail"}}),
        ("stubs", {"cost": "1.25"}),
        ("ledger/credits", {"amount": "1.00"}),
        ("callback-secret", None),
    ],
    ids=["rule", "stub", "credit", "secret"],
)
def test_verb_that_changes_a_world_settles_it_once_as_one_that_reads_does(verb: str, body: object) -> None:
    async def looks(fake: Fake, method: str, path: str, sent: object = None) -> tuple[bool, float]:
        before = fake.seconds
        status, _ = await fake.ask(method, path, "late", sent).answer()
        return status < 300, fake.seconds - before

    async def tell() -> tuple[tuple[bool, float], tuple[bool, float]]:
        fake = Fake()
        await fake.ask("GET", "/v1/runs", "late").answer()
        # The seconds tell how often the clock was looked at.
        fake.seconds_between_looks = 1.0
        counted = await looks(fake, "GET", "/_mock/faults"), await looks(fake, "POST", f"/_mock/{verb}", body)
        await fake.runtime.close()
        return counted

    reading, changing = asyncio.run(tell())
    assert (changing, reading) == ((True, 1.0), (True, 1.0))


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith("web/control/")])
def test_handler_that_carries_out_a_command_has_not_waited(name: str) -> None:
    """Its world is settled when it is called; while it waited for something, time would have passed."""
    for function in (node for node in ast.walk(modules()[name]) if isinstance(node, ast.AsyncFunctionDef)):
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        executes = [call.lineno for call in calls if ast.unparse(call.func) in ("call.execute", "add_rule")]
        waits = [node.lineno for node in ast.walk(function) if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)]
        assert not executes or max(executes) <= min(waits, default=max(executes)), f"{name}: {function.name}"


Way = Callable[[Tenants, Tenant], object]
WAYS_TO_GO: list[Way] = [lambda tenants, late: tenants.drop(late.settings.name), Tenants.repeat]


@pytest.mark.parametrize("go", WAYS_TO_GO, ids=["deleted", "reset"])
@pytest.mark.parametrize("verb", ["scale", "resume"])
def test_tenant_that_goes_while_its_clock_begins_to_pass_is_left_where_it_stands(verb: str, go: Way) -> None:
    async def tell() -> tuple[int, str, bool, bool]:
        fake = Fake()
        await frozen(fake)
        tenant = fake.runtime.tenants.get("fast")
        assert tenant is not None
        asked = fake.ask("POST", f"/_mock/clock/{verb}", "fast", {"factor": 1_000_000} if verb == "scale" else None)
        await asked.is_answered()
        assert not await asked.is_answered()
        go(fake.runtime.tenants, tenant)
        before, others = tenant.world.history.total, len(fake.runtime.tenants)
        status, told = await asked.answer()
        is_settled = fake.runtime.settle(tenant)
        await fake.runtime.close()
        return status, told["error"]["type"], is_settled and tenant.world.history.total == before, len(fake.runtime.tenants) == others

    assert asyncio.run(tell()) == (404, "not_found", True, True)


@pytest.mark.parametrize(("go", "status"), [(WAYS_TO_GO[0], 403), (WAYS_TO_GO[1], 404)], ids=["deleted", "reset"])
def test_upload_to_a_tenant_that_goes_meanwhile_is_refused(go: Way, status: int) -> None:
    async def tell() -> tuple[int, bool]:
        fake = Fake()
        session = {"filename": "a.txt", "mime_type": "text/plain", "size_bytes": 4}
        _, opened = await fake.ask("POST", "/v1/asset-uploads", "late", session).answer()
        await fake.late()
        fake.seconds = 600.0
        tenant = fake.runtime.tenants.get("late")
        assert tenant is not None
        parts = urlsplit(opened["upload_url"])
        put = fake.ask("PUT", f"{parts.path}?{parts.query}", "late", "ab")
        assert not await put.is_answered()
        go(fake.runtime.tenants, tenant)
        before = tenant.world.history.total
        answered, _ = await put.ended()
        await fake.runtime.close()
        return answered, tenant.world.history.total == before

    assert asyncio.run(tell()) == (status, True)


@pytest.mark.parametrize("go", WAYS_TO_GO, ids=["deleted", "reset"])
def test_file_of_a_tenant_that_goes_meanwhile_is_not_found(go: Way) -> None:
    async def tell() -> int:
        fake = Fake()
        run = {"input": {"image_url": "https://cdn.example.com/a.png"}}
        _, made = await fake.ask("POST", "/v1/models/runflow/background-removal/runs", "late", run).answer()
        fake.seconds = 60.0
        _, ended = await fake.ask("GET", f"/v1/runs/{made['id']}", "late").answer()
        parts = urlsplit(ended["output"]["image_urls"][0])
        await fake.late()
        tenant = fake.runtime.tenants.get("late")
        assert tenant is not None
        asked = fake.ask("GET", f"{parts.path}?{parts.query}", "late")
        assert not await asked.is_answered()
        go(fake.runtime.tenants, tenant)
        status, _ = await asked.ended()
        await fake.runtime.close()
        return status

    assert asyncio.run(tell()) == 404


BODIES: dict[str, object] = {
    "/_mock/clock/advance": {"by": "1s"},
    "/_mock/clock/advance-to": {"to": "9000-01-01T00:00:00Z"},
    "/_mock/clock/scale": {"factor": 1_000_000},
    "/_mock/faults": {"what": {"kind": "answer", "status": 503}},
    "/_mock/verify": {"path": "/v1/**", "count": 1},
    "/_mock/wait": {"for": {"journal": {"path": "/v1/**", "count": 1}}, "timeout": 1},
}
# The last part of what was due, what the verb itself lets happen first, and its own commands.
IN_ONE_TURN = 2 * YIELD_EVERY_TIMERS + 20
VERBS = [(verb.method, verb.path) for verb in CONTROL_OPERATIONS if verb.path != "/_mock/events"]


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), VERBS, ids=map(" ".join, VERBS))
def test_no_verb_lets_more_happen_in_one_turn_than_others_can_wait_for(method: str, path: str) -> None:
    async def tell() -> int:
        turns = Turns()
        fake = Fake(turns)
        await fake.late()
        body = None if method in ("GET", "DELETE") else BODIES.get(path, {})
        most = await turns.most_during(fake.ask(method, path.replace("{tenant}", "late"), "late", body).ended())
        await fake.runtime.close()
        return most

    assert asyncio.run(tell()) <= IN_ONE_TURN


FAST = {"name": "fast", "clock": {"scale": 1_000_000}, "balance": "100000.00", "batch_limit": ITEMS}


async def frozen(fake: Fake) -> None:
    """Makes a tenant whose clock stands, before its batch has begun."""
    assert (await fake.ask("POST", "/_mock/tenants", "", FAST).answer())[0] == 201
    assert (await fake.ask("POST", "/_mock/clock/freeze", "fast").answer())[0] == 200
    assert (await fake.ask("POST", "/v1/batches", "fast", BATCH).answer())[0] == 201
    fake.seconds_between_looks = 0.001


async def passing(turns: Turns, fake: Fake, asked: Asked) -> tuple[int, int]:
    """The most that happens in one turn while a request is answered, and how many runs have ended then."""
    most = await turns.most_during(asked.ended())
    tenant = fake.runtime.tenants.get("fast")
    assert tenant is not None
    await fake.runtime.close()
    return most, sum(run.is_terminal for run in tenant.world.store.runs.values())


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("verb", ["scale", "resume"])
def test_clock_that_begins_to_pass_fast_lets_no_more_happen_in_one_turn(verb: str) -> None:
    async def tell() -> tuple[int, int]:
        turns = Turns()
        fake = Fake(turns)
        await frozen(fake)
        asked = fake.ask("POST", f"/_mock/clock/{verb}", "fast", {"factor": 1_000_000} if verb == "scale" else None)
        return await passing(turns, fake, asked)

    most, ended = asyncio.run(tell())
    assert (most <= IN_ONE_TURN, ended) == (True, ITEMS), most


@pytest.mark.slow(is_covering=True)
def test_saved_tenant_whose_clock_passes_fast_lets_no_more_happen_in_one_turn() -> None:
    async def tell() -> tuple[int, int]:
        turns = Turns()
        fake = Fake(turns)
        await frozen(fake)
        _, saved = await fake.ask("GET", "/_mock/snapshot", "fast").answer()
        sealed = sealed_anew({**saved, "rate": 1_000_000.0})
        asked = fake.ask("PUT", "/_mock/snapshot", "fast", json.loads(sealed))
        return await passing(turns, fake, asked)

    most, ended = asyncio.run(tell())
    assert (most <= IN_ONE_TURN, ended) == (True, ITEMS), most
