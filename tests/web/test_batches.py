from typing import Any

import pytest
from doors import Door
from steps import (
    ABSENT,
    BATCHES,
    INPUT,
    MODEL,
    PRICE,
    Body,
    finished_batch,
    history_length,
    ok,
    places,
    post_batch,
    post_fault,
    problem,
)

from runflow_mock.domain.money import parse_money
from runflow_mock.wire.batches import ERRORS_MAX


def wrapped(*inputs: Body) -> list[Body]:
    return [{"input": each} for each in inputs]


@pytest.mark.parametrize("body", [{"input": [INPUT, INPUT]}, {"items": wrapped(INPUT, INPUT)}])
def test_both_forms_make_the_same_batch(body: Body) -> None:
    with Door() as door, Door() as other:
        created = ok(door.post(BATCHES, body), 201)
        assert created == post_batch(other)
        assert created["input"] == [INPUT, INPUT]


def test_model_in_the_body_makes_the_same_batch_too() -> None:
    with Door() as door, Door() as other:
        assert ok(door.post("/v1/batches", {"model": MODEL, "input": [INPUT] * 2}), 201) == post_batch(other)
    with Door() as door, Door() as other:
        assert ok(door.post("/v1/batches", {"model_id": MODEL, "input": [INPUT] * 2}), 201) == post_batch(other)


@pytest.mark.parametrize(("model", "kind"), [({}, "missing"), ({"model": 7}, "string_type")])
def test_batch_without_a_model_is_refused(door: Door, model: Body, kind: str) -> None:
    assert places(door.post("/v1/batches", {**model, "input": [INPUT]})) == [(["body", "model"], kind)]


@pytest.mark.parametrize("other", ["runflow/tag-removal", 7])
def test_two_names_for_the_model_must_agree(door: Door, other: object) -> None:
    response = door.post("/v1/batches", {"model": MODEL, "model_id": other, "input": [INPUT]})
    assert [loc for loc, _ in places(response)] == [["body", "model_id"]]


def test_both_keys_at_once_are_refused(door: Door) -> None:
    found = places(door.post(BATCHES, {"input": [INPUT], "items": wrapped(INPUT)}))
    assert found == [(["body", "items"], "value_error")]


@pytest.mark.parametrize("count", [1, 100])
def test_batch_takes_1_to_100_items(count: int) -> None:
    with Door(balance=parse_money("100")) as door:
        assert post_batch(door, count)["items_total"] == count


@pytest.mark.parametrize("key", ["input", "items"])
@pytest.mark.parametrize(("elements", "kind"), [([], "too_short"), ([INPUT] * 101, "too_long"), ({}, "list_type"), (None, "list_type")])
def test_other_lengths_and_kinds_are_refused_under_the_callers_key(door: Door, key: str, elements: Any, kind: str) -> None:
    assert places(door.post(BATCHES, {key: elements})) == [(["body", key], kind)]
    assert door.get("/v1/runs").json()["items"] == []


def test_missing_list_is_told_as_input(door: Door) -> None:
    assert places(door.post(BATCHES, {})) == [(["body", "input"], "missing")]


