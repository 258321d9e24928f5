import hashlib
import hmac
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runflow_mock.domain.signing import (
    TOLERANCE,
    SignatureMismatch,
    SignatureMissing,
    TimestampOutside,
    sign_bare,
    sign_timestamped,
    verify_bare,
    verify_timestamped,
)

BODY = b'{"event":"run.completed","metadata":{"sku":"\xc3\xa9"}}'
SECRET = "rf_whsec_0123456789abcdef"
TIMESTAMP = 1_745_234_442
NOW = datetime.fromtimestamp(TIMESTAMP, UTC)


def _recipe(body: bytes, timestamp: int, secret: str) -> str:
    """The recipe of the integration page, in plain library calls: HMAC-SHA256(secret, timestamp + "." + raw_body) as v1=."""
    return "v1=" + hmac.new(secret.encode("utf-8"), f"{timestamp}.".encode("ascii") + body, hashlib.sha256).hexdigest()


def _verify(
    *,
    body: bytes = BODY,
    signature: str | None = _recipe(BODY, TIMESTAMP, SECRET),
    timestamp: str | None = str(TIMESTAMP),
    secret: str = SECRET,
    now: datetime = NOW,
) -> None:
    verify_timestamped(body, signature=signature, timestamp=timestamp, secret=secret, now=now)


def test_signature_is_the_published_recipe() -> None:
    assert sign_timestamped(BODY, TIMESTAMP, SECRET) == _recipe(BODY, TIMESTAMP, SECRET)


def test_known_vector() -> None:
    # RFC 4231, test case 2, whose data happens to fit the bare form.
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sign_bare(b"what do ya want for nothing?", "Jefe") == expected


def test_bare_signature_covers_the_body_alone() -> None:
    assert sign_bare(BODY, SECRET) == hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()


@pytest.mark.slow(is_covering=True)
@given(st.binary(max_size=200), st.integers(0, 2**33), st.text(min_size=1, max_size=60))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_what_is_signed_verifies_for_any_body_and_secret(body: bytes, timestamp: int, secret: str) -> None:
    signature = sign_timestamped(body, timestamp, secret)
    assert signature == _recipe(body, timestamp, secret)
    _verify(body=body, signature=signature, timestamp=str(timestamp), secret=secret, now=datetime.fromtimestamp(timestamp, UTC))
    verify_bare(body, signature=sign_bare(body, secret), secret=secret)


def test_recipe_of_another_implementation_is_accepted() -> None:
    _verify(signature=_recipe(BODY, TIMESTAMP, SECRET))


@pytest.mark.slow
def test_openssl_makes_the_same_signatures(tmp_path: Path) -> None:
    def digest(content: bytes) -> str:
        (tmp_path / "content").write_bytes(content)
        command = ["openssl", "dgst", "-sha256", "-hmac", SECRET, "-r", str(tmp_path / "content")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]

    assert "v1=" + digest(f"{TIMESTAMP}.".encode() + BODY) == sign_timestamped(BODY, TIMESTAMP, SECRET)
    assert digest(BODY) == sign_bare(BODY, SECRET)


@pytest.mark.parametrize(
    "changes",
    [
        {"body": BODY + b" "},
        {"timestamp": str(TIMESTAMP + 1)},
        {"secret": SECRET[:-1]},
        {"signature": _recipe(BODY, TIMESTAMP, SECRET).upper().replace("V1", "v1")},
        {"signature": _recipe(BODY, TIMESTAMP, SECRET)[:-1]},
        {"signature": "v1=" + sign_bare(BODY, SECRET)},
        {"signature": "v1=é"},
    ],
)
def test_other_bytes_timestamp_or_secret_do_not_fit(changes: dict[str, str]) -> None:
    with pytest.raises(SignatureMismatch):
        _verify(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("signature", [None, "", "v2=" + "0" * 64, sign_bare(BODY, SECRET)])
def test_signature_of_another_form_counts_as_missing(signature: str | None) -> None:
    with pytest.raises(SignatureMissing, match="Runflow-Signature"):
        _verify(signature=signature)


@pytest.mark.parametrize("timestamp", [None, "", "-1", "1.5", "soon", "١٢", "²"])
def test_timestamp_that_is_not_unix_seconds_counts_as_missing(timestamp: str | None) -> None:
    with pytest.raises(SignatureMissing, match="Runflow-Timestamp"):
        _verify(timestamp=timestamp)


@pytest.mark.parametrize("skew", [TOLERANCE, -TOLERANCE, timedelta(0)])
def test_timestamp_up_to_five_minutes_off_is_accepted(skew: timedelta) -> None:
    _verify(now=NOW + skew)


@pytest.mark.parametrize("skew", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_timestamp_further_off_is_rejected(skew: timedelta) -> None:
    with pytest.raises(TimestampOutside, match="301 s away") as caught:
        _verify(now=NOW + skew)
    assert caught.value.skew == abs(skew)


def test_wrong_signature_is_told_before_a_stale_timestamp() -> None:
    with pytest.raises(SignatureMismatch):
        _verify(secret="another", now=NOW + timedelta(hours=1))


def test_evidence_never_holds_the_secret_or_the_right_signature() -> None:
    with pytest.raises(SignatureMismatch) as caught:
        _verify(body=b"tampered")
    assert SECRET not in caught.value.evidence
    assert _recipe(b"tampered", TIMESTAMP, SECRET) not in caught.value.evidence


@pytest.mark.parametrize("signature", [None, "", "abc", "v1=" + "0" * 64])
def test_bare_signature_must_have_64_characters(signature: str | None) -> None:
    with pytest.raises(SignatureMissing):
        verify_bare(BODY, signature=signature, secret=SECRET)


@pytest.mark.parametrize("body", [b"", BODY[:-1]])
def test_bare_signature_of_other_bytes_does_not_fit(body: bytes) -> None:
    with pytest.raises(SignatureMismatch):
        verify_bare(body, signature=sign_bare(BODY, SECRET), secret=SECRET)
