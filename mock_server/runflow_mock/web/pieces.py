"""Pieces: long answers that are made part by part, so that others have their turn in between."""

import asyncio
from collections.abc import Callable, Iterable

import msgspec

PIECE_BYTES = 64 * 1024
"""After so many bytes others have their turn; one value is never cut."""

_encoder = msgspec.json.Encoder()


async def list_in_pieces(
    values: Iterable[object], scrub: Callable[[bytes], bytes] = bytes, *, piece_bytes: int = PIECE_BYTES
) -> msgspec.Raw:
    """Returns the JSON of a list. Each value is asked for when its turn comes, so that making it is part of a piece, too.

    What scrubs looks at each value by itself. Where a value costs far more than its bytes say, `piece_bytes` is smaller.
    """
    written, since = list[bytes](), 0
    for value in values:
        part = scrub(_encoder.encode(value))
        written.append(part)
        since += len(part)
        if since >= piece_bytes:
            since = 0
            await asyncio.sleep(0)
    return msgspec.Raw(b"[" + b",".join(written) + b"]")
