"""Bodies of answers from somebody else: so many bytes as they come, and no more once they are unpacked."""

import zlib
from contextlib import suppress

import urllib3

PIECE_BYTES = 64 * 1024
# How zlib is told that bytes have a head, of gzip or of its own, and that they have none, as some send what HTTP calls deflate.
_FORMS = (zlib.MAX_WBITS + 32, -zlib.MAX_WBITS)
_CODINGS = frozenset(("gzip", "x-gzip", "deflate"))


def read_body(response: urllib3.BaseHTTPResponse, bytes_max: int) -> bytes:
    """Returns the first bytes of an answer's body, unpacked where it says that it is packed; what cannot be unpacked comes as it is.

    A few thousand bytes of gzip can be gigabytes: a library that unpacks all that it has read has them in memory before anybody counts.
    """
    body = bytearray()
    for piece in response.stream(PIECE_BYTES, decode_content=False):
        body += piece
        if len(body) >= bytes_max:
            response.close()
            break
    coding = response.headers.get("content-encoding", "").strip().lower()
    return _unpacked(bytes(body[:bytes_max]), bytes_max) if coding in _CODINGS else bytes(body[:bytes_max])


def _unpacked(packed: bytes, bytes_max: int) -> bytes:
    for form in _FORMS:
        with suppress(zlib.error):
            return _members(packed, form, bytes_max)
    return packed


def _members(packed: bytes, form: int, bytes_max: int) -> bytes:
    """Returns what is packed, in one piece or in several as gzip allows; what stands behind and is none is left out.

    Raises:
        zlib.error: it is not packed in this form, or ends too soon.
    """
    body, left = bytearray(), packed
    while left and len(body) < bytes_max:
        member = zlib.decompressobj(form)
        try:
            body += member.decompress(left, bytes_max - len(body))
        except zlib.error:
            if left is packed:
                raise
            break
        if not member.eof and len(body) < bytes_max:
            raise zlib.error("it ends too soon")
        left = member.unused_data
    return bytes(body)
