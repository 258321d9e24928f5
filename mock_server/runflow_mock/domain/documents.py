"""JSON documents: values, and the exact bytes in which the world keeps them.

A document is stored as compact UTF-8 text and only parsed when something must look inside: ten thousand stored inputs cost the
garbage collector nothing, and an answer is spliced together from the same bytes that were accepted.
"""

from typing import NewType

import msgspec

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
Document = NewType("Document", bytes)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Json] = msgspec.json.Decoder()


def write_document(value: Json) -> Document:
    """Returns the compact text of a JSON value."""
    return Document(_encoder.encode(value))


def read_document(document: bytes) -> Json:
    """Returns the value of a JSON text; raises `msgspec.DecodeError` for text that is not JSON."""
    return _decoder.decode(document)


def read_object(document: bytes | None) -> dict[str, Json]:
    """Returns the object that a document holds, or an empty one when there is no document or it is not an object."""
    value = None if document is None else _decoder.decode(document)
    return value if isinstance(value, dict) else {}


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
