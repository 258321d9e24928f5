"""What may be encoded is found where the plain form of the pattern finds it."""

import re
from base64 import b64encode
from random import Random
from zlib import compress

import pytest

from runflow_mock.domain.disguises import ENCODED, has_encoded

PLAIN = re.compile(
    rb"(?:[I-Za-f][C-HS-Xi-nyz0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]){4}"
    rb"|(?:[I-Za-f][AQgw][AB][A-Za-z0-9+/_-]A[C-H][AEIMQUYcgkosw048]A){2}"
    rb"|(?<![A-Za-z0-9+/_-])e(?:J[w-z]|N[o-r]|A[E-H]|F[4-7])[A-Za-z0-9+/_-]{8}"
    rb"|(?:[2-7][0-9a-fA-F]){12}"
)
TEXT = "password=hunter22 and more"
ENCODINGS = {
    "base64": b64encode(TEXT.encode()),
    "base64 of UTF-16": b64encode(TEXT.encode("utf-16-le")),
    "base64 of zlib": b64encode(compress(TEXT.encode())),
    "hexadecimal": TEXT.encode().hex().encode(),
}


@pytest.mark.parametrize("encoded", ENCODINGS.values(), ids=ENCODINGS)
def test_encoded_text_is_found(encoded: bytes) -> None:
    found = ENCODED.search(b'{"a": "' + encoded + b'"}')
    assert found is not None
    assert found.start() == 7
    assert has_encoded(b'{"a": "' + encoded + b'"}')
    assert not has_encoded(b'{"a": "' + encoded[:10] + b'"}')


@pytest.mark.slow(is_covering=True)
def test_pattern_and_quick_look_find_what_the_plain_form_finds() -> None:
    random, hits = Random(7), 0
    for number in range(2_000):
        letters = random.choice((b"IAQgwABCH2abcdefEJNo8Zz-_", b"0123456789abcdefABCDEF", b"eJxyzNAEF4zABCDe "))
        given = bytes(random.choice(letters) for _ in range(random.randrange(10, 60)))
        if number % 5 == 0:
            given += b64encode(compress(given)) if number % 2 else b64encode(given.decode().encode("utf-16-le"))
        wanted, found = PLAIN.search(given), ENCODED.search(given)
        assert (wanted and wanted.span()) == (found and found.span()), given
        assert has_encoded(given) is (wanted is not None), given
        hits += wanted is not None
    assert 200 < hits < 1_900
