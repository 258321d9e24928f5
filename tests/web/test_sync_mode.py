import base64
import io
from collections.abc import Iterator
from typing import Any

import pytest
from contract import fits
from doors import AUTO, Door
from PIL import Image
from steps import Body, callback_run, get_run, ok

MODEL = "google/nano-banana-pro"
RUNS = f"/v1/models/{MODEL}/runs"
INPUT: Body = {"prompt": "a shoe", "sync_mode": True}


@pytest.fixture
def auto() -> Iterator[Door]:
    with Door(AUTO) as opened:
        yield opened


def media_of(uri: str) -> tuple[str, bytes]:
    head, _, payload = uri.partition(",")
    return head, base64.b64decode(payload, validate=True)


def test_answer_carries_the_finished_run_with_its_media_inline(auto: Door) -> None:
    run = ok(fits(auto.post(RUNS, {"input": {**INPUT, "num_images": 2}}), "create_run"), 201)
    assert (run["status_code"], run["cost"]) == ("succeeded", "0.300000")
    entries = run["output"]["outputs"]
    assert [entry["url"] for entry in entries] == run["output"]["image_urls"]
    for entry in entries:
        head, data = media_of(entry["url"])
        assert head == "data:image/png;base64"
        assert Image.open(io.BytesIO(data)).size == (entry["width"], entry["height"])


def test_output_is_not_kept_afterwards(auto: Door) -> None:
    run = ok(auto.post(RUNS, {"input": INPUT}), 201)
    kept = get_run(auto, run)
    assert kept == {**run, "output": None}
    assert ok(auto.get("/v1/runs"))["items"][0]["output"] is None


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


def test_items_of_a_batch_do_not_wait(auto: Door) -> None:
    batch = ok(
        auto.post("/v1/batches", {"model": "bria/background/remove", "input": [{"image_url": "https://a.example/b", "sync_mode": True}]}),
        201,
    )
    auto.settle()
    item = ok(auto.get(f"/v1/batches/{batch['id']}/items"))["items"][0]
    assert item["output"]["outputs"][0]["url"].startswith("http")


def test_held_answer_is_in_the_journal(auto: Door) -> None:
    ok(auto.post(RUNS, {"input": INPUT}), 201)
    (entry,) = [item for item in ok(auto.get("/_mock/journal"))["items"] if item["operation"] == "create_run"]
    assert entry["response"]["status"] == 201
