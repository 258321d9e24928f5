from datetime import datetime
from itertools import pairwise

import pytest
from doors import Door
from steps import (
    ABSENT,
    BATCHES,
    INPUT,
    Body,
    advance,
    callback_run,
    finished_batch,
    finished_run,
    history_length,
    ok,
    places,
    post_batch,
    post_fault,
    post_run,
    problem,
)
from worlds import CALLBACK_URL

from runflow_mock.domain.callback_policy import Rewrite
from runflow_mock.runtime.sender import RecordingSender

RUN_KEYS = ["event", "run_id", "status", "output", "duration_ms", "created_at", "completed_at", "metadata"]


def deliveries(door: Door, parent: Body, noun: str = "runs") -> list[Body]:
    answer = door.get(f"/v1/{noun}/{parent['id']}/callback")
    assert answer.status_code == 200
    found: list[Body] = answer.json()
    return found


def test_run_tells_once_when_it_ends(door: Door) -> None:
    run = callback_run(door, metadata={"sku": "1"})
    assert deliveries(door, run) == []
    door.settle()
    (delivery,) = deliveries(door, run)
    assert {
        name: delivery[name] for name in ("run_id", "callback_url", "status_code", "is_automatic", "attempt_count", "max_attempts")
    } == {
        "run_id": run["id"],
        "callback_url": CALLBACK_URL,
        "status_code": "succeeded",
        "is_automatic": True,
        "attempt_count": 1,
        "max_attempts": 5,
    }
    assert list(delivery["payload"]) == RUN_KEYS
    assert delivery["payload"]["metadata"] == {"sku": "1"}


def test_attempt_keeps_the_receivers_answer() -> None:
    with Door(sender=RecordingSender(500, 200)) as door:
        run = finished_run(door, callback_url=CALLBACK_URL)
        (delivery,) = deliveries(door, run)
    assert [(each["attempt_number"], each["status_code"], each["error_message"]) for each in delivery["attempts"]] == [
        (1, 500, None),
        (2, 200, None),
    ]
    assert {each["delivery_id"] for each in delivery["attempts"]} == {delivery["id"]}


def test_run_without_a_url_tells_nobody(door: Door) -> None:
    run = finished_run(door)
    assert deliveries(door, run) == []
    assert isinstance(door.sender, RecordingSender)
    assert door.sender.sent == []


def test_batch_tells_once_and_its_runs_do_not(door: Door) -> None:
    batch = finished_batch(door, callback_url=CALLBACK_URL, metadata={"x": 1})
    (delivery,) = deliveries(door, batch, "batches")
    assert delivery["batch_id"] == batch["id"]
    assert list(delivery["payload"]) == ["event", "batch_id", *RUN_KEYS[2:]]
    assert delivery["payload"]["event"] == "batch.succeeded"
    assert delivery["payload"]["output"] == batch["output"]
    assert isinstance(door.sender, RecordingSender)
    assert len(door.sender.sent) == 1


def test_payload_of_a_failed_run_has_no_output(door: Door) -> None:
    post_fault(door, {"edge": "run.running->failed"})
    run = finished_run(door, callback_url=CALLBACK_URL)
    payload = deliveries(door, run)[0]["payload"]
    assert (payload["event"], payload["status"], payload["output"]) == ("run.failed", "failed", None)


@pytest.mark.parametrize(("failing", "event"), [((0,), "batch.partial_succeeded"), ((0, 1), "batch.failed")])
def test_event_of_a_batch_is_its_status(door: Door, failing: tuple[int, ...], event: str) -> None:
    for index in failing:
        post_fault(door, {"edge": f"batch.item[{index}]"})
    batch = finished_batch(door, callback_url=CALLBACK_URL)
    assert deliveries(door, batch, "batches")[0]["payload"]["event"] == event


def test_frozen_bytes_are_the_ones_sent() -> None:
    sender = RecordingSender(500, 500, 200)
    with Door(sender=sender) as door:
        run = finished_run(door, callback_url=CALLBACK_URL)
        (delivery,) = deliveries(door, run)
    assert [request.body for request in sender.sent] == [delivery["payload_bytes"].encode()] * 3


def test_retries_keep_the_delivery_id_and_count_the_attempt() -> None:
    sender = RecordingSender(500, 500, 200)
    with Door(sender=sender) as door:
        run = finished_run(door, callback_url=CALLBACK_URL)
        (delivery,) = deliveries(door, run)
    assert [request.headers["Runflow-Request-Id"] for request in sender.sent] == [f"{delivery['id']}-{number}" for number in (1, 2, 3)]


def test_delivery_waits_10_s_1_min_5_min_and_30_min_and_gives_up() -> None:
    with Door(sender=RecordingSender(*[500] * 5)) as door:
        run = finished_run(door, callback_url=CALLBACK_URL)
        (delivery,) = deliveries(door, run)
        attempts = ok(door.get("/_mock/deliveries"))["items"][0]["attempts"]
    instants = [datetime.fromisoformat(each["at"]) for each in attempts]
    assert [(later - earlier).total_seconds() for earlier, later in pairwise(instants)] == [10, 60, 300, 1800]
    assert (delivery["status_code"], delivery["failure_reason_code"], delivery["next_attempt_at"]) == (
        "failed",
        "max_attempts_exhausted",
        None,
    )
    assert delivery["failure_detail"] == "the receiver answered 500"


def test_waiting_delivery_says_when_it_tries_again() -> None:
    with Door(sender=RecordingSender(500)) as door:
        run = callback_run(door)
        advance(door, "5s")
        (delivery,) = deliveries(door, run)
        assert delivery["status_code"] == "pending"
        assert delivery["next_attempt_at"][:16] == "2026-01-01T00:00"
        advance(door, "10s")
        assert deliveries(door, run)[0]["status_code"] == "succeeded"


