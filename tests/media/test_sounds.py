import wave
from hashlib import sha256
from io import BytesIO
from struct import unpack_from

import pytest

from runflow_mock.media.sounds import write_mp3, write_ogg, write_wav

# This file was decoded with libopus: 48,000 samples of a steady 400 Hz, which holds more than 99.9 per cent of the power.
HEARD = "5d49027db4d7fe188d42a193cba25ce1a6fe4975469b5e5f40551fc124c30a27"
TITLE = "SYNTHETIC - made by runflow-mock, elevenlabs/tts"


def mp3_frames(data: bytes) -> int:
    """How many frames follow the tag, each of 96 bytes with the header of 32 kbit/s, 48 kHz, mono."""
    assert data[:3] == b"ID3"
    start = 10 + sum(byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    frames = [data[place : place + 96] for place in range(start, len(data), 96)]
    assert {frame[:4] for frame in frames} == {b"\xff\xfb\x14\xc4"}
    assert {len(frame) for frame in frames} == {96}
    return len(frames)


def ogg_pages(data: bytes) -> list[tuple[int, int]]:
    """The flags and the place in samples of every page."""
    pages, start = [], 0
    while start < len(data):
        magic, version, flags, place = unpack_from("<4sBBq", data, start)
        assert (magic, version) == (b"OggS", 0)
        count = data[start + 26]
        start += 27 + count + sum(data[start + 27 : start + 27 + count])
        pages.append((flags, place))
    assert start == len(data)
    return pages


@pytest.mark.parametrize("seconds", [4.0, 0.5, 61.25])
def test_wav_has_the_length_and_is_not_silent(seconds: float) -> None:
    with wave.open(BytesIO(write_wav(seconds, TITLE))) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, 24_000)
        assert reader.getnframes() == round(seconds * 24_000)
        assert any(reader.readframes(100))


@pytest.mark.parametrize("seconds", [4.0, 0.5, 61.25, 0.0])
def test_mp3_has_the_length_in_whole_frames(seconds: float) -> None:
    assert mp3_frames(write_mp3(seconds, TITLE)) * 0.024 == pytest.approx(seconds, abs=0.024)


@pytest.mark.parametrize("seconds", [4.0, 0.5, 61.25])
def test_ogg_has_the_length_after_what_is_skipped(seconds: float) -> None:
    pages = ogg_pages(write_ogg(seconds, TITLE))
    assert (pages[0], pages[1], pages[-1][0]) == ((2, 0), (0, 0), 4)
    assert pages[-1][1] - 312 == round(seconds * 48_000)


def test_ogg_is_the_one_in_which_a_decoder_has_heard_a_tone() -> None:
    assert sha256(write_ogg(1.0, TITLE)).hexdigest() == HEARD


@pytest.mark.parametrize("write", [write_wav, write_mp3, write_ogg])
def test_title_stands_in_every_kind_of_file(write: object) -> None:
    assert callable(write)
    data = write(1.0, TITLE)
    assert TITLE.encode() in data
    assert write(1.0, TITLE) == data
