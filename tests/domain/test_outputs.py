from datetime import timedelta
from typing import Any

from records import SEED, a_run
from worlds import ORIGIN, START, catalog

from runflow_mock.domain.documents import Json
from runflow_mock.domain.media import extent_of
from runflow_mock.domain.outputs import file_names, media_signature, media_url, produce
from runflow_mock.domain.seeds import Seed

BOTH_STAGES: Json = {"config": {"elements": ["background_removal", "tag_removal"]}}
TOMORROW = START + timedelta(hours=24)


def _output(model_id: str, inputs: Json) -> dict[str, Any]:
    model = catalog().get(model_id)
    names = file_names(model, inputs, extent_of(model.output, inputs))
    return produce(model, inputs, names, SEED)


def test_pipeline_lists_every_stage_in_its_fixed_order_and_the_result_last() -> None:
    assert _output("runflow/dyver-removal", BOTH_STAGES)["image_urls"] == [
        "tag_remover_00001_.webp",
        "bg_remover_00001_.webp",
        "result_00001_.webp",
    ]


def test_pipeline_has_one_final_output() -> None:
    entry = {"url": "result_00001_.webp", "type": "image", "content_type": "image/webp", "width": 1024, "height": 1024}
    assert _output("runflow/dyver-removal", BOTH_STAGES)["outputs"] == [entry]


def test_image_model_answers_with_both_shapes() -> None:
    output = _output("google/nano-banana-pro", {"num_images": 2, "output_format": "jpeg", "resolution": "2K", "seed": 7})
    assert list(output) == ["outputs", "seed", "timing", "nsfw_detected", "image_urls"]
    assert output["image_urls"] == ["result_00001_.jpg", "result_00002_.jpg"]
    assert [(entry["url"], entry["width"]) for entry in output["outputs"]] == [("result_00001_.jpg", 2048), ("result_00002_.jpg", 2048)]
    assert output["seed"] == 7
    assert (output["timing"], output["nsfw_detected"]) == (None, False)


def test_video_has_size_and_duration_and_no_image_urls() -> None:
    output = _output("google/veo3.1/fast", {"prompt": "x", "duration": "6s", "resolution": "720p", "aspect_ratio": "16:9"})
    assert "image_urls" not in output
    assert output["nsfw_detected"] is None
    (entry,) = output["outputs"]
    assert {**entry, "url": ""} == {
        "url": "",
        "type": "video",
        "content_type": "video/mp4",
        "width": 1280,
        "height": 720,
        "duration": 6.0,
    }


def test_audio_has_a_duration_and_no_size() -> None:
    (entry,) = _output("elevenlabs/tts", {"text": "Welcome"})["outputs"]
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
