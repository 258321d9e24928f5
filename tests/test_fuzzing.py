"""The fuzzer: a small round finds nothing, the same seed asks the same, and what is planted is found."""

import asyncio
import json
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from threading import Thread
from typing import Any

import pytest
from fuzzing import flood, in_process, raw
from fuzzing.findings import Answered, Findings
from fuzzing.progress import Progress, telling
from fuzzing.requests import Request, Requests
from starlette.types import Receive, Scope, Send
from steps import INPUT, RUNS

from runflow_mock.domain.commands import AddCredit
from runflow_mock.domain.money import Money
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.runtime.sender import RecordingSender
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.app import create_app

REQUEST = Request("get_run", "GET", "/v1/runs/x", (), b"")
LOOK_BYTES_MAX = 1_000
JSON = {"content-type": "application/json"}
PLANTED = {
    "a bug": (Answered(500, JSON, b"{}", 0.0), "500 that nobody asked for"),
    "a gateway that there is not": (Answered(502, JSON, b"{}", 0.0), "502 that nobody asked for"),
    "an error in plain text": (Answered(400, {"content-type": "text/plain"}, b"no", 0.0), "an error that is text/plain"),
    "JSON that is none": (Answered(200, JSON, b"{", 0.0), "200 with JSON that is none"),
}


@pytest.mark.slow(is_covering=True)
def test_small_round_in_process_finds_nothing() -> None:
    progress = Progress("in process", 30.0)
    asyncio.run(in_process.fuzz(3, 400, progress))
    findings = progress.findings
    assert findings.wrong == []
    assert sum(findings.statuses.values()) > 300
    assert len(findings.operations) > 80


async def _replaces(runtime: Runtime, tenant: Tenant) -> None:
    runtime.tenants.repeat(tenant)


async def _drops(runtime: Runtime, tenant: Tenant) -> None:
    runtime.tenants.drop(tenant.settings.name)


async def _makes(runtime: Runtime, tenant: Tenant) -> None:
    runtime.tenants.create(runtime.config.tenant("another"))


async def _pays(runtime: Runtime, tenant: Tenant) -> None:
    runtime.execute(tenant, AddCredit(Money(1)))


async def _moves(runtime: Runtime, tenant: Tenant) -> None:
    await runtime.next(tenant)


async def _hastens(runtime: Runtime, tenant: Tenant) -> None:
    runtime.set_rate(tenant, 0.001)


async def _forgets(runtime: Runtime, tenant: Tenant) -> None:
    runtime.reset(tenant, "journal")


async def _does_nothing(runtime: Runtime, tenant: Tenant) -> None:
    """As it should be."""


# What a refusal does to somebody else's tenant, and what the fuzzer says of that.
SPOILT_REFUSALS: dict[Callable[[Runtime, Tenant], Awaitable[None]], list[str]] = {
    _replaces: ["422, and yet tenant fuzz2 was replaced"],
    _drops: ["422, and yet tenant fuzz2 is gone"],
    _makes: ["422, and yet tenant another was made"],
    _pays: ["422, and yet tenant fuzz2 has changed: AddCredit"],
    _moves: ["422, and yet tenant fuzz2 has changed: a timer"],
    _hastens: ["422, and yet tenant fuzz2 has changed, beside its world"],
    _forgets: ["422, and yet tenant fuzz2 has changed, beside its world"],
    _does_nothing: [],
}


def _asked(method: str, target: str, tenant: str, body: object) -> Request:
    headers = (("host", "127.0.0.1:8787"), ("authorization", f"Bearer rf_live_mock_{tenant}"), ("content-type", "application/json"))
    return Request("any", method, target, headers, json.dumps(body).encode())


@pytest.mark.parametrize("is_busy", [False, True], ids=["nothing under way", "a callback under way"])
@pytest.mark.parametrize("spoil", SPOILT_REFUSALS)
def test_refused_scenario_that_changes_another_tenant_is_found_however_busy_that_is(
    spoil: Callable[[Runtime, Tenant], Awaitable[None]], is_busy: bool
) -> None:
    """Also where the answer to a callback comes in meanwhile, which is no change that the refusal has made: seed 1795941426."""

    async def tell() -> list[str]:
        app, findings = create_app(in_process.CONFIG, sender=RecordingSender()), Findings()
        runtime: Runtime = app.state.runtime

        async def spoilt(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, send)
            assert other is not None
            await spoil(runtime, other)

        async def ask(method: str, target: str, body: object) -> Any:
            return await in_process.ask(app, runtime, _asked(method, target, "fuzz2", body), findings)

        run = {"input": INPUT, "callback_url": "http://127.0.0.1:9/x"}
        ended = await ask("POST", RUNS, run)
        await ask("POST", "/_mock/clock/advance", {"by": "1h"})
        await ask("POST", RUNS, run)
        if is_busy:
            await ask("POST", f"/v1/runs/{ended['id']}/callback-redeliveries", {})
        other = runtime.tenants.get("fuzz2")
        assert other is not None
        assert (bool(other.in_flight), findings.wrong) == (is_busy, [])
        await in_process.ask(spoilt, runtime, _asked("PUT", "/_mock/scenario", "fuzz0", {"no": 1}), findings)
        await runtime.close()
        return [told.partition("\n")[0] for told in findings.wrong]

    assert asyncio.run(tell()) == SPOILT_REFUSALS[spoil]