def test_limit_of_a_tenant_can_be_raised(door: Door) -> None:
    key = ok(door.post("/_mock/tenants", {"batch_limit": 101, "balance": "100"}), 201)["key"]
    assert ok(door.post(BATCHES, {"input": [INPUT] * 101}, key=key), 201)["items_total"] == 101
    assert places(door.post(BATCHES, {"input": [INPUT] * 102}, key=key)) == [(["body", "input"], "too_long")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"input": [INPUT, {}]}, (["body", "input", 1, "image_url"], "missing")),
        ({"input": [INPUT, 7]}, (["body", "input", 1], "dict_type")),
        ({"input": [INPUT, {**INPUT, "client_ref": 7}]}, (["body", "input", 1, "client_ref"], "string_type")),
        ({"items": [*wrapped(INPUT), {"input": {}}]}, (["body", "items", 1, "input", "image_url"], "missing")),
        ({"items": [*wrapped(INPUT), {}]}, (["body", "items", 1, "input"], "missing")),
        ({"items": [*wrapped(INPUT), {"input": 7}]}, (["body", "items", 1, "input"], "dict_type")),
        ({"items": [*wrapped(INPUT), None]}, (["body", "items", 1], "dict_type")),
        ({"items": [{"input": INPUT, "client_ref": "x" * 256}]}, (["body", "items", 0, "client_ref"], "string_too_long")),
        ({"items": [{"input": {**INPUT, "client_ref": 7}}]}, (["body", "items", 0, "input", "client_ref"], "string_type")),
    ],
)
def test_one_bad_item_refuses_all_in_the_callers_key(door: Door, body: Body, expected: tuple[list[Any], str]) -> None:
    door.get("/v1/runs")
    before = history_length(door)
    assert places(door.post(BATCHES, body)) == [expected]
    assert history_length(door) == before


def test_after_a_thousand_errors_no_further_item_is_looked_at() -> None:
    with Door(batch_items_max=2_000) as door:
        told = door.post(BATCHES, {"model": MODEL, "items": [{"input": {"image_url": 5}}] * 2_000})
        assert (told.status_code, len(told.json()["errors"])) == (422, ERRORS_MAX)


def test_client_ref_belongs_to_the_item_and_not_to_its_input(door: Door) -> None:
    flat = ok(door.post(BATCHES, {"input": [{**INPUT, "client_ref": "sku-1"}, INPUT]}), 201)
    nested = ok(door.post(BATCHES, {"items": [{"input": INPUT, "client_ref": "sku-2"}]}), 201)
    assert [item["client_ref"] for item in flat["items"]] == ["sku-1", None]
    assert [item["client_ref"] for item in nested["items"]] == ["sku-2"]
    run = ok(door.get(f"/v1/runs/{flat['items'][0]['run_id']}"))
    assert (run["client_ref"], run["input"]) == ("sku-1", INPUT)


def test_metadata_and_callback_url_are_echoed(door: Door) -> None:
    extra: Body = {"metadata": {"campaign": "spring", "n": [1.5]}, "callback_url": "https://you.example/hook"}
    batch = post_batch(door, **extra)
    assert {name: batch[name] for name in extra} == extra
    assert ok(door.get(f"/v1/batches/{batch['id']}")) == batch


def test_items_live_independently_and_the_batch_follows(door: Door) -> None:
    batch = post_batch(door, 3)
    ok(door.post("/_mock/clock/next"))
    states = [item["status_code"] for item in ok(door.get(f"/v1/batches/{batch['id']}"))["items"]]
    assert sorted(states) == ["dispatching", "queued", "queued"]
    assert ok(door.get(f"/v1/batches/{batch['id']}"))["status_code"] == "running"


def test_finished_batch_counts_and_costs_its_items(door: Door) -> None:
    batch = finished_batch(door, 3)
    assert {name: batch[name] for name in ("status_code", "items_succeeded", "cost")} == {
        "status_code": "succeeded",
        "items_succeeded": 3,
        "cost": "0.810000",
    }
    assert [item["sequence_index"] for item in batch["output"]["items"]] == [0, 1, 2]
    assert {name: batch["output"][name] for name in ("succeeded", "failed", "cancelled", "total")} == {
        "succeeded": 3, "failed": 0, "cancelled": 0, "total": 3,
    }  # fmt: skip


@pytest.mark.parametrize(("failing", "status"), [((), "succeeded"), ((0,), "partial_succeeded"), ((0, 1), "failed")])
def test_status_follows_from_the_items(door: Door, failing: tuple[int, ...], status: str) -> None:
    for index in failing:
        post_fault(door, {"edge": f"batch.item[{index}]"})
    batch = finished_batch(door)
    assert (batch["status_code"], batch["items_failed"]) == (status, len(failing))


