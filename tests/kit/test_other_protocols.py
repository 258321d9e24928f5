"""What speaks at an address that gives no answer of HTTP: whoever has the wrong scheme or port is told which is right."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from drips import answering

from runflow_mock.kit.probes.other_protocols import HTTP2, NO_TLS, TLS, what_speaks
from runflow_mock.runtime.certificates import make_authority, server_context

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
SETTINGS = b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"
GOAWAY = b"\x00\x00\x08\x07\x00\x00\x00\x00\x00"
ALERT = b"\x15\x03\x01\x00\x02\x02\x46"


@contextmanager
def secure(state: Path, *protocols: str) -> Iterator[str]:
    make_authority(state)
    context = server_context(state, ("127.0.0.1",), datetime.now(UTC))
    context.set_alpn_protocols(protocols)
    with answering(OK, b"", context=context) as url:
        yield url.replace("http:", "https:")


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    ("says", "told"),
    [
        (SETTINGS, HTTP2),
        (GOAWAY, HTTP2),
        (ALERT, TLS),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "it says 'SSH-2.0-OpenSSH_9.6\\r\\n', which is no HTTP"),
        (OK, None),
    ],
)
def test_whoever_says_no_http_is_told_by_the_first_bytes(says: bytes, told: str | None) -> None:
    with answering(says, b"") as url:
        assert what_speaks(url) == told


@pytest.mark.slow(is_covering=True)
def test_plain_http_behind_an_address_of_tls_is_told() -> None:
    with answering(OK, b"") as url:
        assert what_speaks(url.replace("http:", "https:")) == NO_TLS


@pytest.mark.slow(is_covering=True)
def test_tls_behind_a_plain_address_is_told_whoever_has_signed_its_certificate(tmp_path: Path) -> None:
    with secure(tmp_path, "http/1.1") as url:
        assert what_speaks(url.replace("https:", "http:")) == TLS


@pytest.mark.slow(is_covering=True)
def test_certificate_that_is_not_trusted_is_told_with_the_way_out(tmp_path: Path) -> None:
    with secure(tmp_path, "http/1.1") as url:
        told = what_speaks(url)
    assert told is not None
    assert (told.startswith("its certificate is not trusted ("), "SSL_CERT_FILE" in told) == (True, True)


@pytest.mark.parametrize(("protocol", "told"), [("h2", HTTP2), ("http/1.1", None)])
def test_http2_alone_is_told_over_tls_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str, told: str | None) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(make_authority(tmp_path)))
    with secure(tmp_path, protocol) as url:
        assert what_speaks(url.replace("http/1.1", protocol)) == told


@pytest.mark.slow(is_covering=True)
def test_nobody_says_nothing() -> None:
    with answering(b"", b"") as url:
        gone = url
    assert what_speaks(gone) is None
