"""Time as a client and an operator see it: it stands until moved, moves when somebody waits, and a move is over when all of it is."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from doors import AUTO, MANUAL, Door
from httpx import ASGITransport, AsyncClient
from msgspec.structs import replace
from starlette.applications import Starlette
from steps import (
    INPUT,
    RUNS,
    TERMINAL,
    Body,
    advance,
    callback_run,
    finished_run,
    get_run,
    ok,
    post_batch,
    post_fault,
    post_run,
    refusal,
)
from worlds import CALLBACK_URL

from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.sender import OutgoingRequest, RecordingSender
from runflow_mock.web.app import create_app

REAL = Config(clock=ClockMode.REAL, speed=1.0)
WALL = datetime(2026, 11, 22, 12, 0, 0, 123_456, tzinfo=UTC)


class Stopwatch:
    """A monotonic clock that goes on when told."""

    def __init__(self) -> None:
        self.seconds = 5_000.0

    def __call__(self) -> float:
        return self.seconds


class TimedDoor(Door):
    """A door to a server whose real clocks are the test's."""

    def __init__(self, config: Config, **settings: Any) -> None:
        super().__init__(config, **settings)
        self.real = Stopwatch()
        self.app = create_app(
            replace(config, **settings), sender=self.sender, observer=self.answers, monotonic=self.real, wall=WALL.timestamp
        )
        self.runtime = self.app.state.runtime
        self._client = AsyncClient(transport=ASGITransport(app=self.app), base_url="http://127.0.0.1:8787")

    def __enter__(self) -> "TimedDoor":
        return self


class CallingBack(RecordingSender):
    """A receiver that calls the API from inside its handler before it answers."""

    def __init__(self, call: Callable[[AsyncClient], Any], *statuses: int) -> None:
        super().__init__(*statuses)
        self.app: Starlette | None = None
        self.answers: list[Any] = []
        self._call = call

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        assert self.app is not None
        headers = {"Authorization": "Bearer rf_live_mock_test"}
        async with AsyncClient(transport=ASGITransport(app=self.app), base_url="http://127.0.0.1:8787", headers=headers) as client:
            self.answers.append(await self._call(client))
        return await super().send(request)


def poll(door: Door, path: str, polls_max: int = 12) -> list[str]:
    """The distinct statuses that a client sees which does nothing but poll."""
    seen: list[str] = []
    for _ in range(polls_max):
        seen.append(ok(door.get(path))["status_code"])
        if seen[-1] in TERMINAL:
            break
    return seen


def clock(door: Door) -> Body:
    return ok(door.get("/_mock/clock"))


def test_standing_clock_stands(door: Door) -> None:
    run = post_run(door)
    for _ in range(3):
        assert get_run(door, run) == run
    assert clock(door)["now"] == "2026-01-01T00:00:00.000Z"


def test_advance_answers_with_the_present_and_the_ordered_timeline(door: Door) -> None:
    run = callback_run(door)
    answer = ok(door.post("/_mock/clock/advance", {"by": "10m"}))
    assert answer["now"] == "2026-01-01T00:10:00.000Z"
    told = [(step["kind"], step.get("from"), step["to"]) for step in answer["timeline"]]
    assert told == [
        ("run", "queued", "dispatching"),
        ("run", "dispatching", "running"),
        ("run", "running", "succeeded"),
        ("delivery", None, "pending"),
        ("delivery", "pending", "delivering"),
        ("delivery", "delivering", "succeeded"),
    ]
    assert [step["at"] for step in answer["timeline"]] == sorted(step["at"] for step in answer["timeline"])
    assert {step["id"] for step in answer["timeline"][:3]} == {run["id"]}


def test_advance_returns_after_the_receivers_have_answered() -> None:
    sender = RecordingSender(500, 500)
    with Door(sender=sender) as door:
        run = callback_run(door)
        advance(door, "20s")
        assert len(sender.sent) == 2
        (delivery,) = door.get(f"/v1/runs/{run['id']}/callback").json()
        assert [each["status_code"] for each in delivery["attempts"]] == [500, 500]


