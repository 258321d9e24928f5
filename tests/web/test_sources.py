"""The calls that the founding pages show: same method, path and fields, and an answer of the shape they show."""

import re
from typing import Any

import pytest
from doors import Door
from steps import TERMINAL, Body, finished_batch, get_run, ok, places, post_fault, problem

from runflow_mock.domain.signing import sign_timestamped
from runflow_mock.runtime.sender import RecordingSender

DYVER = "/v1/models/runflow/dyver-removal"
SERVER = "https://your-server.com/webhook"
YOURS = "https://you.example/webhooks/runflow"
SHIRT = "https://cdn.example.com/shirt.jpg"
ALL_FOUR = ["model_removal", "tag_removal", "product_isolation", "background_removal"]
TAG_AND_BACKGROUND = ["tag_removal", "background_removal"]
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TWO_ITEMS: list[Any] = [
    {"image_url": "https://cdn.example.com/a.jpg", "config": {"elements": TAG_AND_BACKGROUND}, "client_ref": "sku-123"},
    {"image_url": "https://cdn.example.com/b.jpg", "config": {"elements": ["model_removal"]}},
]


def file_names(urls: list[str]) -> list[str]:
    return [url.partition("?")[0].rpartition("/")[2] for url in urls]


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        ("google/nano-banana-pro/edit", {"prompt": "x", "image_urls": [SHIRT]}),
        ("google/nano-banana-pro", {"prompt": "an alley at night"}),
        ("runflow/background-removal", {"image_url": SHIRT}),
        ("alibaba/wan/v2.7/text-to-video", {"prompt": "a shoe turns"}),
    ],
)
def test_models_of_the_skill_page_take_a_run_and_finish_it(door: Door, model: str, inputs: Body) -> None:
    run = ok(door.post(f"/v1/models/{model}/runs", {"input": inputs}), 201)
    door.settle()
    assert get_run(door, run)["status_code"] == "succeeded"


def test_skill_page_posts_a_batch_with_the_model_in_the_body(door: Door) -> None:
    body = {"model": "runflow/background-removal", "input": [{"image_url": SHIRT}]}
    assert ok(door.post("/v1/batches", body), 201)["items_total"] == 1


def test_fan_out_runs_one_input_on_four_models(door: Door) -> None:
    models = ("google/nano-banana-pro", "openai/gpt-image-2", "ideogram/v3")
    for model in models:
        ok(door.post(f"/v1/models/{model}/runs", {"input": {"prompt": "a mug"}}), 201)
    kontext = {"prompt": "a mug", "image_url": SHIRT}
    ok(door.post("/v1/models/flux-pro/kontext/runs", {"input": kontext}), 201)
    door.settle()
    assert [run["status_code"] for run in door.get("/v1/runs").json()["items"]] == ["succeeded"] * 4


def test_skill_md_edits_a_picture_with_a_callback(door: Door) -> None:
    portrait = "https://public.runflow.io/images/models/_base/portrait-woman-studio.png"
    inputs = {"prompt": "Put the subject in front of the sea", "image_urls": [portrait]}
    run = ok(door.post("/v1/models/openai/gpt-image-2/edit/runs", {"input": inputs, "callback_url": SERVER}), 201)
    assert UUID7.fullmatch(run["id"])
    assert (run["status_code"], run["output"], run["input"], run["callback_url"]) == ("queued", None, inputs, SERVER)


def test_skill_md_is_polled_until_terminal(door: Door) -> None:
    run = ok(door.post("/v1/models/openai/gpt-image-2/runs", {"input": {"prompt": "a mug"}}), 201)
    assert get_run(door, run)["status_code"] not in TERMINAL
    door.settle()
    assert get_run(door, run)["status_code"] == "succeeded"


def test_skill_md_status_errors(door: Door) -> None:
    problem(door.post(f"{DYVER}/runs", {}, key=None), 401, "UNAUTHORIZED")
    body = {"name": "scoped", "scopes": ["runs:read"]}
    key = ok(door.post("/_mock/tenants", body), 201)["key"]
    problem(door.post(f"{DYVER}/runs", {}, key=key), 403, "PERMISSION_DENIED")


def test_reference_batch_of_one_answers_with_an_id(door: Door) -> None:
    item = {"image_url": SHIRT, "config": {"elements": ALL_FOUR}}
    batch = ok(door.post(f"{DYVER}/batches", {"input": [item]}), 201)
    assert UUID7.fullmatch(batch["id"])
    assert (batch["status_code"], batch["items_total"]) == ("queued", 1)


