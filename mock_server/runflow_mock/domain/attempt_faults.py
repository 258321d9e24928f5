"""Attempt faults: what a fault makes of one attempt, between what is due and what leaves.

Theory. A fault can move the timestamp before it is signed, change the body or the signature after that, send the request several times, or
send nothing and have something recorded in the place of an answer. Which secret is used is decided where the attempt starts.

The API knows nothing of this: it is the kit's own.
"""

import re
from collections.abc import Mapping
from datetime import timedelta

from runflow_mock.domain import fault_kinds as kinds
from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.domain.documents import read_object, write_document

CUT_OFF = AttemptResult(error="ConnectionError: the connection was cut off before an answer", reason="connection_error", response_time_ms=0)

_STATUS = re.compile(rb'"status":"([a-z_]+)"')
# What a receiver that does not look at the signature is made to believe; of anything else, that it succeeded.
_LIES: Mapping[bytes, bytes] = {b"succeeded": b"failed", b"completed": b"failed"}
_USUAL_LIE = b"succeeded"
# Half of the digits of a SHA-256.
_HALF_DIGITS, _QUARTER_DIGITS = 32, 16


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
    """Returns the signature that leaves: the one that was made, or one that whoever compares an end of it alone, or both, takes for it."""
    if not isinstance(fault, kinds.NearSignature):
        return signature
    first, last = signature[:-_HALF_DIGITS], signature[-_HALF_DIGITS:]
    if fault.half == "first":
        return first + other_digits(last)
    if fault.half == "outer":
        middle = first[-_QUARTER_DIGITS:] + last[:_QUARTER_DIGITS]
        return first[:-_QUARTER_DIGITS] + other_digits(middle) + last[_QUARTER_DIGITS:]
    return first[:-_HALF_DIGITS] + other_digits(first[-_HALF_DIGITS:]) + last


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


def _seconds(by: timedelta) -> int:
    return int(by.total_seconds())


def _answered(status: int) -> AttemptResult:
    return AttemptResult(status_code=status, response_body="", response_time_ms=0, reason="http_error")
