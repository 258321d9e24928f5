import asyncio
import base64
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from commands import sandbox
from contract import fits
from doors import AUTO, Door
from loop_turns import Fake
from PIL import Image
from steps import Body, callback_run, get_run, ok, problem
from worlds import CALLBACK_URL

from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.domain.tenants import ClockMode
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.sender import OutgoingRequest, RecordingSender

MODEL = "google/nano-banana-pro"
RUNS = f"/v1/models/{MODEL}/runs"
INPUT: Body = {"prompt": "a shoe", "sync_mode": True}


class PatientSender(RecordingSender):
    """A sender whose receiver takes its time."""

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        for _ in range(100):
            await asyncio.sleep(0)
        return await super().send(request)


@pytest.fixture
def auto() -> Iterator[Door]:
    with Door(AUTO) as opened:
        yield opened


def media_of(uri: str) -> tuple[str, bytes]:
    head, _, payload = uri.partition(",")
    return head, base64.b64decode(payload, validate=True)


@pytest.mark.slow(is_covering=True)
def test_answer_carries_the_finished_run_with_its_media_inline(auto: Door) -> None:
    run = ok(fits(auto.post(RUNS, {"input": {**INPUT, "num_images": 2}}), "create_run"), 201)
    assert (run["status_code"], run["cost"]) == ("succeeded", "0.300000")
    entries = run["output"]["outputs"]
    assert len(entries) == 2
    for entry in entries:
        head, data = media_of(entry["url"])
        assert head == "data:image/png;base64"
        assert Image.open(io.BytesIO(data)).size == (entry["width"], entry["height"])


@pytest.mark.slow(is_covering=True)
def test_output_is_not_kept_afterwards(auto: Door) -> None:
    run = ok(auto.post(RUNS, {"input": INPUT}), 201)
    kept = get_run(auto, run)
    assert kept == {**run, "output": None}
    assert ok(auto.get("/v1/runs"))["items"][0]["output"] is None


@pytest.mark.slow(is_covering=True)
def test_callback_that_is_told_once_more_has_no_output_either(auto: Door) -> None:
    run = ok(auto.post(RUNS, {"input": INPUT, "callback_url": CALLBACK_URL}), 201)
    auto.settle()
    ok(auto.post(f"/v1/runs/{run['id']}/callback-redeliveries"), 201)
    told = [delivery["payload"]["output"] for delivery in auto.get(f"/v1/runs/{run['id']}/callback").json()]
    assert [output is None for output in told] == [False, True]


@pytest.mark.parametrize(
    ("path", "inputs"),
    [
        (RUNS, {"prompt": "a shoe"}),
        (RUNS, {"prompt": "a shoe", "sync_mode": False}),
        ("/v1/models/runflow/background-removal/runs", {"image_url": "https://a.example/b.png", "sync_mode": True}),
    ],
)
def test_only_models_that_declare_it_wait_and_only_when_asked(auto: Door, path: str, inputs: Body) -> None:
    assert ok(auto.post(path, {"input": inputs}), 201)["status_code"] == "queued"


def test_failed_run_is_answered_with_its_failure(auto: Door) -> None:
    ok(auto.post("/_mock/faults", {"where": {"model": MODEL}, "what": {"kind": "fail"}}), 201)
    run = ok(fits(auto.post(RUNS, {"input": INPUT}), "create_run"), 201)
    assert (run["status_code"], run["output"], run["failure_code"]) == ("failed", None, "UPSTREAM_FAILED")


@pytest.mark.slow(is_covering=True)
def test_callback_of_such_a_run_is_delivered(auto: Door) -> None:
    callback_run(auto)
    run = ok(auto.post(RUNS, {"input": INPUT, "callback_url": "http://127.0.0.1:9000/hook"}), 201)
    assert run["output"]["outputs"][0]["url"].startswith("data:")
    auto.settle()
    assert len(ok(auto.get("/_mock/deliveries"))["items"]) == 2


def test_on_a_standing_clock_the_request_waits_for_an_advance(door: Door) -> None:
    created, moved = door.together(("POST", RUNS, {"input": INPUT}), ("POST", "/_mock/clock/run-until-idle", {}))
    assert moved.status_code == 200
    run = ok(created, 201)
    assert run["output"]["outputs"][0]["url"].startswith("data:")


def test_who_waits_too_long_gets_the_run_as_it_stands_and_may_poll_it() -> None:
    with Door(sync_seconds_max=0.01) as door:
        run = ok(door.post(RUNS, {"input": INPUT}), 201)
        assert (run["status_code"], run["output"]) == ("queued", None)
        door.settle()
        assert get_run(door, run)["output"]["outputs"][0]["url"].startswith("http")


def test_replay_under_a_key_answers_with_the_run_as_it_was_created(auto: Door) -> None:
    answers: list[Any] = [ok(auto.post(RUNS, {"input": INPUT}, headers={"Idempotency-Key": "k"}), 201) for _ in range(2)]
    assert [run["status_code"] for run in answers] == ["succeeded", "queued"]
    assert answers[0]["id"] == answers[1]["id"]


def test_key_of_a_creation_that_is_still_held_is_a_conflict(door: Door) -> None:
    key, create = {"Idempotency-Key": "k"}, ("POST", RUNS, {"input": INPUT})
    other, move = ("POST", "/v1/callback-secrets", None), ("POST", "/_mock/clock/run-until-idle", None)
    held, refused, created, _ = door.together(create, create, other, move, headers=key)
    problem(refused, 409, "CONFLICT")
    assert created.status_code == 201
    run = ok(held, 201)
    assert run["status_code"] == "succeeded"
    assert ok(door.post(RUNS, {"input": INPUT}, headers=key), 201)["id"] == run["id"]


