"""The load: when an answer is whole, and what it counts, on real connections."""

import asyncio

import pytest
from benchmarks import load
from benchmarks.sink import Sink
from hypothesis import given
from hypothesis import strategies as st

HEAD = b"HTTP/1.1 200 OK\r\n"
SIZED = HEAD + b"content-length: 5\r\n\r\nhello"
SIZED_LOUDLY = HEAD + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
CLOSING = HEAD + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize("answer", [SIZED, SIZED_LOUDLY, CHUNKED, EMPTY])
def test_answer_is_whole_when_all_of_it_has_come(answer: bytes) -> None:
    assert load.is_complete(answer)


@pytest.mark.parametrize("part", [b"", HEAD, SIZED[:-1], CHUNKED[:-2]])
def test_answer_is_not_whole_before(part: bytes) -> None:
    assert not load.is_complete(part)


@given(st.sampled_from([SIZED, SIZED_LOUDLY, CHUNKED]), st.data())
def test_answer_that_is_cut_anywhere_is_not_whole(answer: bytes, data: st.DataObject) -> None:
    assert not load.is_complete(answer[: data.draw(st.integers(0, len(answer) - 1))])


class Closing(Sink):
    """Closes after each answer."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._transport.close()


async def loaded(protocol: type[Sink], answer: bytes, *, count: int) -> tuple[load.Round, int]:
    """Returns what a round came to, and how many requests have reached the server."""
    taken: list[None] = []
    server = await asyncio.get_running_loop().create_server(lambda: protocol(answer, lambda: taken.append(None)), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        done = await load.run_once(port, [GET], status=200, connections=4, count=count)
    return done, len(taken)


@pytest.mark.parametrize(("protocol", "answer"), [(Sink, SIZED), (Sink, CHUNKED), (Closing, CLOSING)])
def test_as_many_are_answered_as_were_asked_for(protocol: type[Sink], answer: bytes) -> None:
    done, taken = asyncio.run(loaded(protocol, answer, count=50))
    assert (done.answers, taken) == (50, 50)


def test_answer_with_another_status_ends_the_round() -> None:
    with pytest.raises(load.UnexpectedAnswer, match="204"):
        asyncio.run(loaded(Sink, EMPTY, count=5))


def test_connection_that_is_closed_before_the_answer_ends_the_round() -> None:
    with pytest.raises(ConnectionError):
        asyncio.run(loaded(Closing, b"", count=5))


def test_server_that_is_not_there_ends_the_round() -> None:
    async def lonely() -> None:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await load.run_once(port, [GET], status=200, connections=1, count=1)

    with pytest.raises(ConnectionError):
        asyncio.run(lonely())
