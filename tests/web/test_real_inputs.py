"""Inputs as real clients send them: empty media, bare asset ids, and the label of a run in the place of a batch's."""

from typing import Any

import pytest
from doors import Door
from steps import ABSENT, BATCHES, INPUT, RUNS, Body, get_run, ok, places
from uploads import upload

NUX = "/v1/comfyui-workflows/runflow-access/brand-locked-variant-nux/runs"
EDIT = "/v1/models/openai/gpt-image-2/edit/runs"
ERASE = "/v1/models/runflow/object-removal/runs"
PHOTO = "https://cdn.example.com/shirt.jpg"

every_dialect = pytest.mark.parametrize("dialect", ["seed", "docs"])


@every_dialect
@pytest.mark.parametrize(
    ("path", "inputs"),
    [
        (EDIT, {"prompt": "x", "image_urls": [PHOTO], "mask_url": ""}),
        (NUX, {"primary_design_ref": PHOTO, "logo": "", "Aux Reference 1": "", "prompt": "x"}),
        (ERASE, {"image_url": PHOTO, "mask_url": PHOTO, "zip_url": ""}),
        ("/v1/models/ideogram/v3/runs", {"prompt": "x", "image_urls": [""]}),
        ("/v1/models/heygen/v3/video-agent/runs", {"prompt": "x", "file_urls": [PHOTO, ""]}),
    ],
)
def test_optional_media_that_is_empty_text_counts_as_left_out(dialect: str, path: str, inputs: Body) -> None:
    with Door(dialect=dialect) as door:
        run = ok(door.post(path, {"input": inputs}), 201)
        door.settle()
        assert get_run(door, run)["status_code"] == "succeeded"
        assert run["input"] == inputs


@pytest.mark.parametrize(
    ("path", "inputs", "loc"),
    [
        (RUNS, {"image_url": ""}, ["body", "input", "image_url"]),
        (EDIT, {"prompt": "x", "image_urls": [""]}, ["body", "input", "image_urls", 0]),
        (EDIT, {"prompt": "x", "image_urls": ""}, ["body", "input", "image_urls"]),
        (EDIT, {"prompt": "x", "image_urls": [PHOTO], "mask_url": " "}, ["body", "input", "mask_url"]),
        (EDIT, {"prompt": "x", "image_urls": [PHOTO], "quality": ""}, None),
    ],
)
def test_what_is_required_or_not_empty_is_still_checked(door: Door, path: str, inputs: Body, loc: list[str | int] | None) -> None:
    response = door.post(path, {"input": inputs})
    if loc is None:
        ok(response, 201)
    else:
        assert [place for place, _ in places(response)] == [loc]


@every_dialect
@pytest.mark.parametrize(
    ("path", "field", "wrap"),
    [(RUNS, "image_url", lambda id_: id_), (EDIT, "image_urls", lambda id_: [PHOTO, id_]), (NUX, "primary_design_ref", lambda id_: id_)],
)
def test_bare_id_of_an_asset_is_a_media_input(dialect: str, path: str, field: str, wrap: Any) -> None:
    with Door(dialect=dialect) as door:
        asset = upload(door)
        run = ok(door.post(path, {"input": {"prompt": "x", field: wrap(asset["id"].upper())}}), 201)
        shown = get_run(door, run)["input"][field]
        address = shown[-1] if isinstance(shown, list) else shown
        assert address.partition("?")[0] == asset["url"].partition("?")[0]


def test_bare_ids_are_taken_in_both_forms_of_a_batch(door: Door) -> None:
    asset = upload(door)
    for body in ({"input": [{"image_url": asset["id"]}]}, {"items": [{"input": {"image_url": asset["id"]}}]}):
        batch = ok(door.post(BATCHES, body), 201)
        assert batch["input"][0]["image_url"].startswith("http")


@pytest.mark.parametrize("reference", [ABSENT, f"runflow://assets/{ABSENT}"])
def test_bare_id_of_no_asset_is_refused_like_a_reference_to_none(door: Door, reference: str) -> None:
    response = door.post(RUNS, {"input": {"image_url": reference}})
    assert places(response) == [(["body", "input", "image_url"], "asset_not_found")]
    assert f"runflow://assets/{ABSENT}" in response.text


