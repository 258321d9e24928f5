"""JSON documents: values, and the exact bytes in which the world keeps them.

A document is stored as compact UTF-8 text and only parsed when something must look inside: ten thousand stored inputs cost the
garbage collector nothing, and an answer is spliced together from the same bytes that were accepted.
"""

from collections.abc import Iterator
from itertools import chain
from math import isinf
from typing import NewType

import msgspec

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
Document = NewType("Document", bytes)

DEPTH_MAX = 200
VALUES_MAX = 2_000_000
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What some programs begin text in UTF-8 with."""

# What reading a stranger's text may raise: it is no JSON or no UTF-8, a number is beyond reason, or it is nested too deeply.
NOT_JSON = (msgspec.MsgspecError, ValueError, RecursionError)


def read_number(text: str) -> float:
    """Returns the number that a text of JSON is.

    msgspec alone divides hundreds of digits for numbers at the ends of what a double holds: 20 microseconds for each `1e308`. Whoever
    gives it this function has each number cost a call; see `reads_at_once`.

    Raises:
        ValueError: it is beyond a double.
    """
    number = float(text)
    if isinf(number):
        raise ValueError("Number out of range")
    return number


CALLS_BYTES_MAX = 16 * 1024
"""In a text of so many bytes the calls for all its numbers take less time than anybody notices."""
_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")
_LONG_NUMBER = b"0" * 309


LONG_TEXT_BYTES = 64 * 1024
"""A text of so many bytes is worth being passed over where numbers are looked for: a picture has millions."""
_QUOTES_MAX = 256


def _beside_long_texts(document: bytes) -> bytes:
    """Returns a document without the letters of its long texts, where it is little else: numbers stand beside them.

    What begins with a letter behind a quote is inside a text, whatever the quote is: behind a text that has ended nothing else is read.
    """
    parts = document.split(b'"', _QUOTES_MAX)
    if len(parts) > _QUOTES_MAX:
        return document
    return b'"'.join(b"" if len(part) >= LONG_TEXT_BYTES and part[:1].isalpha() else part for part in parts)


def reads_at_once(text: bytes) -> bool:
    """Tells whether msgspec alone reads the numbers of a long text fast: none is written with an exponent of three digits."""
    beside = _beside_long_texts(text) if len(text) > LONG_TEXT_BYTES else text
    return len(text) > CALLS_BYTES_MAX and not mentions(beside.translate(_ALIKE, b"+-"), b"e000")


def has_whole_number_beyond_doubles(text: bytes) -> bool:
    """Tells whether a text may have a whole number that no double holds: so many digits in a row."""
    beside = _beside_long_texts(text) if len(text) > LONG_TEXT_BYTES else text
    return len(text) >= len(_LONG_NUMBER) and mentions(beside.translate(_ALIKE), _LONG_NUMBER)


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Json] = msgspec.json.Decoder(float_hook=read_number)
_fast_decoder: msgspec.json.Decoder[Json] = msgspec.json.Decoder()


def write_document(value: Json) -> Document:
    """Returns the compact text of a JSON value."""
    return Document(_encoder.encode(value))


def write_object(value: Json) -> Document | None:
    """Returns the compact text of an object, and nothing in the place of anything else."""
    return write_document(value) if isinstance(value, dict) else None


def read_document(document: bytes) -> Json:
    """Returns the value of a JSON text; raises `msgspec.DecodeError` for text that is not JSON."""
    return (_fast_decoder if reads_at_once(document) else _decoder).decode(document)


def read_object(document: bytes | None) -> dict[str, Json]:
    """Returns the object that a document holds, or an empty one when there is no document or it is not an object."""
    value = None if document is None else _decoder.decode(document)
    return value if isinstance(value, dict) else {}


def try_document(text: bytes | str) -> Json:
    """Returns the value of what may be JSON, or `None` where it is not JSON."""
    try:
        return _decoder.decode(text)
    except NOT_JSON:
        return None


def try_object(text: bytes) -> dict[str, Json]:
    """Returns the object in what may be JSON, or an empty one where there is none."""
    value = try_document(text)
    return value if isinstance(value, dict) else {}


def object_of(value: object) -> dict[str, Json]:
    """Returns an object as it is, and an empty one in the place of anything else."""
    return value if isinstance(value, dict) else {}


def mentions(text: bytes, *words: bytes) -> bool:
    """Tells whether one of the words stands in a text."""
    # Not `word in text`: before CPython looks, it takes the word for a number, and makes and drops the exception that it is none.
    for word in words:  # noqa: SIM110 - every document of every request comes by here, and a generator costs three times as much
        if text.find(word) >= 0:
            return True
    return False


def present(**values: object) -> dict[str, object]:
    """Returns those values that are not None, by their names."""
    return {name: value for name, value in values.items() if value is not None}


def list_of(value: object) -> list[Json]:
    """Returns a list as it is, and an empty one in the place of anything else."""
    return value if isinstance(value, list) else []


def parts_of(*values: Json) -> Iterator[Json]:
    """Yields values and all that lies in them, in order, each before what lies in it; nothing recurses.

    What lies in a value is looked for after it was yielded, so that whoever gets it may change it.
    """
    waiting = [*reversed(values)]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, dict):
            waiting.extend(reversed(part.values()))
        elif isinstance(part, list):
            waiting.extend(reversed(part))


def levels_of(value: Json) -> Iterator[list[Json]]:
    """Yields what lies at each depth of a value: itself, then all that lies right in it, and so on."""
    level = [value]
    while level:
        yield level
        held = (part.values() if isinstance(part, dict) else part for part in level if isinstance(part, dict | list))
        level = list(chain.from_iterable(held))


def check_shape(value: object) -> None:
    """Accepts a value from somebody's file through which everything here can walk.

    Raises:
        ValueError: it is nested too deeply, contains itself, or has more values than a reader has patience for.
    """
    # An alias of YAML leads to the same list again, and to itself: such values are counted as often as one meets them.
    around, met = [iter((value,))], 0
    while around:
        part = next(around[-1], around)
        if part is around:
            around.pop()
        elif isinstance(part, dict | list):
            around.append(iter(part.values() if isinstance(part, dict) else part))
            if len(around) > DEPTH_MAX:
                raise ValueError(f"it is nested deeper than {DEPTH_MAX} levels, or contains itself")
        met += 1
        if met > VALUES_MAX:
            raise ValueError(f"it has more than {VALUES_MAX} values, those that aliases repeat included")


def contains(value: Json, pattern: Json) -> bool:
    """Tells whether `pattern` is a subset of `value`.

    An object is contained when each of its keys is; a list when it has the same length and each element is contained; anything
    else when it is equal. `True` is not `1`.
    """
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(key in value and contains(value[key], part) for key, part in pattern.items())
    if isinstance(pattern, list):
        return (
            isinstance(value, list)
            and len(value) == len(pattern)
            and all(contains(mine, theirs) for mine, theirs in zip(value, pattern, strict=True))
        )
    return value == pattern and isinstance(value, bool) == isinstance(pattern, bool)


def look_up(value: Json, path: str) -> Json:
    """Returns what stands at a dotted path such as `config.elements`, or `None`."""
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value
