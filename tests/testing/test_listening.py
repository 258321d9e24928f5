import gzip
import json
import socket
import struct

import pytest
import urllib3

from runflow_mock.runtime.config import Config
from runflow_mock.testing.listening import ANSWER_BYTES_MAX, Heard, Listener
from runflow_mock.testing.receiver import CallbackReceiver, Reply
from runflow_mock.testing.samples import send_sample

SECRET = "rf_whsec_listen"
CONFIG = Config(callback_secret=SECRET)


def hear(event: str = "run.completed", *, forward_to: str | None = None, secret: str | None = SECRET, dialect: str = "seed") -> Heard:
    """What a listener says of one sample."""
    heard: list[Heard] = []
    with Listener("127.0.0.1", 0, heard.append, forward_to=forward_to, secret=secret) as listener:
        send_sample(event, listener.url, Config(callback_secret=SECRET, dialect=dialect))
    (only,) = heard
    return only


def test_callback_is_named_and_verified() -> None:
    heard = hear("batch.failed")
    assert (heard.event, heard.verified, heard.objection) == ("batch.failed", True, None)
    assert heard.about == json.loads(heard.body)["batch_id"]
    assert heard.request_id == heard.headers["runflow-request-id"]
    assert (heard.answered, heard.problem) == (None, None)


def test_bare_signature_is_understood_too() -> None:
    assert hear(dialect="docs").verified is True


def test_wrong_secret_is_told_with_the_reason() -> None:
    heard = hear(secret="rf_whsec_other")
    assert heard.verified is False
    assert "does not fit" in str(heard.objection)


def test_without_a_secret_nothing_is_claimed() -> None:
    assert hear(secret=None).verified is None


@pytest.mark.slow(is_covering=True)
def test_bytes_and_headers_are_handed_on_as_they_came() -> None:
    with CallbackReceiver() as direct, CallbackReceiver() as behind:
        send_sample("run.completed", direct.url, Config(seed="same", callback_secret=SECRET))
        with Listener("127.0.0.1", 0, lambda heard: None, forward_to=behind.url) as listener:
            send_sample("run.completed", listener.url, Config(seed="same", callback_secret=SECRET))
        first, second = direct.wait(1)[0], behind.wait(1)[0]
    assert second.path == "/callbacks"
    assert second.body == first.body
    assert set(second.headers) == set(first.headers)
    second.verify(SECRET)


def test_answer_of_the_receiver_goes_back_to_the_sender() -> None:
    with CallbackReceiver(Reply(503, b"later", (("Retry-After", "7"),))) as behind:
        heard: list[Heard] = []
        with Listener("127.0.0.1", 0, heard.append, forward_to=behind.url) as listener:
            answer = urllib3.request("POST", listener.url, body=b"{}", retries=False)
    assert (answer.status, answer.data, answer.headers["retry-after"]) == (503, b"later", "7")
    assert heard[0].answered == 503


def test_redirect_of_the_receiver_is_not_followed() -> None:
    with CallbackReceiver(Reply(302, b"", (("Location", "/elsewhere"),))) as behind:
        assert hear(forward_to=behind.url).answered == 302
        assert len(behind.deliveries) == 1


def test_receiver_that_is_gone_is_a_502_to_the_sender() -> None:
    with CallbackReceiver() as gone:
        url = gone.url
    heard = hear(forward_to=url)
    assert heard.answered is None
    assert f"{url} did not answer" in str(heard.problem)


def test_message_that_is_none_of_the_services_is_shown_all_the_same() -> None:
    heard: list[Heard] = []
    with Listener("127.0.0.1", 0, heard.append, secret=SECRET) as listener:
        for body in (
            b"not json",
            b"[1]",
            b'{"event": 5, "run_id": 6}',
            b'{"event": "\xff"}',
            b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        ):
            assert urllib3.request("POST", listener.url, body=body).status == 200
    assert [(one.event, one.about, one.verified, one.request_id) for one in heard] == [(None, None, False, None)] * 5


def test_body_without_a_length_or_with_too_much_is_refused() -> None:
    heard: list[Heard] = []
    with Listener("127.0.0.1", 0, heard.append) as listener:
        assert urllib3.request("POST", listener.url, body=iter([b"a", b"b"]), retries=False).status == 413
        assert urllib3.request("POST", listener.url, headers={"Content-Length": "99999999999"}, retries=False).status == 413
    assert heard == []


def test_packed_answer_goes_back_as_it_came() -> None:
    packed = gzip.compress(b"x" * 1_000)
    reply = Reply(200, packed, (("Content-Encoding", "gzip"),))
    with CallbackReceiver(reply) as behind, Listener("127.0.0.1", 0, lambda heard: None, forward_to=behind.url) as listener:
        answer = urllib3.request("POST", listener.url, body=b"{}", decode_content=False, retries=False)
    assert (answer.data, answer.headers["content-encoding"]) == (packed, "gzip")


def test_answer_of_the_receiver_that_is_too_large_is_a_502_to_the_sender() -> None:
    with CallbackReceiver(Reply(200, b"x" * (ANSWER_BYTES_MAX + 1))) as behind:
        heard: list[Heard] = []
        with Listener("127.0.0.1", 0, heard.append, forward_to=behind.url) as listener:
            assert urllib3.request("POST", listener.url, body=b"{}", retries=False).status == 502
    assert "more than 1048576 bytes" in str(heard[0].problem)


HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "


@pytest.mark.parametrize(
    "said",
    [
        HEAD + b"9" * 5_000 + b"\r\n\r\n",
        HEAD + b"2\r\nContent-Length: 3\r\n\r\n{}",
        HEAD + b"67108865\r\n\r\n",
        HEAD + b"-1\r\n\r\n",
        HEAD + b"20\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nHo",
        b"\x16\x03\x01" * 40,
    ],
    ids=["digits", "two lengths", "too much", "negative", "cut body", "cut head", "noise"],
)
def test_what_is_no_whole_message_is_not_heard_and_leaves_no_error(said: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    heard: list[Heard] = []
    with Listener("127.0.0.1", 0, heard.append) as listener:
        port = int(listener.url.rsplit(":", 1)[1].strip("/"))
        for is_reset in (False, True):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
                wire.sendall(said)
                if is_reset:
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    wire.shutdown(socket.SHUT_WR)
                    while wire.recv(65_536):
                        continue
        assert urllib3.request("POST", listener.url, body=b"{}", retries=False).status == 200
    assert [each.body for each in heard] == ["{}"]
    assert capfd.readouterr().err == ""