def test_redelivery_is_a_new_delivery_with_a_fresh_payload(door: Door) -> None:
    run = finished_run(door, callback_url=CALLBACK_URL)
    made = ok(door.post(f"/v1/runs/{run['id']}/callback-redeliveries"), 201)
    assert (made["is_automatic"], made["attempt_count"]) == (False, 0)
    door.settle()
    first, second = deliveries(door, run)
    assert (second["id"], second["status_code"]) == (made["id"], "succeeded")
    assert first["id"] != second["id"]
    assert first["payload_bytes"] == second["payload_bytes"]


def test_batch_is_redelivered_too(door: Door) -> None:
    batch = finished_batch(door, callback_url=CALLBACK_URL)
    made = ok(door.post(f"/v1/batches/{batch['id']}/callback-redeliveries"), 201)
    assert (made["batch_id"], made["is_automatic"]) == (batch["id"], False)
    door.settle()
    assert [each["status_code"] for each in deliveries(door, batch, "batches")] == ["succeeded", "succeeded"]


def test_redelivery_before_the_end_is_refused(door: Door) -> None:
    run, batch = callback_run(door), post_batch(door, callback_url=CALLBACK_URL)
    assert places(door.post(f"/v1/runs/{run['id']}/callback-redeliveries")) == [(["path", "run_id"], "not_terminal")]
    assert places(door.post(f"/v1/batches/{batch['id']}/callback-redeliveries")) == [(["path", "batch_id"], "not_terminal")]


def test_redelivery_without_a_url_is_refused(door: Door) -> None:
    run, batch = finished_run(door), finished_batch(door)
    assert places(door.post(f"/v1/runs/{run['id']}/callback-redeliveries")) == [(["path", "run_id"], "missing_callback_url")]
    assert places(door.post(f"/v1/batches/{batch['id']}/callback-redeliveries")) == [(["path", "batch_id"], "missing_callback_url")]


@pytest.mark.parametrize("noun", ["runs", "batches"])
def test_redelivery_in_flight_is_refused_with_conflict_and_changes_nothing(noun: str) -> None:
    with Door(sender=RecordingSender(500)) as door:
        parent = callback_run(door) if noun == "runs" else post_batch(door, callback_url=CALLBACK_URL)
        advance(door, "5s")
        before = history_length(door)
        path = f"/v1/{noun}/{parent['id']}/callback-redeliveries"
        assert [kind for _, kind in places(door.post(path))] == ["conflict"]
        assert history_length(door) == before
        door.settle()
        ok(door.post(path), 201)


def test_delivery_that_gave_up_can_be_sent_once_more() -> None:
    with Door(sender=RecordingSender(*[500] * 5)) as door:
        run = finished_run(door, callback_url=CALLBACK_URL)
        ok(door.post(f"/v1/runs/{run['id']}/callback-redeliveries"), 201)
        door.settle()
        assert [each["status_code"] for each in deliveries(door, run)] == ["failed", "succeeded"]


def test_redelivery_of_what_is_absent_is_404(door: Door) -> None:
    for noun in ("runs", "batches"):
        problem(door.post(f"/v1/{noun}/{ABSENT}/callback-redeliveries"), 404, "NOT_FOUND")
        places(door.post(f"/v1/{noun}/nonsense/callback-redeliveries"))


def test_refused_host_is_an_undelivered_attempt_with_the_reason_and_no_retry() -> None:
    sender = RecordingSender()
    with Door(sender=sender) as door:
        run = finished_run(door, callback_url="https://your-server.com/webhook")
        (delivery,) = deliveries(door, run)
    assert sender.sent == []
    assert (delivery["status_code"], delivery["failure_reason_code"], delivery["attempt_count"]) == ("failed", "host_not_allowed", 1)
    assert "--callback-rewrite" in delivery["failure_detail"]
    assert delivery["attempts"][0]["status_code"] is None


def test_rewritten_origin_is_called_in_place_of_the_callback_url() -> None:
    sender = RecordingSender()
    rewrites = (Rewrite("https://app.example", "http://web:8000"),)
    with Door(sender=sender, callback_rewrites=rewrites) as door:
        run = finished_run(door, callback_url="https://app.example/hooks/1?x=2")
        assert deliveries(door, run)[0]["callback_url"] == "https://app.example/hooks/1?x=2"
    assert [request.url for request in sender.sent] == ["http://web:8000/hooks/1?x=2"]


def test_origin_that_only_begins_alike_is_not_rewritten() -> None:
    sender = RecordingSender()
    with Door(sender=sender, callback_rewrites=(Rewrite("https://app.example", "http://web:8000"),)) as door:
        finished_run(door, callback_url="https://app.example.evil.test/hook")
    assert sender.sent == []


def test_allowed_host_may_be_called_over_http() -> None:
    sender = RecordingSender()
    with Door(sender=sender, callback_hosts=frozenset(("web",))) as door:
        finished_run(door, callback_url="http://web:8000/hook")
        assert places(door.post(BATCHES, {"input": [INPUT], "callback_url": "http://db:1/"})) == [(["body", "callback_url"], "url_scheme")]
    assert [request.url for request in sender.sent] == ["http://web:8000/hook"]


def test_strict_takes_https_only() -> None:
    with Door(strict=True) as door:
        response = door.post("/v1/models/runflow/background-removal/runs", {"input": INPUT, "callback_url": CALLBACK_URL})
        assert places(response) == [(["body", "callback_url"], "url_scheme")]
        assert post_run(door, callback_url="https://127.0.0.1:9000/hook")["status_code"] == "queued"
