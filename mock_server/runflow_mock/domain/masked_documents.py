"""Documents of JSON in which something was masked: what stood there as JSON is JSON afterwards, whatever the secret was.

A secret of digits may be a number as well, and one of punctuation may look like what stands between values. Masks belong into texts. In
the place of a number stand nines, as where a name tells that it is a secret, so that whoever expects a number finds one; nothing is masked
between values, where nobody could have put a secret, nor in a name by which whoever reads the document asks for a field.
"""

import re
from collections.abc import Callable

import msgspec

from runflow_mock.domain.documents import NOT_JSON
from runflow_mock.domain.field_names import is_field_name

_BEGINS = (b"{", b"[", b",")
# What is written part by part comes as a mark with an item after it, or with a name and what it names.
_WHOLES: tuple[Callable[[bytes], bytes], ...] = (bytes, lambda part: part[1:], lambda part: b"{%b}" % part[1:])
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BEFORE = re.compile(rb'(?:[^"]++|%b)*+' % _TEXT.pattern, re.DOTALL)
_NUMBER = re.compile(rb"-?[0-9][-+.0-9eE]*+")
_NAMES_SOMETHING = re.compile(rb"[ \t\r\n]*+:")
_IN_NUMBERS = b"-+.0123456789eE"
_COMPARED_BYTES = 4_096


def in_form(plain: bytes, masked: bytes, filler: bytes, *, may_mask_names: bool) -> bytes:
    """Returns masked bytes, so that what was a document of JSON, or a part of one, is one still; all are equally long.

    `filler` stands in a text of which no part can be kept, repeated and cut; `may_mask_names` tells whether names of fields are looked for.
    """
    whole = next((whole for whole in _WHOLES if _is_json(whole(plain))), None) if plain.startswith(_BEGINS) else None
    if whole is None or (not may_mask_names and _is_json(whole(masked))):
        return masked
    kept, looked_to = bytearray(plain), 0
    while (place := _first_difference(plain, masked, looked_to)) is not None:
        value = _value_at(plain, looked_to, place)
        if value is None:
            looked_to = place + 1
            continue
        begin, looked_to = value.span()
        if value[0].startswith(b'"'):
            if _NAMES_SOMETHING.match(plain, looked_to) is not None and is_field_name(value[0][1:-1].decode(errors="replace")):
                continue
            kept[begin:looked_to] = _text_in_form(masked[begin + 1 : looked_to - 1], filler)
            continue
        # Nines would show a secret of nines; where more than the number was masked, they were put there before.
        is_of_nines = (
            not value[0].strip(b"9")
            and plain[begin - 1] == masked[begin - 1]
            and plain[looked_to : looked_to + 1] == masked[looked_to : looked_to + 1]
        )
        kept[begin:looked_to] = (b"8" if is_of_nines else b"9") * len(value[0])
    return bytes(kept)


def _first_difference(one: bytes, other: bytes, begin: int) -> int | None:
    for begun in range(begin, len(one), _COMPARED_BYTES):
        here, there = one[begun : begun + _COMPARED_BYTES], other[begun : begun + _COMPARED_BYTES]
        if here != there:
            return begun + next(place for place, pair in enumerate(zip(here, there, strict=True)) if pair[0] != pair[1])
    return None


def _value_at(plain: bytes, begin: int, place: int) -> re.Match[bytes] | None:
    """Returns the text or number in which a place is, if it is in one; `begin` is before it, and in none."""
    before = _BEFORE.match(plain, begin, place)
    if before is not None and (text := _TEXT.match(plain, before.end())) is not None:
        return text
    while place > begin and plain[place - 1] in _IN_NUMBERS:
        place -= 1
    return _NUMBER.match(plain, place)


def _text_in_form(inner: bytes, filler: bytes) -> bytes:
    text = b'"%b"' % inner
    return text if _is_json(text) else b'"%b"' % (filler * len(inner))[: len(inner)]


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except NOT_JSON:
        return False
    return True
