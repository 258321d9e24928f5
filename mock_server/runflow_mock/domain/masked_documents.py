"""Documents of JSON, YAML and XML in which something was masked: what stood there as such is that afterwards, whatever the secret was.

A secret of digits may be a number as well, and one of punctuation may look like what stands between values. Masks belong into texts. In
the place of a number stand nines, as where a name tells that it is a secret, so that whoever expects a number finds one; nothing is masked
between values, where nobody could have put a secret, nor in a name by which whoever reads the document asks for a field.

Lines that are documents of JSON, as in JSON lines and streams of events, are taken one by one. Of a text that may be YAML names and
numbers are known by the line in which they stand, and of XML names by the markup around them; punctuation is not, because any text
may have it.
"""

import re
from collections.abc import Callable

import msgspec

from runflow_mock.domain.documents import NOT_JSON
from runflow_mock.domain.field_names import is_field_name
from runflow_mock.domain.repetitions import repeated

_BEGINS = (b"{", b"[", b",")
# What is written part by part comes as a mark with an item after it, or with a name and what it names.
_WHOLES: tuple[Callable[[bytes], bytes], ...] = (bytes, lambda part: part[1:], lambda part: b"{%b}" % part[1:])
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BEFORE = re.compile(repeated(rb'[^"]++|' + _TEXT.pattern), re.DOTALL)
_NUMBER = re.compile(rb"-?[0-9][-+.0-9eE]*+")
_NAMES_SOMETHING = re.compile(rb"[ \t\r\n]*+:")
_IN_NUMBERS = b"-+.0123456789eE"
# A line with its end, and what stands before a document of JSON in streams of events and in sequences.
_LINE = re.compile(rb"(?:data:[ ]?|\x1e)?+(?P<text>[^\r\n\x1e]++)?+[\r\n]*+")
# A line of YAML with a field that may have a number, or with an item that is one.
_NAME = repeated(rb"-[ ]++") + rb"(?P<quote>[\"']?)(?P<name>[A-Za-z_][\w.-]*+)(?P=quote)[ \t]*+:(?=[ \t\r\n]|\Z)"
_END = rb"(?:[ \t]*+,?+|[ \t]++\#[^\r\n]*+)[\r\n]*+\Z"
_ITEM = b"-" + repeated(rb"[ ]++-")
_FIELD = re.compile(rb"[ \t]*+(?:%b|%b)(?:[ \t]++(?P<number>%b)(?=%b))?" % (_NAME, _ITEM, _NUMBER.pattern, _END))
# An element or an attribute of XML.
_MARKUP = re.compile(rb"</?([A-Za-z_][\w.-]*+)(?=[\s/>])|\s([A-Za-z_][\w.-]*+)(?==[\"'])")
_COMPARED_BYTES = 4_096
_BLANK = ord(" ")


def in_form(plain: bytes, masked: bytes, filler: bytes, *, may_mask_names: bool) -> bytes:
    """Returns masked bytes, so that what was a document of JSON, or a part of one, is one still; all are equally long.

    `filler` stands in a text of which no part can be kept, repeated and cut; `may_mask_names` tells whether names of fields are looked for.
    """
    whole = _whole_of(plain)
    if whole is None:
        return _markup_in_form(plain, masked) if plain.startswith(b"<?xml") else _lines_in_form(plain, masked, filler)
    return _document_in_form(plain, masked, filler) if may_mask_names or not _is_json(whole(masked)) else masked


def _whole_of(plain: bytes) -> Callable[[bytes], bytes] | None:
    """Returns what makes a whole document of bytes that are one of JSON, or a part of one."""
    return next((whole for whole in _WHOLES if _is_json(whole(plain))), None) if plain.startswith(_BEGINS) else None


def _document_in_form(plain: bytes, masked: bytes, filler: bytes) -> bytes:
    kept, looked_to = bytearray(plain), 0
    while (place := _first_difference(plain, masked, looked_to)) is not None:
        value = _value_at(plain, looked_to, place)
        if value is None:
            looked_to = place + 1
            continue
        begin, looked_to = value.span()
        if not value[0].startswith(b'"'):
            kept[begin:looked_to] = _number_in_form(plain, masked, begin, looked_to)
        elif _NAMES_SOMETHING.match(plain, looked_to) is None or not is_field_name(value[0][1:-1].decode(errors="replace")):
            kept[begin:looked_to] = _text_in_form(masked[begin + 1 : looked_to - 1], filler)
    return bytes(kept)


def _number_in_form(plain: bytes, masked: bytes, begin: int, end: int) -> bytes:
    pairs = zip(plain[begin:end], masked[begin:end], strict=True)
    parts = bytes(one if one != other else _BLANK for one, other in pairs).split()
    # Nines would show a secret of nines, or a part of one, whatever stands around it.
    return (b"9" if all(part.strip(b"9") for part in parts) else b"8") * (end - begin)


def _lines_in_form(plain: bytes, masked: bytes, filler: bytes) -> bytes:
    kept = bytearray(masked)
    for line in _LINE.finditer(plain):
        begin, end = line.span()
        text = line["text"]
        if text is None or plain[begin:end] == masked[begin:end]:
            continue
        if text.startswith(_BEGINS[:2]) and _is_json(text):
            # With all that stands around it: whoever reads it has to find it.
            at, text_end = line.span("text")
            inner = _document_in_form(text, masked[at:text_end], filler)
            kept[begin:end] = plain[begin:at] + inner + plain[text_end:end]
        elif plain[begin - 1 : begin] == masked[begin - 1 : begin]:
            kept[begin:end] = _field_in_form(plain[begin:end], masked[begin:end])
    return bytes(kept)


def _field_in_form(plain: bytes, masked: bytes) -> bytes:
    """Returns a masked line in which the name of a field of YAML, and a number that it is given or that is an item, are what they were."""
    found = _FIELD.match(plain)
    kept = bytearray(masked)
    if found is None:
        return masked
    begin, end = found.span("name")
    if found["name"] is not None and plain[end] == masked[end] and is_field_name(found["name"].decode()):
        kept[begin:end] = found["name"]
    begin, end = found.span("number")
    is_alone = plain[begin - 1] == masked[begin - 1] and plain[end : end + 1] == masked[end : end + 1]
    if found["number"] is not None and is_alone and plain[begin:end] != masked[begin:end]:
        kept[begin:end] = _number_in_form(plain, masked, begin, end)
    return bytes(kept)


def _markup_in_form(plain: bytes, masked: bytes) -> bytes:
    """Returns masked XML in which elements and attributes of ours are called what they were."""
    kept = bytearray(masked)
    for named in _MARKUP.finditer(plain):
        begin, end = named.span(named.lastindex or 0)
        if plain[begin:end] != masked[begin:end] and is_field_name(plain[begin:end].decode(errors="replace")):
            kept[begin:end] = plain[begin:end]
    return bytes(kept)


def _first_difference(one: bytes, other: bytes, begin: int) -> int | None:
    for begun in range(begin, len(one), _COMPARED_BYTES):
        low, high = begun, min(begun + _COMPARED_BYTES, len(one))
        if one[low:high] == other[low:high]:
            continue
        # By halves: a step for each byte would be a fifth of what a mask costs.
        while high - low > 1:
            half = (low + high) // 2
            low, high = (half, high) if one[low:half] == other[low:half] else (low, half)
        return low
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
