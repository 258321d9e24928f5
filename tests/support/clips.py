"""Reads MP4 files as a player does, knowing nothing of how they were made: boxes, sizes, times, and the picture size inside the stream."""

from collections.abc import Iterator
from struct import unpack, unpack_from
from typing import NamedTuple

CONTAINERS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl"))


class Clip(NamedTuple):
    """What an MP4 says of itself."""

    width: int
    height: int
    coded: tuple[int, int]
    seconds: float
    frames: int


def boxes(data: bytes, start: int = 0, end: int | None = None, path: str = "") -> Iterator[tuple[str, bytes]]:
    """Every box with its path, such as `moov/trak/tkhd`, and its content."""
    end = len(data) if end is None else end
    while start < end:
        size, kind = unpack_from(">I4s", data, start)
        assert size >= 8
        assert start + size <= end
        name = f"{path}{kind.decode('latin-1')}"
        yield name, data[start + 8 : start + size]
        if kind in CONTAINERS:
            yield from boxes(data, start + 8, start + size, f"{name}/")
        start += size


def read_clip(data: bytes) -> Clip:
    """The figures of an MP4 with one video track; whatever contradicts itself fails."""
    found = dict(boxes(data))
    table = "moov/trak/mdia/minf/stbl/"
    scale, duration = unpack_from(">II", found["moov/mvhd"], 12)
    assert unpack_from(">II", found["moov/trak/mdia/mdhd"], 12) == (scale, duration)
    assert unpack_from(">I", found["moov/trak/tkhd"], 20)[0] == duration
    times = unpack(f">{len(found[table + 'stts'][8:]) // 4}I", found[table + "stts"][8:])
    assert sum(count * each for count, each in zip(times[::2], times[1::2], strict=True)) == duration
    frames = sum(times[::2])
    sizes = unpack_from(f">{frames}I", found[table + "stsz"], 12)
    place = unpack_from(">I", found[table + "stco"], 8)[0]
    assert data[place - 4 : place] == b"mdat"
    for size in sizes:
        assert unpack_from(">I", data, place)[0] == size - 4
        place += size
    assert place == len(data)
    width, height = (edge >> 16 for edge in unpack_from(">II", found["moov/trak/tkhd"], 76))
    entry = found[table + "stsd"][8:]
    assert entry[4:8] == b"avc1"
    assert unpack_from(">HH", entry, 32) == (width, height)
    return Clip(width, height, _coded(entry), duration / scale, frames)


def _coded(entry: bytes) -> tuple[int, int]:
    """The size that the stream's own parameters give, cropping included."""
    config = entry[entry.index(b"avcC") + 4 :]
    length = unpack_from(">H", config, 6)[0]
    sps = config[8 : 8 + length].replace(b"\0\0\3", b"\0\0")
    bits = iter("".join(f"{byte:08b}" for byte in sps[4:]))

    def number() -> int:
        zeros = 0
        while next(bits) == "0":
            zeros += 1
        return (1 << zeros | int("0" + "".join(next(bits) for _ in range(zeros)), 2)) - 1

    assert [number() for _ in range(4)] == [0, 0, 2, 1]
    next(bits)
    columns, rows = number() + 1, number() + 1
    assert next(bits) + next(bits) == "11"
    left, right, top, bottom = (number() for _ in range(4)) if next(bits) == "1" else (0, 0, 0, 0)
    return columns * 16 - 2 * (left + right), rows * 16 - 2 * (top + bottom)


def first_colors(data: bytes) -> list[tuple[int, int, int]]:
    """Y, Cb and Cr at the corner of each macroblock of the first frame, which must carry all its pixels as they are."""
    clip, content = read_clip(data), dict(boxes(data))["mdat"]
    frame = content[4 : 4 + int.from_bytes(content[:4], "big")].replace(b"\0\0\3", b"\0\0")
    count = -(-clip.width // 16) * -(-clip.height // 16)
    # Macroblocks of I_PCM are 384 bytes, after two bytes that say so; the last byte closes the frame.
    starts = [len(frame) - 1 - 384 - 386 * place for place in reversed(range(count))]
    assert {frame[start - 2 : start] for start in starts[1:]} == {b"\x0d\x00"}
    return [(frame[start], frame[start + 256], frame[start + 320]) for start in starts]
