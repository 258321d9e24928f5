"""Magic inputs, as somebody types them into curl: each value of the table has its story here."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import pytest
from doors import Clocks, Door
from steps import (
    BATCHES,
    INPUT,
    RUNS,
    Body,
    advance,
    callback_run,
    finished_batch,
    finished_run,
    get_run,
    ok,
    places,
    post_fault,
    post_run,
)

from runflow_mock.domain.magic import MAGIC
from runflow_mock.runtime.sender import RecordingSender
from runflow_mock.web.connections import ConnectionFault

URL = "https://magic.runflow.test/{}/shoe.png"


def failure(door: Door, **body: object) -> tuple[str, str | None, str | None]:
    run = finished_run(door, **body)
    return run["status_code"], run["failure_code"], run["failure_stage_code"]


def seconds_running(door: Door, name: str) -> float:
    return float(finished_run(door, client_ref=f"mock:{name}")["duration_ms"] // 1000)


def succeeds(door: Door) -> None:
    assert failure(door, client_ref="mock:succeed") == ("succeeded", None, None)


def fails(code: str, stage: str) -> Callable[[Door, str], None]:
    def story(door: Door, name: str) -> None:
        assert failure(door, client_ref=f"mock:{name}") == ("failed", code, stage)

    return story


def takes(low: float, high: float) -> Callable[[Door, str], None]:
    def story(door: Door, name: str) -> None:
        assert low <= seconds_running(door, name) < high

    return story


def is_partial(door: Door, name: str) -> None:
    batch = finished_batch(door, 4, metadata={"runflow_mock": name})
    assert [item["status_code"] for item in batch["items"]] == ["succeeded", "failed", "succeeded", "failed"]
    assert batch["status_code"] == "partial_succeeded"
    assert finished_run(door, client_ref=f"mock:{name}")["status_code"] == "partial_succeeded"


def is_flagged(door: Door, name: str) -> None:
    assert finished_run(door, client_ref=f"mock:{name}")["output"]["nsfw_detected"] is True
    assert "nsfw_detected" not in finished_run(door)["output"]


RUN_STORIES: Mapping[str, Callable[[Door, str], None]] = {
    "succeed": lambda door, name: succeeds(door),
    "fail": fails("UPSTREAM_FAILED", "execution"),
    "fail:preprocess": fails("INPUT_VALIDATION_FAILED", "preprocess"),
    "fail:dispatch": fails("DISPATCH_FAILED", "dispatch"),
    "fail:execution": fails("UPSTREAM_FAILED", "execution"),
    "fail:timeout": fails("TIMEOUT", "execution"),
    "partial": is_partial,
    "slow": takes(60, 62),
    "slow:hour": takes(3600, 3602),
    "nsfw": is_flagged,
}


@pytest.mark.parametrize("name", RUN_STORIES)
def test_value_decides_how_the_run_ends(door: Door, name: str) -> None:
    RUN_STORIES[name](door, name)


# What a creation is answered with: a status, or how the connection ends; and how many runs there are afterwards.
EXCHANGES: Mapping[str, tuple[int | type[Exception], int]] = {
    "402": (402, 0),
    "429": (429, 0),
    "500": (500, 0),
    "503": (503, 0),
    "unavailable": (503, 0),
    "html": (502, 0),
    "malformed": (201, 1),
    "latency": (201, 1),
    "hang": (ConnectionFault, 0),
    "reset": (ConnectionFault, 0),
    "empty": (ConnectionFault, 0),
    "lost": (ConnectionFault, 1),
}


@pytest.fixture
def patient() -> Iterator[Door]:
    async def at_once(seconds: float) -> None:
        assert seconds > 0

    with Door(clocks=Clocks(sleep=at_once)) as opened:
        yield opened


@pytest.mark.parametrize("name", EXCHANGES)
def test_value_decides_how_the_creation_is_answered(patient: Door, name: str) -> None:
    expected, runs = EXCHANGES[name]
    body = {"input": INPUT, "client_ref": f"mock:{name}"}
    if isinstance(expected, int):
        answer = patient.post(RUNS, body)
        assert (answer.status_code, answer.headers["runflow-mock-fault"]) == (expected, f"magic:{name}")
    else:
        with pytest.raises(expected):
            patient.post(RUNS, body)
    assert len(ok(patient.get("/v1/runs"))["items"]) == runs
    (exchange,) = ok(patient.get("/_mock/journal?method=POST"))["items"]
    assert exchange["fault"] == f"magic:{name}"


# The callback's attempts: their effect as rules spell it, how often they leave, and how the delivery ends.
CALLBACKS: Mapping[str, tuple[str, int, str]] = {
    "callback-drop": ("callback.drop", 0, "succeeded"),
    "callback-duplicate": ("callback.duplicate", 2, "succeeded"),
    "callback-fail": ("callback.fail", 0, "failed"),
    "callback-redirect": ("callback.redirect", 0, "failed"),
    "callback-unsigned": ("callback.unsigned", 1, "succeeded"),
    "callback-wrong-secret": ("callback.wrong_secret", 1, "succeeded"),
    "callback-stale": ("callback.stale", 1, "succeeded"),
    "callback-future": ("callback.future", 1, "succeeded"),
    "callback-tamper": ("callback.tamper", 1, "succeeded"),
    "callback-respace": ("callback.respace", 1, "succeeded"),
    "callback-line-break": ("callback.line_break", 1, "succeeded"),
    "callback-fields": ("callback.fields", 1, "succeeded"),
    "callback-near-signature": ("callback.near_signature", 1, "succeeded"),
}


@pytest.mark.parametrize("name", CALLBACKS)
def test_value_decides_what_becomes_of_the_callback(name: str) -> None:
    kind, sent, status = CALLBACKS[name]
    sender = RecordingSender()
    with Door(sender=sender, callback_secret="rf_whsec_12345678") as door:
        callback_run(door, client_ref=f"mock:{name}")
        door.settle()
        (delivery,) = ok(door.get("/_mock/deliveries"))["items"]
    assert {attempt["fault"]["kind"] for attempt in delivery["attempts"]} == {kind}
    assert (len(sender.sent), delivery["state"]) == (sent, status)


def seconds_late(door: Door, run: Body) -> float:
    """How long after the run's end its callback came."""
    (delivery,) = (each for each in ok(door.get("/_mock/deliveries"))["items"] if each["run_id"] == run["id"])
    ended, came = (datetime.fromisoformat(text) for text in (get_run(door, run)["completed_at"], delivery["attempts"][0]["at"]))
    return (came - ended).total_seconds()