@pytest.mark.slow(is_covering=True)
def test_one_long_advance_equals_many_short_ones() -> None:
    histories = []
    for parts in (["20s"], ["1s"] * 20, [0.25] * 80):
        with Door(sender=RecordingSender(500, 500), client_time="virtual") as door:
            callback_run(door)
            post_batch(door, 3)
            for part in parts:
                advance(door, part)
            histories.append(door.get("/_mock/history").json())
    assert histories[0] == histories[1] == histories[2]


@pytest.mark.slow(is_covering=True)
def test_ten_minutes_of_a_batch_of_a_hundred_with_five_callback_attempts() -> None:
    sender = RecordingSender(*[500] * 5)
    with Door(sender=sender, balance=100_000_000) as door:
        batch = post_batch(door, 100, callback_url=CALLBACK_URL)
        advance(door, "10m")
        done = ok(door.get(f"/v1/batches/{batch['id']}"))
        assert (done["status_code"], done["items_succeeded"], len(sender.sent)) == ("succeeded", 100, 4)
        advance(door, "30m")
        (delivery,) = door.get(f"/v1/batches/{batch['id']}/callback").json()
    assert (delivery["status_code"], delivery["attempt_count"], len(sender.sent)) == ("failed", 5, 5)
    assert {request.body for request in sender.sent} == {delivery["payload_bytes"].encode()}


def test_client_that_only_creates_and_polls_sees_a_run_end_under_auto() -> None:
    with Door(AUTO) as door:
        run = post_run(door)
        assert poll(door, f"/v1/runs/{run['id']}") == ["queued", "dispatching", "running", "succeeded"]


def test_client_that_only_creates_and_polls_sees_a_batch_end_under_auto() -> None:
    with Door(AUTO) as door:
        batch = post_batch(door, 5)
        assert poll(door, f"/v1/batches/{batch['id']}") == ["queued", "running", "succeeded"]


def test_client_that_polls_the_list_comes_to_an_end_under_auto() -> None:
    with Door(AUTO) as door:
        post_run(door)
        seen = [ok(door.get("/v1/runs"))["items"][0]["status_code"] for _ in range(4)]
    assert seen == ["queued", "dispatching", "running", "succeeded"]


def test_client_that_polls_the_callback_history_sees_the_delivery_under_auto() -> None:
    with Door(AUTO, sender=RecordingSender(500)) as door:
        run = callback_run(door)
        seen = [door.get(f"/v1/runs/{run['id']}/callback").json() for _ in range(9)]
    assert seen[-1][0]["status_code"] == "succeeded"
    assert len(seen[-1][0]["attempts"]) == 2


def test_polling_one_run_lets_another_live_on_the_way_under_auto() -> None:
    with Door(AUTO) as door:
        other, slow = post_run(door), ok(door.post("/v1/models/runflow/background-replace/runs", {"input": {"prompt": "x"}}), 201)
        poll(door, f"/v1/runs/{slow['id']}")
        assert get_run(door, other)["status_code"] == "succeeded"


def test_reading_what_has_ended_moves_nothing_under_auto() -> None:
    with Door(AUTO) as door:
        run = post_run(door)
        poll(door, f"/v1/runs/{run['id']}")
        post_run(door)
        before = clock(door)["now"]
        for _ in range(3):
            get_run(door, run)
        assert clock(door)["now"] == before


def test_polling_moves_nothing_on_a_manual_clock() -> None:
    with Door(MANUAL) as door:
        run = post_run(door)
        assert set(poll(door, f"/v1/runs/{run['id']}")) == {"queued"}


def test_real_clock_passes_with_the_real_one() -> None:
    with TimedDoor(REAL) as door:
        run = post_run(door)
        assert run["created_at"] == "2026-11-22T12:00:00.123Z"
        door.real.seconds += 1
        assert get_run(door, run)["status_code"] == "running"
        door.real.seconds += 2
        assert get_run(door, run)["status_code"] == "succeeded"
        assert clock(door)["now"] == "2026-11-22T12:00:03.123Z"


def test_scaled_clock_passes_faster() -> None:
    with TimedDoor(REAL, clock=ClockMode.SCALED, scale=60.0) as door:
        run = post_run(door)
        door.real.seconds += 1
        assert get_run(door, run)["status_code"] == "succeeded"
        assert clock(door)["now"] == "2026-11-22T12:01:00.123Z"


