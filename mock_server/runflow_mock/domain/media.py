"""Output media as figures: how many files, how large, how long, of which type. No pixel is made here.

Source: `media.inputs` (which inputs decide the shape). Inferred: the pixel sizes of `resolution` and `aspect_ratio`.
"""

import re
from functools import lru_cache
from typing import Literal

import msgspec

from runflow_mock.domain.documents import Json, look_up

# How the output of a model is written: `outputs[]` with what is known beside it, `image_urls[]` alone, both, or nobody has seen it.
StatedForm = Literal["unified", "image_urls", "both", "unknown"]
EXTENSIONS = {
    "image/webp": "webp",
    "image/png": "png",
    "image/jpeg": "jpg",
    "video/mp4": "mp4",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/ogg": "ogg",
}
MEDIA_TYPES = {
    "webp": "image/webp",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "ogg_opus": "audio/ogg",
}
# No model makes more; whatever a catalog or an input without limits asks for stays within what can be drawn.
COUNT_MAX = 64
EDGE_MAX = 8192
SECONDS_MAX = 600.0

LONG_EDGES = {"0.5K": 512, "1K": 1024, "2K": 2048, "4K": 4096}
VIDEO_HEIGHTS = {"480p": 480, "720p": 720, "1080p": 1080, "4k": 2160}
IMAGE_SIZES = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}

_RATIO = re.compile(r"([0-9]{1,3}):([0-9]{1,3})")
_NUMBER = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3})?")


class Stage(msgspec.Struct, frozen=True):
    """One step of a pipeline: the element that asks for it, the base name of its file, how long it takes, and whether it cuts out."""

    element: str
    file: str
    seconds: tuple[float, float]
    transparent: bool = False


class OutputShape(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """What a model produces, and which of its inputs decide the figures.

    `form` is how its output is written, `form_docs` how the newest pages have it where they differ; `pixels` says that its entries have
    been seen with width and height.
    """

    media_type: str
    file: str
    form: StatedForm = "unknown"
    form_docs: StatedForm | None = None
    pixels: bool = False
    width: int = 1024
    height: int = 1024
    transparent: bool = False
    sync_mode: bool = False
    format_input: str | None = None
    count_input: str | None = None
    duration_input: str | None = None
    duration_default_seconds: float | None = None
    aspect_ratio_input: str | None = None
    resolution_input: str | None = None
    image_size_input: str | None = None
    stages_input: str | None = None
    stages: tuple[Stage, ...] = ()


class Extent(msgspec.Struct, frozen=True, gc=False):
    """The figures of one run's output: number of final files, pixels, seconds and media type."""

    count: int
    width: int
    height: int
    seconds: float
    media_type: str


class GivenFile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A file that a user gave for the output of runs; its bytes are found by their hash. Pixels are known for pictures only."""

    name: str
    media_type: str
    sha256: str
    size_bytes: int
    width: int | None = None
    height: int | None = None


NO_EXTENT = Extent(count=0, width=0, height=0, seconds=0.0, media_type="")


def extent_of(shape: OutputShape, inputs: Json) -> Extent:
    """Returns the figures that these inputs ask of a model."""
    # Most runs leave all of them to the model.
    is_usual = isinstance(inputs, dict) and _deciding(shape).isdisjoint(inputs)
    return _usual_extent(shape) if is_usual else _asked_extent(shape, inputs)


@lru_cache(maxsize=1024)
def _deciding(shape: OutputShape) -> frozenset[str]:
    """Returns the inputs in which the figures of an extent stand."""
    paths = (
        *(shape.format_input, shape.count_input, shape.duration_input),
        *(shape.aspect_ratio_input, shape.resolution_input, shape.image_size_input),
    )
    return frozenset(path.partition(".")[0] for path in paths if path is not None)


@lru_cache(maxsize=1024)
def _usual_extent(shape: OutputShape) -> Extent:
    return _asked_extent(shape, None)


def _asked_extent(shape: OutputShape, inputs: Json) -> Extent:
    count = _input(inputs, shape.count_input)
    chosen_format = _input(inputs, shape.format_input)
    media_type = MEDIA_TYPES.get(chosen_format, shape.media_type) if isinstance(chosen_format, str) else shape.media_type
    width, height = _pixels(shape, inputs)
    return Extent(
        count=min(max(count, 1), COUNT_MAX) if isinstance(count, int) and not isinstance(count, bool) else 1,
        width=_edge(width, media_type),
        height=_edge(height, media_type),
        seconds=min(max(_seconds(shape, inputs), 0.0), SECONDS_MAX),
        media_type=media_type,
    )


def stages_of(shape: OutputShape, inputs: Json) -> tuple[Stage, ...]:
    """Returns the stages that the inputs ask for, always in the model's fixed order."""
    if not shape.stages:
        return ()
    wanted = _input(inputs, shape.stages_input)
    return tuple(stage for stage in shape.stages if isinstance(wanted, list) and stage.element in wanted)


def _input(inputs: Json, path: str | None) -> Json:
    return None if path is None else look_up(inputs, path)


def _seconds(shape: OutputShape, inputs: Json) -> float:
    value = _input(inputs, shape.duration_input)
    if isinstance(value, int | float) and not isinstance(value, bool):
        # A whole number may have more digits than a float can hold.
        return float(min(max(value, 0), SECONDS_MAX))
    # Some models take a text such as "8s" or "auto" as their duration.
    found = _NUMBER.match(value) if isinstance(value, str) else None
    return float(found[0]) if found else shape.duration_default_seconds or 0.0


def _pixels(shape: OutputShape, inputs: Json) -> tuple[int, int]:
    if shape.image_size_input is None and shape.resolution_input is None and shape.aspect_ratio_input is None:
        return shape.width, shape.height
    size = _input(inputs, shape.image_size_input)
    if isinstance(size, str) and size in IMAGE_SIZES:
        return IMAGE_SIZES[size]
    if isinstance(size, dict):
        width, height = size.get("width"), size.get("height")
        if isinstance(width, int) and isinstance(height, int):
            return width, height
    resolution = _input(inputs, shape.resolution_input)
    ratio = _ratio(_input(inputs, shape.aspect_ratio_input)) or (shape.width, shape.height)
    if isinstance(resolution, str) and resolution in VIDEO_HEIGHTS:
        return _fit_short(ratio, VIDEO_HEIGHTS[resolution])
    known = LONG_EDGES.get(resolution) if isinstance(resolution, str) else None
    return _fit_long(ratio, known or max(shape.width, shape.height))


def _edge(edge: int, media_type: str) -> int:
    bounded = min(max(edge, 1), EDGE_MAX)
    # Videos have half as many pixels of colour in either direction.
    return bounded + bounded % 2 if media_type.startswith("video/") else bounded


def _ratio(value: Json) -> tuple[int, int] | None:
    found = _RATIO.fullmatch(value) if isinstance(value, str) else None
    if found is None or not (int(found[1]) and int(found[2])):
        return None
    return int(found[1]), int(found[2])


def _fit_long(ratio: tuple[int, int], edge: int) -> tuple[int, int]:
    wide, high = ratio
    return (edge, max(1, round(edge * high / wide))) if wide >= high else (max(1, round(edge * wide / high)), edge)


def _fit_short(ratio: tuple[int, int], edge: int) -> tuple[int, int]:
    # Video encoders want even edges.
    wide, high = ratio
    if wide >= high:
        return (round(edge * wide / high / 2) * 2, edge)
    return (edge, round(edge * high / wide / 2) * 2)