def test_callback_is_put_off(door: Door) -> None:
    delayed, plain = (callback_run(door, client_ref=ref) for ref in ("mock:callback-delay", "sku-1"))
    door.settle()
    assert (seconds_late(door, delayed), seconds_late(door, plain)) == (60.0, 0.0)


def test_callback_comes_late_after_a_cancellation_alone(door: Door) -> None:
    cancelled, ended = (callback_run(door, client_ref="mock:callback-late-after-cancel") for _ in range(2))
    ok(door.post(f"/_mock/runs/{cancelled['id']}/cancel"))
    door.settle()
    assert (seconds_late(door, cancelled), seconds_late(door, ended)) == (600.0, 0.0)


def test_callback_comes_after_the_next_one() -> None:
    sender = RecordingSender()
    with Door(sender=sender) as door:
        first = callback_run(door, client_ref="mock:callback-reorder")
        advance(door, "30s")
        second = callback_run(door)
        door.settle()
        assert (seconds_late(door, first) > 20, seconds_late(door, second)) == (True, 0.0)
    assert [second["id"].encode() in request.body for request in sender.sent] == [True, False]


def test_callback_comes_before_the_answer(door: Door) -> None:
    run = callback_run(door, client_ref="mock:callback-before-response")
    assert run["status_code"] == "queued"
    assert seconds_late(door, run) == 0.0


def test_callback_is_signed_with_the_secret_before(door: Door) -> None:
    for _ in range(2):
        made = ok(door.post("/v1/callback-secrets", {}), 201)
        ok(door.patch(f"/v1/callback-secrets/{made['id']}", {"is_current": True}))
    callback_run(door, client_ref="mock:callback-previous-secret")
    door.settle()
    (delivery,) = ok(door.get("/_mock/deliveries"))["items"]
    assert [attempt["fault"] for attempt in delivery["attempts"]] == [{"kind": "callback.previous_secret"}]


OTHERS = frozenset(
    ("callback-delay", "callback-late-after-cancel", "callback-reorder", "callback-before-response", "callback-previous-secret")
)