def test_id_in_a_field_that_is_no_media_stays_text(door: Door) -> None:
    inputs = {"prompt": ABSENT, "image_urls": [PHOTO]}
    assert ok(door.post(EDIT, {"input": inputs}), 201)["input"] == inputs


@every_dialect
def test_label_inside_the_input_of_a_run_is_echoed_where_there_is_none_outside(dialect: str) -> None:
    with Door(dialect=dialect) as door:
        inside = {**INPUT, "client_ref": "sku-123"}
        run = ok(door.post(RUNS, {"input": inside}), 201)
        assert (run["client_ref"], run["input"]) == ("sku-123", inside)
        assert ok(door.post(RUNS, {"input": inside, "client_ref": None}), 201)["client_ref"] == "sku-123"
        assert ok(door.post(RUNS, {"input": inside, "client_ref": "mine"}), 201)["client_ref"] == "mine"
        assert len(ok(door.get("/v1/runs?q=client_ref.EQ:'sku-123'"))["items"]) == 2
        assert ok(door.post(NUX, {"input": {"primary_design_ref": PHOTO, "client_ref": "sku-9"}}), 201)["client_ref"] == "sku-9"


def test_label_inside_a_wrapped_item_is_echoed_too(door: Door) -> None:
    items = [{"input": {**INPUT, "client_ref": "a"}}, {"input": {**INPUT, "client_ref": "a"}, "client_ref": "b"}]
    assert [item["client_ref"] for item in ok(door.post(BATCHES, {"items": items}), 201)["items"]] == ["a", "b"]


@pytest.mark.parametrize(("label", "kind"), [("x" * 256, "string_too_long"), (7, "string_type")])
def test_label_inside_has_the_limits_of_a_label(door: Door, label: object, kind: str) -> None:
    inside = {**INPUT, "client_ref": label}
    assert places(door.post(RUNS, {"input": inside})) == [(["body", "input", "client_ref"], kind)]
    assert ok(door.post(RUNS, {"input": inside, "client_ref": "mine"}), 201)["client_ref"] == "mine"


@pytest.mark.parametrize(
    ("body", "point"),
    [
        ({"input": {**INPUT, "client_ref": "a"}}, "client-ref-place"),
        ({"input": {**INPUT, "client_ref": "a"}, "client_ref": "b"}, None),
    ],
)
def test_place_of_a_label_is_reported_as_a_reliance(door: Door, body: Body, point: str | None) -> None:
    ok(door.post(RUNS, body), 201)
    assert ("client-ref-place" in reliances(door)) is (point is not None)


def test_empty_media_and_unlisted_types_are_reported_as_reliances(door: Door) -> None:
    ok(door.post(EDIT, {"input": {"prompt": "x", "image_urls": [PHOTO], "mask_url": ""}}), 201)
    upload(door, b"x", mime_type="model/gltf-binary")
    assert {"empty-media", "upload-types"} <= reliances(door)


def test_blank_entry_of_an_optional_list_is_reported_and_a_refused_blank_is_not(door: Door) -> None:
    places(door.post(RUNS, {"input": {"image_url": ""}}))
    assert "empty-media" not in reliances(door)
    ok(door.post("/v1/models/ideogram/v3/batches", {"input": [{"prompt": "x"}, {"prompt": "x", "image_urls": [""]}]}), 201)
    assert "empty-media" in reliances(door)


def test_call_that_depends_on_nothing_of_this_is_not_reported(door: Door) -> None:
    ok(door.post(RUNS, {"input": INPUT, "client_ref": "a"}), 201)
    upload(door)
    assert not reliances(door) & {"client-ref-place", "empty-media", "upload-types", "run-error", "cancel-billing", "output-form"}


def reliances(door: Door) -> set[str]:
    return set(ok(door.get("/_mock/report"))["relies_on"])
