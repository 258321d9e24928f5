"""What was packed for the way is unpacked, to so many bytes and no more."""

import gzip
import zlib
from functools import partial
from random import Random

import pytest
from costs import GROWTH_MAX, growth

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
        pack(TEXT[:50]) + pack(TEXT[50:]),
        pack(TEXT) + b"what stands behind",
    ],
)
def test_packed_bytes_are_unpacked(packed: bytes) -> None:
    assert unpacked(packed, "gzip", 1000) == unpacked(packed, "deflate", 1000) == TEXT
    assert unpacked(packed, "gzip", len(TEXT)) == TEXT


def test_only_what_is_called_deflate_may_lack_a_head() -> None:
    assert unpacked(HEADLESS, "deflate", 1000) == unpacked(HEADLESS, "deflate", len(TEXT)) == TEXT
    assert unpacked(HEADLESS, "deflate", 50) == TEXT[:50]
    assert unpacked(HEADLESS, "gzip", 1000) is None


@pytest.mark.parametrize("text", [b'{\n  "items": 1\n}', b"\x03\x00" * 9, HEADLESS + b"1", HEADLESS[:-1]])
def test_what_lacks_a_head_ends_where_it_says(text: bytes) -> None:
    assert unpacked(text, "deflate", 1000) is None


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 300_000])
def test_long_members_are_unpacked_whole(size: int) -> None:
    text = Random(size).randbytes(size)
    assert unpacked(pack(text) + pack(TEXT), "gzip", 1_000_000) == text + TEXT
    assert unpacked(pack(text)[:-1], "gzip", 1_000_000) is None
    assert unpacked(pack(TEXT) + pack(text)[:-1] + b"\xff", "gzip", 1_000_000) == TEXT


@pytest.mark.slow(is_covering=True)
def test_many_members_cost_as_much_as_there_are() -> None:
    assert growth(lambda count: partial(unpacked, pack(b"") * count, "gzip", 1000), 10_000) < GROWTH_MAX


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("bytes_max", [1, 50, 159])
def test_no_more_is_unpacked_than_may_be(bytes_max: int) -> None:
    packed = pack(TEXT[:50]) + pack(TEXT[50:])
    assert unpacked(packed, "gzip", bytes_max) == TEXT[:bytes_max]
    assert unpacked(pack(b"[" * 50_000_000), "gzip", bytes_max) == b"[" * bytes_max


@pytest.mark.parametrize("broken", [b"\xff\xfe", TEXT, pack(TEXT)[:-9], pack(TEXT) + pack(TEXT)[:12]])
def test_what_is_not_packed_or_ends_too_soon_is_nothing(broken: bytes) -> None:
    assert unpacked(broken, "gzip", 1000) is None
