"""What was packed for the way is unpacked, to so many bytes and no more."""

import gzip
import zlib
from functools import partial

import pytest

from runflow_mock.domain.codings import unpacked

pack = partial(gzip.compress, mtime=0)
TEXT = b'{"a": 1}' * 20
RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
HEADLESS = RAW.compress(TEXT) + RAW.flush()


@pytest.mark.parametrize(
    "packed",
    [
        pack(TEXT),
        zlib.compress(TEXT),
        HEADLESS,
        pack(TEXT[:50]) + pack(TEXT[50:]),
        pack(TEXT) + b"what stands behind",
    ],
)
def test_packed_bytes_are_unpacked(packed: bytes) -> None:
    assert unpacked(packed, 1000) == TEXT
    assert unpacked(packed, len(TEXT)) == TEXT


@pytest.mark.parametrize("bytes_max", [1, 50, 159])
def test_no_more_is_unpacked_than_may_be(bytes_max: int) -> None:
    packed = pack(TEXT[:50]) + pack(TEXT[50:])
    assert unpacked(packed, bytes_max) == TEXT[:bytes_max]
    assert unpacked(pack(b"[" * 50_000_000), bytes_max) == b"[" * bytes_max


@pytest.mark.parametrize("broken", [b"\xff\xfe", TEXT, pack(TEXT)[:-9], pack(TEXT) + pack(TEXT)[:12]])
def test_what_is_not_packed_or_ends_too_soon_is_nothing(broken: bytes) -> None:
    assert unpacked(broken, 1000) is None
