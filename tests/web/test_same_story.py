"""The same seed and commands tell the same story byte for byte under virtual time, however long a receiver takes."""

from doors import Door
from steps import callback_run, ok

from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.runtime.sender import OutgoingRequest, RecordingSender


class TimedSender(RecordingSender):
    """Sends nothing, and says that every answer took so many milliseconds."""

    def __init__(self, took: int) -> None:
        super().__init__()
        self._took = took

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        """Fails an attempt."""
        return AttemptResult(status_code=500, response_body="busy", response_time_ms=self._took)


def _story(took: int, client_time: str) -> tuple[bytes, bytes]:
    with Door(client_time=client_time, sender=TimedSender(took)) as door:
        ok(door.post("/v1/callback-secrets", {"label": "signs"}), 201)
        callback_run(door)
        door.settle()
        return door.get("/_mock/deliveries").content, door.get("/_mock/history").content


def test_history_and_deliveries_are_equal_under_virtual_time() -> None:
    assert _story(3, "virtual") == _story(250, "virtual")


def test_real_time_is_told_where_the_clients_time_is_real() -> None:
    deliveries, _ = _story(250, "wall")
    assert b'"response_time_ms":250' in deliveries
