import os
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from runflow_mock.runtime.certificates import LIFETIME, NAMES, ca_file, make_authority, server_context
from runflow_mock.runtime.config import ConfigError

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _certificate(context: ssl.SSLContext, state: Path, name: str = "localhost") -> x509.Certificate:
    """What a client that trusts the authority is shown, without a network."""
    trusting = ssl.create_default_context(cafile=str(ca_file(state)))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server, server_hostname=name)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    shown = client.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown)


def test_authority_is_made_once(tmp_path: Path) -> None:
    made = make_authority(tmp_path / "deep" / "state")
    before = made.read_bytes()
    assert make_authority(tmp_path / "deep" / "state") == made == ca_file(tmp_path / "deep" / "state")
    assert made.read_bytes() == before


def test_key_is_for_its_owner_alone_and_the_certificate_for_everybody(state: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (state / "ca").iterdir()}
    assert modes == {"ca.pem": 0o644, "ca-key.pem": 0o600}


def test_many_who_start_at_once_get_the_same_authority(tmp_path: Path) -> None:
    together = threading.Barrier(8)
    seen: list[bytes] = []

    def start() -> None:
        together.wait()
        seen.append(make_authority(tmp_path).read_bytes())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["ca"]


@pytest.mark.parametrize("name", [*NAMES, "runflow"])
def test_certificate_carries_every_name(state: Path, name: str) -> None:
    assert _certificate(server_context(state, ["runflow"], datetime.now(UTC)), state, name)


def test_certificate_is_refused_under_another_name(state: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"evil\.example"):
        _certificate(server_context(state, (), datetime.now(UTC)), state, "evil.example")


def test_certificate_is_valid_as_long_as_strict_clients_accept(state: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    shown = _certificate(server_context(state, (), now), state)
    assert shown.not_valid_before_utc <= now < shown.not_valid_after_utc
    assert shown.not_valid_after_utc - shown.not_valid_before_utc == LIFETIME < timedelta(days=398)


def test_no_key_of_a_server_stays_on_disk(state: Path) -> None:
    server_context(state, (), NOW)
    assert {path.name for path in (state / "ca").iterdir()} == {"ca.pem", "ca-key.pem"}


def test_state_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"state folder .*file/state cannot be written: .*; name a folder that can be with --state"):
        make_authority(tmp_path / "file" / "state")


@pytest.mark.parametrize("broken", ["ca.pem", "ca-key.pem"])
def test_damaged_authority_is_told_and_not_replaced(tmp_path: Path, broken: str) -> None:
    make_authority(tmp_path)
    (tmp_path / "ca" / broken).write_text("nonsense")
    with pytest.raises(ConfigError, match="cannot be used: it is damaged; remove the folder"):
        server_context(tmp_path, (), NOW)
    assert (tmp_path / "ca" / broken).read_text() == "nonsense"


@pytest.mark.parametrize("broken", ["ca.pem", "ca-key.pem"])
def test_pipe_in_the_place_of_the_authority_is_told_and_nobody_waits_for_it(tmp_path: Path, broken: str) -> None:
    make_authority(tmp_path)
    (tmp_path / "ca" / broken).unlink()
    os.mkfifo(tmp_path / "ca" / broken)
    with pytest.raises(ConfigError, match="cannot be used: it is a pipe or a device; remove the folder"):
        server_context(tmp_path, (), NOW)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"nonsense", "it is damaged"), (b"", "it is damaged"), (None, "it is a pipe or a device")]
)
def test_nobody_is_given_a_certificate_that_cannot_be_read(tmp_path: Path, content: bytes | None, reason: str) -> None:
    certificate = make_authority(tmp_path)
    certificate.unlink()
    if content is None:
        os.mkfifo(certificate)
    else:
        certificate.write_bytes(content)
    with pytest.raises(ConfigError, match=f"cannot be used: {reason}; remove the folder"):
        make_authority(tmp_path)


def test_certificate_with_words_beside_it_is_given(tmp_path: Path) -> None:
    certificate = make_authority(tmp_path)
    certificate.write_bytes("# Zertifikat für uns\n".encode() + certificate.read_bytes())
    assert make_authority(tmp_path) == certificate


def test_certificate_is_given_to_who_may_not_read_the_key(tmp_path: Path) -> None:
    certificate = make_authority(tmp_path)
    (tmp_path / "ca" / "ca-key.pem").write_text("not for you")
    assert make_authority(tmp_path) == certificate


def test_name_that_is_none_is_told(state: Path) -> None:
    with pytest.raises(ConfigError, match=r"tls-names: .*; write host names or addresses"):
        server_context(state, ["not a name"], NOW)


def test_authority_of_another_origin_serves_too(tmp_path: Path) -> None:
    own = trustme.CA()
    (tmp_path / "ca").mkdir()
    own.cert_pem.write_to_path(tmp_path / "ca" / "ca.pem")
    own.private_key_pem.write_to_path(tmp_path / "ca" / "ca-key.pem")
    assert _certificate(server_context(tmp_path, (), datetime.now(UTC)), tmp_path)
