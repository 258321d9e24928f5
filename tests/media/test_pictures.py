import subprocess
import sys
from hashlib import sha256
from io import BytesIO

import pytest
from PIL import Image
from records import SEED

from runflow_mock.media.pictures import INPUT_PIXELS_MAX, draw_picture, measure_picture

LINES = ("SYNTHETIC", "runflow/background-removal", "run 1", "result 1 of 1")
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
RED = (200, 30, 30)


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def drawn(
    media_type: str = "image/png", size: tuple[int, int] = (320, 200), *, transparent: bool = False, source: bytes | None = None
) -> bytes:
    return draw_picture(media_type, size, LINES, SEED, transparent=transparent, source=source)


def picture(size: tuple[int, int] = (100, 50), kind: str = "PNG") -> bytes:
    target = BytesIO()
    Image.new("RGB", size, RED).save(target, kind)
    return target.getvalue()


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("size", [(320, 200), (200, 320), (1, 1), (1, 400), (64, 8)])
def test_picture_has_the_type_and_size(media_type: str, size: tuple[int, int]) -> None:
    for transparent in (False, True):
        image = opened(drawn(media_type, size, transparent=transparent))
        assert (image.format, image.size) == (FORMATS[media_type], size)


@pytest.mark.parametrize(("media_type", "corner"), [("image/png", 0), ("image/webp", 0), ("image/jpeg", 255)])
def test_cut_out_is_transparent_at_its_corners_or_white_where_it_cannot_be(media_type: str, corner: int) -> None:
    image = opened(drawn(media_type, transparent=True)).convert("RGBA")
    places = [(0, 0), (319, 0), (0, 199), (319, 199)]
    assert {image.getpixel(place)[3] for place in places} == {corner}  # type: ignore[index]  # RGBA pixels are tuples
    assert image.getpixel((160, 80))[3] == 255  # type: ignore[index]  # as above


def test_picture_that_is_no_cut_out_has_no_transparency() -> None:
    assert {opened(drawn(media_type)).mode for media_type in FORMATS} == {"RGB"}


@pytest.mark.slow(is_covering=True)
def test_label_can_be_seen_and_follows_its_lines() -> None:
    image = opened(drawn(size=(800, 800)))
    assert image.getpixel((5, 790)) == (20, 22, 28)
    label = image.crop((0, 600, 800, 800))
    assert label.getextrema()[0][1] > 240  # type: ignore[index]  # RGB has three pairs
    other = draw_picture("image/png", (800, 800), (*LINES[:2], "run 2", LINES[3]), SEED)
    assert label.tobytes() != opened(other).crop((0, 600, 800, 800)).tobytes()


def test_same_arguments_give_the_same_bytes_and_another_seed_another_scene() -> None:
    for media_type in FORMATS:
        assert drawn(media_type) == drawn(media_type)
    assert draw_picture("image/png", (320, 200), LINES, SEED.child("other")) != drawn()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_picture_shows_what_was_sent_in(kind: str) -> None:
    red, green, _ = opened(drawn(source=picture(kind=kind))).getpixel((160, 80))  # type: ignore[misc]  # RGB pixels are tuples
    assert red > 180
    assert green < 60


def test_cut_out_of_what_was_sent_in_is_filled_with_it() -> None:
    image = opened(drawn(source=picture((10, 300)), transparent=True))
    assert image.getpixel((40, 80)) == (*RED, 255)


@pytest.mark.parametrize("broken", [b"", b"no picture", picture()[:60], b"<svg/>", b"GIF89a" + bytes(10), picture(kind="JPEG")[:150]])
def test_broken_input_falls_back_to_the_scene(broken: bytes) -> None:
    assert drawn(source=broken) == drawn()


@pytest.mark.slow(is_covering=True)
def test_input_with_too_many_pixels_is_not_decoded() -> None:
    wide = INPUT_PIXELS_MAX // 1000
    target = BytesIO()
    Image.new("1", (wide + 1, 1000)).save(target, "PNG")
    assert drawn(source=target.getvalue()) == drawn()
    assert measure_picture(target.getvalue()) is None


def test_size_of_a_picture_is_read_without_decoding_it() -> None:
    assert measure_picture(picture((100, 50))) == (100, 50)
    assert measure_picture(b"no picture") is None


@pytest.mark.slow
def test_another_process_draws_the_same_bytes() -> None:
    program = """
from hashlib import sha256
from runflow_mock.domain.seeds import Seed
from runflow_mock.media.pictures import draw_picture
for kind in ("png", "jpeg", "webp"):
    print(sha256(draw_picture(f"image/{kind}", (320, 200), ("a", "b"), Seed.from_text("0"), transparent=True)).hexdigest())
"""
    there = {
        subprocess.run([sys.executable, "-c", program], env={"PYTHONHASHSEED": number}, capture_output=True, text=True, check=True).stdout
        for number in ("1", "2")
    }
    here = [sha256(draw_picture(kind, (320, 200), ("a", "b"), SEED, transparent=True)).hexdigest() for kind in FORMATS]
    assert there == {"".join(f"{digest}\n" for digest in here)}
