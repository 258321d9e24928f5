from typing import Any

import pytest
from contract import fits
from doors import Door
from msgspec.structs import replace
from steps import (
    ABSENT,
    BATCHES,
    RUNS,
    Body,
    advance,
    callback_run,
    file_urls,
    get_run,
    history_length,
    ok,
    places,
    post_run,
    problem,
)
from uploads import ASSETS, DATA_URI, PNG, assets, at, reference, upload

from runflow_mock.domain.records import Limits
from runflow_mock.engine.history import fold


def stored(door: Door, run: Body) -> Any:
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    return tenant.world.store.run(run["id"])


def test_data_uri_becomes_an_asset_and_is_read_as_a_signed_address(door: Door) -> None:
    run = post_run(door, input={"image_url": DATA_URI})
    (asset,) = assets(door)
    assert (asset["source_type"], asset["source_id"], asset["mime_type"], asset["size_bytes"]) == ("run", run["id"], "image/png", len(PNG))
    assert run["input"]["image_url"] == asset["url"]
    assert at(door, run["input"]["image_url"]).content == PNG
    assert stored(door, run).input == f'{{"image_url":"{reference(asset)}"}}'.encode()


def test_lists_and_single_reads_show_fresh_addresses(door: Door) -> None:
    run = fits(door.post(RUNS, {"input": {"image_url": DATA_URI}}), "create_run").json()
    advance(door, "1h")
    fresh = fits(door.get(f"/v1/runs/{run['id']}"), "get_run").json()
    assert fresh["input"]["image_url"] != run["input"]["image_url"]
    assert fits(door.get("/v1/runs"), "list_runs").json()["items"][0]["input"] == fresh["input"]


def test_metadata_is_kept_the_same_way_and_equal_files_once(door: Door) -> None:
    run = post_run(door, input={"image_url": DATA_URI}, metadata={"proof": [DATA_URI], "note": "data: none"})
    (asset,) = assets(door)
    assert run["metadata"] == {"proof": [asset["url"]], "note": "data: none"}


def test_batch_items_are_treated_like_runs(door: Door) -> None:
    other = "data:image/gif;base64,R0lGODlh"
    for key, items in (("input", [{"image_url": DATA_URI}, {"image_url": other}]), ("items", [{"input": {"image_url": DATA_URI}}])):
        batch = fits(door.post(BATCHES, {key: items}), "create_model_batch").json()
        listed = fits(door.get(f"/v1/batches/{batch['id']}/items"), "list_batch_items").json()["items"]
        shown = [item["input"]["image_url"] for item in listed]
        assert shown == [entry["image_url"] for entry in batch["input"]]
        assert [item["run"]["input"]["image_url"] for item in listed] == shown
        assert at(door, shown[0]).content == PNG
    assert sorted(asset["mime_type"] for asset in assets(door)) == ["image/gif", "image/png", "image/png"]
    assert {asset["source_type"] for asset in assets(door)} == {"batch"}


def test_reference_stays_on_the_run_and_is_shown_signed(door: Door) -> None:
    asset = upload(door)
    run = post_run(door, input={"image_url": reference(asset)})
    assert run["input"]["image_url"] == asset["url"]
    assert reference(asset).encode() in stored(door, run).input
    door.delete(f"{ASSETS}/{asset['id']}")
    assert get_run(door, run)["input"]["image_url"] == reference(asset)


def test_signed_address_that_is_sent_in_is_stored_as_it_is_and_shown_fresh(door: Door) -> None:
    asset = upload(door)
    run = post_run(door, input={"image_url": asset["url"]})
    advance(door, "8d")
    assert asset["url"].encode() in stored(door, run).input
    fresh = get_run(door, run)["input"]["image_url"]
    assert (at(door, asset["url"]).status_code, at(door, fresh).status_code) == (403, 200)
    advance(door, "1d")
    assert get_run(door, run)["input"]["image_url"] != fresh
    foreign = ok(door.post(RUNS, {"input": {"image_url": asset["url"]}}, key="rf_live_mock_other"), 201)
    assert foreign["input"]["image_url"] == asset["url"]


@pytest.mark.parametrize("case", ["unknown", "malformed", "other", "foreign", "deleted", "unconfirmed"])
def test_reference_to_what_cannot_be_read_is_422_and_creates_nothing(door: Door, case: str) -> None:
    asset = upload(door)
    refs = {"unknown": f"runflow://assets/{ABSENT}", "malformed": "runflow://assets/1", "other": "runflow://runs/1"}
    if case == "deleted":
        door.delete(f"{ASSETS}/{asset['id']}")
    key = "rf_live_mock_other" if case == "foreign" else door.key
    if case == "unconfirmed":
        asset = {"id": door.post("/v1/asset-uploads", {"filename": "a", "mime_type": "image/png", "size_bytes": 1}).json()["asset_id"]}
    ref = refs.get(case, reference(asset))
    before = history_length(door)
    response = fits(door.post(RUNS, {"input": {"image_url": ref}}, key=key), "create_run")
    (error,) = problem(response, 422, "VALIDATION_ERROR")
    assert (error["loc"], error["msg"]) == (["body", "input", "image_url"], f"asset not found or expired: {ref}")
    assert history_length(door) == before


