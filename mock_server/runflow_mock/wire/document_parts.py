"""Parts of large documents: each is written, digested or read by itself.

A call that encodes, decodes or searches tens of megabytes lets no other thread of the process go on until it returns, wherever it is made:
a thread beside the event loop helps only where the work comes in parts. The members of dictionaries and records are parts, so many levels
deep as a saved tenant has above its lists; and the items of a list are, each as it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, cast, get_args, get_origin

import msgspec

from runflow_mock.decoders import json_decoder
from runflow_mock.domain.documents import Json

LEVELS = 4
"""A saved tenant has a world, a world has accounts, and accounts have a list of entries."""
PART_BYTES_MIN = 64 * 1024
"""What is read and has no more bytes than that is not taken apart."""

RecordT = TypeVar("RecordT", bound=msgspec.Struct)

# From here on a float stands for several whole numbers.
_WHOLE_MAX = 2**53
_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_read_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_read_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


def written_parts(value: object, levels: int = LEVELS) -> Iterator[bytes]:
    """Returns the JSON of a value, part by part; the name of a member stands in one part with what is not taken apart."""
    if levels and isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if levels and isinstance(value, Mapping):
        yield from _object((_encode(name), written_parts(part, levels - 1)) for name, part in value.items())
    elif levels and isinstance(value, Iterable) and not isinstance(value, str | bytes | bytearray | memoryview | msgspec.Raw):
        yield from _list(map(_encode, value))
    else:
        yield _encode(value)


def canonical_parts(raw: bytes | msgspec.Raw, levels: int = LEVELS) -> Iterator[bytes]:
    """Returns the JSON of the values in a JSON text, part by part: keys in order, without space, numbers as `read_value` has them.

    Raises:
        ValueError, RecursionError: it is no JSON.
    """
    held = memoryview(raw)
    first = bytes(held[:1]) if levels and len(held) > PART_BYTES_MIN else b""
    if first == b"{":
        members = _read_members(raw)
        yield from _object((_encode(name), canonical_parts(members[name], levels - 1)) for name in sorted(members))
    elif first == b"[":
        yield from _list(_encode_sorted(read_value(part)) for part in _read_items(raw))
    else:
        yield _encode_sorted(read_value(raw))


def read_value(raw: bytes | msgspec.Raw) -> Json:
    """Returns the value in a JSON text, whole numbers as whole numbers: JavaScript writes 1.0 as 1."""
    return cast(Json, _decoder.decode(raw))


def read_record(raw: bytes | msgspec.Raw, kind: type[RecordT], levels: int = LEVELS) -> RecordT:
    """Returns the record in a JSON text, as `msgspec.json.decode` does, part by part.

    Raises:
        ValueError: it holds no such record; the message says where.
    """
    members, found = _read_members(raw), dict[str, Any]()
    for field in msgspec.structs.fields(kind):
        if field.encode_name not in members:
            if field.required:
                raise msgspec.ValidationError(f"Object missing required field `{field.encode_name}`")
            continue
        try:
            found[field.name] = _read_as(members[field.encode_name], field.type, levels - 1)
        except msgspec.ValidationError as error:
            raise msgspec.ValidationError(_placed(str(error), f".{field.encode_name}")) from None
    return kind(**found)


def _read_as(raw: msgspec.Raw, kind: Any, levels: int) -> object:
    if levels and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return read_record(raw, kind, levels)
    item, *rest = get_args(kind) or (None,)
    if not levels or get_origin(kind) is not tuple or rest != [...] or not bytes(memoryview(raw)).startswith(b"["):
        return json_decoder(kind).decode(raw)
    decode, items = json_decoder(item).decode, list[object]()
    for index, part in enumerate(_read_items(raw)):
        try:
            items.append(decode(part))
        except msgspec.ValidationError as error:
            raise msgspec.ValidationError(_placed(str(error), f"[{index}]")) from None
    return tuple(items)


def _placed(message: str, place: str) -> str:
    """Returns what a decoder has said of a part, with the place of the part before its own."""
    told, found, inner = message.rpartition(" - at `$")
    return f"{told} - at `${place}{inner}" if found else f"{message} - at `${place}`"


def _object(members: Iterable[tuple[bytes, Iterator[bytes]]]) -> Iterator[bytes]:
    mark = b"{"
    for name, parts in members:
        yield mark + name + b":" + next(parts)
        yield from parts
        mark = b","
    yield b"{}" if mark == b"{" else b"}"


def _list(items: Iterable[bytes]) -> Iterator[bytes]:
    mark = b"["
    for item in items:
        yield mark + item
        mark = b","
    yield b"[]" if mark == b"[" else b"]"


def _whole(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _WHOLE_MAX else value


_decoder = msgspec.json.Decoder(float_hook=_whole)
