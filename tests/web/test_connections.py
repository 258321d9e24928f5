"""Connections: in how many pieces an answer leaves, on uvicorn's own protocol with a transport that only takes notes."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from transports import NotedTransport
from uvicorn.server import ServerState

from runflow_mock.web.connections import (
    BODY_BYTES_MIN,
    BODY_SECONDS_MAX,
    HEAD_SECONDS_MAX,
    KEEP_ALIVE_SECONDS,
    STUCK_SECONDS_MAX,
    TAKEN_BYTES_MIN,
    Protocol,
    connection_of,
)
from runflow_mock.web.gathering import FINISH_SECONDS_MAX, LINGER_BYTES_MIN, LINGER_SECONDS

GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
START = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]}


def _pieces(app: ASGIApp, request: bytes) -> tuple[list[bytes], bool]:
    """Returns what left the connection, and whether it was closed."""
    transport = NotedTransport()

    async def exchange() -> None:
        config = uvicorn.Config(app, log_config=None, lifespan="off")
        config.load()
        protocol = Protocol(config=config, server_state=ServerState(), app_state={})
        protocol.connection_made(cast(asyncio.Transport, transport))
        protocol.data_received(request)
        while protocol.tasks:
            await asyncio.gather(*protocol.tasks)
        await asyncio.sleep(0)
        protocol.connection_lost(ConnectionError())

    asyncio.run(exchange())
    return transport.pieces, transport.is_over


def _app(act: Callable[[Scope, Send], Awaitable[None]]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await act(scope, send)

    return app


async def _whole(scope: Scope, send: Send) -> None:
    await send(START)
    await send({"type": "http.response.body", "body": b"body"})


async def _slow(scope: Scope, send: Send) -> None:
    await send(START)
    for half in (b"bo", b"dy"):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": half, "more_body": half == b"bo"})


def test_head_and_body_leave_in_one_piece() -> None:
    (piece,), is_closed = _pieces(_app(_whole), GET)
    head, body = piece.split(b"\r\n\r\n")
    assert (head.splitlines()[0], body, is_closed) == (b"HTTP/1.1 200 OK", b"body", False)


def test_answers_to_several_connections_leave_one_right_after_the_other() -> None:
    happened = list[str]()

    class TellingTransport(NotedTransport):
        def write(self, data: bytes) -> None:
            happened.append("left")

    async def whole(scope: Scope, send: Send) -> None:
        await _whole(scope, send)
        happened.append("worked on")

    async def exchange() -> None:
        config, state = uvicorn.Config(_app(whole), log_config=None, lifespan="off"), ServerState()
        config.load()
        protocols = [Protocol(config=config, server_state=state, app_state={}) for _ in range(2)]
        for protocol in protocols:
            protocol.connection_made(cast(asyncio.Transport, TellingTransport()))
            protocol.data_received(GET)
        await asyncio.gather(*state.tasks)
        await asyncio.sleep(0)
        for protocol in protocols:
            protocol.connection_lost(ConnectionError())

    asyncio.run(exchange())
    assert happened == ["worked on", "worked on", "left", "left"]


def test_piece_that_is_followed_by_a_pause_does_not_wait() -> None:
    head, first, second = _pieces(_app(_slow), GET)[0]
    assert (head[-4:], first, second) == (b"\r\n\r\n", b"bo", b"dy")


def test_last_answer_leaves_before_the_connection_is_closed() -> None:
    (piece,), is_closed = _pieces(_app(_whole), GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert (piece[-4:], is_closed) == (b"body", True)


def test_pipelined_answers_keep_their_order() -> None:
    first, second = _pieces(_app(_whole), GET + GET)[0]
    assert first == second
    assert first.endswith(b"\r\n\r\nbody")


@pytest.mark.parametrize(
    ("version", "body", "ends"), [(b"1.0", b"body", True), (b"1.1", b"2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n", False)], ids=["1.0", "1.1"]
)
def test_client_that_knows_no_chunks_gets_none(version: bytes, body: bytes, ends: bool) -> None:
    async def endless(scope: Scope, send: Send) -> None:
        await send({**START, "headers": []})
        await send({"type": "http.response.body", "body": b"bo", "more_body": True})
        await send({"type": "http.response.body", "body": b"dy"})

    pieces, is_over = _pieces(_app(endless), GET.replace(b"1.1", version).replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"))
    assert (b"".join(pieces).partition(b"\r\n\r\n")[2], is_over) == (body, ends)


def test_answer_on_a_connection_that_has_ended_meanwhile_is_dropped() -> None:
    ends = []

    async def late(scope: Scope, send: Send) -> None:
        connection = connection_of(scope)
        assert connection is not None
        await connection.reset()
        await _whole(scope, send)
        ends.append(True)

    assert _pieces(_app(late), GET) == ([], True)
    assert ends == [True]


def test_bytes_of_a_rule_leave_before_the_connection_ends() -> None:
    async def garbage(scope: Scope, send: Send) -> None:
        connection = connection_of(scope)
        assert connection is not None
        connection.write(b"garbage")
        connection.close()
        await send(START)

    assert _pieces(_app(garbage), GET) == ([b"garbage"], True)


def _protocol(transport: NotedTransport, *, app: ASGIApp | None = None) -> Protocol:
    config = uvicorn.Config(app or _app(_whole), log_config=None, lifespan="off")
    config.load()
    protocol = Protocol(config=config, server_state=ServerState(), app_state={})
    protocol.connection_made(cast(asyncio.Transport, transport))
    return protocol


def _after(seconds: float, *requests: bytes) -> tuple[bytes, bool]:
    """Returns what left a connection on which these bytes came and then nothing for some time, and whether it was closed."""
    transport = NotedTransport()

    async def idle() -> None:
        protocol = _protocol(transport, app=_app(_never))
        for request in requests:
            protocol.data_received(request)
        await asyncio.sleep(0)
        protocol.end_if_idle(asyncio.get_running_loop().time() + seconds)
        protocol.connection_lost(ConnectionError())

    asyncio.run(idle())
    return b"".join(transport.pieces[:1]), transport.is_over or transport.is_half_closed


async def _never(scope: Scope, send: Send) -> None:
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


BODY = b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\nhalf"


@pytest.mark.parametrize(
    ("seconds", "requests", "status", "ends"),
    [
        (KEEP_ALIVE_SECONDS - 1, (), b"", False),
        (KEEP_ALIVE_SECONDS + 1, (), b"", True),
        (HEAD_SECONDS_MAX - 1, (b"GET / HT",), b"", False),
        (HEAD_SECONDS_MAX + 1, (b"GET / HT",), b"HTTP/1.1 408 Request Timeout", True),
        (BODY_SECONDS_MAX - 1, (BODY,), b"", False),
        (BODY_SECONDS_MAX + 1, (BODY,), b"HTTP/1.1 408 Request Timeout", True),
        (BODY_SECONDS_MAX + 1, (GET,), b"", False),
    ],
)
def test_connection_on_which_nothing_comes_any_more_ends(seconds: float, requests: tuple[bytes, ...], status: bytes, ends: bool) -> None:
    sent, is_over = _after(seconds, *requests)
    assert (sent.partition(b"\r\n")[0], is_over) == (status, ends)


@pytest.mark.parametrize(("seconds", "ends"), [(KEEP_ALIVE_SECONDS - 1, False), (KEEP_ALIVE_SECONDS + 1, True)])
def test_connection_is_kept_after_an_answer_without_a_timer_of_its_own(seconds: float, ends: bool) -> None:
    async def answered() -> bool:
        transport = NotedTransport()
        protocol = _protocol(transport)
        protocol.data_received(GET)
        await asyncio.gather(*protocol.tasks)
        assert protocol.timeout_keep_alive_task is None
        protocol.end_if_idle(asyncio.get_running_loop().time() + seconds)
        is_over = transport.is_over
        protocol.connection_lost(ConnectionError())
        return is_over

    assert asyncio.run(answered()) is ends


def test_client_that_still_takes_its_answer_is_not_idle() -> None:
    async def answered(*untaken: int) -> bool:
        transport = NotedTransport()
        protocol = _protocol(transport)
        protocol.data_received(GET)
        await asyncio.gather(*protocol.tasks)
        began = asyncio.get_running_loop().time()
        for number, waiting in enumerate(untaken):
            transport.untaken = waiting
            protocol.end_if_idle(began + number * KEEP_ALIVE_SECONDS * 2 / 3)
        is_over = transport.is_over
        protocol.connection_lost(ConnectionError())
        return is_over

    much = TAKEN_BYTES_MIN
    assert [asyncio.run(answered(*untaken)) for untaken in ((3 * much, 2 * much, much, 0), (0, 0, 0))] == [False, True]


def _watched(request: bytes, *moments: tuple[float, bytes, int]) -> bool:
    """Tells whether a connection ends at the last of several moments: after so many seconds, with bytes that come and bytes that wait."""

    async def watch() -> bool:
        transport = NotedTransport()
        protocol = _protocol(transport, app=_app(_never))
        protocol.data_received(request)
        await asyncio.sleep(0)
        began = asyncio.get_running_loop().time()
        for seconds, data, untaken in moments:
            assert (transport.is_over, transport.is_half_closed) == (False, False), seconds
            transport.untaken = untaken
            if data:
                protocol.data_received(data)
            protocol.end_if_idle(began + seconds)
        is_over = transport.is_over or transport.is_half_closed
        protocol.connection_lost(ConnectionError())
        return is_over

    return asyncio.run(watch())


def test_body_that_drips_behind_its_answer_keeps_no_connection() -> None:
    async def answered(seconds: float) -> bool:
        transport = NotedTransport()
        protocol = _protocol(transport)
        protocol.data_received(BODY)
        await asyncio.gather(*protocol.tasks)
        began = asyncio.get_running_loop().time()
        protocol.end_if_idle(began)
        protocol.data_received(b".")
        protocol.end_if_idle(began + seconds)
        is_over = transport.is_over or transport.is_half_closed
        protocol.connection_lost(ConnectionError())
        return is_over

    assert [asyncio.run(answered(seconds)) for seconds in (BODY_SECONDS_MAX - 1, BODY_SECONDS_MAX + 1)] == [False, True]


class Later(asyncio.SelectorEventLoop):
    """A loop whose time is later than it is."""

    by = 0.0

    def time(self) -> float:
        return super().time() + self.by


def test_ends_of_lines_before_a_request_keep_no_connection() -> None:
    async def wait() -> bool:
        loop, transport = cast(Later, asyncio.get_running_loop()), NotedTransport()
        protocol = _protocol(transport)
        protocol.data_received(b"\r\n")
        loop.by = KEEP_ALIVE_SECONDS - 1
        protocol.data_received(b"\r\n")
        loop.by = KEEP_ALIVE_SECONDS + 1
        protocol.end_if_idle(loop.time())
        is_over = transport.is_over
        protocol.connection_lost(ConnectionError())
        return is_over

    with asyncio.Runner(loop_factory=Later) as runner:
        assert runner.run(wait())


def test_head_that_drips_keeps_no_connection() -> None:
    async def wait() -> bool:
        loop, transport = cast(Later, asyncio.get_running_loop()), NotedTransport()
        protocol = _protocol(transport)
        for seconds, data in ((0.0, b"GET / HT"), (HEAD_SECONDS_MAX / 2, b"T"), (HEAD_SECONDS_MAX - 1, b"P")):
            loop.by = seconds
            protocol.data_received(data)
            protocol.end_if_idle(loop.time())
            assert not transport.is_half_closed
        loop.by = HEAD_SECONDS_MAX + 1
        protocol.end_if_idle(loop.time())
        is_over = transport.is_half_closed
        protocol.connection_lost(ConnectionError())
        return is_over

    with asyncio.Runner(loop_factory=Later) as runner:
        assert runner.run(wait())


HUGE = BODY.replace(b"10", b"%d" % (4 * BODY_BYTES_MIN))


@pytest.mark.parametrize(("size", "ends"), [(1, True), (BODY_BYTES_MIN, False)])
def test_body_that_drips_ends_and_one_that_flows_does_not(size: int, ends: bool) -> None:
    drops = [(seconds, b"x" * size, 0) for seconds in (1.0, BODY_SECONDS_MAX - 1, BODY_SECONDS_MAX + 2)]
    assert _watched(HUGE, *drops) is ends


def _over_after_a_goodbye(*sizes: int) -> list[bool]:
    """Whether the connection is over each time that so many bytes came after the goodbye, and some more than `LINGER_SECONDS` passed."""

    async def sent() -> list[bool]:
        loop, transport, seen = cast(Later, asyncio.get_running_loop()), NotedTransport(), list[bool]()
        protocol = _protocol(transport)
        protocol.data_received(HUGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        await asyncio.gather(*protocol.tasks)
        for size in sizes:
            protocol.data_received(b"x" * size)
            loop.by += LINGER_SECONDS + 1
            # One turn of the loop to see the time, and one to act on it.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            seen.append(transport.is_over)
        protocol.connection_lost(ConnectionError())
        return seen

    with asyncio.Runner(loop_factory=Later) as runner:
        return runner.run(sent())


@pytest.mark.parametrize(("size", "ends"), [(LINGER_BYTES_MIN - 1, True), (LINGER_BYTES_MIN, False)])
def test_who_still_sends_after_a_goodbye_may_finish_and_who_drips_may_not(size: int, ends: bool) -> None:
    assert _over_after_a_goodbye(size, 0) == [ends, True]


def test_who_sends_on_after_a_goodbye_has_to_finish_in_time() -> None:
    seen = _over_after_a_goodbye(*[LINGER_BYTES_MIN] * int(FINISH_SECONDS_MAX / LINGER_SECONDS))
    assert (seen[len(seen) // 2], seen[-1]) == (False, True)


@pytest.mark.parametrize(("taken", "ends"), [(0, True), (TAKEN_BYTES_MIN - 1, True), (TAKEN_BYTES_MIN, False)])
def test_answer_that_is_not_taken_ends_and_one_that_is_taken_slowly_does_not(taken: int, ends: bool) -> None:
    waiting = 4 * TAKEN_BYTES_MIN
    assert _watched(GET, (0, b"", waiting), (STUCK_SECONDS_MAX - 1, b"", waiting - taken), (STUCK_SECONDS_MAX + 1, b"", waiting)) is ends


def test_small_answer_that_is_never_taken_ends_too() -> None:
    assert _watched(GET, (0, b"", 1), (STUCK_SECONDS_MAX + 1, b"", 1))


def test_answer_that_was_taken_begins_no_old_wait() -> None:
    assert not _watched(GET, (0, b"", 1), (1, b"", 0), (STUCK_SECONDS_MAX, b"", 1), (STUCK_SECONDS_MAX + 1, b"", 1))


@pytest.mark.parametrize(
    ("request_line", "fields", "status"),
    [
        (b"GET / HTTP/1.1", (b"Host: a.example",), b"200"),
        (b"CONNECT a.example:80 HTTP/1.1", (b"Host: a.example",), b"405"),
        (b"GET / HTTP/1.1", (b"Host: a b",), b"400"),
        (b"GET / HTTP/1.1", (b"Host: a.example", b"Host: a.example"), b"400"),
        (b"GET / HTTP/1.1", (), b"400"),
        (b"GET http://b.example/ HTTP/1.1", (b"Host: a.example",), b"200"),
        (b"GET http://b^example/ HTTP/1.1", (b"Host: a.example",), b"400"),
    ],
)
def test_head_that_was_accepted_lets_no_other_one_in(request_line: bytes, fields: tuple[bytes, ...], status: bytes) -> None:
    async def second() -> bytes:
        transport = NotedTransport()
        protocol = _protocol(transport)
        for request in (GET, b"\r\n".join((request_line, *fields, b"", b""))):
            transport.pieces.clear()
            protocol.data_received(request)
            await asyncio.gather(*protocol.tasks)
            await asyncio.sleep(0)
        protocol.connection_lost(ConnectionError())
        return b"".join(transport.pieces)

    assert asyncio.run(second())[9:12] == status
