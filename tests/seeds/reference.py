"""Page 002: one Solution in full: runs, batches, callbacks, signatures, errors and limits."""

import json
from typing import Any

from checks import DYVER, SHIRT, TAG_AND_BACKGROUND, UUID7, YOURS, created, ended, refused, served
from doors import Door
from facts import Fact
from steps import Body, get_run, ok, places, post_fault

from runflow_mock.domain.signing import sign_timestamped

ALL_FOUR = ["model_removal", "tag_removal", "product_isolation", "background_removal"]
FIRST: Body = {"input": [{"image_url": SHIRT, "config": {"elements": ALL_FOUR}}]}
ONE: Body = {
    "input": {"image_url": SHIRT, "config": {"elements": TAG_AND_BACKGROUND}},
    "callback_url": YOURS,
    "metadata": {"sku": "123"},
}
TWO: Body = {
    "input": [
        {"image_url": "https://cdn.example.com/a.jpg", "config": {"elements": TAG_AND_BACKGROUND}, "client_ref": "sku-123"},
        {"image_url": "https://cdn.example.com/b.jpg", "config": {"elements": ["model_removal"]}},
    ],
    "callback_url": YOURS,
    "metadata": {"campaign": "spring-drop"},
}
THREE_FILES = ["tag_remover_00001_.webp", "bg_remover_00001_.webp", "result_00001_.webp"]


def _names(urls: list[str]) -> list[str]:
    return [url.partition("?")[0].rpartition("/")[2] for url in urls]


def _told(door: Door) -> tuple[dict[str, str], dict[str, Any], bytes]:
    """Headers, payload and bytes of the last callback."""
    last = ok(door.get("/_mock/deliveries"))["items"][-1]["attempts"][-1]
    return last["headers"], json.loads(last["body"]), last["body"].encode()


def _run(door: Door) -> Body:
    return created(door, f"{DYVER}/runs", ONE)


def _finished(door: Door) -> Body:
    return ended(door, _run(door))


def _batch(door: Door, *, fails: bool = False) -> Body:
    if fails:
        post_fault(door, {"edge": "batch.item[1]"}, {"kind": "fail"})
    return created(door, f"{DYVER}/batches", TWO)


def _quick_start(door: Door) -> None:
    batch = created(door, f"{DYVER}/batches", FIRST)
    assert UUID7.fullmatch(batch["id"])
    assert ok(door.get(f"/v1/batches/{batch['id']}"))["items_total"] == 1


def _poor(door: Door, path: str, body: Body) -> Any:
    key = ok(door.post("/_mock/tenants", {"name": "poor", "balance": "0.5"}), 201)["key"]
    response = door.post(path, body, key=key)
    assert ok(door.get("/v1/batches", key=key))["items"] == []
    assert ok(door.get("/_mock/ledger", key=key))["held"] == "0.000000"
    return response


def _fixed_order(door: Door) -> None:
    inputs = {"image_url": SHIRT, "config": {"elements": ALL_FOUR[::-1]}}
    names = _names(ended(door, created(door, f"{DYVER}/runs", {"input": inputs}))["output"]["image_urls"])
    stages = ["model_remover", "tag_remover", "product_isolator", "bg_remover", "result"]
    assert names == [f"{stage}_00001_.webp" for stage in stages]


def _optional(door: Door) -> None:
    config = {"elements": TAG_AND_BACKGROUND, "aspect_ratio": "1:1", "product_isolation_prompt": "the white sneaker"}
    item = {"image_url": SHIRT, "config": config, "client_ref": "sku-123"}
    assert created(door, f"{DYVER}/batches", {"input": [item]})["items"][0]["client_ref"] == "sku-123"


def _same_item_wrapped(door: Door) -> None:
    run = created(door, f"{DYVER}/runs", {"input": TWO["input"][0]})
    assert run["client_ref"] == "sku-123"


def _elements(door: Door) -> None:
    configs: list[Body] = [{}, {"elements": []}, {"elements": ["magic"]}]
    for config in configs:
        assert door.post(f"{DYVER}/runs", {"input": {"image_url": SHIRT, "config": config}}).status_code == 422