def test_reference_stages_come_in_their_fixed_order_before_the_result(door: Door) -> None:
    inputs = {"image_url": SHIRT, "config": {"elements": ALL_FOUR[::-1]}}
    run = ok(door.post(f"{DYVER}/runs", {"input": inputs}), 201)
    door.settle()
    names = file_names(get_run(door, run)["output"]["image_urls"])
    assert [name for name in names if "result_" not in name] == [
        "model_remover_00001_.webp",
        "tag_remover_00001_.webp",
        "product_isolator_00001_.webp",
        "bg_remover_00001_.webp",
    ]
    assert names[-1] == "result_00001_.webp"


def test_reference_optional_config_and_client_ref_are_taken(door: Door) -> None:
    config = {"elements": TAG_AND_BACKGROUND, "aspect_ratio": "1:1", "product_isolation_prompt": "the white sneaker"}
    batch = ok(door.post(f"{DYVER}/batches", {"input": [{"image_url": SHIRT, "config": config, "client_ref": "sku-123"}]}), 201)
    assert batch["items"][0]["client_ref"] == "sku-123"


def test_reference_singleton_run_and_its_callback(door: Door) -> None:
    inputs = {"image_url": SHIRT, "config": {"elements": TAG_AND_BACKGROUND}}
    run = ok(door.post(f"{DYVER}/runs", {"input": inputs, "callback_url": YOURS, "metadata": {"sku": "123"}}), 201)
    door.settle()
    payload = door.get(f"/v1/runs/{run['id']}/callback").json()[0]["payload"]
    assert list(payload) == ["event", "run_id", "status", "output", "duration_ms", "created_at", "completed_at", "metadata"]
    assert (payload["event"], payload["run_id"], payload["status"]) == ("run.completed", run["id"], "succeeded")
    assert file_names(payload["output"]["image_urls"]) == ["tag_remover_00001_.webp", "bg_remover_00001_.webp", "result_00001_.webp"]
    assert payload["created_at"].endswith("Z")
    assert payload["metadata"] == {"sku": "123"}


def test_reference_batch_of_two_answers_with_four_handles_an_item(door: Door) -> None:
    body = {"input": TWO_ITEMS, "callback_url": YOURS, "metadata": {"campaign": "spring-drop"}}
    batch = ok(door.post(f"{DYVER}/batches", body), 201)
    counters = {name: batch[name] for name in ("items_total", "items_succeeded", "items_failed", "items_cancelled")}
    assert counters == {"items_total": 2, "items_succeeded": 0, "items_failed": 0, "items_cancelled": 0}
    assert [set(item) for item in batch["items"]] == [{"id", "sequence_index", "client_ref", "run_id", "status_code"}] * 2
    handles = [(item["sequence_index"], item["client_ref"], item["status_code"]) for item in batch["items"]]
    assert handles == [(0, "sku-123", "queued"), (1, None, "queued")]
    assert (batch["output"], batch["metadata"]) == (None, {"campaign": "spring-drop"})


def test_reference_partial_success_lists_every_item_and_charges_one(door: Door) -> None:
    post_fault(door, {"edge": "batch.item[1]"})
    created = ok(door.post(f"{DYVER}/batches", {"input": TWO_ITEMS}), 201)
    door.settle()
    batch = ok(door.get(f"/v1/batches/{created['id']}"))
    assert (batch["status_code"], batch["items_succeeded"], batch["items_failed"]) == ("partial_succeeded", 1, 1)
    assert batch["cost"] == "0.410000"
    good, bad = batch["output"]["items"]
    assert (good["sequence_index"], good["status_code"], good["client_ref"]) == (0, "succeeded", "sku-123")
    assert good["input"] == {"image_url": TWO_ITEMS[0]["image_url"], "config": TWO_ITEMS[0]["config"]}
    assert len(good["output"]["image_urls"]) == 3
    assert (bad["sequence_index"], bad["status_code"], bad["error"]["kind"]) == (1, "failed", "upstream_failed")
    assert {name: batch["output"][name] for name in ("succeeded", "failed", "total")} == {"succeeded": 1, "failed": 1, "total": 2}


def test_reference_secret_is_shown_once_and_signs_three_headers() -> None:
    sender = RecordingSender()
    with Door(sender=sender) as door:
        secret = ok(door.post("/v1/callback-secrets", {"label": "webhook-prod"}), 201)
        assert (secret["secret"][:9], secret["label"]) == ("rf_whsec_", "webhook-prod")
        finished_batch(door, callback_url="http://127.0.0.1:9000/hook")
    (request,) = sender.sent
    timestamp = int(request.headers["Runflow-Timestamp"])
    assert request.headers["Runflow-Signature"] == sign_timestamped(request.body, timestamp, secret["secret"])
    assert UUID7.fullmatch(request.headers["Runflow-Request-Id"].removesuffix("-1"))