@pytest.mark.slow
def test_small_round_on_sockets_finds_nothing() -> None:
    progress = Progress("on sockets", 30.0)
    raw.fuzz(3, 300, progress)
    findings = progress.findings
    assert findings.wrong == []
    assert sum(findings.statuses.values()) > 200


@pytest.mark.slow
def test_flood_meets_every_bound_passes_none_and_leaves_nothing() -> None:
    after, quiet = flood.flood()
    assert {name for name, bound in after.items() if not bound["met"]} == set()
    assert {name for name, bound in after.items() if bound["used"] > bound["max"]} == set()
    # Who looks has a connection, and stands in the journal of those without a tenant, which keeps so many looks.
    own = ("connections_max", "journal_bytes_max")
    assert {name for name, bound in quiet.items() if bound["used"] and name not in own} == set()
    assert quiet["journal_bytes_max"]["used"] < LOOK_BYTES_MAX * in_process.CONFIG.limits.journal_max


def test_seed_repeats_a_round() -> None:
    first, second = (Requests(Random(5)) for _ in range(2))
    assert [first.make() for _ in range(50)] == [second.make() for _ in range(50)]


@pytest.mark.parametrize(("answered", "told"), PLANTED.values(), ids=PLANTED.keys())
def test_what_is_planted_is_found(answered: Answered, told: str) -> None:
    findings = Findings()
    findings.check(REQUEST, answered)
    assert len(findings.wrong) == 1
    assert findings.wrong[0].startswith(told)


def test_what_a_rule_has_spoiled_and_what_is_right_is_not_held_against_the_fake() -> None:
    findings = Findings()
    findings.check(REQUEST, Answered(500, {"runflow-mock-fault": "1"}, b"oops", 0.3))
    assert findings.check(REQUEST, Answered(404, JSON, b'{"code": "NOT_FOUND"}', 0.0)) == {"code": "NOT_FOUND"}
    assert (findings.wrong, len(findings.slow)) == ([], 1)


def test_what_takes_long_between_an_answer_and_the_next_request_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("in process", 30.0)
    for seconds in (0.01, 0.3, 0.02):
        progress.findings.turned(REQUEST, seconds)
    progress.end()
    told = capsys.readouterr().out
    assert "after an answer: at most 300 ms: get_run: GET" in told
    assert "slow: 1 of after get_run" in told


def test_signal_has_a_round_tell_what_it_has_and_end(capsys: pytest.CaptureFixture[str]) -> None:
    earlier = signal.getsignal(signal.SIGTERM)
    with telling("here", 60.0) as progress:
        progress.findings.check(REQUEST, PLANTED["a bug"][0])
        signal.raise_signal(signal.SIGTERM)
        assert progress.is_over
        told = capsys.readouterr().out
        assert signal.getsignal(signal.SIGTERM) is earlier, "a second one ends it at once"
    assert told.startswith("here: 1 answers of 1 operations, 0 without an answer, 0 above 250 ms, 1 wrong after ")
    assert "\n  WRONG: 500 that nobody" in told
    assert "1 wrong (500: 1)\n  WRONG: 500 that nobody" in capsys.readouterr().out


def test_round_that_fails_tells_what_it_had(capsys: pytest.CaptureFixture[str]) -> None:
    with suppress(OSError), telling("here", 60.0) as progress:
        progress.findings.unanswered += 1
        raise OSError("no more")
    assert "1 without an answer" in capsys.readouterr().out


def test_round_tells_of_which_operations_answers_came_late(capsys: pytest.CaptureFixture[str]) -> None:
    with telling("here", 60.0) as progress:
        for operation in ("get_report", "list_runs", "get_report"):
            progress.findings.check(REQUEST._replace(operation=operation), Answered(200, JSON, b"{}", 0.3))
    assert "\n  slow: 2 of get_report, 1 of list_runs\n  slow: 300 ms: get_report: " in capsys.readouterr().out


def test_answer_that_drips_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            wire, _ = server.accept()
            with wire, suppress(OSError):
                wire.sendall(b"HTTP/1.1 204 \r\n\r\nHTTP/1.1 ")
                while True:
                    wire.sendall(b"x")

        dripping = Thread(target=drip)
        dripping.start()
        answers = raw.exchange(Random(1), f"http://127.0.0.1:{server.getsockname()[1]}", b"GET / HTTP/1.1\r\n\r\n", seconds_max=0.05)
        dripping.join()
    assert [answered.status for answered in answers] == [204]
