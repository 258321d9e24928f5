"""Documents of JSON in which something was masked: what stood there as JSON is JSON afterwards, whatever the secret was.

A secret of digits may be a number as well, and one of punctuation may look like what stands between values. Masks belong into texts. In
the place of a number stand nines, as where a name tells that it is a secret, so that whoever expects a number finds one; nothing is masked
between values, where nobody could have put a secret.
"""

import re
from collections.abc import Callable

import msgspec

from runflow_mock.domain.documents import NOT_JSON

_BEGINS = (b"{", b"[", b",")
# What is written part by part comes as a mark with an item after it, or with a name and what it names.
_WHOLES: tuple[Callable[[bytes], bytes], ...] = (bytes, lambda part: part[1:], lambda part: b"{%b}" % part[1:])
# Texts, and whatever is no text and no punctuation.
_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*+"|[-0-9][-+.0-9eE]*+', re.DOTALL)


def in_form(plain: bytes, masked: bytes, filler: bytes) -> bytes:
    """Returns masked bytes, so that what was a document of JSON, or a part of one, is one still; all are equally long.

    `filler` stands in a text of which no part can be kept, repeated and cut.
    """
    whole = next((whole for whole in _WHOLES if _is_json(whole(plain))), None) if plain.startswith(_BEGINS) else None
    if whole is None or _is_json(whole(masked)):
        return masked
    kept = bytearray(plain)
    for value in _VALUE.finditer(plain):
        begin, end = value.span()
        if masked[begin:end] != value[0]:
            kept[begin:end] = _text_in_form(masked[begin + 1 : end - 1], filler) if value[0].startswith(b'"') else _nines(value[0])
    return bytes(kept)


def _text_in_form(inner: bytes, filler: bytes) -> bytes:
    text = b'"%b"' % inner
    return text if _is_json(text) else b'"%b"' % (filler * len(inner))[: len(inner)]


def _nines(number: bytes) -> bytes:
    # Where the secret is of nines itself, they would show it.
    return (b"9" if number.strip(b"9") else b"8") * len(number)


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except NOT_JSON:
        return False
    return True
