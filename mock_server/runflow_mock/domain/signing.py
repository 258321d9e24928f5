"""Signatures of callbacks: HMAC-SHA256 over exact bytes, with the instant and the key handed in.

Two contents are signed in the wild: the seed pages sign `timestamp.body` and prefix the hex digits with `v1=`, the newer documentation
signs the body alone and sends bare hex digits. Which one is spoken is chosen in `wire.dialect`.

Source: `callbacks.signature` (timestamped), `callbacks.signature-docs` (bare).
"""

import hmac
from datetime import datetime, timedelta

from runflow_mock.domain.whole_numbers import whole_number

TOLERANCE = timedelta(minutes=5)
# More digits than any instant has.
DIGITS_MAX = 15


class SignatureError(Exception):
    """A callback that must not be trusted; `evidence` says what was found."""

    def __init__(self, evidence: str) -> None:
        super().__init__(evidence)
        self.evidence = evidence


class SignatureMissing(SignatureError):
    """There is no signature, or not one of the expected form."""


class SignatureMismatch(SignatureError):
    """The signature belongs to other bytes, another timestamp or another secret."""


class TimestampOutside(SignatureError):
    """The signature is right, but too old or from the future."""

    def __init__(self, evidence: str, skew: timedelta) -> None:
        super().__init__(evidence)
        self.skew = skew


# How each form looks, and how a server is told to speak it; by whether it is dated.
_FORMS = {
    True: ("`v1=` and hex digits over `timestamp.body`, with Runflow-Timestamp", "--dialect seed, or --switches signature=timestamped"),
    False: ("bare hex digits over the body", "--dialect docs, or --switches signature=bare"),
}


def told_refusal(*, is_dated: bool) -> str:
    """Returns what a receiver seems to expect that believes no genuine callback of a form."""
    (sent, _), (other, way_out) = _FORMS[is_dated], _FORMS[not is_dated]
    return f"it is sent {sent}, and seems to expect {other} (serve {way_out}), or another secret"


def sign_timestamped(body: bytes, timestamp: int, secret: str) -> str:
    """Returns `v1=` and 64 hex digits over `timestamp.body`."""
    return "v1=" + _digest(str(timestamp).encode() + b"." + body, secret)


def sign_bare(body: bytes, secret: str) -> str:
    """Returns 64 hex digits over the body."""
    return _digest(body, secret)


def verify_timestamped(body: bytes, *, signature: str | None, timestamp: str | None, secret: str, now: datetime) -> None:
    """Accepts a callback of the seed dialect, or raises.

    Raises:
        SignatureMissing: a header is absent or malformed.
        SignatureMismatch: the digits do not fit body, timestamp and secret.
        TimestampOutside: more than `TOLERANCE` before or after `now`.
    """
    if not signature or not signature.startswith("v1="):
        raise SignatureMissing(f"Runflow-Signature is {signature!r}, expected v1=<64 hex digits>")
    seconds = whole_number(timestamp, DIGITS_MAX)
    if seconds is None:
        raise SignatureMissing(f"Runflow-Timestamp is {timestamp!r}, expected unix seconds")
    if not hmac.compare_digest(sign_timestamped(body, seconds, secret).encode(), signature.encode()):
        raise SignatureMismatch("the signature does not fit the body, the timestamp and the secret")
    # What has most digits is further away than a timedelta can say.
    skew = timedelta(seconds=min(abs(now.timestamp() - seconds), timedelta.max.days * 86_400))
    if skew > TOLERANCE:
        raise TimestampOutside(f"the timestamp is {skew.total_seconds():.0f} s away, more than {TOLERANCE.total_seconds():.0f} s", skew)


def verify_bare(body: bytes, *, signature: str | None, secret: str) -> None:
    """Accepts a callback of the docs dialect, or raises as `verify_timestamped` does."""
    if not signature or len(signature) != 64:
        raise SignatureMissing(f"Runflow-Signature is {signature!r}, expected 64 hex digits")
    if not hmac.compare_digest(sign_bare(body, secret).encode(), signature.encode()):
        raise SignatureMismatch("the signature does not fit the body and the secret")


def _digest(content: bytes, secret: str) -> str:
    return hmac.digest(secret.encode(), content, "sha256").hex()
