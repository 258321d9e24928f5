"""A sink: answers every request with the same bytes, without a framework. It shows what the load can do, and receives callbacks."""

import asyncio
import sys
from collections.abc import Callable
from typing import cast

import msgspec
import uvloop

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


class Sink(asyncio.Protocol):
    """One connection; bodies are read and dropped, pipelined requests are answered each."""

    def __init__(self, answer: bytes, on_request: Callable[[], None] | None = None) -> None:
        self._answer = answer
        self._on_request = on_request
        self._pending = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        pending = self._pending + data if self._pending else data
        while pending:
            end = pending.find(_HEAD_END)
            if end < 0:
                break
            head = pending[:end].lower()
            at = head.find(_LENGTH)
            size = end + 4 + (int(head[at + 16 :].partition(b"\r")[0]) if at > 0 else 0)
            if len(pending) < size:
                break
            pending = pending[size:]
            if self._on_request is not None:
                self._on_request()
            self._transport.write(self._answer)
        self._pending = pending


async def serve(size: int) -> None:
    """Answers 200 with a body of that size, until it is stopped."""
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"x" * size
    server = await asyncio.get_running_loop().create_server(lambda: Sink(answer), "127.0.0.1", 0, backlog=2048)
    port = server.sockets[0].getsockname()[1]
    print(msgspec.json.encode({"url": f"http://127.0.0.1:{port}"}).decode(), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
