"""Draws pictures: a synthetic scene, or what was sent in, under a label that says what it is; and the panel that videos show.

Theory. Everything is drawn from the arguments: colours and shapes from the seed, the label from its lines, with the font inside Pillow,
and saved with fixed options, so that the same file is the same bytes wherever the same Pillow runs. Flat shapes keep large pictures quick
to draw and small to send. A cut-out is transparent outside an ellipse; where the format knows no transparency, that is white.

Pillow is imported with the first picture. Input is never trusted: its size in pixels is bounded before it is decoded.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from runflow_mock.domain.seeds import Seed

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

INPUT_PIXELS_MAX = 40_000_000
INPUT_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")

_PANEL_COLOR = (20, 22, 28)
_TEXT_COLOR = (245, 246, 248)
_WHITE = (255, 255, 255)
_SAVE: Mapping[str, Mapping[str, Any]] = {
    "image/png": {"format": "PNG", "compress_level": 1},
    "image/jpeg": {"format": "JPEG", "quality": 85, "subsampling": 2},
    "image/webp": {"format": "WEBP", "quality": 80, "method": 0, "alpha_quality": 100},
}


def draw_picture(
    media_type: str, size: tuple[int, int], lines: Sequence[str], seed: Seed, *, transparent: bool = False, source: bytes | None = None
) -> bytes:
    """Returns an image file of this type and size."""
    from PIL import Image

    picture = _read(source, size, crop=transparent) or _scene(size, seed)
    if transparent:
        picture.putalpha(_cut_out(size))
    # The edges of a cut-out stay free.
    margin = min(size) // 16 if transparent else 0
    _label(picture, lines, margin)
    if transparent and media_type == "image/jpeg":
        ground = Image.new("RGB", size, _WHITE)
        ground.paste(picture, mask=picture.getchannel("A"))
        picture = ground
    target = BytesIO()
    picture.save(target, **_SAVE[media_type])
    return target.getvalue()


def draw_panel(size: tuple[int, int], lines: Sequence[str]) -> bytes:
    """Returns a label as plane of luma in limited range, row by row."""
    from PIL import Image

    panel = Image.new("RGB", size, _PANEL_COLOR)
    _write(panel, lines, (0, 0), size)
    return panel.convert("L").point([16 + value * 219 // 255 for value in range(256)]).tobytes()


def draw_planes(source: bytes, size: tuple[int, int], whole: tuple[int, int]) -> tuple[bytes, bytes, bytes] | None:
    """Returns what was sent in as planes of Y, Cb and Cr as videos have them: limited range, chroma at half the size.

    The picture has this size and stands at the top left of the whole, whose edges are even; nothing where it cannot be read.
    """
    from PIL import Image

    picture = _read(source, size, crop=False)
    if picture is None:
        return None
    ground = Image.new("RGB", whole, _WHITE)
    ground.paste(picture)
    luma, blue, red = ground.convert("YCbCr").split()
    wide, narrow = ([low + value * span // 255 for value in range(256)] for low, span in ((16, 219), (16, 224)))
    chroma = (plane.reduce(2).point(narrow).tobytes() for plane in (blue, red))
    return (luma.point(wide).tobytes(), *chroma)  # type: ignore[return-value]  # two planes


def measure_picture(content: bytes) -> tuple[int, int] | None:
    """Returns width and height that an image file announces, or nothing when it is no image."""
    opened = _open(content)
    return None if opened is None else opened.size


def hues(seed: Seed) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Returns the two colours of a scene: a pale one, and a strong one of another hue."""
    from PIL.ImageColor import getrgb

    hue = seed.below(360, "hue")
    pale, strong = getrgb(f"hsl({hue},45%,82%)"), getrgb(f"hsl({(hue + 40 + seed.below(120, 'turn')) % 360},55%,48%)")
    return (pale[0], pale[1], pale[2]), (strong[0], strong[1], strong[2])


def _scene(size: tuple[int, int], seed: Seed) -> "Image":
    from PIL import Image, ImageDraw

    width, height = size
    pale, strong = hues(seed)
    picture = Image.new("RGB", size, pale)
    draw = ImageDraw.Draw(picture)
    edge = min(size)
    step = max(8, edge // 6)
    darker = tuple(part * 15 // 16 for part in pale)
    for left in range(-height, width, 2 * step):
        draw.polygon([(left, height), (left + step, height), (left + step + height, 0), (left + height, 0)], fill=darker)
    for number in range(3):
        radius = edge * (14 + seed.below(12, "radius", number)) // 100
        x = width * (25 + seed.below(50, "x", number)) // 100
        y = height * (20 + seed.below(40, "y", number)) // 100
        color = tuple(part + (255 - part) * number * 22 // 100 for part in strong)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
    return picture


def _cut_out(size: tuple[int, int]) -> "Image":
    from PIL import Image, ImageDraw

    width, height = size
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).ellipse((width // 16, height // 16, width - 1 - width // 16, height - 1 - height // 16), fill=255)
    return mask


def _label(picture: "Image", lines: Sequence[str], margin: int) -> None:
    """Writes the label on a plain bar at the foot of the picture, this far from its edges."""
    from PIL import ImageDraw

    width, height = picture.width - 2 * margin, picture.height - 2 * margin
    high = min(height, max(1, height // 4, min(width // 4, height // 2)))
    top = margin + height - high
    opaque = (255,) if picture.mode == "RGBA" else ()
    ImageDraw.Draw(picture).rectangle((margin, top, margin + width - 1, top + high - 1), fill=_PANEL_COLOR + opaque)
    _write(picture, lines, (margin, top), (width, high))


def _write(picture: "Image", lines: Sequence[str], corner: tuple[int, int], size: tuple[int, int]) -> None:
    """Writes lines as large as they fit; where not even small letters do, nothing."""
    from PIL import ImageDraw

    longest = max(map(len, lines))
    points = min(size[1] // (len(lines) * 2), size[0] * 17 // (longest * 10))
    if points < 4:
        return
    draw, gap = ImageDraw.Draw(picture), size[1] / (len(lines) + 0.5)
    for number, line in enumerate(lines):
        place = (corner[0] + points, corner[1] + gap * (number + 0.75))
        draw.text(place, line, font=_font(points), fill=_TEXT_COLOR, anchor="lm")


@cache
def _font(points: int) -> "FreeTypeFont | ImageFont":
    from PIL import ImageFont

    return ImageFont.load_default(points)


def _open(content: bytes) -> "Image | None":
    """Returns an image whose pixels are not decoded yet, if it is one of an acceptable size."""
    from PIL import Image

    try:
        opened = Image.open(BytesIO(content), formats=INPUT_FORMATS)
    # Pillow's readers raise whatever comes up on broken data; what cannot be read is no picture.
    except Exception:
        return None
    return opened if 0 < opened.width * opened.height <= INPUT_PIXELS_MAX else None


def _read(source: bytes | None, size: tuple[int, int], *, crop: bool) -> "Image | None":
    """Returns what was sent in, brought to the size (cropped, or whole on white), or nothing where it cannot be read."""
    from PIL import Image, ImageOps

    opened = None if source is None else _open(source)
    if opened is None:
        return None
    try:
        seen = ImageOps.exif_transpose(opened).convert("RGBA")
    # As in `_open`: broken data may show only here.
    except Exception:
        return None
    fit = ImageOps.fit if crop else ImageOps.contain
    fitted = fit(seen, size, Image.Resampling.BILINEAR)
    ground = Image.new("RGB", size, _WHITE)
    ground.paste(fitted, ((size[0] - fitted.width) // 2, (size[1] - fitted.height) // 2), fitted.getchannel("A"))
    return ground