def test_operator_cancels_a_batch_as_the_service_would(door: Door) -> None:
    batch = post_batch(door)
    stopped = ok(door.post(f"/_mock/batches/{batch['id']}/cancel"))
    assert (stopped["status_code"], stopped["items_cancelled"], stopped["cost"]) == ("cancelled", 2, "0.000000")
    assert [item["error"]["kind"] for item in stopped["output"]["items"]] == ["cancelled", "cancelled"]
    assert door.settle() == []


def test_cancelled_item_makes_the_batch_a_partial_success(door: Door) -> None:
    batch = post_batch(door)
    run_id = batch["items"][0]["run_id"]
    ok(door.post(f"/v1/admin/runs/{run_id}/cancellation", key=door.admin_key), 201)
    door.settle()
    done = ok(door.get(f"/v1/batches/{batch['id']}"))
    assert (done["status_code"], done["items_cancelled"], done["items_succeeded"]) == ("partial_succeeded", 1, 1)


def test_items_are_listed_in_order_with_their_runs(door: Door) -> None:
    batch = finished_batch(door, 3)
    listed = ok(door.get(f"/v1/batches/{batch['id']}/items"))["items"]
    assert [(item["id"], item["run_id"]) for item in listed] == [(item["id"], item["run_id"]) for item in batch["items"]]
    first = listed[0]
    assert (first["batch_id"], first["status_code"], first["cost"], first["error"]) == (batch["id"], "succeeded", PRICE, None)
    assert first["run"] == ok(door.get(f"/v1/runs/{first['run_id']}"))
    assert first["output"] == first["run"]["output"]


def test_one_item_is_read_alone(door: Door) -> None:
    batch = finished_batch(door)
    path = f"/v1/batches/{batch['id']}/items"
    second = ok(door.get(path))["items"][1]
    assert ok(door.get(f"{path}/{second['id']}")) == second
    problem(door.get(f"{path}/{ABSENT}"), 404, "NOT_FOUND")


def test_item_of_another_batch_is_404(door: Door) -> None:
    one, other = post_batch(door), post_batch(door)
    problem(door.get(f"/v1/batches/{one['id']}/items/{other['items'][0]['id']}"), 404, "NOT_FOUND")


def test_items_are_filtered_and_paged(door: Door) -> None:
    post_fault(door, {"edge": "batch.item[1]"})
    batch = finished_batch(door, 3)
    path = f"/v1/batches/{batch['id']}/items"
    assert [item["sequence_index"] for item in ok(door.get(f"{path}?q=status_code:failed"))["items"]] == [1]
    page = ok(door.get(f"{path}?limit=2"))
    rest = ok(door.get(f"{path}?limit=2&pq={page['next']}"))
    assert [item["sequence_index"] for item in (*page["items"], *rest["items"])] == [0, 1, 2]
    assert rest["next"] is None


def test_absent_batch_is_404_and_a_malformed_id_422(door: Door) -> None:
    for tail in ("", "/items", "/callback"):
        problem(door.get(f"/v1/batches/{ABSENT}{tail}"), 404, "NOT_FOUND")
        places(door.get(f"/v1/batches/nonsense{tail}"))


def test_batches_are_listed_newest_first_and_filtered(door: Door) -> None:
    first, second = post_batch(door, 1), post_batch(door, 2)
    assert [batch["id"] for batch in ok(door.get("/v1/batches"))["items"]] == [second["id"], first["id"]]
    assert [batch["id"] for batch in ok(door.get("/v1/batches?q=items_total>1"))["items"]] == [second["id"]]


def test_batch_that_goes_on_has_no_cost_that_is_found(door: Door) -> None:
    post_batch(door, 1)
    assert ok(door.get("/v1/batches"))["items"][0]["cost"] is None
    assert ok(door.get("/v1/batches?q=cost.EQ:'0.000000'"))["items"] == []
