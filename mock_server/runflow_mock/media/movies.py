"""Makes videos: what was sent in, or coloured bars, under a label, and a bar below it that grows while the video plays."""

from collections.abc import Mapping, Sequence

from runflow_mock.domain.seeds import Seed
from runflow_mock.media.h264 import Color, Still, Tile, encode_still, flat_tile
from runflow_mock.media.mp4 import TIMESCALE, Movie, write_movie
from runflow_mock.media.pictures import draw_panel, draw_planes, hues

FRAMES_A_SECOND = 24

_TRACK: Color = (60, 128, 128)
_FILLED: Color = (225, 128, 128)


def make_movie(size: tuple[int, int], seconds: float, lines: Sequence[str], seed: Seed, *, source: bytes | None = None) -> bytes:
    """Returns an MP4 of this size and length, both edges of which must be even; it shows `source`, where that can be read."""
    width, height = size
    columns, rows = -(-width // 16), -(-height // 16)
    panel = _panel(columns, rows, lines)
    bar = [(column, rows - 2) for column in range(1, columns - 1)] if rows > 3 else []
    painted = {**_scene(source, size, columns, rows), **panel, **dict.fromkeys(bar, flat_tile(_TRACK))}
    still = Still(width, height, _colors(rows, seed), painted)
    frames = max(1, round(seconds * FRAMES_A_SECOND))
    filled = flat_tile(_FILLED)

    def changes(number: int) -> Mapping[tuple[int, int], Tile]:
        first, last = len(bar) * (number - 1) // frames, len(bar) * number // frames
        return dict.fromkeys(bar[first:last], filled)

    stream = encode_still(still, frames, changes)
    duration = max(frames, round(seconds * TIMESCALE))
    return write_movie(Movie(stream, width, height, duration, title=", ".join(lines)))


def _scene(source: bytes | None, size: tuple[int, int], columns: int, rows: int) -> Mapping[tuple[int, int], Tile]:
    """Returns the macroblocks of the picture that was sent in, or none."""
    planes = None if source is None else draw_planes(source, size, (columns * 16, rows * 16))
    if planes is None:
        return {}
    luma, blue, red = planes
    return {
        (column, row): _cut(luma, columns, column, row, 16) + _cut(blue, columns, column, row, 8) + _cut(red, columns, column, row, 8)
        for row in range(rows)
        for column in range(columns)
    }


def _cut(plane: bytes, columns: int, column: int, row: int, edge: int) -> bytes:
    """Returns a square of a plane, line by line."""
    stride = columns * edge
    first = row * edge * stride + column * edge
    return b"".join(plane[place : place + edge] for place in range(first, first + edge * stride, stride))


def _panel(columns: int, rows: int, lines: Sequence[str]) -> Mapping[tuple[int, int], Tile]:
    """Returns the macroblocks of the label: as wide as the picture but for a margin, in its middle."""
    across, down = min(columns - 2, 48), min(rows // 3, 12)
    if across < 1 or down < 1:
        return {}
    left, top = (columns - across) // 2, (rows - down) // 2
    luma = draw_panel((across * 16, down * 16), lines)
    chroma = bytes((128,)) * 128
    return {(left + x, top + y): _cut(luma, across, x, y, 16) + chroma for y in range(down) for x in range(across)}


def _colors(rows: int, seed: Seed) -> tuple[Color, ...]:
    """Returns bands of the colours of a scene, from one to the other in eight steps."""
    pale, strong = map(_to_video, hues(seed))
    steps = [min(7, row * 8 // rows) for row in range(rows)]
    return tuple(tuple(a + (b - a) * step // 7 for a, b in zip(pale, strong, strict=True)) for step in steps)  # type: ignore[misc]  # three parts


def _to_video(color: tuple[int, int, int]) -> Color:
    """Returns a colour as Y, Cb and Cr of BT.601, limited range."""
    red, green, blue = color
    luma = 16 + (66 * red + 129 * green + 25 * blue >> 8)
    return luma, 128 + (-38 * red - 74 * green + 112 * blue >> 8), 128 + (112 * red - 94 * green - 18 * blue >> 8)
