"""Connections for callbacks, against receivers that say byte by byte what they like."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st
from secure import NOBODY

from runflow_mock.runtime.outgoing_connections import (
    ANSWER_BYTES_MAX,
    ARRIVED_BYTES_MAX,
    IDLE_MAX,
    BrokenAnswer,
    CannotConnect,
    OutgoingConnections,
)

LOOPS = (asyncio.run, uvloop.run)
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LARGE = b"x" * ARRIVED_BYTES_MAX
BODY = b'{"event":"run.completed"}'


class Receiver:
    """Answers each request with the next bytes; what is `None` hangs up. It remembers every request, by its connection."""

    def __init__(self, *answers: bytes | None) -> None:
        self._answers = list(answers)
        self._server: asyncio.Server | None = None
        self.requests: list[list[bytes]] = []
        self.asked = asyncio.Event()
        self.url = ""

    async def __aenter__(self) -> "Receiver":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hooks"
        return self

    async def __aexit__(self, *raised: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine: list[bytes] = []
        self.requests.append(mine)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                mine.append(head)
                self.asked.set()
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                answer = self._answers.pop(0)
                if answer is not None:
                    writer.write(answer)
                    await writer.drain()
                if answer is None or not self._answers:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            mine.append(b"gone")
        finally:
            writer.close()


async def post(connections: OutgoingConnections, url: str, **headers: str) -> tuple[int, bytes]:
    async with asyncio.timeout(10):
        return await connections.post(url, headers, BODY)


def told(run: Callable[[Coroutine[Any, Any, Any]], Any], *answers: bytes | None) -> Any:
    """Returns what came of one POST to a receiver that says this."""

    async def story() -> tuple[int, bytes]:
        connections = OutgoingConnections(lambda: NOBODY)
        async with Receiver(*answers) as receiver:
            try:
                return await post(connections, receiver.url)
            finally:
                await connections.close()

    return run(story())


@pytest.mark.parametrize("run", LOOPS)
@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (FINE, (200, b"ok")),
        (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b"")),
        (b"HTTP/1.0 500 Sorry\r\n\r\nno length", (500, b"no length")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nTrailer: x\r\n\r\n", (200, b"abc")),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + FINE, (200, b"ok")),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", (101, b"")),
        (FINE + FINE, (200, b"ok")),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (ANSWER_BYTES_MAX + 1), (200, b"x" * ANSWER_BYTES_MAX)),
    ],
)
def test_answer_is_understood(run: Any, answer: bytes, right: tuple[int, bytes]) -> None:
    assert told(run, answer) == right


@pytest.mark.parametrize("run", LOOPS)
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "before it answered"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "before it answered"),
        (b"HTTP/1.1 200 OK\r\nContent-", "before it answered"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "in the middle"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "in the middle"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + LARGE, "before the answer was whole"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (ARRIVED_BYTES_MAX // 6), "before the answer was whole"),
        (b"HTTP/1.1 102 Processing\r\n\r\n" * (ARRIVED_BYTES_MAX // 27 + 1), "before the answer was whole"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + LARGE, "before the answer was whole"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + LARGE, "before the answer was whole"),
    ],
)
def test_answer_that_is_none_is_told(run: Any, answer: bytes | None, why: str) -> None:
    with pytest.raises(BrokenAnswer, match=why):
        told(run, answer)


@pytest.mark.slow(is_covering=True)
@settings(max_examples=30)
@given(st.binary(max_size=200), st.integers(0, 60))
def test_whatever_a_receiver_says_is_an_answer_or_an_error(noise: bytes, kept: int) -> None:
    try:
        status, _ = told(asyncio.run, FINE[:kept] + noise)
    except (BrokenAnswer, ConnectionResetError) as error:
        assert str(error)  # noqa: PT017 - either is right
    else:
        assert 101 <= status <= 999


@pytest.mark.parametrize("run", LOOPS)
def test_connection_is_kept_as_long_as_the_receiver_keeps_it(run: Any) -> None:
    async def story() -> list[int]:
        connections = OutgoingConnections(lambda: NOBODY)
        last = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        async with Receiver(FINE, FINE, last, FINE, b"") as receiver:
            for _ in range(4):
                assert (await post(connections, receiver.url))[0] == 200
            await connections.close()
            return [len([each for each in requests if each != b"gone"]) for requests in receiver.requests]

    assert run(story()) == [3, 1]


def test_connection_that_says_more_than_it_was_asked_is_not_used_again() -> None:
    async def story() -> int:
        connections = OutgoingConnections(lambda: NOBODY)
        async with Receiver(FINE + FINE, FINE, b"") as receiver:
            for _ in range(2):
                assert await post(connections, receiver.url) == (200, b"ok")
            await connections.close()
            return len(receiver.requests)

    assert asyncio.run(story()) == 2


def test_many_posts_at_once_have_a_connection_each() -> None:
    async def story() -> int:
        connections = OutgoingConnections(lambda: NOBODY)
        async with Receiver(*[FINE] * 21) as receiver:
            assert await asyncio.gather(*(post(connections, receiver.url) for _ in range(20))) == [(200, b"ok")] * 20
            await connections.close()
            return len(receiver.requests)

    assert asyncio.run(story()) == 20


@pytest.mark.parametrize("run", LOOPS)
def test_connections_that_rest_have_a_bound_wherever_they_lead(run: Any) -> None:
    """Six hundred runs with a receiver of its own name each kept six hundred sockets open, which no bound counted."""

    async def story() -> list[int]:
        connections, places = OutgoingConnections(lambda: NOBODY), IDLE_MAX + 10
        async with Receiver(*[FINE] * (places + 2)) as receiver:
            names = [receiver.url.replace("127.0.0.1", f"app{number}.localhost") for number in range(places)]
            for name in names:
                await post(connections, name)
            for _ in range(1_000):
                if sum(b"gone" in requests for requests in receiver.requests) == 10:
                    break
                await asyncio.sleep(0)
            # The latest is kept, and the oldest had to make room.
            await post(connections, names[-1])
            await post(connections, names[0])
            await connections.close()
            return [len(requests) - (b"gone" in requests) for requests in (*receiver.requests[:10], *receiver.requests[-2:])]

    assert run(story()) == [1] * 10 + [2, 1]


def test_post_that_is_given_up_leaves_no_connection() -> None:
    async def story() -> bytes:
        connections = OutgoingConnections(lambda: NOBODY)
        async with Receiver(b"HTTP/1.1 100 Continue\r\n\r\n", FINE) as receiver:
            given_up = asyncio.create_task(connections.post(receiver.url, {}, BODY))
            await receiver.asked.wait()
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
            assert await post(connections, receiver.url) == (200, b"ok")
            await connections.close()
            return receiver.requests[1][0]

    assert asyncio.run(story()).startswith(b"POST /hooks HTTP/1.1\r\n")


class LateLoop(asyncio.SelectorEventLoop):
    """Hands a connection over when its receiver has said all that it says."""

    def __init__(self) -> None:
        super().__init__()
        self.all_is_said = asyncio.Event()

    async def create_connection(self, *given: Any, **options: Any) -> Any:
        made = await super().create_connection(*given, **options)
        await self.all_is_said.wait()
        for _ in range(10):
            await asyncio.sleep(0)
        return made


@pytest.mark.parametrize(
    ("said", "right"),
    [(FINE, (200, b"ok")), (b"HTTP/1.0 503 Full\r\n\r\nfull", (503, b"full")), (b"", None), (b"HTTP/1.1 200", None), (b"no HTTP", None)],
)
def test_receiver_that_speaks_and_hangs_up_before_it_is_asked_is_heard(said: bytes, right: tuple[int, bytes] | None) -> None:
    loop = LateLoop()

    async def say(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()
        await writer.wait_closed()
        loop.all_is_said.set()

    async def story() -> tuple[int, bytes] | None:
        connections = OutgoingConnections(lambda: NOBODY)
        async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            try:
                return await post(connections, f"http://{host}:{port}/")
            except BrokenAnswer:
                return None
            finally:
                await connections.close()

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        assert runner.run(story()) == right


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("", b"POST / HTTP/1.1"),
        ("?a=b c", b"POST /?a=b%20c HTTP/1.1"),
        ("/a b/\u00fc?q=\u20ac#here", b"POST /a%20b/%C3%BC?q=%E2%82%AC HTTP/1.1"),
        ("/%7Ea%20b;c=1,2?x=[1]", b"POST /%7Ea%20b;c=1,2?x=%5B1%5D HTTP/1.1"),
    ],
)
def test_target_is_what_the_url_says(rest: str, said: bytes) -> None:
    async def story() -> bytes:
        connections = OutgoingConnections(lambda: NOBODY)
        async with Receiver(FINE) as receiver:
            await post(connections, receiver.url.removesuffix("/hooks") + rest)
            assert f"\r\nHost: {receiver.url.split('/')[2]}\r\n".encode() in receiver.requests[0][0]
            return receiver.requests[0][0].partition(b"\r\n")[0]

    assert asyncio.run(story()) == said


@pytest.mark.parametrize("value", ["a\r\nB: c", "a\nb", "a\rb", "a\0b"])
def test_header_cannot_make_another_one(value: str) -> None:
    with pytest.raises(ValueError, match="end of a line"):
        asyncio.run(post(OutgoingConnections(lambda: NOBODY), "http://127.0.0.1:1/", name=value))


def test_host_that_nobody_knows_cannot_be_reached() -> None:
    with pytest.raises((CannotConnect, OSError)):
        asyncio.run(post(OutgoingConnections(lambda: NOBODY), "http://nowhere.invalid/"))
