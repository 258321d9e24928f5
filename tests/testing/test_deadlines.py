"""Who answers byte by byte, or without an end, keeps nobody waiting: an answer has its time in all, and its bytes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest
import urllib3

from runflow_mock.kit.probes.carriers import Carrier
from runflow_mock.testing.deadlines import Deadline, timed_pool
from runflow_mock.testing.listening import Heard, Listener
from runflow_mock.testing.samples import SampleCallback

SAMPLE = SampleCallback({"Content-Type": "application/json"}, b"{}")
HEAD = b"HTTP/1.1 200 OK\r\n"
DRIPS = {
    "head": (HEAD + b"X: ", b"x"),
    "body of a length": (HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
    "body without one": (HEAD + b"\r\n", b"x"),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
}


@contextmanager
def answering(first: bytes, then: bytes, pause: float = 0.01) -> Iterator[str]:
    """Answers with the first bytes, and then with the others again and again, for as long as somebody listens."""
    is_over = threading.Event()

    def answer(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(65_536)
            client.sendall(first)
            while not is_over.wait(pause):
                client.sendall(then)

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        finally:
            is_over.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize("what", DRIPS)
def test_receiver_that_drips_is_told_when_its_time_is_over(what: str) -> None:
    with answering(*DRIPS[what]) as url, closing(Carrier(url, seconds_max=10.0, pause_seconds=-10.0, more_seconds=0.1)) as carrier:
        answer = carrier.carry(SAMPLE)
    assert (answer.status, answer.error) == (None, "its answer did not end within 0.1 s")


def test_answer_without_an_end_is_let_go_and_its_status_counts() -> None:
    endless = (HEAD + b"Content-Encoding: gzip\r\n\r\n", b"x" * 1_000_000, 0.0)
    with answering(*endless) as url, closing(Carrier(url, seconds_max=30.0)) as carrier:
        assert carrier.carry(SAMPLE).status == 200


def test_listener_tells_the_sender_when_the_receiver_behind_it_drips() -> None:
    heard: list[Heard] = []
    with (
        answering(*DRIPS["body without one"]) as url,
        Listener("127.0.0.1", 0, heard.append, forward_to=url, forward_seconds_max=0.1) as listener,
    ):
        answer = urllib3.request("POST", listener.url, body=b"{}", retries=False)
    assert answer.status == 502
    assert [each.problem for each in heard] == [f"{url} did not answer in time"]


def test_deadline_that_is_kept_changes_nothing_and_one_that_is_over_ends_at_once() -> None:
    with answering(HEAD + b"Content-Length: 1\r\n\r\n", b"x", 0.0) as url:
        pool = timed_pool(timeout=10)
        with Deadline(60) as deadline:
            assert pool.request("GET", url).data == b"x"
        assert not deadline.is_over
        pool.clear()
    left, right = socket.socketpair()
    with left, right, Deadline(60) as deadline:
        deadline.is_over = True
        deadline.take(left)
        assert right.recv(1) == b""
