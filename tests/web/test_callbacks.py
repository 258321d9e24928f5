"""What arrives at a receiver: signature, timestamp and bytes of every attempt."""

from datetime import UTC, datetime

from doors import Clocks, Door
from steps import advance, callback_run, finished_run, ok
from worlds import CALLBACK_URL

from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.domain.signing import sign_bare, sign_timestamped, verify_bare, verify_timestamped
from runflow_mock.runtime.sender import OutgoingRequest, RecordingSender

SECRET = "rf_whsec_0123456789abcdef"


class StrictReceiver(RecordingSender):
    """A receiver with the check that the pages describe: right signature, at most five minutes off the real clock."""

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        headers = request.headers
        verify_timestamped(
            request.body,
            signature=headers.get("Runflow-Signature"),
            timestamp=headers.get("Runflow-Timestamp"),
            secret=SECRET,
            now=datetime.now(UTC),
        )
        return await super().send(request)


class TickingWall:
    """A wall clock that goes on by a second with every look."""

    def __init__(self) -> None:
        self.seconds = 1_000_000

    def __call__(self) -> float:
        self.seconds += 1
        return float(self.seconds)


def test_receiver_with_a_five_minute_check_accepts_after_an_advance_of_three_hours() -> None:
    receiver = StrictReceiver(500)
    with Door(sender=receiver, callback_secret=SECRET) as door:
        advance(door, "3h")
        callback_run(door)
        advance(door, "3h")
        attempts = ok(door.get("/_mock/deliveries"))["items"][0]["attempts"]
    assert [each["status_code"] for each in attempts] == [500, 200]


def test_each_attempt_has_a_fresh_timestamp_and_signature_over_the_same_bytes() -> None:
    sender = RecordingSender(500, 200)
    with Door(sender=sender, callback_secret=SECRET, clocks=Clocks(wall=TickingWall())) as door:
        finished_run(door, callback_url=CALLBACK_URL)
    first, second = sender.sent
    assert first.body == second.body
    assert first.headers["Runflow-Timestamp"] != second.headers["Runflow-Timestamp"]
    for request in (first, second):
        timestamp = int(request.headers["Runflow-Timestamp"])
        assert request.headers["Runflow-Signature"] == sign_timestamped(request.body, timestamp, SECRET)


def test_virtual_client_time_puts_timestamps_on_the_tenants_clock() -> None:
    sender = RecordingSender(500, 200)
    with Door(sender=sender, callback_secret=SECRET, client_time="virtual") as door:
        finished_run(door, callback_url=CALLBACK_URL)
    start = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    assert [int(request.headers["Runflow-Timestamp"]) - start for request in sender.sent] == [1, 11]


def test_same_seed_and_virtual_time_send_the_same_bytes() -> None:
    first, second = RecordingSender(500, 200), RecordingSender(500, 200)
    for sender in (first, second):
        with Door(sender=sender, client_time="virtual") as door:
            ok(door.post("/v1/callback-secrets", {}), 201)
            finished_run(door, callback_url=CALLBACK_URL)
    assert first.sent == second.sent


def test_without_a_secret_there_is_no_signature() -> None:
    sender = RecordingSender()
    with Door(sender=sender) as door:
        finished_run(door, callback_url=CALLBACK_URL)
    assert set(sender.sent[0].headers) == {"Content-Type", "User-Agent", "Runflow-Request-Id", "Runflow-Timestamp"}


def test_docs_dialect_signs_the_body_alone() -> None:
    sender = RecordingSender()
    with Door(sender=sender, callback_secret=SECRET, dialect="docs") as door:
        finished_run(door, callback_url=CALLBACK_URL)
    (request,) = sender.sent
    verify_bare(request.body, signature=request.headers["Runflow-Signature"], secret=SECRET)
    assert request.headers["Runflow-Signature"] == sign_bare(request.body, SECRET)
    assert "Runflow-Timestamp" not in request.headers


def test_attempt_shown_to_the_operator_is_what_was_sent() -> None:
    sender = RecordingSender()
    with Door(sender=sender, callback_secret=SECRET) as door:
        finished_run(door, callback_url=CALLBACK_URL)
        attempt = ok(door.get("/_mock/deliveries"))["items"][0]["attempts"][0]
    (request,) = sender.sent
    assert (attempt["headers"], attempt["body"].encode()) == (request.headers, request.body)
    assert attempt["signature"] == request.headers["Runflow-Signature"]


def test_secret_promoted_between_attempts_signs_the_next_one() -> None:
    sender = RecordingSender(500, 200)
    with Door(sender=sender, callback_secret=SECRET) as door:
        callback_run(door)
        advance(door, "5s")
        new = ok(door.post("/v1/callback-secrets", {}), 201)
        ok(door.patch(f"/v1/callback-secrets/{new['id']}", {"is_current": True}))
        door.settle()
    for request, secret in zip(sender.sent, (SECRET, new["secret"]), strict=True):
        assert request.headers["Runflow-Signature"] == sign_timestamped(request.body, int(request.headers["Runflow-Timestamp"]), secret)
