"""Sample pictures: small PNG files made from a name, so that the addresses in examples lead somewhere.

Source: `www.samples` (one such address stands in the published skill). Inferred: what is in the picture; it is plainly a placeholder.
"""

import re
import struct
import zlib
from hashlib import blake2b

SAMPLE_EDGE = 256
SAMPLE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def sample_path(name: str) -> str:
    """Returns the path under which a sample is served."""
    return f"/images/models/_base/{name}.png"


def draw_sample(name: str) -> bytes:
    """Returns a PNG with a diagonal blend of two colours that the name decides, striped so that nobody takes it for a photograph."""
    draw = blake2b(name.encode(), digest_size=6).digest()
    # A row is the one above, moved on by a pixel: all are cut from one line.
    line = b"".join(_shade(at, draw[:3], draw[3:]) for at in range(2 * SAMPLE_EDGE))
    rows = b"".join(b"\0" + line[3 * y : 3 * (y + SAMPLE_EDGE)] for y in range(SAMPLE_EDGE))
    header = struct.pack(">IIBBBBB", SAMPLE_EDGE, SAMPLE_EDGE, 8, 2, 0, 0, 0)
    text = b"Comment\0Synthetic sample of runflow-mock"
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"tEXt", text) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")


def _shade(at: int, start: bytes, end: bytes) -> bytes:
    span, dim = 2 * SAMPLE_EDGE, at // 16 % 2
    return bytes((low * (span - at) + high * at) // span >> dim for low, high in zip(start, end, strict=True))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
