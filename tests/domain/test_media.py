import pytest

from runflow_mock.domain.documents import Json
from runflow_mock.domain.media import (
    COUNT_MAX,
    EDGE_MAX,
    EXTENSIONS,
    MEDIA_TYPES,
    SECONDS_MAX,
    Extent,
    OutputShape,
    Stage,
    extent_of,
    stages_of,
)

TAG = Stage("tag_removal", "tag_remover", (1.0, 2.0))
BACKGROUND = Stage("background_removal", "bg_remover", (1.0, 2.0))
SHAPE = OutputShape(
    media_type="image/png",
    file="result",
    format_input="output_format",
    count_input="num_images",
    duration_input="duration",
    duration_default_seconds=5.0,
    aspect_ratio_input="aspect_ratio",
    resolution_input="resolution",
    image_size_input="image_size",
    stages_input="config.elements",
    stages=(TAG, BACKGROUND),
)


def _pixels(**inputs: Json) -> tuple[int, int]:
    extent = extent_of(SHAPE, inputs)
    return extent.width, extent.height


def test_without_inputs_the_shape_decides() -> None:
    assert extent_of(SHAPE, {}) == Extent(count=1, width=1024, height=1024, seconds=5.0, media_type="image/png")


def test_model_that_looks_at_no_inputs_ignores_them() -> None:
    plain = OutputShape(media_type="image/webp", file="result", width=800, height=600)
    inputs: Json = {"num_images": 4, "duration": 9, "output_format": "png", "image_size": "square", "resolution": "4K"}
    assert extent_of(plain, inputs) == Extent(count=1, width=800, height=600, seconds=0.0, media_type="image/webp")


def test_input_within_another_decides_as_one_beside_it_does() -> None:
    nested = OutputShape(media_type="image/png", file="result", count_input="config.count")
    assert extent_of(nested, {"config": {"count": 3}}).count == 3
    assert extent_of(nested, {"count": 3}).count == extent_of(nested, {"config": {}}).count == 1


@pytest.mark.parametrize(("value", "count"), [(1, 1), (4, 4), (None, 1), ("4", 1), (True, 1), (2.5, 1)])
def test_count_is_the_whole_number_that_was_asked_for(value: Json, count: int) -> None:
    assert extent_of(SHAPE, {"num_images": value}).count == count


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(8, 8.0), (2.5, 2.5), ("8s", 8.0), ("12", 12.0), ("2.5s", 2.5), ("auto", 5.0), ("٨", 5.0), (None, 5.0), (True, 5.0), ([8], 5.0)],
)
def test_duration_is_a_number_or_a_text_that_begins_with_one(value: Json, seconds: float) -> None:
    assert extent_of(SHAPE, {"duration": value}).seconds == seconds


@pytest.mark.parametrize(
    ("value", "media_type"),
    [("png", "image/png"), ("jpeg", "image/jpeg"), ("webp", "image/webp"), ("tiff", "image/png"), (None, "image/png"), (3, "image/png")],
)
def test_format_decides_the_media_type(value: Json, media_type: str) -> None:
    assert extent_of(SHAPE, {"output_format": value}).media_type == media_type


@pytest.mark.parametrize(
    ("value", "pixels"),
    [
        ("square_hd", (1024, 1024)),
        ("square", (512, 512)),
        ("portrait_16_9", (576, 1024)),
        ("landscape_4_3", (1024, 768)),
        ({"width": 1920, "height": 1080}, (1920, 1080)),
        ({"width": 1920}, (1024, 1024)),
        ("auto", (1024, 1024)),
        (None, (1024, 1024)),
    ],
)
def test_image_size_is_a_name_or_two_numbers(value: Json, pixels: tuple[int, int]) -> None:
    assert _pixels(image_size=value) == pixels


def test_image_size_wins_over_resolution_and_ratio() -> None:
    assert _pixels(image_size="square", resolution="4K", aspect_ratio="16:9") == (512, 512)


