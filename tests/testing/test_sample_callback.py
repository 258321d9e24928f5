"""`sample_callback`: the real callback of any event for a unit test of a handler, signed, without a server."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runflow_mock.domain.dialects import BUNDLES, dialect_of
from runflow_mock.domain.signing import SignatureMismatch, verify_bare, verify_timestamped
from runflow_mock.testing import SampleCallback, sample_callback
from runflow_mock.testing.client import ClientError
from runflow_mock.testing.samples import ALIASES, EVENTS

SECRET = "rf_whsec_of_a_unit_test"


def _verify(sample: SampleCallback, dialect: str, secret: str = SECRET) -> None:
    if dialect_of(dialect, {}).dates_attempts:
        stamp = sample.headers["Runflow-Timestamp"]
        now = datetime.fromtimestamp(int(stamp), UTC)
        verify_timestamped(sample.body, signature=sample.headers["Runflow-Signature"], timestamp=stamp, secret=secret, now=now)
    else:
        verify_bare(sample.body, signature=sample.headers["Runflow-Signature"], secret=secret)


@pytest.mark.parametrize("dialect", BUNDLES)
def test_sample_is_signed_as_the_service_signs_it(dialect: str) -> None:
    sample = sample_callback("run.completed", secret=SECRET, dialect=dialect)
    _verify(sample, dialect)
    with pytest.raises(SignatureMismatch):
        _verify(sample, dialect, "rf_whsec_of_somebody_else")


@pytest.mark.parametrize("event", [*EVENTS, *ALIASES])
def test_sample_tells_of_the_event_that_was_asked_for(event: str) -> None:
    sample = sample_callback(event, metadata={"order": 7})
    assert sample.document["event"] == ALIASES.get(event, event)
    assert "Runflow-Signature" not in sample.headers


@pytest.mark.slow(is_covering=True)
def test_samples_are_about_different_runs_unless_a_seed_is_given() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    first, second = sample_callback("run.failed"), sample_callback("run.failed")
    assert first.document["run_id"] != second.document["run_id"]
    assert sample_callback("run.failed", seed="same", at=at) == sample_callback("run.failed", seed="same", at=at)


@pytest.mark.parametrize("event", EVENTS)
def test_sample_of_another_time_is_signed_then(event: str) -> None:
    sample = sample_callback(event, secret=SECRET, at=datetime(2026, 1, 1, tzinfo=UTC))
    assert int(sample.headers["Runflow-Timestamp"]) == int(datetime.fromisoformat(sample.document["completed_at"]).timestamp())
    _verify(sample, "seed")


def test_sample_carries_metadata_and_is_of_now() -> None:
    sample = sample_callback("run.completed", metadata={"order": 7})
    assert sample.document["metadata"] == {"order": 7}
    assert abs(datetime.fromisoformat(sample.document["completed_at"]) - datetime.now(UTC)) < timedelta(minutes=2)


def test_event_that_is_none_is_told_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"'run\.complete'; did you mean run\.completed\?.*batch\.failed"):
        sample_callback("run.complete")


@pytest.mark.parametrize("event", [None, 3, b"run.completed", ["run.completed"]])
def test_event_that_is_no_text_is_refused(event: Any) -> None:
    with pytest.raises(TypeError, match=r"an event is a text such as 'run\.completed', not "):
        sample_callback(event)


def test_dialect_that_is_none_is_told() -> None:
    with pytest.raises(ClientError, match="dialect"):
        sample_callback("run.completed", dialect="klingon")


def test_time_that_is_none_and_bytes_for_a_secret_are_told() -> None:
    with pytest.raises(TypeError, match="at is a datetime, not 'yesterday'"):
        sample_callback("run.completed", at="yesterday")  # type: ignore[arg-type]  # what the test is about
    with pytest.raises(TypeError, match=r"secret is a text .*, not b'rf_whsec_of_a_unit_test': decode it"):
        sample_callback("run.completed", secret=SECRET.encode())  # type: ignore[arg-type]  # what the test is about
