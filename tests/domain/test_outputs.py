import re
from datetime import timedelta
from typing import Any

import pytest
from records import SEED, a_run
from worlds import ORIGIN, START, catalog

from runflow_mock.domain.dialects import BUNDLES, dialect_of
from runflow_mock.domain.documents import Document, Json, write_document
from runflow_mock.domain.media import GivenFile, extent_of
from runflow_mock.domain.outputs import (
    Form,
    describe_file,
    file_names,
    form_of,
    media_objection,
    media_signature,
    media_url,
    produce,
    produce_given,
    sign_again,
    source_of,
)
from runflow_mock.domain.seeds import Seed

BOTH_STAGES: Json = {"config": {"elements": ["background_removal", "tag_removal"]}}
UNIFIED = ("outputs", "seed", "timing", "nsfw_detected")
TOMORROW = START + timedelta(hours=24)


def _output(model_id: str, inputs: Json, dialect: str = "seed", **switches: str) -> dict[str, Any]:
    model = catalog().get(model_id)
    spoken = dialect_of(dialect, switches)
    names = file_names(model, inputs, extent_of(model.output, inputs))
    return produce(model, inputs, names, extent_of(model.output, inputs), seed=lambda: SEED, form=form_of(model, spoken))


def test_pipeline_lists_every_stage_in_its_fixed_order_and_the_result_last_and_nothing_else() -> None:
    for dialect in BUNDLES:
        output = _output("runflow/dyver-removal", BOTH_STAGES, dialect)
        assert output == {"image_urls": ["tag_remover_00001_.webp", "bg_remover_00001_.webp", "result_00001_.webp"]}


def test_model_that_was_seen_live_answers_as_it_was_seen() -> None:
    entry = {"url": "result_00001_.webp", "type": "image"}
    for dialect in BUNDLES:
        assert _output("runflow/smart-resize", {}, dialect) == {"outputs": [entry], "seed": None, "timing": None, "nsfw_detected": None}


def test_newer_pages_add_the_unified_form_to_a_background_removal() -> None:
    assert list(_output("runflow/background-removal", {})) == ["image_urls"]
    assert list(_output("runflow/background-removal", {}, "docs")) == [*UNIFIED, "image_urls"]


def test_models_of_other_providers_have_outputs_with_pixels_and_no_more() -> None:
    output = _output("google/nano-banana-pro", {"num_images": 2, "output_format": "jpeg", "resolution": "2K", "seed": 7})
    assert output == {
        "outputs": [
            {"url": "result_00001_.jpg", "type": "image", "width": 2048, "height": 2048},
            {"url": "result_00002_.jpg", "type": "image", "width": 2048, "height": 2048},
        ],
        "seed": 7,
        "timing": None,
        "nsfw_detected": None,
    }


def test_model_that_takes_no_seed_tells_none() -> None:
    assert _output("openai/gpt-image-2", {"prompt": "x", "seed": 7})["seed"] is None


def test_model_nobody_has_seen_has_both_forms_and_one_under_strict() -> None:
    model = catalog().get("runflow/eye-color")
    assert form_of(model, BUNDLES["seed"]) is Form.BOTH
    assert form_of(model, dialect_of("seed", {}, is_strict=True)) is Form.UNIFIED


@pytest.mark.parametrize("switches", [{}, {"output_form": "both"}])
def test_strict_tenant_has_no_form_that_nobody_has_seen(switches: dict[str, str]) -> None:
    spoken = dialect_of("seed", switches, is_strict=True)
    assert {form_of(model, spoken) for model in catalog().models} <= {Form.UNIFIED, Form.IMAGE_URLS}


def test_comfort_of_both_forms_and_every_figure_is_a_switch() -> None:
    output = _output("runflow/dyver-removal", BOTH_STAGES, output_form="both")
    assert list(output) == [*UNIFIED, "image_urls"]
    assert output["outputs"] == [
        {"url": "result_00001_.webp", "type": "image", "content_type": "image/webp", "width": 1024, "height": 1024}
    ]
    assert len(output["image_urls"]) == 3
    assert (output["timing"], output["nsfw_detected"]) == (None, False)


def test_video_and_audio_have_addresses_and_no_image_urls() -> None:
    for model, kind in (("google/veo3.1/fast", "video"), ("elevenlabs/tts", "audio")):
        output = _output(model, {"prompt": "x"})
        assert list(output) == list(UNIFIED)
        assert [set(entry) for entry in output["outputs"]] == [{"url", "type"}]
        assert output["outputs"][0]["type"] == kind
        assert output["nsfw_detected"] is None


def test_video_has_size_and_duration_where_every_figure_is_asked_for() -> None:
    inputs: Json = {"prompt": "x", "duration": "6s", "resolution": "720p", "aspect_ratio": "16:9"}
    (entry,) = _output("google/veo3.1/fast", inputs, output_form="both")["outputs"]
    figures = {"type": "video", "content_type": "video/mp4", "width": 1280, "height": 720, "duration": 6.0}
    assert {**entry, "url": ""} == {"url": "", **figures}


def test_audio_has_a_duration_and_no_size_where_every_figure_is_asked_for() -> None:
    (entry,) = _output("elevenlabs/tts", {"text": "Welcome"}, output_form="both")["outputs"]
    assert set(entry) == {"url", "type", "content_type", "duration"}


def test_seed_that_the_client_does_not_choose_is_drawn() -> None:
    drawn = _output("google/nano-banana-pro", {})["seed"]
    assert drawn == _output("google/nano-banana-pro", {"seed": None})["seed"]
    assert isinstance(drawn, int)
    assert 0 <= drawn < 2**31


