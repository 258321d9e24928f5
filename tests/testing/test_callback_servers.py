"""Whoever takes callbacks has bounds: for connections, for bytes, and for how long a message may take."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from runflow_mock.testing.callback_servers import CallbackBounds, CallbackServer
from runflow_mock.testing.receiver import CallbackReceiver, Reply

SECONDS = 20.0
MESSAGE = b"POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def serving(taken: list[bytes], **bounds: float) -> Iterator[CallbackServer]:
    def take(path: str, headers: dict[str, str], body: bytes) -> Reply:
        taken.append(body)
        return Reply()

    # Longer than a client of these tests waits: what ends earlier has ended by the bound that a test has set.
    settings = {"idle_seconds_max": 10 * SECONDS, "message_seconds_max": 10 * SECONDS, **bounds}
    server = CallbackServer(("127.0.0.1", 0), take, threading.Event(), CallbackBounds(**settings))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def connected(stack: ExitStack, server: CallbackServer) -> socket.socket:
    return stack.enter_context(socket.create_connection(server.server_address[:2], timeout=SECONDS))  # type: ignore[arg-type]


def read_all(client: socket.socket) -> bytes:
    """Returns what comes until the connection ends; it fails where that takes too long."""
    read = b""
    try:
        while piece := client.recv(65_536):
            read += piece
    except ConnectionResetError:
        return read
    return read


def answer(client: socket.socket) -> bytes:
    read = b""
    while not read.endswith(b"\r\n\r\n"):
        read += client.recv(65_536)
    return read


@pytest.mark.parametrize(
    ("sent", "bound"),
    [
        (b"", "idle_seconds_max"),
        (b"POST /c HT", "idle_seconds_max"),
        (b"POST /c HTTP/1.1\r\nHost:", "message_seconds_max"),
        (MESSAGE[:-1], "message_seconds_max"),
    ],
    ids=["nothing", "half a line", "half a head", "half a body"],
)
def test_half_message_ends_with_its_time(sent: bytes, bound: str) -> None:
    taken: list[bytes] = []
    with serving(taken, **{bound: 0.05}) as server, ExitStack() as stack:
        half = connected(stack, server)
        half.sendall(sent)
        assert b"200" not in read_all(half)
    assert taken == []


def test_time_of_a_message_is_all_of_it_however_often_some_comes() -> None:
    """Each byte on its own comes well within the time that silence may last."""
    with serving([], message_seconds_max=0.2) as server, ExitStack() as stack:
        slow, is_over = connected(stack, server), threading.Event()
        slow.sendall(b"POST /c HTTP/1.1\r\nX: ")

        def drip() -> None:
            # Until the server hangs up.
            with suppress(OSError):
                while not is_over.wait(0.01):
                    slow.sendall(b"x")

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            assert read_all(slow) == b""
        finally:
            is_over.set()
            dripping.join()


def test_connections_beyond_the_bound_are_told_so_and_places_come_back() -> None:
    taken: list[bytes] = []
    with serving(taken, connections_max=2) as server, ExitStack() as stack:
        held = [connected(stack, server) for _ in range(2)]
        for client in held:
            client.sendall(MESSAGE)
            assert b" 200 " in answer(client)
        assert b" 503 " in read_all(connected(stack, server))
        held[0].close()
        for _ in range(1000):
            again = connected(stack, server)
            again.sendall(MESSAGE)
            if b" 200 " in read_some(again):
                break
        assert taken == [b"{}"] * 3


def read_some(client: socket.socket) -> bytes:
    try:
        return client.recv(65_536)
    except ConnectionResetError:
        return b""


def test_bytes_of_bodies_have_a_bound_and_come_back() -> None:
    taken: list[bytes] = []
    with serving(taken, bytes_max=1000) as server, ExitStack() as stack:
        large = b"POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000
        full = connected(stack, server)
        full.sendall(large)
        assert b" 503 " in read_all(full)
        fitting = connected(stack, server)
        fitting.sendall(MESSAGE * 3)
        fitting.shutdown(socket.SHUT_WR)
        assert read_all(fitting).count(b" 200 ") == 3
        assert taken == [b"{}"] * 3


def test_receiver_with_half_connections_ends_at_once() -> None:
    with ExitStack() as stack:
        with CallbackReceiver() as receiver:
            port = int(receiver.url.split(":")[2].split("/")[0])
            for sent in (b"", b"POST /c", MESSAGE[:-1]):
                stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=SECONDS)).sendall(sent)
            whole = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=SECONDS))
            whole.sendall(MESSAGE)
            assert b" 200 " in answer(whole)
        assert [received.body for received in receiver.deliveries] == [b"{}"]
