"""Writes H.264 that every decoder reads, without an encoder: flat colours, a painted panel, and frames that repeat the one before.

Theory. A picture is cut into macroblocks of 16 by 16 pixels. Two kinds are enough for a still with text: one that carries its pixels as
they are (`I_PCM`), and one that repeats the column to its left (`I_16x16`, horizontal prediction, no residual), which costs ten bits. A
later picture (`P`) skips all macroblocks but those that changed. So the stream is exact, small, has every size, and its bytes depend on
nothing but the arguments. Pixels are YCbCr 4:2:0, limited range; width and height must be even.

The stream is of the Constrained Baseline profile, with CAVLC, one slice a picture and no deblocking.
Source: ITU-T H.264, clauses 7.3 and 9.
"""

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

Tile = bytes
"""The 384 bytes of one macroblock: 256 of luma, then 64 of each chroma."""

Color = tuple[int, int, int]

_PROFILE_CONSTRAINED_BASELINE = b"\x42\xc0"
_I_PCM_IN_I, _I_PCM_IN_P = 25, 30
_EMULATION = re.compile(rb"\x00\x00(?=[\x00-\x03])")


class Still(msgspec.Struct, frozen=True):
    """A picture: the colour of each row of macroblocks, and the macroblocks that are painted, by column and row."""

    width: int
    height: int
    rows: tuple[Color, ...]
    painted: Mapping[tuple[int, int], Tile]

    @property
    def columns(self) -> int:
        """How many macroblocks a row has."""
        return -(-self.width // 16)


class Stream(msgspec.Struct, frozen=True):
    """Parameter sets, and the frames as they stand in an MP4: each NAL unit with its length before it."""

    sps: bytes
    pps: bytes
    frames: tuple[bytes, ...]


def flat_tile(color: Color) -> Tile:
    """Returns a macroblock of one colour."""
    luma, blue, red = color
    return bytes((luma,)) * 256 + bytes((blue,)) * 64 + bytes((red,)) * 64


def encode_still(still: Still, frames: int, changes: Callable[[int], Mapping[tuple[int, int], Tile]]) -> Stream:
    """Returns a stream of `frames` pictures: the still, then repetitions with what `changes` says of each."""
    first = _sized(_intra(still))
    following = (_sized(_predicted(still, number, changes(number))) for number in range(1, frames))
    return Stream(_sps(still), _pps(), (first, *following))


class _Bits:
    """A writer of bits; whole bytes may follow where the stream is aligned."""

    def __init__(self, header: bytes) -> None:
        self._done = [header]
        self._open: list[str] = []

    def put(self, bits: str) -> None:
        self._open.append(bits)

    def number(self, value: int) -> None:
        """Writes an unsigned Exp-Golomb number."""
        digits = f"{value + 1:b}"
        self._open.append("0" * (len(digits) - 1) + digits)

    def numbers(self, *values: int) -> None:
        for value in values:
            self.number(value)

    def raw(self, content: bytes) -> None:
        """Fills the byte up with zeros and writes whole bytes."""
        bits = "".join(self._open)
        if bits:
            bits += "0" * (-len(bits) % 8)
            self._done.append(int(bits, 2).to_bytes(len(bits) // 8, "big"))
            self._open.clear()
        self._done.append(content)

    def nal(self) -> bytes:
        """Returns the NAL unit: closed by a one, and with nothing in it that looks like the start of another."""
        self.put("1")
        self.raw(b"")
        return _EMULATION.sub(b"\x00\x00\x03", b"".join(self._done))


def _sized(nal: bytes) -> bytes:
    return len(nal).to_bytes(4, "big") + nal


def _sps(still: Still) -> bytes:
    columns, rows = still.columns, len(still.rows)
    level = next(level for level, most in ((31, 3600), (40, 8192), (51, 36864), (62, 1 << 30)) if columns * rows <= most)
    bits = _Bits(b"\x67" + _PROFILE_CONSTRAINED_BASELINE + bytes((level,)))
    # Id, frame numbers of four bits, output in the order of decoding, one reference, no gaps.
    bits.numbers(0, 0, 2, 1)
    bits.put("0")
    bits.numbers(columns - 1, rows - 1)
    bits.put("11")
    right, bottom = columns * 16 - still.width, rows * 16 - still.height
    bits.put("1" if right or bottom else "0")
    if right or bottom:
        bits.numbers(0, right // 2, 0, bottom // 2)
    bits.put("0")
    return bits.nal()


def _pps() -> bytes:
    bits = _Bits(b"\x68")
    bits.numbers(0, 0)
    bits.put("00")
    bits.numbers(0, 0, 0)
    bits.put("000")
    bits.numbers(0, 0, 0)
    # Each slice says how it is deblocked.
    bits.put("100")
    return bits.nal()


def _intra(still: Still) -> bytes:
    bits = _Bits(b"\x65")
    bits.numbers(0, 7, 0)
    bits.put("0000")
    bits.number(0)
    bits.put("00")
    bits.numbers(0, 1)
    above = [False] * still.columns
    for row, color in enumerate(still.rows):
        is_pcm = list(_row_plan(still, row))
        for column, pcm in enumerate(is_pcm):
            if pcm:
                bits.number(_I_PCM_IN_I)
                bits.raw(still.painted.get((column, row)) or flat_tile(color))
            else:
                # I_16x16 horizontal, chroma horizontal, no change of quantizer; then no coefficients, in the code that its neighbours set.
                bits.put("0110101")
                bits.put("000011" if is_pcm[column - 1] or above[column] else "1")
        above = is_pcm
    return bits.nal()


def _row_plan(still: Still, row: int) -> Iterator[bool]:
    """Tells for each macroblock of a row whether its pixels must be written: it is painted, or nothing of its colour is to its left."""
    is_flat = False
    for column in range(still.columns):
        is_painted = (column, row) in still.painted
        yield is_painted or not is_flat
        is_flat = not is_painted


def _predicted(still: Still, number: int, changed: Mapping[tuple[int, int], Tile]) -> bytes:
    bits = _Bits(b"\x41")
    bits.numbers(0, 5, 0)
    bits.put(f"{number % 16:04b}")
    bits.put("000")
    bits.numbers(0, 1)
    place = 0
    for (column, row), tile in sorted(changed.items(), key=lambda item: (item[0][1], item[0][0])):
        here = row * still.columns + column
        bits.numbers(here - place, _I_PCM_IN_P)
        bits.raw(tile)
        place = here + 1
    left = still.columns * len(still.rows) - place
    if left:
        bits.number(left)
    return bits.nal()
