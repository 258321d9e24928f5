"""The real sender against real receivers on loopback."""

import asyncio
import base64
import os
import ssl
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hosts import listening

from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.runtime.config import ConfigError
from runflow_mock.runtime.outgoing_connections import ANSWER_BYTES_MAX
from runflow_mock.runtime.sender import HttpSender, OutgoingRequest, RecordingSender
from runflow_mock.testing.receiver import CallbackReceiver, Reply

HEADERS = {"Content-Type": "application/json", "User-Agent": "Runflow-Callbacks/1.0", "Runflow-Request-Id": "x-1"}
PEM = trustme.CA().cert_pem.bytes()
BODY = b'{"event":"run.completed"}'


def send(*urls: str, timeout_seconds: float = 10.0, ca_file: Path | None = None) -> list[AttemptResult]:
    async def story() -> list[AttemptResult]:
        sender = HttpSender(timeout_seconds=timeout_seconds, ca_file=ca_file)
        try:
            return [await sender.send(OutgoingRequest(url, HEADERS, BODY)) for url in urls]
        finally:
            await sender.close()

    return asyncio.run(story())


class Fine(BaseHTTPRequestHandler):
    """Answers 200 in two parts, one after the other."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in (b"5\r\nfirst\r\n", b"6\r\nsecond\r\n", b"0\r\n\r\n"):
            self.wfile.write(chunk)
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


def test_answer_is_a_success_with_status_body_and_time() -> None:
    with CallbackReceiver(Reply(202, b"thanks")) as receiver:
        (result,) = send(receiver.url)
        (received,) = receiver.received
    assert (result.status_code, result.response_body, result.reason, result.error, result.is_success) == (202, "thanks", None, None, True)
    assert result.response_time_ms is not None
    assert received.body == BODY


def test_headers_are_exactly_those_given_and_what_http_needs() -> None:
    with CallbackReceiver() as receiver:
        send(receiver.url)
        (received,) = receiver.received
    given = {name.lower(): value for name, value in HEADERS.items()}
    assert {name: received.headers[name] for name in given} == given
    assert set(received.headers) - set(given) == {"host", "content-length"}


@pytest.mark.parametrize("status", [500, 404, 400, 199 + 101])
def test_other_answers_are_failures_with_their_status(status: int) -> None:
    with CallbackReceiver(Reply(status, b"no")) as receiver:
        (result,) = send(receiver.url)
    assert (result.status_code, result.reason, result.is_success) == (status, "http_error", False)


def test_redirect_is_not_followed() -> None:
    with CallbackReceiver() as target, CallbackReceiver(Reply(307, headers=(("Location", target.url),))) as receiver:
        (result,) = send(receiver.url)
        assert target.received == []
    assert (result.status_code, result.reason) == (307, "http_error")


def test_slow_receiver_is_a_timeout() -> None:
    with CallbackReceiver(Reply(seconds=5)) as receiver:
        (result,) = send(receiver.url, timeout_seconds=0.05)
    assert (result.status_code, result.reason, result.error) == (None, "timeout", "no answer within 0.05 s")


def test_refused_connection_is_told() -> None:
    with CallbackReceiver() as gone:
        url = gone.url
    (result,) = send(url)
    assert (result.status_code, result.reason, result.refused) == (None, "connection_error", False)
    assert "Connect" in (result.error or "")


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/", "http://", "nonsense", "ftp://127.0.0.1/", "http://[::1"])
def test_url_that_leads_nowhere_is_a_failure_and_no_error(url: str) -> None:
    (result,) = send(url)
    assert (result.status_code, result.reason) == (None, "connection_error")


@pytest.mark.slow(is_covering=True)
def test_large_answer_is_cut() -> None:
    with CallbackReceiver(Reply(200, b"x" * (ANSWER_BYTES_MAX * 3))) as receiver:
        results = send(receiver.url, receiver.url)
    assert [len(result.response_body or "") for result in results] == [ANSWER_BYTES_MAX, 0]


def test_answer_in_parts_is_kept_whole() -> None:
    with listening(Fine) as port:
        (result,) = send(f"http://127.0.0.1:{port}/")
    assert result.response_body == "firstsecond"


def test_answer_that_is_no_text_is_kept_readable() -> None:
    with CallbackReceiver(Reply(200, b"\xff\x00ok")) as receiver:
        (result,) = send(receiver.url)
    assert result.response_body == "\ufffd\x00ok"


def test_cookie_of_a_receiver_does_not_come_back_to_it() -> None:
    with CallbackReceiver(Reply(headers=(("Set-Cookie", "who=tenant-a; Path=/"),))) as receiver:
        url = receiver.url.replace("127.0.0.1", "localhost")
        send(url, url)
        assert [received.headers.get("cookie") for received in receiver.received] == [None, None]


@pytest.mark.slow(is_covering=True)
def test_https_receiver_is_trusted_through_its_ca_and_not_without(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with listening(Fine, context) as port:
        (trusted,) = send(f"https://localhost:{port}/", ca_file=tmp_path / "ca.pem")
        (refused,) = send(f"https://localhost:{port}/")
    assert (trusted.status_code, trusted.reason) == (200, None)
    assert (refused.status_code, refused.reason) == (None, "connection_error")
    assert "certificate" in (refused.error or "").lower()


def trusted_pem(pem: bytes) -> bytes:
    """A certificate as `openssl x509 -trustout` writes it, with what it is trusted for behind it."""
    lines = ssl.PEM_cert_to_DER_cert(pem.decode()) + bytes.fromhex("300c300a06082b06010505070301")
    return b"-----BEGIN TRUSTED CERTIFICATE-----\n" + base64.encodebytes(lines) + b"-----END TRUSTED CERTIFICATE-----\n"


@pytest.mark.parametrize("form", [bytes, trusted_pem, lambda pem: "für Nürnberg\n".encode() + pem], ids=["plain", "trusted", "noted"])
def test_authority_may_stand_in_any_form_of_pem(tmp_path: Path, form: Callable[[bytes], bytes]) -> None:
    authority, file = trustme.CA(), tmp_path / "ca.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    file.write_bytes(form(authority.cert_pem.bytes()))
    with listening(Fine, context) as port:
        (result,) = send(f"https://localhost:{port}/", ca_file=file)
    assert (result.status_code, result.error) == (200, None)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
@pytest.mark.parametrize("content", [PEM, b""], ids=["certificate", "nothing"])
def test_authority_may_come_through_a_pipe(content: bytes) -> None:
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    with nullcontext() if content else pytest.raises(ConfigError, match="has no certificate"):
        HttpSender(ca_file=Path(f"/dev/fd/{reading}"))
    os.close(reading)


@pytest.mark.parametrize("content", [b"", b"\n", b"no certificate\n", PEM[:60] + b"!" + PEM[61:], b"\x30\x82\x01\x00"])
def test_file_without_an_authority_is_refused_at_the_start_and_nobody_else_trusted(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"^callback-ca: .*ca\.pem has no certificate that can be read; give a PEM file"):
        HttpSender(ca_file=file)


def test_file_of_revocations_alone_vouches_for_nobody(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")]), datetime(2026, 1, 1, tzinfo=UTC)
    revoked = x509.CertificateRevocationListBuilder(name, now, now + timedelta(days=1)).sign(key, hashes.SHA256())
    file.write_bytes(revoked.public_bytes(Encoding.PEM))
    with pytest.raises(ConfigError, match="has no certificate"):
        HttpSender(ca_file=file)


def test_authority_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^callback-ca: .*absent\.pem cannot be read: No such file"):
        HttpSender(ca_file=tmp_path / "absent.pem")


def test_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("app.example").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with listening(Fine, context) as port:
        (result,) = send(f"https://localhost:{port}/", ca_file=tmp_path / "ca.pem")
    assert result.reason == "connection_error"


def test_recording_sender_answers_as_told_and_then_200() -> None:
    async def story() -> list[int | None]:
        sender = RecordingSender(500, 201)
        return [(await sender.send(OutgoingRequest("http://a", {}, b""))).status_code for _ in range(3)]

    assert asyncio.run(story()) == [500, 201, 200]