def test_running_clock_shows_and_keeps_whole_milliseconds() -> None:
    """A client sends back the `updated_at` that it read: a hidden fraction would make every change a conflict."""
    with TimedDoor(REAL) as door:
        door.get("/v1/runs")
        door.real.seconds += 0.0004567
        post_run(door)
        door.real.seconds += 30.0007891
        assert ok(door.patch("/v1/billing/balance", {"low_balance_threshold": "1"}))["updated_at"] == "2026-11-22T12:00:30.124Z"
        read = ok(door.get("/v1/billing/balance"))
        body = {"low_balance_threshold": "2", "updated_at": read["updated_at"]}
        assert ok(door.patch("/v1/billing/balance", body))["low_balance_threshold"] == "2.000000"


def test_record_is_found_by_the_time_it_shows_on_a_running_clock() -> None:
    with TimedDoor(REAL) as door:
        door.get("/v1/runs")
        door.real.seconds += 0.0006
        run = post_run(door)
        q = f"created_at<='{run['created_at']}' AND created_at>='{run['created_at']}'"
        assert [item["id"] for item in ok(door.get("/v1/runs", params={"q": q}))["items"]] == [run["id"]]


def test_frozen_clock_stands_and_goes_on_from_there() -> None:
    with TimedDoor(REAL) as door:
        run = post_run(door)
        assert ok(door.post("/_mock/clock/freeze"))["rate"] == 0
        door.real.seconds += 3600
        assert get_run(door, run) == run
        assert ok(door.post("/_mock/clock/resume"))["rate"] == 1
        assert get_run(door, run) == run
        door.real.seconds += 3
        assert get_run(door, run)["status_code"] == "succeeded"


def test_advance_moves_a_running_clock_too() -> None:
    with TimedDoor(REAL) as door:
        run = post_run(door)
        assert ok(door.post("/_mock/clock/advance", {"by": "1h"}))["now"] == "2026-11-22T13:00:00.123Z"
        assert get_run(door, run)["status_code"] == "succeeded"
        door.real.seconds += 1
        assert clock(door)["now"] == "2026-11-22T13:00:01.123Z"


def test_scale_sets_the_rate_from_now_on() -> None:
    with TimedDoor(REAL) as door:
        door.get("/v1/runs")
        door.real.seconds += 1
        assert ok(door.post("/_mock/clock/scale", {"factor": 60}))["rate"] == 60
        door.real.seconds += 1
        assert clock(door)["now"] == "2026-11-22T12:01:01.123Z"


@pytest.mark.parametrize("by", ["10m", "PT10M", 600, 600.0, "600s", "9m60s", "600000ms"])
def test_durations_are_written_in_many_ways(door: Door, by: str | float) -> None:
    assert ok(door.post("/_mock/clock/advance", {"by": by}))["now"] == "2026-01-01T00:10:00.000Z"


@pytest.mark.parametrize(
    "body", [{}, {"by": "-1s"}, {"by": "soon"}, {"by": None}, {"by": -1}, {"by": True}, {"by": "1s", "to": "x"}, {"by": "1000000d"}]
)
def test_other_durations_are_refused_and_move_nothing(door: Door, body: Body) -> None:
    refusal(door.post("/_mock/clock/advance", body), 422)
    assert clock(door)["now"] == "2026-01-01T00:00:00.000Z"


def test_advance_beyond_the_last_year_is_refused(door: Door) -> None:
    key = ok(door.post("/_mock/tenants", {"start": "8999-01-01"}), 201)["key"]
    for _ in range(10):
        door.post("/_mock/clock/advance", {"by": "36500d"}, key=key)
    assert "9000-01-01T00:00:00.000Z" in refusal(door.post("/_mock/clock/advance", {"by": "36500d"}, key=key), 422)


def test_advance_to_an_instant(door: Door) -> None:
    run = post_run(door)
    assert ok(door.post("/_mock/clock/advance-to", {"to": "2026-01-01T01:00:00+00:30"}))["now"] == "2026-01-01T00:30:00.000Z"
    assert get_run(door, run)["status_code"] == "succeeded"


