from datetime import UTC, datetime, timedelta

import pytest
import requests

from runflow_mock.domain.signing import SignatureError, TimestampOutside, sign_bare, sign_timestamped
from runflow_mock.testing.receiver import CallbackReceiver, Received, Reply

SECRET = "rf_whsec_of_a_test"
BODY = b'{"id": "1"}'
NOW = datetime(2026, 1, 1, tzinfo=UTC)
STAMP = int(NOW.timestamp())


def signed(stamp: int = STAMP, body: bytes = BODY) -> Received:
    headers = {"runflow-timestamp": str(stamp), "runflow-signature": sign_timestamped(BODY, stamp, SECRET)}
    return Received("/callbacks", headers, body)


def test_replies_are_given_in_turn_and_then_200() -> None:
    with CallbackReceiver(500) as receiver:
        receiver.reply_with(Reply(status=307, headers=(("Location", "https://example.com"),)))
        answers = [requests.post(receiver.url, data=BODY, timeout=5, allow_redirects=False).status_code for _ in range(3)]
        assert answers == [500, 307, 200]
        assert [received.body for received in receiver.deliveries] == [BODY] * 3


def test_waiting_moves_time_until_enough_arrived() -> None:
    moves = []
    with CallbackReceiver() as receiver:

        def move() -> bool:
            moves.append(1)
            return requests.post(receiver.url, data=BODY, timeout=5).ok

        receiver.move_with(move)
        assert len(receiver.wait(3)) == len(moves) == 3


def test_waiting_in_vain_says_how_many_arrived() -> None:
    with CallbackReceiver() as receiver, pytest.raises(TimeoutError, match="0 of 1 callbacks"):
        receiver.wait(seconds=0.01)


def test_signature_of_either_dialect_is_accepted() -> None:
    signed().verify(SECRET, NOW)
    Received("/callbacks", {"runflow-signature": sign_bare(BODY, SECRET)}, BODY).verify(SECRET)


@pytest.mark.parametrize(
    "received",
    [
        signed(body=BODY + b" "),
        signed(STAMP - 301),
        Received("/callbacks", {}, BODY),
        Received("/callbacks", {"runflow-timestamp": str(STAMP)}, BODY),
        Received("/callbacks", {"runflow-signature": sign_bare(BODY, "another")}, BODY),
    ],
)
def test_anything_else_is_refused(received: Received) -> None:
    with pytest.raises(SignatureError):
        received.verify(SECRET, NOW)


def test_five_minutes_are_tolerated() -> None:
    signed().verify(SECRET, NOW + timedelta(minutes=5))


@pytest.mark.parametrize("stamp", [1_796_095_261_000, 10**15 - 1])
def test_time_that_no_calendar_has_is_outside(stamp: int) -> None:
    """Who signs in milliseconds names a year of five digits."""
    with pytest.raises(TimestampOutside, match=f"it was sent at {stamp}, and here it is "):
        signed(stamp).verify(SECRET, NOW)
