"""Who answers byte by byte, or without an end, keeps nobody waiting: an answer has its time in all, and its bytes."""

import gzip
import socket
import ssl
import threading
import tracemalloc
import zlib
from contextlib import closing

import pytest
import urllib3
from drips import answering
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

from runflow_mock.kit.probes.carriers import Carrier
from runflow_mock.kit.probes.effects import Effects
from runflow_mock.kit.suite.carriers import HttpCarrier
from runflow_mock.runtime.deadlines import Deadline, Timed, in_time, timed_pool, within
from runflow_mock.runtime.downloads import ask_over_http
from runflow_mock.testing.client import HttpExchanger
from runflow_mock.testing.listening import Heard, Listener
from runflow_mock.testing.samples import SampleCallback

SAMPLE = SampleCallback({"Content-Type": "application/json"}, b"{}")
HEAD = b"HTTP/1.1 200 OK\r\n"
TLS = b"\x16\x03\x03\x40\x00"
"""How a record of a handshake begins that is 16 KiB long."""
DRIPS = {
    "head": (HEAD + b"X: ", b"x"),
    "body of a length": (HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
    "body without one": (HEAD + b"\r\n", b"x"),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
}


@pytest.mark.parametrize("what", DRIPS)
def test_receiver_that_drips_is_told_when_its_time_is_over(what: str) -> None:
    with answering(*DRIPS[what]) as url, closing(Carrier(url, seconds_max=10.0, pause_seconds=-10.0, more_seconds=0.1)) as carrier:
        answer = carrier.carry(SAMPLE)
    assert (answer.status, answer.error) == (None, "its answer did not end within 0.1 s")


@pytest.mark.parametrize("what", DRIPS)
def test_download_and_suite_wait_no_longer_than_for_a_whole_answer(what: str) -> None:
    with answering(*DRIPS[what]) as url:
        with pytest.raises(HTTPError, match=r"^the answer did not end within 0\.1 s$"):
            ask_over_http(url, "127.0.0.1", 1_000_000, None, seconds_max=0.1)
        with closing(HttpCarrier(url, answer_seconds_max=0.1)) as carrier, pytest.raises(HTTPError, match=r"within 0\.1 s"):
            carrier.carry("GET", "", {}, None)


@pytest.mark.parametrize("what", DRIPS)
def test_client_of_a_test_waits_no_longer_than_for_a_whole_answer(what: str) -> None:
    with (
        answering(*DRIPS[what]) as url,
        closing(HttpExchanger(url, answer_seconds_max=0.1)) as exchanger,
        pytest.raises(HTTPError, match=r"within 0\.1 s"),
    ):
        exchanger.exchange("GET", "", {}, None)


def test_client_of_a_test_unpacks_no_more_than_it_may() -> None:
    bomb = gzip.compress(bytes(10_000_000))
    head = HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    with answering(head + bomb, b"") as url, closing(HttpExchanger(url, answer_bytes_max=100_000)) as exchanger:
        tracemalloc.start()
        try:
            with pytest.raises(HTTPError, match="more than 100000 bytes"):
                exchanger.exchange("GET", "", {}, None)
            assert tracemalloc.get_traced_memory()[1] < 3_000_000
        finally:
            tracemalloc.stop()


def test_handshake_that_drips_has_the_same_time() -> None:
    with answering(TLS, b"x") as url, pytest.raises(HTTPError, match=r"within 0\.1 s"):
        ask_over_http(url.replace("http:", "https:"), "127.0.0.1", 9, ssl.create_default_context(), seconds_max=0.1)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "Gzip"])
def test_packed_answer_is_unpacked_no_further_than_it_may_be(coding: str) -> None:
    """Ten kilobytes that would be ten megabytes."""
    bomb = (gzip.compress if "zip" in coding.lower() else zlib.compress)(bytes(10_000_000))
    head = HEAD + f"Content-Encoding: {coding}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    with answering(head + bomb, b"") as url:
        tracemalloc.start()
        try:
            assert ask_over_http(url, "127.0.0.1", 1_000, None).body == bytes(1_000)
            with closing(HttpCarrier(url, answer_bytes_max=100_000)) as carrier, pytest.raises(HTTPError, match="more than 100000 bytes"):
                carrier.carry("GET", "", {}, None)
            assert tracemalloc.get_traced_memory()[1] < 3_000_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("body", [b"no gzip", b""])
