"""Answers at once: what is here as a whole is answered without a task, with the same bytes; what takes time goes on by one."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest
from kept import disk
from msgspec.structs import replace
from starlette.types import Receive, Scope, Send
from transports import NotedTransport

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.identity import RunId, WorkflowId
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.keeping import Keeper
from runflow_mock.runtime.kept_files import Connect, connect
from runflow_mock.runtime.kept_tenants import LogSize
from runflow_mock.runtime.observers import NullObserver
from runflow_mock.runtime.revivals import Clocks
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.web.app import Application, create_app
from runflow_mock.web.bodies import SMALL_BYTES_MAX
from runflow_mock.web.connections import Protocol
from runflow_mock.web.server import protocols_of

RUNS = "/v1/models/runflow/background-removal/runs"
CREATE = {"input": {"image_url": "https://cdn.example.com/a.png"}}
TURNS = 3
CONFIG = Config(clock=ClockMode.MANUAL, seed="once", speed=1.0)


def _request(method: str, path: str, body: object = None, *further: str, version: str = "1.1") -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    fields = ["Host: localhost", "Authorization: Bearer rf_live_mock_once", *further]
    if content:
        fields += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join((f"{method} {path} HTTP/{version}", *fields, "", "")).encode() + content


class Line:
    """A connection to a fake of its own, or to that of another line, whose answers are kept; one that is `slow` answers all by a task."""

    def __init__(self, config: Config = CONFIG, *, slow: bool = False, beside: "Line | None" = None) -> None:
        self.app: Application = create_app(config) if beside is None else beside.app
        app = self.app

        async def unknown(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, send)

        self.runtime: Runtime = app.state.runtime
        self.transport = NotedTransport()
        self.protocol = cast(Protocol, protocols_of(unknown if slow else app)())
        self.protocol.connection_made(cast(asyncio.Transport, self.transport))

    def send(self, *pieces: bytes) -> bool:
        """Sends bytes, and tells whether whatever they ask for was answered at once."""
        for piece in pieces:
            self.protocol.data_received(piece)
        return not self.protocol.tasks

    async def answer(self, *pieces: bytes) -> bytes:
        """Returns all that comes back for some bytes."""
        self.transport.pieces.clear()
        self.send(*pieces)
        # Where the tenant is kept, its row is written in the turn after, the answer leaves in the next one, or a task is begun.
        for _ in range(TURNS):
            await asyncio.gather(*self.protocol.tasks)
            await asyncio.sleep(0)
        return b"".join(self.transport.pieces)

    async def run_id(self) -> str:
        """Creates a run."""
        return str(json.loads((await self.answer(_request("POST", RUNS, CREATE))).partition(b"\r\n\r\n")[2])["id"])


def _on_a_line(story: Callable[[Line], Awaitable[object]], config: Config = CONFIG, *, slow: bool = False) -> object:
    async def tell() -> object:
        line = Line(config, slow=slow)
        try:
            return await story(line)
        finally:
            line.protocol.connection_lost(ConnectionError())
            await line.runtime.close()

    return asyncio.run(tell())


WHOLE: dict[str, Callable[[str], bytes]] = {
    "a poll": lambda run_id: _request("GET", f"/v1/runs/{run_id}"),
    "the head of a poll": lambda run_id: _request("HEAD", f"/v1/runs/{run_id}"),
    "a list": lambda run_id: _request("GET", "/v1/runs?limit=1"),
    "a creation": lambda run_id: _request("POST", RUNS, CREATE),
    "a creation that is refused": lambda run_id: _request("POST", RUNS, {"input": 1}),
    "no route": lambda run_id: _request("GET", "/v1/nothing"),
    "another method": lambda run_id: _request("DELETE", f"/v1/runs/{run_id}"),
    "no body where one belongs": lambda run_id: _request("POST", RUNS),
    "a body where none belongs": lambda run_id: _request("GET", f"/v1/runs/{run_id}", CREATE),
    "an offer of another protocol": lambda run_id: _request("GET", f"/v1/runs/{run_id}", None, "Connection: upgrade", "Upgrade: h2c"),
}


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("name", WHOLE)
def test_answer_at_once_has_the_bytes_and_the_record_of_one_by_a_task(name: str) -> None:
    async def tell(line: Line) -> object:
        request = WHOLE[name](await line.run_id())
        told = await line.answer(request)
        (tenant,) = line.runtime.tenants
        (exchange,) = tenant.journal.latest(1)
        return told, tenant.requests_under_way, replace(exchange, wall=0.0, elapsed_ms=0.0)

    assert _on_a_line(tell) == _on_a_line(tell, slow=True)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("name", WHOLE)
def test_request_that_is_here_as_a_whole_is_answered_at_once(name: str) -> None:
    async def tell(line: Line) -> object:
        return line.send(WHOLE[name](await line.run_id()))

    assert (_on_a_line(tell), _on_a_line(tell, slow=True)) == (True, False)


CREATION = _request("POST", RUNS, CREATE)


def _on_a_kept_line(folder: Path, story: Callable[[Line], Awaitable[object]], connect: Connect = connect) -> object:
    """Tells a story to a fake that keeps its tenants, and has one already."""

    async def tell() -> object:
        line = Line()
        clocks = Clocks(time.monotonic, time.time)
        keeper = Keeper(folder, stands=True, clocks=clocks, connect=connect, size=LogSize(), tell=lambda _: None)
        line.runtime.tenants.keeper = keeper
        keeper.revive(line.runtime.tenants, line.runtime.go_on)
        try:
            await line.run_id()
            line.transport.pieces.clear()
            return await story(line)
        finally:
            line.protocol.connection_lost(ConnectionError())
            await line.runtime.close()
            keeper.close(line.runtime.tenants)

    return asyncio.run(tell())


def test_answer_of_a_kept_tenant_leaves_without_a_task_once_its_row_is_written(tmp_path: Path) -> None:
    full, connect = disk()

    async def tell(line: Line) -> object:
        before = full.writes
        # A read in the same tick would show what is not written yet, so that it waits as well.
        at_once = line.send(CREATION, _request("GET", "/v1/runs?limit=1"))
        early = full.writes, tuple(line.transport.pieces)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        told = b"".join(line.transport.pieces)
        statuses = [part[:3] for part in told.split(b"HTTP/1.1 ")[1:]]
        return at_once, early == (before, ()), full.writes > before, not line.protocol.tasks, statuses

    assert _on_a_kept_line(tmp_path, tell, connect) == (True, True, True, True, [b"201", b"200"])


def test_row_waits_one_turn_for_as_many_as_shared_the_last_one_and_no_longer(tmp_path: Path) -> None:
    file, connect = disk()

    async def tell(line: Line) -> object:
        lines = (line, Line(beside=line), Line(beside=line))

        async def rows_after_each(*turns: tuple[Line, ...]) -> list[int]:
            """Sends creates turn by turn, and returns how many rows there are after each turn."""
            before, rows = file.writes, []
            for sending in turns:
                for each in sending:
                    each.send(CREATION)
                await asyncio.sleep(0)
                rows.append(file.writes - before)
            return rows

        told = [
            await rows_after_each(lines, ()),
            # The others are on their way.
            await rows_after_each(lines[:1], lines[1:], ()),
            # Nobody else comes any more.
            await rows_after_each(lines[:1], (), ()),
            await rows_after_each(lines[:1], (), lines[1:2], ()),
        ]
        return told, [b"".join(each.transport.pieces).count(b"HTTP/1.1 201 ") for each in lines]

    assert _on_a_kept_line(tmp_path, tell, connect) == ([[1, 1], [0, 1, 1], [0, 1, 1], [1, 1, 2, 2]], [4, 3, 2])


def test_answer_of_a_kept_tenant_whose_row_cannot_be_written_is_507(tmp_path: Path) -> None:
    full, connect = disk()

    async def tell(line: Line) -> object:
        full.fails_at = full.writes + 1
        refused = (await line.answer(CREATION))[:12]
        full.fails_at = None
        return refused, (await line.answer(CREATION))[:12]

    assert _on_a_kept_line(tmp_path, tell, connect) == (b"HTTP/1.1 507", b"HTTP/1.1 201")


def test_server_that_stops_before_a_row_is_written_says_goodbye_with_the_answer(tmp_path: Path) -> None:
    async def tell(line: Line) -> object:
        line.send(CREATION)
        line.protocol.shutdown()
        told = await line.answer()
        return told[:12], b"\r\nconnection: close\r\n" in told, line.transport.is_closing()

    assert _on_a_kept_line(tmp_path, tell) == (b"HTTP/1.1 201", True, True)


def test_bug_in_what_is_shown_of_an_answer_leaves_nobody_without_one(tmp_path: Path) -> None:
    class Blind(NullObserver):
        is_listening = True

        def exchange(self, tenant: str | None, exchange: Exchange) -> None:
            if exchange.status == 201:
                raise RuntimeError("cannot see")

    async def tell(line: Line) -> object:
        line.runtime.observer = Blind()
        told = await line.answer(CREATION, _request("GET", "/v1/runs?limit=1"))
        return [part[:3] for part in told.split(b"HTTP/1.1 ")[1:]]

    assert _on_a_kept_line(tmp_path, tell) == [b"500", b"200"]


LARGE = {"input": {**CREATE["input"], "prompt": "x" * SMALL_BYTES_MAX}}


@pytest.mark.parametrize(
    "pieces",
    [
        (CREATION[:-1], CREATION[-1:]),
        (_request("POST", RUNS, LARGE),),
        (_request("GET", "/v1/runs", None, "Connection: close"),),
        (_request("GET", "/v1/runs", version="1.0"),),
        (_request("GET", "/v1/runs") * 2,),
        (_request("POST", RUNS, CREATE, "Expect: 100-continue"),),
        (_request("GET", "/_mock/health"),),
        (_request("GET", "/"),),
    ],
    ids=["in pieces", "large", "last", "old", "pipelined", "expects", "control", "site"],
)
def test_other_requests_are_answered_by_a_task_as_ever(pieces: tuple[bytes, ...]) -> None:
    async def tell(line: Line) -> object:
        return not line.send(*pieces), await line.answer()

    is_by_task, told = cast("tuple[bool, bytes]", _on_a_line(tell))
    assert is_by_task
    assert told == cast("tuple[bool, bytes]", _on_a_line(tell, slow=True))[1]


def test_requests_one_behind_the_other_are_answered_in_their_order() -> None:
    async def tell(line: Line) -> object:
        run_id = await line.run_id()
        return await line.answer(WHOLE["a poll"](run_id) + WHOLE["no route"](run_id) + WHOLE["a poll"](run_id))

    told = cast(bytes, _on_a_line(tell))
    assert [part[:3] for part in told.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"200"]


def test_client_that_takes_nothing_is_answered_when_it_does() -> None:
    async def tell(line: Line) -> object:
        request = WHOLE["a poll"](await line.run_id())
        line.protocol.pause_writing()
        is_by_task = not line.send(request)
        line.transport.pieces.clear()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        held = tuple(line.transport.pieces)
        line.protocol.resume_writing()
        return is_by_task, held, (await line.answer())[:12]

    assert _on_a_line(tell) == (True, (), b"HTTP/1.1 200")


def test_answer_that_waits_for_something_goes_on_by_a_task() -> None:
    async def tell(line: Line) -> object:
        rule = {"where": {"operation": "list_runs"}, "what": {"kind": "latency", "seconds": 0}}
        assert (await line.answer(_request("POST", "/_mock/faults", rule))).startswith(b"HTTP/1.1 201 ")
        return not line.send(_request("GET", "/v1/runs")), b"runflow-mock-fault: " in await line.answer()

    assert _on_a_line(tell) == (True, True)


def test_body_beyond_the_limit_of_the_server_is_told_at_once() -> None:
    body = {"input": {**CREATE["input"], "prompt": "x" * 2000}}

    async def tell(line: Line) -> object:
        return await line.answer(_request("POST", RUNS, body))

    config = Config(clock=ClockMode.MANUAL, seed="once", body_bytes_max=1024)
    told = cast(bytes, _on_a_line(tell, config))
    assert told.startswith(b"HTTP/1.1 413 ")
    assert told == _on_a_line(tell, config, slow=True)


def test_bug_in_the_way_of_an_answer_is_told_as_any_other(caplog: pytest.LogCaptureFixture) -> None:
    async def tell(line: Line) -> object:
        def fail() -> float:
            raise RuntimeError("no clock")

        line.runtime.timer = fail
        return (await line.answer(_request("GET", "/v1/runs")))[:12]

    assert _on_a_line(tell) == b"HTTP/1.1 500"
    assert "no clock" in caplog.text


@pytest.mark.parametrize("slow", [False, True])
def test_bug_in_what_a_poll_brings_about_does_not_show_in_its_answer(*, slow: bool) -> None:
    async def tell(line: Line) -> object:
        ids = [RunId(await line.run_id()) for _ in range(2)]
        (tenant,) = line.runtime.tenants
        runs = tenant.world.store.runs
        broken, other = sorted(ids, key=lambda run_id: str(runs[run_id].due_at))
        # Its timer comes first, and nobody knows its model.
        runs[broken] = replace(runs[broken], workflow_id=WorkflowId("gone"))
        told = await line.answer(_request("GET", f"/v1/runs/{other}"))
        return told[:12], [text.partition(":")[0] for text in line.runtime.background_errors]

    config = replace(CONFIG, clock=ClockMode.AUTO)
    assert _on_a_line(tell, config, slow=slow) == (b"HTTP/1.1 200", ["tenant once"])
