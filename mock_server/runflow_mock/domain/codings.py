"""Content codings: what was packed before it was sent, unpacked to so many bytes and no more.

A few thousand bytes of gzip can be gigabytes: what unpacks all of them has them in memory before anybody counts.

Source: RFC 9110, 8.4.1.
"""

import zlib
from contextlib import suppress

CODINGS = frozenset(("gzip", "x-gzip", "deflate"))
"""Those that are understood, by their names in `Content-Encoding`."""

# How zlib is told that bytes have a head, of gzip or of its own, and that they have none, as some send what HTTP calls deflate.
_HEADED, _HEADLESS = zlib.MAX_WBITS + 32, -zlib.MAX_WBITS

# A member is read in pieces, since each leaves a copy of what stands behind it in its last one.
_PIECE_BYTES = 4096


def unpacked(packed: bytes, coding: str, bytes_max: int) -> bytes | None:
    """Returns the first bytes of what is packed in a coding, or nothing where it is packed otherwise, or ends too soon."""
    with suppress(zlib.error):
        return _members(packed, bytes_max)
    # Without a head much is taken for packed, such as the line break after a bracket.
    if coding == "deflate":
        with suppress(zlib.error):
            body, end = _member(memoryview(packed), _HEADLESS, bytes_max)
            return body if end == len(packed) or len(body) == bytes_max else None
    return None


def _members(packed: bytes, bytes_max: int) -> bytes:
    """Returns what is packed, in one piece or in several as gzip allows; what stands behind and is not packed is left out.

    Raises:
        zlib.error: it is not packed, or ends too soon.
    """
    body, left = bytearray(), memoryview(packed)
    while left and len(body) < bytes_max:
        try:
            member, end = _member(left, _HEADED, bytes_max - len(body))
        except _EndsTooSoon:
            raise
        except zlib.error:
            if len(left) == len(packed):
                raise
            break
        body += member
        left = left[end:]
    return bytes(body)


def _member(packed: memoryview, form: int, bytes_max: int) -> tuple[bytes, int]:
    """Returns the first bytes of what one member holds, and how many bytes of what is packed were read for it.

    Raises:
        zlib.error: it is not packed in this form, or ends too soon.
    """
    reader, body, end = zlib.decompressobj(form), bytearray(), 0
    while not reader.eof and len(body) < bytes_max:
        piece = packed[end : end + _PIECE_BYTES]
        if not piece:
            raise _EndsTooSoon
        body += reader.decompress(piece, bytes_max - len(body))
        end += len(piece) - len(reader.unused_data) - len(reader.unconsumed_tail)
    return bytes(body), end


class _EndsTooSoon(zlib.error):
    """What is packed ends before its end."""