def test_reference_missing_field_is_told_with_its_place(door: Door) -> None:
    response = door.post(f"{DYVER}/batches", {"input": [{"config": {"elements": ["tag_removal"]}}]})
    assert response.json() == {
        "code": "VALIDATION_ERROR",
        "message": "Request validation failed",
        "errors": [{"loc": ["body", "input", 0, "image_url"], "msg": "field required", "type": "missing"}],
    }
    assert response.status_code == 422


def test_reference_other_errors(door: Door) -> None:
    problem(door.get("/v1/runs/019b76da-a800-7000-8000-00000000dead"), 404, "NOT_FOUND")
    poor = ok(door.post("/_mock/tenants", {"balance": "0.40"}), 201)["key"]
    inputs = {"image_url": SHIRT, "config": {"elements": TAG_AND_BACKGROUND}}
    problem(door.post(f"{DYVER}/runs", {"input": inputs}, key=poor), 402, "INSUFFICIENT_CREDITS")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"input": [TWO_ITEMS[1]] * 101}, ["body", "input"]),
        ({"input": [{**TWO_ITEMS[1], "client_ref": "x" * 256}]}, ["body", "input", 0, "client_ref"]),
        ({"input": [TWO_ITEMS[1]], "metadata": {"x": "y" * 16_384}}, ["body", "metadata"]),
        ({"input": [TWO_ITEMS[1]], "callback_url": "http://you.example/hook"}, ["body", "callback_url"]),
    ],
)
def test_reference_limits(door: Door, body: Body, place: list[str | int]) -> None:
    assert [loc for loc, _ in places(door.post(f"{DYVER}/batches", body))] == [place]


def test_runs_page_creates_a_run_from_a_prompt_alone(door: Door) -> None:
    body = {"input": {"prompt": "..."}, "callback_url": SERVER}
    run = ok(door.post("/v1/models/runflow/background-replace/runs", body), 201)
    assert run["status_code"] == "queued"
    door.settle()
    assert get_run(door, run)["status_code"] == "succeeded"


def test_runs_page_lists_seven_statuses(door: Door) -> None:
    items = ok(door.get("/v1/runs/statuses"))["items"]
    assert [item["code"] for item in items] == [
        "queued", "dispatching", "running", "succeeded", "partial_succeeded", "failed", "cancelled",
    ]  # fmt: skip


def test_runs_page_names_a_model_id_of_five_segments(door: Door) -> None:
    path = "/v1/models/bytedance/seedance/2.0/fast/text-to-video/runs"
    assert ok(door.post(path, {"input": {"prompt": "waves"}}), 201)["status_code"] == "queued"


def test_guide_creates_a_batch_from_items_with_urls_of_dots(door: Door) -> None:
    items = [{"input": {"image_url": f"https://...0{number}.jpg", "prompt": "white studio"}} for number in (1, 2, 3)]
    body = {"items": items, "callback_url": SERVER}
    batch = ok(door.post("/v1/models/runflow/background-replace/batches", body), 201)
    assert (batch["status_code"], batch["items_total"]) == ("queued", 3)
    door.settle()
    done = ok(door.get(f"/v1/batches/{batch['id']}"))
    assert (done["status_code"], done["items_succeeded"], done["items_failed"]) == ("succeeded", 3, 0)
    listed = ok(door.get(f"/v1/batches/{batch['id']}/items"))["items"]
    assert [(item["status_code"], item["output"] is not None) for item in listed] == [("succeeded", True)] * 3
    assert [item["run_id"] for item in listed] == [item["run_id"] for item in batch["items"]]
    assert [item["input"] for item in listed] == [item["input"] for item in items]


def test_guide_failed_item_has_a_message_on_its_run(door: Door) -> None:
    post_fault(door, {"edge": "batch.item[0]"}, {"kind": "fail", "failure_message": "image dimensions exceed 4096x4096"})
    batch = finished_batch(door)
    item = ok(door.get(f"/v1/batches/{batch['id']}/items"))["items"][0]
    assert item["run"]["failure_message"] == "image dimensions exceed 4096x4096"
    assert item["error"] == {"kind": "upstream_failed", "message": "image dimensions exceed 4096x4096"}
