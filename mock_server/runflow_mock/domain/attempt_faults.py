"""Attempt faults: what a fault makes of one attempt, between what is due and what leaves.

Theory. A fault can move the timestamp before it is signed, change the body or the signature after that, send the request several times, or
send nothing and have something recorded in the place of an answer. Which secret is used is decided where the attempt starts.

The API knows nothing of this: it is the kit's own.
"""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta

from runflow_mock.domain import fault_kinds as kinds
from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.domain.documents import read_object, write_document

CUT_OFF = AttemptResult(error="ConnectionError: the connection was cut off before an answer", reason="connection_error", response_time_ms=0)

_STATUS = re.compile(rb'"status":"([a-z_]+)"')
# What a receiver that does not look at the signature is made to believe; of anything else, that it succeeded.
_LIES: Mapping[bytes, bytes] = {b"succeeded": b"failed", b"completed": b"failed"}
_USUAL_LIE = b"succeeded"
# The digits of a SHA-256, and a quarter of them.
_DIGITS, _QUARTER_DIGITS = 64, 16


def timestamp_of(fault: kinds.AttemptKind | None, present: int) -> int:
    """Returns the timestamp of an attempt that leaves now, both in unix seconds."""
    if isinstance(fault, kinds.Stale):
        return max(0, present - _seconds(fault.by))
    return present + _seconds(fault.by) if isinstance(fault, kinds.Future) else present


def copies_of(fault: kinds.AttemptKind | None) -> int:
    """Returns how often the request is sent, where it is sent at all."""
    return fault.copies if isinstance(fault, kinds.Duplicate) else 1


def signed_body_of(fault: kinds.AttemptKind | None, payload: bytes) -> bytes:
    """Returns the bytes that are signed: the payload, the same JSON with a line break at its end, or the message with other fields."""
    if isinstance(fault, kinds.Fields):
        return write_document({**read_object(payload), **read_object(fault.fields)})
    return payload + b"\n" if isinstance(fault, kinds.LineBreak) else payload


def body_of(fault: kinds.AttemptKind | None, payload: bytes) -> bytes:
    """Returns the bytes that leave: those that were signed, the same JSON in other bytes, or JSON that tells of another end."""
    if isinstance(fault, kinds.Respace):
        return payload.replace(b"{", b"{ ", 1)
    if not isinstance(fault, kinds.Tamper):
        return signed_body_of(fault, payload)
    # The status stands before anything that a user wrote, so that the first match is the record's own.
    return _STATUS.sub(lambda found: b'"status":"%s"' % _LIES.get(found[1], _USUAL_LIE), payload, count=1)


def signature_of(fault: kinds.AttemptKind | None, signature: str) -> str:
    """Returns the signature that leaves: the one that was made, or one that whoever compares a part of it takes for it."""
    if not isinstance(fault, kinds.NearSignature):
        return signature
    digits = signature[-_DIGITS:]
    quarters = [digits[first : first + _QUARTER_DIGITS] for first in range(0, _DIGITS, _QUARTER_DIGITS)]
    return signature[:-_DIGITS] + "".join(_HALVES[fault.half](*quarters))


def answer_without_sending(fault: kinds.AttemptKind | None) -> AttemptResult | None:
    """Returns what is recorded of an attempt that does not leave, or nothing when it does."""
    if isinstance(fault, kinds.Drop):
        return AttemptResult(status_code=200, response_body="", response_time_ms=0)
    if isinstance(fault, kinds.Redirect):
        return _answered(fault.status)
    if isinstance(fault, kinds.FailAttempt):
        return CUT_OFF if fault.status is None else _answered(fault.status)
    return None


def other_digits(digits: str) -> str:
    """Returns hexadecimal digits of which none is the one that stands there."""
    return "".join(f"{int(digit, 16) ^ 1:x}" for digit in digits)


# What becomes of the quarters of the digits, by the half that stays right; of those that are swapped each half stands in the other's place,
# and of those of another length others follow all of them, or none the first half.
_HALVES: Mapping[str, Callable[[str, str, str, str], tuple[str, ...]]] = {
    "first": lambda a, b, c, d: (a, b, other_digits(c), other_digits(d)),
    "last": lambda a, b, c, d: (other_digits(a), other_digits(b), c, d),
    "outer": lambda a, b, c, d: (a, other_digits(b), other_digits(c), d),
    "inner": lambda a, b, c, d: (other_digits(a), b, c, other_digits(d)),
    "swapped": lambda a, b, c, d: (c, d, a, b),
    "longer": lambda a, b, c, d: (a, b, c, d, other_digits(a)),
    "shorter": lambda a, b, c, d: (a, b),
}
HALVES = tuple(_HALVES)
"""Which half of the digits of a signature may be right."""


def _seconds(by: timedelta) -> int:
    return int(by.total_seconds())


def _answered(status: int) -> AttemptResult:
    return AttemptResult(status_code=status, response_body="", response_time_ms=0, reason="http_error")
