import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from runflow_mock.domain.attempt_faults import (
    CUT_OFF,
    answer_without_sending,
    body_of,
    copies_of,
    signature_of,
    signed_body_of,
    timestamp_of,
)
from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.domain.documents import Document
from runflow_mock.domain.fault_kinds import (
    AttemptKind,
    Drop,
    Duplicate,
    FailAttempt,
    Fields,
    Future,
    LineBreak,
    NearSignature,
    Redirect,
    Respace,
    Stale,
    Tamper,
    Unsigned,
    WrongSecret,
)

PAYLOAD = b'{"event":"run.completed","run_id":"1","status":"%s","output":{"status":"succeeded"}}'
PRESENT = 1_767_225_600
SIGNATURE = "v1=" + "0123456789abcdef" * 4


@pytest.mark.parametrize("fault", [None, Unsigned(), WrongSecret()])
def test_attempt_without_a_distortion_leaves_once_as_it_is(fault: AttemptKind | None) -> None:
    assert (timestamp_of(fault, PRESENT), copies_of(fault), body_of(fault, PAYLOAD)) == (PRESENT, 1, PAYLOAD)
    assert (answer_without_sending(fault), signature_of(fault, SIGNATURE), signed_body_of(fault, PAYLOAD)) == (None, SIGNATURE, PAYLOAD)


@pytest.mark.parametrize(("fault", "seconds"), [(Stale(timedelta(minutes=10)), -600), (Future(timedelta(hours=1)), 3600)])
def test_timestamp_is_shifted(fault: AttemptKind, seconds: int) -> None:
    assert timestamp_of(fault, PRESENT) == PRESENT + seconds


def test_timestamp_never_lies_before_1970() -> None:
    assert timestamp_of(Stale(timedelta(days=36_500)), PRESENT) == 0


def test_copies_are_counted_in_all() -> None:
    assert copies_of(Duplicate(copies=5)) == 5


LIES = {"succeeded": "failed", "completed": "failed", "failed": "succeeded", "canceled": "succeeded", "partial_succeeded": "succeeded"}


@pytest.mark.parametrize(("status", "told"), LIES.items())
def test_tampered_body_is_json_that_tells_of_another_end(status: str, told: str) -> None:
    payload = PAYLOAD % status.encode()
    assert json.loads(body_of(Tamper(), payload)) == {**json.loads(payload), "status": told}


@pytest.mark.parametrize("payload", [PAYLOAD % b"succeeded", b'{"a\\":{":1}', b"{}", b' {"event":"run.completed"}'])
def test_respaced_body_says_the_same_in_other_bytes(payload: bytes) -> None:
    respaced = body_of(Respace(), payload)
    assert (json.loads(respaced), respaced != payload) == (json.loads(payload), True)


def test_body_that_ends_with_a_line_break_is_signed_as_it_leaves() -> None:
    assert body_of(LineBreak(), PAYLOAD) == signed_body_of(LineBreak(), PAYLOAD) == PAYLOAD + b"\n"
    assert signed_body_of(Respace(), PAYLOAD) == PAYLOAD


@pytest.mark.parametrize("fields", [b'{"x_unknown":[1]}', b'{"status":null,"event":"run.hibernated"}'])
def test_message_with_other_fields_is_signed_as_it_leaves(fields: bytes) -> None:
    payload, fault = PAYLOAD % b"succeeded", Fields(Document(fields))
    assert body_of(fault, payload) == signed_body_of(fault, payload)
    assert json.loads(body_of(fault, payload)) == {**json.loads(payload), **json.loads(fields)}


@pytest.mark.parametrize("prefix", ["v1=", ""])
@pytest.mark.parametrize(
    ("half", "right"), [("first", range(32)), ("last", range(32, 64)), ("outer", (*range(16), *range(48, 64))), ("inner", range(16, 48))]
)
def test_near_signature_is_right_in_one_half_alone(prefix: str, half: str, right: Sequence[int]) -> None:
    digits = "0123456789abcdef" * 4
    near = signature_of(NearSignature(half=half), prefix + digits)
    assert (near[:-64], len(near)) == (prefix, len(prefix) + 64)
    assert [place for place in range(64) if near[-64:][place] == digits[place]] == list(right)
    assert set(near[-64:]) <= set(digits)


def test_swapped_signature_has_the_same_digits_in_another_order() -> None:
    first, last = "0123456789abcdef" * 2, "fedcba9876543210" * 2
    assert signature_of(NearSignature(half="swapped"), f"v1={first}{last}") == f"v1={last}{first}"


def test_signature_of_another_length_begins_as_the_right_one_does() -> None:
    digits = "0123456789abcdef" * 4
    assert signature_of(NearSignature(half="longer"), f"v1={digits}") == f"v1={digits}1032547698badcfe"
    assert signature_of(NearSignature(half="shorter"), f"v1={digits}") == f"v1={digits[:32]}"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Drop(), AttemptResult(status_code=200, response_body="", response_time_ms=0)),
        (Redirect(status=308), AttemptResult(status_code=308, response_body="", response_time_ms=0, reason="http_error")),
        (FailAttempt(status=503), AttemptResult(status_code=503, response_body="", response_time_ms=0, reason="http_error")),
        (FailAttempt(), CUT_OFF),
    ],
)
def test_what_does_not_leave_has_its_answer(fault: AttemptKind, expected: AttemptResult) -> None:
    assert answer_without_sending(fault) == expected