def _callback_of_a_run(door: Door) -> None:
    run = _finished(door)
    _, payload, _ = _told(door)
    assert list(payload) == ["event", "run_id", "status", "output", "duration_ms", "created_at", "completed_at", "metadata"]
    assert (payload["event"], payload["run_id"], payload["status"]) == ("run.completed", run["id"], "succeeded")
    assert list(payload["output"]) == ["image_urls"]
    assert _names(payload["output"]["image_urls"]) == THREE_FILES
    assert payload["metadata"] == {"sku": "123"}
    assert isinstance(payload["duration_ms"], int)
    assert (payload["created_at"][-1], payload["completed_at"][-1]) == ("Z", "Z")
    assert len(ok(door.get("/_mock/deliveries"))["items"]) == 1


def _not_completed(door: Door) -> None:
    post_fault(door, {"client_ref": "bad"}, {"kind": "fail"})
    created(door, f"{DYVER}/runs", {**ONE, "client_ref": "bad"})
    door.settle()
    failed = _told(door)[1]
    stopped = _run(door)
    ok(door.post(f"/v1/admin/runs/{stopped['id']}/cancellation", key=door.admin_key), 201)
    door.settle()
    cancelled = _told(door)[1]
    assert [(each["event"], each["status"], each["output"]) for each in (failed, cancelled)] == [
        ("run.failed", "failed", None),
        ("run.cancelled", "cancelled", None),
    ]


def _usual_time(door: Door) -> None:
    assert 14_800 <= _finished(door)["duration_ms"] <= 23_000


def _handles(door: Door) -> None:
    batch = _batch(door)
    assert batch["status_code"] == "queued"
    counts = [batch[f"items_{name}"] for name in ("total", "succeeded", "failed")]
    assert (counts, batch["output"], batch["created_at"][-1]) == ([2, 0, 0], None, "Z")
    shown = [(item["sequence_index"], item["client_ref"], item["status_code"]) for item in batch["items"]]
    assert shown == [(0, "sku-123", "queued"), (1, None, "queued")]
    assert all(UUID7.fullmatch(item[name]) for item in batch["items"] for name in ("id", "run_id"))


def _done(door: Door) -> None:
    batch = _batch(door, fails=True)
    path = f"/v1/batches/{batch['id']}"
    while True:
        now = ok(door.get(path))
        is_done = now["items_succeeded"] + now["items_failed"] + now["items_cancelled"] == now["items_total"]
        assert is_done is (now["status_code"] in {"succeeded", "partial_succeeded", "failed", "cancelled"})
        if is_done:
            return
        ok(door.post("/_mock/clock/next"))


def _partial(door: Door) -> None:
    batch = _batch(door, fails=True)
    door.settle()
    now = ok(door.get(f"/v1/batches/{batch['id']}"))
    assert (now["status_code"], now["items_succeeded"], now["items_failed"], now["cost"]) == ("partial_succeeded", 1, 1, "0.410000")
    first, second = now["output"]["items"]
    assert (first["sequence_index"], first["status_code"], first["client_ref"]) == (0, "succeeded", "sku-123")
    assert _names(first["output"]["image_urls"]) == THREE_FILES
    assert (list(first["output"]), "error" in first, "output" in second) == (["image_urls"], False, False)
    assert (second["error"]["kind"], bool(second["error"]["message"])) == ("upstream_failed", True)
    assert [item["input"]["config"] for item in (first, second)] == [{"elements": TAG_AND_BACKGROUND}, {"elements": ["model_removal"]}]
    assert {name: now["output"][name] for name in ("succeeded", "failed", "total")} == {"succeeded": 1, "failed": 1, "total": 2}


def _paid(door: Door) -> None:
    _partial(door)
    assert ok(door.get("/v1/billing/balance"))["balance"] == "9.590000"


def _events_of_batches(door: Door) -> None:
    for rules, event in ((0, "batch.succeeded"), (1, "batch.partial_succeeded"), (2, "batch.failed")):
        for index in range(rules):
            post_fault(door, {"edge": f"batch.item[{index}]"}, {"kind": "fail"})
        created(door, f"{DYVER}/batches", TWO)
        door.settle()
        assert _told(door)[1]["event"] == event
        door.delete("/_mock/faults")
    batch = created(door, f"{DYVER}/batches", TWO)
    ok(door.post(f"/_mock/batches/{batch['id']}/cancel"))
    door.settle()
    assert _told(door)[1]["event"] == "batch.cancelled"