@pytest.mark.slow(is_covering=True)
def test_key_is_held_from_the_turn_in_which_its_creation_came() -> None:
    """Over connections that are heard in one turn of the loop."""

    async def tell() -> tuple[list[int], list[Body]]:
        fake = Fake()
        held, same, other = [fake.ask("POST", RUNS, "one", {"input": INPUT}, f"Idempotency-Key: {key}\r\n") for key in ("k", "k", "other")]
        statuses = [await same.status()]
        assert [held.has_answer, other.has_answer] == [False, False]
        tenant = fake.runtime.tenants.get("one")
        assert tenant is not None
        cancelling = [fake.ask("POST", f"/_mock/runs/{run}/cancel", "one", {}) for run in tenant.world.store.runs]
        statuses += [await each.status() for each in cancelling]
        ended = [(await each.answer())[1] for each in (held, other)]
        again = fake.ask("POST", RUNS, "one", {"input": INPUT}, "Idempotency-Key: k\r\n")
        ended.append((await again.answer())[1])
        await fake.runtime.close()
        return statuses, ended

    statuses, (held, other, again) = asyncio.run(tell())
    assert statuses == [409, 200, 200]
    assert (held["id"], held["status_code"]) == (again["id"], "cancelled")
    assert other["id"] != held["id"]


@pytest.mark.slow(is_covering=True)
def test_key_is_free_where_nobody_will_give_the_answer_that_was_held() -> None:
    """As when its task ends before it began."""

    async def tell() -> int:
        fake = Fake()
        held = fake.ask("POST", RUNS, "one", {"input": INPUT}, "Idempotency-Key: k\r\n")
        await held.give_up()
        status, _ = await fake.ask("POST", RUNS, "one", {"input": INPUT}, "Idempotency-Key: k\r\n").answer()
        await fake.runtime.close()
        return status

    assert asyncio.run(tell()) == 201


def test_items_of_a_batch_do_not_wait(auto: Door) -> None:
    batch = ok(
        auto.post("/v1/batches", {"model": "bria/background/remove", "input": [{"image_url": "https://a.example/b", "sync_mode": True}]}),
        201,
    )
    auto.settle()
    item = ok(auto.get(f"/v1/batches/{batch['id']}/items"))["items"][0]
    assert item["output"]["outputs"][0]["url"].startswith("http")


@pytest.mark.slow(is_covering=True)
def test_held_answer_is_in_the_journal(auto: Door) -> None:
    ok(auto.post(RUNS, {"input": INPUT}), 201)
    (entry,) = [item for item in ok(auto.get("/_mock/journal"))["items"] if item["operation"] == "create_run"]
    assert entry["response"]["status"] == 201


@pytest.mark.slow(is_covering=True)
def test_several_creations_may_be_held_at_once(auto: Door) -> None:
    answers = auto.together(*[("POST", RUNS, {"input": INPUT})] * 3)
    runs = [ok(response, 201) for response in answers]
    assert {run["status_code"] for run in runs} == {"succeeded"}
    assert len({run["id"] for run in runs}) == 3


def test_running_clock_brings_the_end_by_itself() -> None:
    with Door(Config(clock=ClockMode.REAL, speed=10_000)) as door:
        assert ok(door.post(RUNS, {"input": INPUT}), 201)["status_code"] == "succeeded"


def test_creation_is_held_while_time_stands_for_a_callback_in_flight() -> None:
    sender = PatientSender()
    with Door(AUTO, sender=sender) as door:
        first = callback_run(door)
        while get_run(door, first)["status_code"] != "succeeded":
            assert not sender.sent
        assert not sender.sent
        assert ok(door.post(RUNS, {"input": INPUT}), 201)["status_code"] == "succeeded"
        assert len(sender.sent) == 1


def test_cancelled_run_ends_the_wait(door: Door) -> None:
    with Door(sync_seconds_max=0.001) as twin:
        run_id = ok(twin.post(RUNS, {"input": INPUT}), 201)["id"]
    created, cancelled = door.together(("POST", RUNS, {"input": INPUT}), ("POST", f"/_mock/runs/{run_id}/cancel", {}))
    assert cancelled.status_code == 200
    run = ok(created, 201)
    assert (run["id"], run["status_code"], run["output"]) == (run_id, "cancelled", None)


def test_world_that_is_replaced_meanwhile_ends_the_wait() -> None:
    with Door(sync_seconds_max=60.0) as door:
        created, reset = door.together(("POST", RUNS, {"input": INPUT}), ("POST", "/_mock/reset", {}))
        assert reset.status_code < 300
        assert ok(created, 201)["status_code"] == "queued"
        assert ok(door.get("/v1/runs"))["items"] == []


@pytest.mark.slow(is_covering=True)
def test_client_that_goes_away_leaves_an_output_to_be_read() -> None:
    headers = {"Authorization": "Bearer rf_live_mock_gone"}
    with sandbox("--clock", "manual") as running, httpx.Client(base_url=running.url, headers=headers) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post(RUNS, json={"input": INPUT}, timeout=httpx.Timeout(60.0, read=0.2))
        # A busy machine may let the client go before the server has begun.
        while not client.get("/v1/runs").json()["items"]:
            pass
        client.post("/_mock/clock/run-until-idle", json={}).raise_for_status()
        (run,) = client.get("/v1/runs").json()["items"]
        assert run["output"]["outputs"][0]["url"].startswith("http")
