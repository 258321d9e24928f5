"""Disguises: the forms in which a text may stand in bytes besides its own, and where in the bytes each part of it stands.

Escapes of addresses, of JSON and of other languages stand upon one another, so that bytes have several layers; base64 is broken into lines;
packed bytes hold others. What is found in a layer is told by the places that it has in the bytes themselves.
"""

import re
import zlib
from base64 import b32encode, b32hexencode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

LAYERS_MAX = 6
"""How many layers of escapes are looked through."""
UNPACKED_MAX = 1024 * 1024
"""How much of what was packed is looked at; more cannot be known to be harmless."""
MEMBERS_MAX = 64
"""How many archives may stand behind one another."""
GZIP = b"\x1f\x8b\x08"
PACKED = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
"""How gzip begins, and zlib, which HTTP calls deflate."""
DISGUISES = (b"%", b"\\", b"\x00", b"&#")
"""What bytes with more than one layer have."""
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
BROKEN = re.compile(rb"\n[ \t]*[A-Za-z0-9+/_-]{12}")
"""What base64 has that is broken into lines."""
STANDARD, FOR_URLS = bytes.maketrans(b"-_", b"+/"), bytes.maketrans(b"+/", b"-_")

QUOTED = re.compile(rb"=[0-9A-F]{2}=[0-9A-F]{2}|=(?:5F|3D)|=\r?\n", re.IGNORECASE)
"""What quoted-printable has, as mail writes it: nothing else has it often."""
ENTITY = re.compile(rb"&(?:amp|lt|gt|quot|apos|lowbar|UnderBar|colon|equals|commat|sol|plus|dash|hyphen|period|percnt);")
"""Entities of XML and HTML that have names."""
# Of what sorts the four digits of base64 are that three bytes of a text make, and a byte of a text in hexadecimal digits.
_FIRST, _SECOND, _THIRD = b"IJKLMNOPQRSTUVWXYZabcdef", b"CDEFGHSTUVWXijklmnyz0123", b"ABEFIJMNQRUVYZcdghklopstwx014589"
_DIGIT = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_HIGH, _LOW = b"234567", b"0123456789abcdefABCDEF"
# As four alternatives that begin with whatever they have first it would be tried four times at each byte, at five times the cost: so all of
# them have one set of first bytes, which `re` looks for by itself, and look back at it.
ENCODED = re.compile(
    rb"[2-7I-Za-f](?:(?<=[I-Za-f])(?:"
    rb"[%(second)b][%(third)b][%(digit)b](?:[%(first)b][%(second)b][%(third)b][%(digit)b]){3}"
    rb"|[AQgw][AB][%(digit)b]A[C-H][AEIMQUYcgkosw048]A[%(first)b][AQgw][AB][%(digit)b]A[C-H][AEIMQUYcgkosw048]A)"
    rb"|(?<=(?<![%(digit)b])e)(?:J[w-z]|N[o-r]|A[E-H]|F[4-7])[%(digit)b]{8}"
    rb"|(?<=[%(high)b])[%(low)b](?:[%(high)b][%(low)b]){11})"
    % {b"first": _FIRST, b"second": _SECOND, b"third": _THIRD, b"digit": _DIGIT, b"high": _HIGH, b"low": _LOW}
)
"""What may be base64 of a text, in UTF-8 or UTF-16, or of what zlib has packed, or a text in hexadecimal digits."""
# What the second and the third alternative have, and little else: `re` finds their first letter at once.
_WIDE, _DEFLATED = re.compile(rb"A[C-H][AEIMQUYcgkosw048]A"), re.compile(rb"e(?:J[w-z]|N[o-r]|A[E-H]|F[4-7])")
# For each byte its sorts, a bit for each. Bits 4 and 7 stay empty: then no sort is taken for the next one when numbers are moved.
_SORTS = ((0, _FIRST), (1, _SECOND), (2, _THIRD), (3, _DIGIT), (5, _HIGH), (6, _LOW))
_SORTED = bytes(sum(1 << bit for bit, sort in _SORTS if byte in sort) for byte in range(256))
HEX_TEXT = re.compile(rb"(?:[2-7][0-9a-f]){12,}", re.IGNORECASE)