def test_every_value_has_its_story() -> None:
    assert {*RUN_STORIES, *EXCHANGES, *CALLBACKS, *OTHERS} == set(MAGIC)


def test_one_item_decides_how_the_creation_of_a_batch_is_answered(door: Door) -> None:
    items = [{"input": INPUT}, {"input": INPUT, "client_ref": "mock:402"}]
    assert door.post(BATCHES, {"items": items}).status_code == 402
    assert door.post(BATCHES, {"input": [INPUT], "metadata": {"runflow_mock": "429"}}).status_code == 429
    assert ok(door.get("/v1/batches"))["items"] == []


def test_rule_on_the_exchange_comes_before_magic(door: Door) -> None:
    post_fault(door, {"operation": "create_run"}, {"kind": "answer", "status": 503})
    assert door.post(RUNS, {"input": INPUT, "client_ref": "mock:402"}).status_code == 503


@pytest.mark.parametrize(
    "body", [{"client_ref": "mock:fail"}, {"metadata": {"runflow_mock": "fail"}}, {"input": {"image_url": URL.format("fail")}}]
)
def test_value_is_read_from_each_place(door: Door, body: Body) -> None:
    assert finished_run(door, **body)["status_code"] == "failed"


def test_item_follows_its_own_value_before_that_of_its_batch(door: Door) -> None:
    items: list[Body] = [
        {"input": INPUT},
        {"input": INPUT, "client_ref": "mock:succeed"},
        {"input": {"image_url": URL.format("fail:dispatch")}},
    ]
    batch = ok(door.post(BATCHES, {"items": items, "metadata": {"runflow_mock": "fail"}}), 201)
    door.settle()
    results = ok(door.get(f"/v1/batches/{batch['id']}"))["output"]["items"]
    assert [result.get("error", {}).get("kind") for result in results] == ["upstream_failed", None, "dispatch_failed"]


def test_rule_comes_before_magic(door: Door) -> None:
    post_fault(door, {}, {"kind": "succeed", "output": {"text": "rule"}}, {"times": 1})
    assert finished_run(door, client_ref="mock:fail")["output"] == {"text": "rule"}
    assert finished_run(door, client_ref="mock:fail")["status_code"] == "failed"


def test_timeline_names_the_value(door: Door) -> None:
    run = post_run(door, client_ref="mock:fail")
    told = [step for step in door.settle() if step["kind"] == "magic"]
    assert told == [{"at": get_run(door, run)["completed_at"], "kind": "magic", "id": run["id"], "value": "fail"}]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"client_ref": "mock:fial"}, ["body", "client_ref"]),
        ({"metadata": {"runflow_mock": 5}}, ["body", "metadata", "runflow_mock"]),
        ({"input": {"image_url": URL.format("")}}, ["body", "input"]),
    ],
)
def test_unknown_value_is_refused_by_its_place_with_those_that_there_are(door: Door, body: Body, place: list[str]) -> None:
    refused = door.post(RUNS, {"input": INPUT, **body})
    assert places(refused) == [(place, "magic_unknown")]
    assert all(name in refused.text for name in MAGIC)


def test_unknown_value_of_an_item_is_refused_by_its_index(door: Door) -> None:
    refused = door.post(BATCHES, {"items": [{"input": INPUT}, {"input": INPUT, "client_ref": "mock:"}]})
    assert places(refused) == [(["body", "items", 1, "client_ref"], "magic_unknown")]


@pytest.fixture(params=[{"strict": True}, {"magic": False}], ids=["strict", "no-magic"])
def plain(request: pytest.FixtureRequest) -> Iterator[Door]:
    with Door(**request.param) as opened:
        yield opened


def test_there_is_no_magic_under_strict_or_where_it_is_switched_off(plain: Door) -> None:
    assert finished_run(plain, client_ref="mock:fail")["status_code"] == "succeeded"
    assert finished_run(plain, client_ref="mock:fial")["status_code"] == "succeeded"


def test_magic_is_switched_off_for_one_tenant(door: Door) -> None:
    made = ok(door.post("/_mock/tenants", {"magic": False}), 201)
    assert made["magic"] is False
    door.key = made["key"]
    assert finished_run(door, client_ref="mock:fail")["status_code"] == "succeeded"