@pytest.mark.parametrize(
    ("resolution", "ratio", "pixels"),
    [
        ("1K", "1:1", (1024, 1024)),
        ("2K", "16:9", (2048, 1152)),
        ("4K", "9:16", (2304, 4096)),
        ("0.5K", None, (512, 512)),
        (None, "16:9", (1024, 576)),
        ("8K", "2:3", (683, 1024)),
        ("1K", "8:1", (1024, 128)),
        ("1K", "999:1", (1024, 1)),
    ],
)
def test_image_resolution_is_the_long_edge(resolution: str | None, ratio: str | None, pixels: tuple[int, int]) -> None:
    assert _pixels(resolution=resolution, aspect_ratio=ratio) == pixels


@pytest.mark.parametrize(
    ("resolution", "ratio", "pixels"),
    [
        ("720p", "16:9", (1280, 720)),
        ("1080p", "9:16", (1080, 1920)),
        ("480p", "16:9", (854, 480)),
        ("4k", "16:9", (3840, 2160)),
        ("720p", None, (720, 720)),
    ],
)
def test_video_resolution_is_the_short_edge_and_both_are_even(resolution: str, ratio: str | None, pixels: tuple[int, int]) -> None:
    assert _pixels(resolution=resolution, aspect_ratio=ratio) == pixels
    assert not pixels[0] % 2
    assert not pixels[1] % 2


@pytest.mark.parametrize("ratio", ["auto", "0:1", "1:0", "16x9", "16:9:1", "١٦:٩", "-1:1", "", 1.5, None])
def test_ratio_that_is_none_leaves_the_shape(ratio: Json) -> None:
    assert _pixels(aspect_ratio=ratio) == (1024, 1024)


def test_stages_come_in_the_fixed_order_of_the_model() -> None:
    assert stages_of(SHAPE, {"config": {"elements": ["background_removal", "tag_removal"]}}) == (TAG, BACKGROUND)
    assert stages_of(SHAPE, {"config": {"elements": ["background_removal", "unknown"]}}) == (BACKGROUND,)


@pytest.mark.parametrize("inputs", [{}, {"config": {}}, {"config": {"elements": "tag_removal"}}, None])
def test_without_elements_there_are_no_stages(inputs: Json) -> None:
    assert stages_of(SHAPE, inputs) == ()


def test_every_format_has_a_file_extension() -> None:
    assert set(MEDIA_TYPES.values()) <= set(EXTENSIONS)


@pytest.mark.parametrize(("value", "count"), [(0, 1), (-3, 1), (COUNT_MAX, COUNT_MAX), (COUNT_MAX + 1, COUNT_MAX), (10**12, COUNT_MAX)])
def test_count_stays_within_what_can_be_made(value: int, count: int) -> None:
    assert extent_of(SHAPE, {"num_images": value}).count == count


@pytest.mark.parametrize(("value", "edge"), [(0, 1), (-5, 1), (EDGE_MAX, EDGE_MAX), (EDGE_MAX + 1, EDGE_MAX), (10**9, EDGE_MAX)])
def test_edges_stay_within_what_can_be_drawn(value: int, edge: int) -> None:
    assert _pixels(image_size={"width": value, "height": value}) == (edge, edge)


@pytest.mark.parametrize(
    ("value", "seconds"), [(-1, 0.0), (SECONDS_MAX, SECONDS_MAX), (SECONDS_MAX + 1, SECONDS_MAX), (1e300, SECONDS_MAX)]
)
def test_length_stays_within_what_can_be_made(value: float, seconds: float) -> None:
    assert extent_of(SHAPE, {"duration": value}).seconds == seconds


def test_edges_of_a_video_are_even() -> None:
    video = OutputShape(media_type="video/mp4", file="clip", width=641, height=359)
    assert (extent_of(video, {}).width, extent_of(video, {}).height) == (642, 360)
