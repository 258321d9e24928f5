"""Lines about records: what they read from the bytes that were sent, whatever those are."""

import pytest
from records import a_delivery

from runflow_mock.wire.rows import event_in


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        (b'{"data":{"event":"inner"},"event":"run.completed"}', "run.completed"),
        (b'{"event":7}', None),
        (b'{"id":"a"}', None),
        (b'["event"]', None),
        (b'"event"', None),
    ],
)
def test_event_of_a_delivery_is_what_its_bytes_name(payload: bytes, event: str | None) -> None:
    assert event_in(a_delivery(payload=payload)) == event