@pytest.mark.parametrize("to", ["2025-12-31T23:59:59Z", "later", ""])
def test_clock_never_goes_back(door: Door, to: str) -> None:
    refusal(door.post("/_mock/clock/advance-to", {"to": to}), 422)
    assert clock(door)["now"] == "2026-01-01T00:00:00.000Z"


def test_next_moves_to_the_next_instant_at_which_something_is_due(door: Door) -> None:
    run = post_run(door)
    due = clock(door)["next_due"]
    answer = ok(door.post("/_mock/clock/next"))
    assert (answer["now"], [step["to"] for step in answer["timeline"]]) == (due, ["dispatching"])
    assert get_run(door, run)["status_code"] == "dispatching"


def test_next_with_nothing_due_moves_nothing(door: Door) -> None:
    assert ok(door.post("/_mock/clock/next")) == {"now": "2026-01-01T00:00:00.000Z", "timeline": []}


def test_run_until_idle_stops_at_its_limit() -> None:
    with Door(sender=RecordingSender(*[500] * 5)) as door:
        callback_run(door)
        answer = ok(door.post("/_mock/clock/run-until-idle", {"limit": "1m"}))
        assert answer["timeline"][-1]["to"] == "pending"
        assert "2026-01-01T00:00:11" <= answer["now"] <= "2026-01-01T00:01:00"
        assert clock(door)["timers"] == 1
        ok(door.post("/_mock/clock/run-until-idle"))
        assert clock(door)["timers"] == 0


@pytest.mark.parametrize("factor", [0, -1, 1_000_001])
def test_factor_out_of_range_is_refused(door: Door, factor: float) -> None:
    refusal(door.post("/_mock/clock/scale", {"factor": factor}), 422)


async def create_another(client: AsyncClient) -> Any:
    return (await client.post(RUNS, json={"input": INPUT})).json()


def door_with(sender: CallingBack, config: Config = MANUAL) -> Door:
    door = Door(config, sender=sender)
    sender.app = door.app
    return door


def test_receiver_may_call_the_api_while_an_advance_waits_for_it() -> None:
    sender = CallingBack(create_another)
    with door_with(sender) as door:
        callback_run(door)
        advance(door, "1m")
        (made,) = sender.answers
        assert get_run(door, made)["status_code"] == "succeeded"


def test_time_stands_still_while_a_callback_is_in_flight() -> None:
    async def look(client: AsyncClient) -> Any:
        return (await client.get("/_mock/clock")).json()

    sender = CallingBack(look)
    with door_with(sender) as door:
        run = callback_run(door)
        ok(door.post("/v1/models/runflow/background-replace/runs", {"input": {"prompt": "slow"}}), 201)
        advance(door, "1h")
        (seen,) = sender.answers
        assert (seen["now"], seen["in_flight"]) == (get_run(door, run)["completed_at"], 1)


def test_reset_from_inside_a_receiver_ends_the_old_world() -> None:
    """Whatever was in flight for it has nobody to report to: no retry comes, and the advance ends."""

    async def reset(client: AsyncClient) -> Any:
        return (await client.post("/_mock/reset")).json()

    sender = CallingBack(reset, 500)
    with door_with(sender) as door:
        callback_run(door)
        door.settle()
        assert len(sender.sent) == 1
        assert ok(door.get("/v1/runs"))["items"] == []


def test_steps_of_an_advance_are_limited_and_the_limit_is_told() -> None:
    limits = replace(MANUAL.limits, steps_max=2)
    with Door(limits=limits) as door:
        post_run(door)
        assert "2" in refusal(door.post("/_mock/clock/advance", {"by": "1h"}), 409, "limit")
    with Door(limits=replace(limits, steps_max=3)) as door:
        assert finished_run(door)["status_code"] == "succeeded"


def test_expired_things_do_not_move_the_clock(door: Door) -> None:
    door.post(RUNS, {"input": INPUT}, headers={"Idempotency-Key": "k"})
    door.settle()
    assert clock(door)["now"] < "2026-01-01T00:01"


def test_fault_in_the_past_of_its_window_does_nothing(door: Door) -> None:
    post_fault(door, {"edge": "run.running->failed"}, when={"until": "2026-01-01T00:00:00Z"})
    assert finished_run(door)["status_code"] == "succeeded"
