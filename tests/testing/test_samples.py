import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from runflow_mock.domain.batches import BatchStatus
from runflow_mock.domain.callback_events import RUN_EVENTS
from runflow_mock.runtime.config import Config
from runflow_mock.testing.in_process import InProcess
from runflow_mock.testing.receiver import CallbackReceiver, Received
from runflow_mock.testing.samples import ALIASES, EVENTS, RECEIVER_URL, carry, lead_to, sample_world, send_sample

SECRET = "rf_whsec_sample"
START = datetime(2026, 3, 1, tzinfo=UTC)


def sent(event: str, *, dialect: str = "seed", secret: str | None = SECRET, seed: str = "0") -> Received:
    """The message as it arrives."""
    with CallbackReceiver() as receiver:
        delivery = send_sample(event, receiver.url, Config(seed=seed, start=START, dialect=dialect, callback_secret=secret))
        assert delivery["state"] == "succeeded"
        return receiver.wait(1)[0]


@pytest.mark.parametrize("event", EVENTS)
def test_message_tells_the_event_and_is_signed(event: str) -> None:
    received = sent(event)
    received.verify(SECRET)
    assert json.loads(received.body)["event"] == event


def test_message_can_be_in_the_other_dialect() -> None:
    received = sent("run.cancelled", dialect="docs")
    received.verify(SECRET)
    assert (received.timestamp, json.loads(received.body)["status"]) == (None, "canceled")


def test_every_event_that_the_fake_can_tell_has_a_sample() -> None:
    ends = {f"batch.{status}" for status in BatchStatus} - {"batch.queued", "batch.running"}
    assert set(EVENTS) == {*RUN_EVENTS.values(), *ends, "evaluation.completed", "evaluation.failed"}
    assert set(ALIASES.values()) <= set(EVENTS)


def test_half_a_batch_succeeds_and_half_does_not() -> None:
    output = json.loads(sent("batch.partial_succeeded").body)["output"]
    assert (output["succeeded"], output["failed"]) == (1, 1)


@pytest.mark.slow(is_covering=True)
def test_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first, again, other = (sent("run.completed", seed=seed).body for seed in ("a", "a", "b"))
    assert first == again != other


class Counted(InProcess):
    """A fake in this process that counts what it is asked."""

    asked = 0

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        self.asked += 1
        return super().exchange(method, path, headers, body)


@pytest.mark.parametrize("event", ["run.completed", "batch.partial_succeeded"])
def test_sample_costs_as_few_requests_however_many_steps_lead_to_it(event: str) -> None:
    """`verify-receiver` writes seven hundred of them."""
    app = Counted(Config(speed=1.0))
    with sample_world(app, secret=SECRET, dialect="seed", switches={}) as control:
        lead_to(control, EVENTS[event], RECEIVER_URL)
        before = app.asked
        assert carry(control).document["event"] == event
    app.stop()
    # Time moves on, the attempt is taken and answered, and the world is gone.
    assert app.asked - before == 4


def test_message_without_a_secret_has_no_signature() -> None:
    assert sent("run.failed", secret=None).signature is None


def test_refusal_of_the_receiver_is_in_the_delivery() -> None:
    with CallbackReceiver(500) as receiver:
        delivery = send_sample("run.failed", receiver.url, Config(start=START))
        assert len(receiver.deliveries) == 1
    assert (delivery["state"], delivery["attempts"][0]["status_code"]) == ("pending", 500)