def test_places_in_a_batch_use_the_callers_key(door: Door) -> None:
    bad = {"image_url": "runflow://assets/1"}
    assert places(door.post(BATCHES, {"input": [bad, bad]})) == [(["body", "input", n, "image_url"], "asset_not_found") for n in (0, 1)]
    assert places(door.post(BATCHES, {"items": [{"input": bad}]})) == [(["body", "items", 0, "input", "image_url"], "asset_not_found")]


def test_reference_in_metadata_is_not_checked(door: Door) -> None:
    metadata = {"see": f"runflow://assets/{ABSENT}"}
    assert post_run(door, metadata=metadata)["metadata"] == metadata


@pytest.mark.parametrize(
    ("uri", "data", "mime_type"),
    [
        ("data:image/svg+xml,%3Csvg%20/%3E", b"<svg />", "image/svg+xml"),
        ("data:image/svg+xml;charset=utf-8,%3Csvg/%3E", b"<svg/>", "image/svg+xml"),
        ("data:image/png;base64,AA==", b"\x00", "image/png"),
        ("data:image/png;base64,AA", b"\x00", "image/png"),
        ("data:image/png;name=a.png;base64,AA%3D%3D", b"\x00", "image/png"),
        ("data:IMAGE/JPEG;base64,", b"", "image/jpeg"),
        ("data:image/jpeg;base64,iVBORw0KGgo=", b"\x89PNG\r\n\x1a\n", "image/png"),
    ],
)
def test_forms_of_data_uris(door: Door, uri: str, data: bytes, mime_type: str) -> None:
    url = post_run(door, input={"image_url": uri})["input"]["image_url"]
    served = at(door, url)
    assert (served.content, served.headers["content-type"]) == (data, mime_type)


def test_base64_that_cannot_be_read_is_422(door: Door) -> None:
    assert places(door.post(RUNS, {"input": {"image_url": "data:image/png;base64,?"}})) == [(["body", "input", "image_url"], "value_error")]


@pytest.mark.parametrize("text", ["data:", "data:,x", "data:nothing", "data: a/b,c", "see data:image/png;base64,AA=="])
def test_other_text_is_left_alone(door: Door, text: str) -> None:
    assert post_run(door, input={"image_url": "https://a.example/b.png", "note": text})["input"]["note"] == text
    assert assets(door) == []


def test_quoted_and_keyed_references_are_not_replaced(door: Door) -> None:
    ref = reference(upload(door))
    inputs = {"image_url": "https://a.example/b.png", "note": f'see "{ref}" there', ref: "key"}
    assert post_run(door, input=inputs)["input"] == inputs


def test_refused_creation_stores_no_file(door: Door) -> None:
    ok(door.post("/_mock/tenants", {"name": "poor", "balance": "0"}), 201)
    problem(door.post(RUNS, {"input": {"image_url": DATA_URI}}, key="rf_live_mock_poor"), 402, "INSUFFICIENT_CREDITS")
    assert ok(door.get(ASSETS, key="rf_live_mock_poor"))["items"] == []
    with Door(limits=replace(Limits(), asset_bytes_max=len(PNG) - 1)) as full:
        problem(full.post(RUNS, {"input": {"image_url": DATA_URI}}), 503, "SERVICE_UNAVAILABLE")
        assert ok(full.get("/v1/runs"))["items"] == []


def test_too_many_files_in_one_request_are_refused(door: Door) -> None:
    uris = [f"data:text/plain,{number}" for number in range(1001)]
    response = door.post(RUNS, {"input": {"image_url": "https://a.example/b.png", "more": uris}})
    assert places(response) == [(["body", "input", "more", 1000], "value_error")]


def test_callback_carries_what_is_stored(door: Door) -> None:
    callback_run(door, input={"image_url": DATA_URI}, metadata={"proof": DATA_URI})
    door.settle()
    (sent,) = ok(door.get("/_mock/deliveries"))["items"]
    assert f'"proof":"{reference(assets(door)[0])}"' in sent["attempts"][0]["body"]


def test_history_holds_no_bytes_and_folds(door: Door) -> None:
    post_run(door, input={"image_url": DATA_URI})
    tenant = door.runtime.tenants.get("test")
    assert tenant is not None
    assert DATA_URI.encode() not in tenant.world.history.encoded()
    folded = fold(tenant.world.history)
    assert (folded.assets, folded.runs, folded.kept_total) == (tenant.world.store.assets, tenant.world.store.runs, len(PNG))


def test_output_of_one_run_may_be_the_input_of_the_next(door: Door) -> None:
    run = post_run(door)
    door.settle()
    url = file_urls(get_run(door, run))[0]
    assert post_run(door, input={"image_url": url})["input"] == {"image_url": url}
