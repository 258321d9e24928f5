"""Content codings: what was packed before it was sent, unpacked to so many bytes and no more.

A few thousand bytes of gzip can be gigabytes: what unpacks all of them has them in memory before anybody counts.

Source: RFC 9110, 8.4.1.
"""

import zlib
from contextlib import suppress

CODINGS = frozenset(("gzip", "x-gzip", "deflate"))
"""Those that are understood, by their names in `Content-Encoding`."""

# How zlib is told that bytes have a head, of gzip or of its own, and that they have none, as some send what HTTP calls deflate.
_FORMS = (zlib.MAX_WBITS + 32, -zlib.MAX_WBITS)


def unpacked(packed: bytes, bytes_max: int) -> bytes | None:
    """Returns the first bytes of what is packed in one of the codings, or nothing where it is packed otherwise, or ends too soon."""
    for form in _FORMS:
        with suppress(zlib.error):
            return _members(packed, form, bytes_max)
    return None


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