_NAMED = {
    b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'", b"lowbar": b"_", b"UnderBar": b"_", b"colon": b":",
    b"equals": b"=", b"commat": b"@", b"sol": b"/", b"plus": b"+", b"dash": b"-", b"hyphen": b"-", b"period": b".", b"percnt": b"%",
}  # fmt: skip
_QUOTED_PRINTABLE = re.compile(rb"=([0-9A-F]{2})|=\r?\n", re.IGNORECASE)
_ESCAPE = re.compile(
    rb"%([0-9a-f]{2})|\\x([0-9a-f]{2})|(?-i:\\U)(00[0-9a-f]{6})"
    rb"|\\u(d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|[0-9a-f]{4}|\{0{0,9}[0-9a-f]{1,6}\})"
    rb"|&#x0{0,9}([0-9a-f]{1,6});?|&#0{0,9}([0-9]{1,7});?|\\([\"'/\\nr])|\x00|&([a-zA-Z]{2,8});|\\([0-3][0-7]{2})",
    re.IGNORECASE,
)
_CHARACTERS = {b"n": b"\n", b"r": b"\r"}
# Ends of lines within what may be base64, as mail and PEM have them.
_LINE_END = re.compile(rb"(?<=[A-Za-z0-9+/_-]{2})(?:\r?\n[ \t]*)(?=[A-Za-z0-9+/_-]{2})")
_ANY_FORM = zlib.MAX_WBITS + 32
_PIECE = 4096


def has_encoded(data: bytes) -> bool:
    """Tells whether bytes have what `ENCODED` finds, at a fifth of its cost where they have not, which is nearly always."""
    # One number has the sorts of all bytes. Moved by a byte and a bit it tells of each byte at once what comes behind it; moved by what
    # has been joined so far it joins twice as much: four digits, eight, sixteen of base64, and two, four, eight, sixteen of the others.
    sorts = int.from_bytes(data.translate(_SORTED), "little")
    pairs = sorts & sorts >> 9
    quartets = pairs & pairs >> 18
    octets = quartets & quartets >> 32
    if not octets & octets >> 64:
        bytes_2 = pairs & pairs >> 16
        bytes_4 = bytes_2 & bytes_2 >> 32
        bytes_8 = bytes_4 & bytes_4 >> 64
        # Twelve bytes are eight and four.
        if not bytes_8 & bytes_4 >> 128 and _WIDE.search(data) is None and _DEFLATED.search(data) is None:
            return False
    return ENCODED.search(data) is not None


class Layer(NamedTuple):
    """Bytes with one kind of disguise less than those beneath, and how to find a place of them again."""

    data: bytes
    beneath: "Layer | None"
    pattern: re.Pattern[bytes]
    reveal: Callable[[re.Match[bytes]], bytes]

    @property
    def is_joined(self) -> bool:
        """Whether the ends of lines are gone, so that nothing but base64 stands as it did."""
        return self.pattern is _LINE_END

    def places(self, offsets: Sequence[int]) -> list[int]:
        """Returns where in the lowest bytes stands what has these offsets here, which ascend."""
        if self.beneath is None:
            return list(offsets)
        return self.beneath.places(_stood(self.beneath.data, offsets, self.pattern, self.reveal))


def layers_of(data: bytes) -> Iterator[Layer]:
    """Yields the layers above some bytes, the nearest first: without their escapes, and without the ends of lines in base64."""
    lowest = Layer(data, None, _ESCAPE, _unescape)
    yield from _layers_above(lowest)
    if b"=" in data and QUOTED.search(data) is not None:
        # On a way of its own: a parameter may begin as quoted-printable does.
        printable = Layer(_QUOTED_PRINTABLE.sub(_unquote, data), lowest, _QUOTED_PRINTABLE, _unquote)
        yield printable
        yield from _layers_above(printable)


def _layers_above(layer: Layer) -> Iterator[Layer]:
    joined = _joined(layer)
    if joined is not None:
        yield joined
    for _ in range(LAYERS_MAX):
        if not any(disguise in layer.data for disguise in DISGUISES) and ENTITY.search(layer.data) is None:
            return
        above = _above(layer, _ESCAPE, _unescape)
        if above is None:
            return
        yield above
        joined = _joined(above)
        if joined is not None:
            yield joined
        layer = above