def _secret(door: Door) -> None:
    made = created(door, "/v1/callback-secrets", {"label": "webhook-prod"})
    assert (made["secret"][:9], made["label"], bool(made["id"])) == ("rf_whsec_", "webhook-prod", True)
    assert made["secret"] not in door.get(f"/v1/callback-secrets/{made['id']}").text


def _signed(door: Door) -> None:
    secret = created(door, "/v1/callback-secrets", {"label": "webhook-prod"})["secret"]
    _finished(door)
    headers, _, raw = _told(door)
    timestamp = headers["Runflow-Timestamp"]
    assert headers["Runflow-Signature"].startswith("v1=")
    assert headers["Runflow-Signature"] == sign_timestamped(raw, int(timestamp), secret)
    assert headers["Runflow-Request-Id"].endswith("-1")
    assert UUID7.fullmatch(headers["Runflow-Request-Id"].removesuffix("-1"))


def _retried(door: Door) -> None:
    post_fault(door, {"callback": "run.*"}, {"kind": "callback.fail", "status": 500}, {"times": 1})
    _finished(door)
    first, second = ok(door.get("/_mock/deliveries"))["items"][-1]["attempts"][:2]
    ids = [each["headers"]["Runflow-Request-Id"] for each in (first, second)]
    assert (ids[0].removesuffix("-1"), ids[1][-2:]) == (ids[1].removesuffix("-2"), "-2")


def _fields(door: Door) -> None:
    response = door.post(f"{DYVER}/batches", {"input": [{"config": {"elements": TAG_AND_BACKGROUND}}]})
    assert places(response) == [(["body", "input", 0, "image_url"], "missing")]
    body = response.json()
    assert (body["code"], body["message"], body["errors"][0]["msg"]) == ("VALIDATION_ERROR", "Request validation failed", "field required")


def _limited(door: Door) -> None:
    key = ok(door.post("/_mock/tenants", {"quota": {"requests": 1, "window": "1h"}}), 201)["key"]
    door.get("/v1/runs", key=key)
    assert int(door.get("/v1/runs", key=key).headers["retry-after"]) > 0


def _hundred(door: Door) -> None:
    item = TWO["input"][1]
    assert door.post(f"{DYVER}/batches", {"input": [item] * 101}).status_code == 422
    key = ok(door.post("/_mock/tenants", {"balance": "1000", "batch_limit": 200}), 201)["key"]
    assert created_with(door, key, [item] * 101)["items_total"] == 101


def created_with(door: Door, key: str, items: list[Body]) -> Body:
    """A batch of another tenant, whose cap was raised."""
    return ok(door.post(f"{DYVER}/batches", {"input": items}, key=key), 201)


def _limits(door: Door) -> None:
    too_much: dict[str, Any] = {"client_ref": "x" * 256, "metadata": {"a": "x" * 16_384}, "callback_url": "http://app.example/x"}
    for name, value in too_much.items():
        change = {name: value}
        assert [loc for loc, _ in places(door.post(f"{DYVER}/runs", {**ONE, **change}))] == [["body", name]]
    created(door, f"{DYVER}/runs", {**ONE, "client_ref": "x" * 255, "metadata": {"a": "x" * 16_000}})


def _one_message(door: Door) -> None:
    batch = _batch(door)
    door.settle()
    told = [json.loads(each["attempts"][-1]["body"]) for each in ok(door.get("/_mock/deliveries"))["items"]]
    assert [(each["event"], each["batch_id"]) for each in told] == [("batch.succeeded", batch["id"])]


def _batch_signed(door: Door) -> None:
    secret = created(door, "/v1/callback-secrets", {"label": "webhook-prod"})["secret"]
    _batch(door)
    door.settle()
    headers, _, raw = _told(door)
    assert headers["Runflow-Signature"] == sign_timestamped(raw, int(headers["Runflow-Timestamp"]), secret)


def _skipped(door: Door) -> None:
    inputs = {"image_url": SHIRT, "config": {"elements": ["model_removal"]}}
    names = _names(ended(door, created(door, f"{DYVER}/runs", {"input": inputs}))["output"]["image_urls"])
    assert names == ["model_remover_00001_.webp", "result_00001_.webp"]