def test_answer_that_is_not_packed_as_it_says_comes_as_it_is(body: bytes) -> None:
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with answering(head + body, b"") as url:
        assert ask_over_http(url, "127.0.0.1", 1_000, None).body == body


HALVES = gzip.compress(b"one, ") + gzip.compress(b"two")


@pytest.mark.parametrize(
    ("body", "content"),
    [(HALVES, b"one, two"), (HALVES + b"\0\0", b"one, two"), (HALVES[:-12], HALVES[:-12])],
    ids=["in two pieces", "with something behind", "cut"],
)
def test_gzip_is_read_to_its_end_and_half_of_it_is_none(body: bytes, content: bytes) -> None:
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with answering(head + body, b"") as url:
        assert ask_over_http(url, "127.0.0.1", 1_000, None).body == content


def test_deflate_without_a_head_is_unpacked_too() -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = packer.compress(b"here") + packer.flush()
    with answering(HEAD + b"Content-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(body) + body, b"") as url:
        assert ask_over_http(url, "127.0.0.1", 1_000, None).body == b"here"


class Lost(HTTPConnection):
    """A connection to a name that nobody answers for."""

    is_over = threading.Event()

    def _new_conn(self) -> socket.socket:
        self.is_over.wait(60)
        raise OSError("the name has no address")


class LostWithin(Timed, Lost):
    """The same, and it heeds deadlines."""


def test_connection_that_does_not_come_about_ends_with_its_deadline() -> None:
    """There is no socket yet that could be ended while a name is looked up and its addresses are tried."""
    try:
        with pytest.raises(HTTPError, match=r"^the answer did not end within 0\.05 s$"), within(0.05):
            LostWithin("receiver.example").connect()
    finally:
        Lost.is_over.set()


def test_what_takes_too_long_is_not_waited_for_and_what_fails_in_time_says_why() -> None:
    is_over = threading.Event()
    with pytest.raises(HTTPError, match=r"did not end within 0\.05 s"):
        in_time(is_over.wait, 0.05)
    is_over.set()
    assert in_time(is_over.wait, 60) is True
    with pytest.raises(ZeroDivisionError):
        in_time(lambda: 1 // 0, 60)


def test_connection_that_comes_too_late_is_closed() -> None:
    may_come, is_closed = threading.Event(), threading.Event()
    near, far = socket.socketpair()

    def come() -> socket.socket:
        may_come.wait()
        return near

    def close(late: socket.socket) -> None:
        late.close()
        is_closed.set()

    with pytest.raises(HTTPError, match=r"did not end within 0\.05 s"):
        in_time(come, 0.05, close)
    may_come.set()
    with far:
        assert (is_closed.wait(60), far.recv(1)) == (True, b"")


class Near(HTTPConnection):
    """A connection to where there is nobody, which knows what thread asked for it."""

    asked_in: threading.Thread | None = None

    def _new_conn(self) -> socket.socket:
        self.asked_in = threading.current_thread()
        raise OSError("nobody is there")


class NearWithin(Timed, Near):
    """The same, and it heeds deadlines; nothing has to be looked up."""

    looks_up = False


def test_connection_for_which_nothing_is_looked_up_is_made_by_whoever_asks() -> None:
    """Where gevent has put its own in the place of threads, another one would wait for the one that waits for it."""
    connection = NearWithin("127.0.0.1")
    with pytest.raises(OSError, match="nobody is there"), within(60):
        connection.connect()
    assert connection.asked_in is threading.current_thread()


def test_counter_of_effects_that_has_no_end_is_told() -> None:
    with answering(HEAD + b"\r\n", b"1" * 100_000, 0.0) as url, pytest.raises(ValueError, match="must answer with a number"):
        Effects(url).count()


def test_answer_without_an_end_is_let_go_and_its_status_counts() -> None:
    endless = (HEAD + b"Content-Encoding: gzip\r\n\r\n", b"x" * 1_000_000, 0.0)
    with answering(*endless) as url, closing(Carrier(url, seconds_max=30.0)) as carrier:
        assert carrier.carry(SAMPLE).status == 200


@pytest.mark.parametrize("part", DRIPS)
def test_listener_tells_the_sender_when_the_receiver_behind_it_drips(part: str) -> None:
    heard: list[Heard] = []
    with (
        answering(*DRIPS[part]) as url,
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
    with left, right, Deadline(0) as deadline:
        assert deadline.is_over
        deadline.take(left)
        assert right.recv(1) == b""