def test_chosen_seed_of_zero_is_kept() -> None:
    assert _output("google/nano-banana-pro", {"seed": 0})["seed"] == 0


def test_address_of_a_file_names_tenant_run_and_expiry() -> None:
    run = a_run()
    path = f"/media/test/{run.id}/result_00001_.webp"
    expires = int(TOMORROW.timestamp())
    expected = f"{ORIGIN.base_url}{path}?expires={expires}&signature={media_signature(path, expires, SEED)}"
    assert media_url(run, "test", "result_00001_.webp", TOMORROW, SEED) == expected


def test_signature_of_an_address_depends_on_path_expiry_and_seed() -> None:
    signatures = {
        media_signature("/media/a", 1, SEED),
        media_signature("/media/b", 1, SEED),
        media_signature("/media/a", 2, SEED),
        media_signature("/media/a", 1, Seed.from_text("1")),
    }
    assert len(signatures) == 4
    assert {len(signature) for signature in signatures} == {32}


def _described(model_id: str, inputs: Json) -> list[tuple[str, bool]]:
    model = catalog().get(model_id)
    files = [describe_file(model, inputs, name) for name in file_names(model, inputs, extent_of(model.output, inputs))]
    return [(file.part, file.transparent) for file in files if file is not None]


def test_every_file_name_is_described_by_its_part() -> None:
    assert _described("google/nano-banana-pro", {"num_images": 2}) == [("result 1 of 2", False), ("result 2 of 2", False)]
    assert _described("runflow/background-removal", {}) == [("result 1 of 1", True)]


def test_stage_that_cuts_out_makes_the_result_a_cut_out() -> None:
    parts = [("stage tag_removal", False), ("stage background_removal", True), ("result 1 of 1", True)]
    assert _described("runflow/dyver-removal", BOTH_STAGES) == parts
    assert _described("runflow/dyver-removal", {"config": {"elements": ["tag_removal"]}})[-1] == ("result 1 of 1", False)


@pytest.mark.parametrize("name", ["", "result_00002_.png", "result_00001_.webp", "../result_00001_.png"])
def test_name_that_no_file_has_is_not_described(name: str) -> None:
    assert describe_file(catalog().get("google/nano-banana-pro"), {}, name) is None


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        ({"mask_url": "ref:mask", "image_url": "ref:shirt"}, "shirt"),
        ({"image_url": "https://cdn.example.com/shirt.jpg", "other": ["x", 1, "ref:other"]}, "other"),
        ({"image_url": "https://cdn.example.com/shirt.jpg"}, None),
        ({"image_url": {"nested": "ref:deep"}}, None),
        ([], None),
    ],
)
def test_source_is_the_first_picture_in_the_order_of_the_model(inputs: Json, found: str | None) -> None:
    assert source_of(catalog().get("runflow/object-removal"), inputs, re.compile("ref:(.+)")) == found


def test_address_is_good_until_it_expires_and_only_as_it_was_signed() -> None:
    path, expires = "/media/test/run/a.png", int(TOMORROW.timestamp())
    signature = media_signature(path, expires, SEED)
    second = timedelta(seconds=1)
    assert media_objection(path, str(expires), signature, TOMORROW - second, SEED) is None
    assert "expired" in (media_objection(path, str(expires), signature, TOMORROW, SEED) or "")
    for changed in ((path + "x", str(expires), signature), (path, str(expires + 1), signature), (path, str(expires), signature[:-1])):
        assert "changed" in (media_objection(*changed, START, SEED) or "")


@pytest.mark.parametrize("expires", ["", "-1", "1.5", "٣", "9" * 13, "x"])
def test_address_without_an_expiry_is_refused(expires: str) -> None:
    assert "no expiry" in (media_objection("/media/a", expires, "", START, SEED) or "")


def test_signing_again_changes_the_runs_own_addresses_only() -> None:
    run, later = a_run(), TOMORROW + timedelta(hours=1)
    own, other = (media_url(run, tenant, "a_1.png", TOMORROW, SEED) for tenant in ("test", "other"))
    document = write_document({"outputs": [{"url": own}], "note": f"see {own}", "foreign": other, "plain": own.partition("?")[0]})
    signed = sign_again(document, run, "test", later, SEED)
    assert signed == Document(document.replace(own.encode(), media_url(run, "test", "a_1.png", later, SEED).encode()))
    assert sign_again(signed, run, "test", TOMORROW, SEED) == document


def test_given_files_are_listed_by_kind() -> None:
    figures: dict[str, Any] = {"sha256": "", "size_bytes": 1}
    files = (
        GivenFile(name="a", media_type="image/png", width=3, height=2, **figures),
        GivenFile(name="b", media_type="application/zip", **figures),
    )
    assert produce_given(files, ["u1", "u2"], Form.EVERYTHING) == {
        "outputs": [
            {"url": "u1", "type": "image", "content_type": "image/png", "width": 3, "height": 2},
            {"url": "u2", "type": "file", "content_type": "application/zip"},
        ],
        "seed": None,
        "timing": None,
        "nsfw_detected": False,
        "image_urls": ["u1"],
    }
    assert "image_urls" not in produce_given(files[1:], ["u2"], Form.EVERYTHING)
    assert produce_given(files[:1], ["u1"], Form.IMAGE_URLS) == {"image_urls": ["u1"]}
    plain = {"outputs": [{"url": "u1", "type": "image"}, {"url": "u2", "type": "file"}]}
    assert produce_given(files, ["u1", "u2"], Form.IMAGE_URLS) == {**plain, "seed": None, "timing": None, "nsfw_detected": None}