def unpacked(data: bytes) -> tuple[bytes, bool]:
    """Returns what was packed, as far as it can be had, and whether that is all that can be had."""
    content, members = bytearray(), 0
    while data.startswith(PACKED):
        members += 1
        reader, begin = zlib.decompressobj(_ANY_FORM), 0
        while begin < len(data) and not reader.eof:
            # By the piece, and the piece that is broken by the byte: what is broken must not hide what comes before.
            before, piece = reader.copy(), data[begin : begin + _PIECE]
            try:
                content += reader.decompress(piece, UNPACKED_MAX + 1 - len(content))
            except zlib.error:
                return bytes(content) + _until_broken(before, piece), True
            if len(content) > UNPACKED_MAX or members > MEMBERS_MAX:
                return bytes(content), False
            begin += _PIECE
        data = reader.unused_data + data[begin:]
    return bytes(content), True


def inflated(data: bytes) -> tuple[bytes, bool]:
    """Returns what was packed without any head, as far as it can be had, and whether that is all that can be had."""
    content = _until_broken(zlib.decompressobj(-zlib.MAX_WBITS), data)
    return content, len(content) <= UNPACKED_MAX


def _until_broken(reader: "zlib._Decompress", piece: bytes) -> bytes:
    content, rest = bytearray(), iter(piece)
    with suppress(zlib.error, StopIteration):
        while len(content) <= UNPACKED_MAX and not reader.eof:
            content += reader.decompress(bytes((next(rest),)), UNPACKED_MAX)
    return bytes(content)


def in_base64(text: bytes) -> tuple[bytes, ...]:
    """Returns what every base64 of bytes with this text in them has, by how many bytes stand before it."""
    fragments = set[bytes]()
    for before in range(3):
        digits = b64encode(b"\x00" * before + text)[(0, 2, 3)[before] : (before + len(text)) * 8 // 6]
        fragments |= {digits, digits.translate(FOR_URLS)}
    return tuple(sorted(fragments))


def in_base32(text: bytes) -> tuple[bytes, ...]:
    """Returns what every base32 of bytes with this text in them has, in small letters, by how many bytes stand before it."""
    # Five bytes are eight digits of five bits each.
    cuts = [(before, -(-before * 8 // 5), (before + len(text)) * 8 // 5) for before in range(5)]
    digits = (encode(b"\x00" * before + text)[first:last].lower() for encode in (b32encode, b32hexencode) for before, first, last in cuts)
    return tuple(digits)


def _joined(layer: Layer) -> Layer | None:
    # The pattern begins with a look back, for which `re` tries every byte: most data is one line.
    return _above(layer, _LINE_END, _nothing) if b"\n" in layer.data else None


def _above(layer: Layer, pattern: re.Pattern[bytes], reveal: Callable[[re.Match[bytes]], bytes]) -> Layer | None:
    revealed = pattern.sub(reveal, layer.data)
    return None if revealed == layer.data else Layer(revealed, layer, pattern, reveal)


def _unquote(found: re.Match[bytes]) -> bytes:
    return b"" if found[1] is None else bytes((int(found[1], 16),))


def _nothing(found: re.Match[bytes]) -> bytes:
    return b""


def _unescape(found: re.Match[bytes]) -> bytes:
    byte = found[1] or found[2]
    if byte is not None:
        return bytes((int(byte, 16),))
    if found[4] is not None and b"\\" in found[4]:
        high, low = int(found[4][:4], 16), int(found[4][-4:], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).encode()
    digits = found[3] or found[4] or found[5]
    number = int(digits.strip(b"{}"), 16) if digits is not None else int(found[6]) if found[6] is not None else None
    if found[8] is not None:
        return _NAMED.get(found[8], found[0])
    if found[9] is not None:
        return bytes((int(found[9], 8),))
    if number is None:
        return _CHARACTERS.get(found[7], found[7] or b"")
    return chr(number).encode(errors="surrogatepass") if number <= 0x10FFFF else found[0]


def _stood(data: bytes, offsets: Sequence[int], pattern: re.Pattern[bytes], reveal: Callable[[re.Match[bytes]], bytes]) -> list[int]:
    """Returns where in some bytes that stood which has these offsets, in ascending order, once the pattern is revealed."""
    stood, shorter, escapes = list[int](), 0, pattern.finditer(data)
    found = next(escapes, None)
    for offset in offsets:
        while found is not None and found.start() - shorter < offset:
            shorter += len(found[0]) - len(reveal(found))
            found = next(escapes, None)
        stood.append(offset + shorter)
    return stood
