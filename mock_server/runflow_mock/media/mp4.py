"""Writes MP4 files: one video track of H.264 frames at a steady rate, with duration and size in the boxes that readers look at.

Source: ISO/IEC 14496-12 (boxes) and 14496-15 (`avc1`, `avcC`).
"""

from struct import pack

import msgspec

from runflow_mock.media.h264 import Stream

# A multiple of the frames in a second: each begins at a whole unit.
TIMESCALE = 24_000
_MATRIX = pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


class Movie(msgspec.Struct, frozen=True):
    """A video: its frames, their size, and how long they last together, in units of 1/`TIMESCALE` s."""

    stream: Stream
    width: int
    height: int
    duration: int
    title: str


def write_movie(movie: Movie) -> bytes:
    """Returns a file whose frames share the duration; the last one takes what division leaves."""
    head = _box(b"ftyp", b"isom", pack(">I", 512), b"isomiso2avc1mp41")
    # The place of the frames depends on the length of the index before them, which does not depend on the place.
    place = len(head) + len(_index(movie, 0)) + 8
    return head + _index(movie, place) + _box(b"mdat", *movie.stream.frames)


def _index(movie: Movie, place: int) -> bytes:
    duration = movie.duration
    header = _full(b"mvhd", pack(">4I", 0, 0, TIMESCALE, duration), pack(">IH10x", 0x10000, 0x100), _MATRIX, bytes(24), pack(">I", 2))
    track = _full(
        b"tkhd",
        pack(">5I8x4H", 0, 0, 1, 0, duration, 0, 0, 0, 0),
        _MATRIX,
        pack(">2I", movie.width << 16, movie.height << 16),
        flags=3,
    )
    media = _full(b"mdhd", pack(">4IHH", 0, 0, TIMESCALE, duration, 0x55C4, 0))
    handler = _full(b"hdlr", bytes(4), b"vide", bytes(12), b"VideoHandler\0")
    information = _box(
        b"minf",
        _full(b"vmhd", bytes(8), flags=1),
        _box(b"dinf", _full(b"dref", pack(">I", 1), _full(b"url ", flags=1))),
        _frames(movie, place),
    )
    return _box(b"moov", header, _box(b"trak", track, _box(b"mdia", media, handler, information)), _box(b"udta", _title(movie.title)))


def _frames(movie: Movie, place: int) -> bytes:
    frames = movie.stream.frames
    count = len(frames)
    each = movie.duration // count
    last = movie.duration - each * (count - 1)
    times = [(count, each)] if last == each else [(count - 1, each), (1, last)]
    return _box(
        b"stbl",
        _full(b"stsd", pack(">I", 1), _avc1(movie)),
        _full(b"stts", pack(">I", len(times)), *(pack(">2I", *entry) for entry in times)),
        _full(b"stss", pack(">2I", 1, 1)),
        _full(b"stsc", pack(">4I", 1, 1, count, 1)),
        _full(b"stsz", pack(">2I", 0, count), *(pack(">I", len(frame)) for frame in frames)),
        _full(b"stco", pack(">2I", 1, place)),
    )


def _avc1(movie: Movie) -> bytes:
    stream = movie.stream
    sets = b"\xe1" + pack(">H", len(stream.sps)) + stream.sps + b"\x01" + pack(">H", len(stream.pps)) + stream.pps
    config = _box(b"avcC", b"\x01", stream.sps[1:4], b"\xff", sets)
    entry = pack(">6xH16xHHIIIH32xHh", 1, movie.width, movie.height, 0x480000, 0x480000, 0, 1, 24, -1)
    return _box(b"avc1", entry, config)


def _title(text: str) -> bytes:
    # The name of the file as players show it, in the form that iTunes made common.
    data = _box(b"data", pack(">II", 1, 0), text.encode())
    handler = _full(b"hdlr", bytes(4), b"mdirappl", bytes(9))
    return _full(b"meta", handler, _box(b"ilst", _box(b"\xa9nam", data)))


def _box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return pack(">I", len(content) + 8) + kind + content


def _full(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(kind, pack(">I", flags), *parts)