def _one_by_one(door: Door) -> None:
    run = _run(door)
    assert UUID7.fullmatch(run["id"])
    assert get_run(door, run)["metadata"] == {"sku": "123"}


NOWHERE = "/v1/runs/019b76da-a800-7000-8000-00000000dead"
FACTS = (
    Fact("002-01", "keys begin with rf_live_", served("/settings/api-keys", "text/html", "rf_live_mock_")),
    Fact(
        "002-02", "the secret of a key is shown once; confirming an e-mail", None, "the sandbox has no sign-up, and its keys are no secrets"
    ),
    Fact(
        "002-03",
        "a batch that the balance does not cover is 402 INSUFFICIENT_CREDITS; nothing is created or charged",
        refused(402, "INSUFFICIENT_CREDITS", lambda door: _poor(door, f"{DYVER}/batches", TWO)),
    ),
    Fact("002-04", "the first batch, with all four elements; the answer has its id, which can be polled", _quick_start),
    Fact("002-05", "one at a time, or up to 100 in a request", _hundred),
    Fact("002-06", "items run on their own, some may fail, only those that succeed are paid", _paid),
    Fact("002-07", "four stages in a fixed order whatever the request's, each as a picture, the final one last", _fixed_order),
    Fact("002-08", "intermediates are named after their stage, the final one is result_*; WebP", _callback_of_a_run),
    Fact("002-09", "elements is required: one or more of four", _elements),
    Fact("002-10", "aspect_ratio and product_isolation_prompt are optional, client_ref is echoed", _optional),
    Fact("002-11", "a single run takes the body of an item, wrapped in input, its label included", _same_item_wrapped),
    Fact("002-12", "POST …/dyver-removal/runs with callback_url and metadata; GET /v1/runs/{id}", _one_by_one),
    Fact(
        "002-13", "the callback of a run: its keys in their order, image_urls alone in output, times in Z, fires once", _callback_of_a_run
    ),
    Fact("002-14", "18.4 s for tag and background", _usual_time),
    Fact("002-15", "run.failed and run.cancelled have a null output", _not_completed),
    Fact("002-16", "POST …/dyver-removal/batches with callback_url and metadata: counters and four handles an item", _handles),
    Fact("002-17", "done when the counters of ended items come to the total", _done),
    Fact("002-18", "batch.succeeded, batch.partial_succeeded, batch.failed, batch.cancelled", _events_of_batches),
    Fact("002-19", "output lists every item in order with its input and its output or error, and counts", _partial),
    Fact("002-20", "one item of tag and background and one that failed cost 0.410000", _partial),
    Fact("002-21", "a callback secret has an id, a label, and is shown once; it begins with rf_whsec_", _secret),
    Fact("002-22", "three headers; v1= HMAC-SHA256 over timestamp, full stop and raw body; the request id ends in the attempt", _signed),
    Fact("002-23", "retries keep the delivery id and count the attempt", _retried),
    Fact("002-24", "timestamps more than five minutes off are to be rejected", None, "a duty of the receiver; `verify-receiver` tries it"),
    Fact("002-25", "a 422 has code, message, and errors with loc, msg and type", _fields),
    Fact("002-26", "401 UNAUTHORIZED", refused(401, "UNAUTHORIZED", lambda door: door.post(f"{DYVER}/runs", ONE, key="no"))),
    Fact("002-27", "404 NOT_FOUND", refused(404, "NOT_FOUND", lambda door: door.get(NOWHERE))),
    Fact("002-28", "429 RATE_LIMITED with Retry-After", _limited),
    Fact("002-29", "client_ref 255 characters, metadata 16 KB, callback_url HTTPS", _limits),
    Fact("002-30", "the cap of 100 can be raised for an organization", _hundred),
    Fact("002-31", "a batch sends one message, at its end, and none for its items", _one_message),
    Fact("002-32", "the message of a run and that of a batch are signed in the same way", _batch_signed),
    Fact("002-33", "stages that were not asked for are skipped", _skipped),
    Fact(
        "002-34",
        "a single run that the balance does not cover is refused as well",
        refused(402, "INSUFFICIENT_CREDITS", lambda door: _poor(door, f"{DYVER}/runs", ONE | {"input": FIRST["input"][0]})),
    ),
)
