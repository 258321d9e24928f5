"""Reads records by their kind: the one place where msgspec is asked to.

msgspec looks at a kind when it is first read, and keeps what it finds with the kind before it has found everything: another thread that
reads this kind meanwhile, or one that is a part of both, ends the process. Two servers in one process are two such threads, and so are a
server and whatever it lets a worker read. So one thread at a time looks at kinds; from then on each is read without a lock.
"""

from functools import cache
from threading import RLock
from typing import Any, TypeVar

import msgspec

from runflow_mock.domain.documents import read_number

KindT = TypeVar("KindT")

# A kind may ask, while it is looked at, for something that reads another one.
_LOOKING = RLock()


def json_decoder(kind: type[KindT]) -> msgspec.json.Decoder[KindT]:
    """Returns what reads a kind from JSON."""
    return _json(kind)  # type: ignore[arg-type]  # a type is hashable


def msgpack_decoder(kind: type[KindT]) -> msgspec.msgpack.Decoder[KindT]:
    """Returns what reads a kind from MessagePack."""
    return _msgpack(kind)  # type: ignore[arg-type]  # a type is hashable


def convert(value: Any, kind: type[KindT]) -> KindT:
    """Returns a value of plain lists and dictionaries as the kind that it is; raises `msgspec.ValidationError` where it is not."""
    _json(kind)  # type: ignore[arg-type]  # a type is hashable
    return msgspec.convert(value, kind)


@cache
def _json(kind: Any) -> msgspec.json.Decoder[Any]:
    with _LOOKING:
        return msgspec.json.Decoder(kind, float_hook=read_number)


@cache
def _msgpack(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    with _LOOKING:
        return msgspec.msgpack.Decoder(kind)
