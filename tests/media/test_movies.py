from hashlib import sha256
from io import BytesIO

import pytest
from clips import boxes, first_colors, read_clip
from PIL import Image
from records import SEED

from runflow_mock.media.h264 import Still, Tile, encode_still
from runflow_mock.media.movies import make_movie
from runflow_mock.media.mp4 import Movie, write_movie

RED, WHITE = (81, 89, 240), (235, 128, 128)
LINES = ("SYNTHETIC", "google/veo3.1", "run 1", "result 1 of 1")
# This file was decoded with libavcodec, and all pixels of its twenty frames were found as they are meant.
DECODED = "74ebdd9ab91477bbf529dfa5c80d65fb2566c5241fb33faf08d47bd5e8465dbc"


def noise(number: int) -> Tile:
    return bytes(16 + (place * place * 7 + number * 31) % 220 for place in range(384))


def test_stream_is_the_one_that_a_decoder_has_read() -> None:
    painted = {(2, 1): noise(1), (3, 1): noise(2), (2, 2): noise(3), (9, 5): noise(4), (0, 0): noise(5)}
    still = Still(150, 90, tuple((40 + row * 20, 120, 130 + row) for row in range(6)), painted)
    stream = encode_still(still, 20, lambda n: {(n % 10, 4): noise(n), (n % 7, 2): noise(n + 1)} if n % 3 else {})
    movie = write_movie(Movie(stream, 150, 90, 20_007, "golden"))
    assert sha256(movie).hexdigest() == DECODED


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (854, 480), (1080, 1920), (3840, 2160), (64, 64), (16, 16), (2, 2)])
def test_size_is_the_same_in_boxes_and_stream(width: int, height: int) -> None:
    clip = read_clip(make_movie((width, height), 1.0, LINES, SEED))
    assert (clip.width, clip.height) == clip.coded == (width, height)


@pytest.mark.parametrize(("seconds", "frames"), [(5.0, 120), (2.5, 60), (0.04, 1), (0.0, 1), (7.333, 176)])
def test_length_is_the_one_that_was_asked_for(seconds: float, frames: int) -> None:
    clip = read_clip(make_movie((320, 180), seconds, LINES, SEED))
    assert clip.seconds == pytest.approx(seconds, abs=1 / 24_000)
    assert clip.frames == frames


def test_same_arguments_give_the_same_bytes_and_others_do_not() -> None:
    movie = make_movie((320, 180), 1.0, LINES, SEED)
    assert make_movie((320, 180), 1.0, LINES, SEED) == movie
    assert make_movie((320, 180), 1.0, LINES, SEED.child("other")) != movie
    assert make_movie((320, 180), 1.0, (*LINES[:3], "result 2 of 2"), SEED) != movie


def test_picture_that_was_sent_in_is_shown_whole_on_white() -> None:
    target = BytesIO()
    Image.new("RGB", (10, 10), (255, 0, 0)).save(target, "PNG")
    colors = first_colors(make_movie((320, 180), 1.0, LINES, SEED, source=target.getvalue()))
    top = [colors[column] for column in range(20)]
    # Red and white as BT.601 has them in limited range. The picture stands from column 70 to column 250.
    assert top[5:15] == [RED] * 10
    assert top[:4] == top[16:] == [WHITE] * 4


@pytest.mark.parametrize("size", [(1280, 720), (150, 90), (2, 2)])
def test_length_and_size_are_the_same_with_a_picture(size: tuple[int, int]) -> None:
    target = BytesIO()
    Image.new("RGB", (33, 7), (0, 90, 0)).save(target, "WEBP")
    clip = read_clip(make_movie(size, 2.0, LINES, SEED, source=target.getvalue()))
    assert (clip.width, clip.height, clip.seconds, clip.frames) == (*size, 2.0, 48)


def test_picture_that_cannot_be_read_leaves_the_bars() -> None:
    assert make_movie((320, 180), 1.0, LINES, SEED, source=b"no picture") == make_movie((320, 180), 1.0, LINES, SEED)


def test_frames_that_repeat_cost_little() -> None:
    short, long = (len(make_movie((1280, 720), seconds, LINES, SEED)) for seconds in (1.0, 60.0))
    assert long - short < 60_000


def test_no_frame_holds_what_looks_like_a_start_code() -> None:
    content = dict(boxes(make_movie((320, 180), 1.0, LINES, SEED)))["mdat"]
    size = int.from_bytes(content[:4], "big")
    assert not [code for code in (b"\0\0\0", b"\0\0\1", b"\0\0\2") if code in content[4 : 4 + size]]


def test_title_tells_players_what_the_file_is() -> None:
    assert b"SYNTHETIC, google/veo3.1, run 1, result 1 of 1" in make_movie((64, 64), 1.0, LINES, SEED)
