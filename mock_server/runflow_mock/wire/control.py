"""The control API on the wire: its own errors and the bodies of its verbs.

A body is decoded strictly: an unknown key is an error, because a misspelt setting that is silently ignored is the worst a test tool can do.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar, cast

import msgspec
from msgspec.inspect import DictType, ListType, StructType, Type, UnionType, VarTupleType

from runflow_mock.decoders import json_decoder
from runflow_mock.domain.documents import NOT_JSON, Json, read_document
from runflow_mock.domain.hints import did_you_mean
from runflow_mock.domain.money import Money, parse_money
from runflow_mock.wire.bodies import unreadable_because
from runflow_mock.wire.times import read_duration, read_instant

BodyT = TypeVar("BodyT", bound=msgspec.Struct)
GivenT = TypeVar("GivenT")
ReadT = TypeVar("ReadT")


# As many of anything as a rule may count, and as a tenant may have asked for.
COUNT_MAX = 1_000_000_000


MESSAGE_CHARACTERS_MAX = 4_000
LABEL_CHARACTERS_MAX = 1_000
REASON_CHARACTERS_MAX = 2_000
"""A label leaves with each answer on which its rule acts, and a reason is kept with each item of a batch."""
UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(?P<name>.*?)`(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)
# Where a name stands below a mapping, a decoder writes `[...]`.
_STEP = re.compile(r"\.([^.\[]+)|\[[^\]]*\]")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY")


class ControlError(Exception):
    """An answer of the control API that says what is wrong and what to do.

    Whatever reads a body or a parameter of the control API raises it, with 422, for what it does not understand.
    """

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        # What a decoder says repeats the names that it does not know, however long they are.
        self.message = message if len(message) <= MESSAGE_CHARACTERS_MAX else f"{message[:MESSAGE_CHARACTERS_MAX]}…"


def represent_control_error(error: ControlError) -> dict[str, object]:
    """Returns the control API's own envelope."""
    return {"error": {"type": error.kind, "message": error.message}}


def refused(message: str) -> ControlError:
    """Returns the 422 of a body or parameter that cannot be used."""
    return ControlError(422, "invalid", message)


def decode(raw: bytes, kind: type[BodyT]) -> BodyT:
    """Returns the body of a verb; an empty one stands for an empty object.

    Raises:
        ControlError: 422 that names the place and the value.
    """
    try:
        return json_decoder(kind).decode(raw or b"{}")
    except msgspec.ValidationError as error:
        unknown = UNKNOWN_FIELD.fullmatch(str(error))
        if unknown is None:
            raise refused(f"{error}; the body takes {', '.join(_fields_at(kind, ''))}") from None
        name, path = unknown.group("name", "path")
        known = _fields_at(kind, path or "")
        hint, what = did_you_mean(name[:80], known), "it" if path else "the body"
        raise refused(f"{error}{f'{hint} {what.capitalize()}' if hint else f'; {what}'} takes {', '.join(known)}") from None
    except NOT_JSON as error:
        raise refused(f"the body is not valid JSON: {unreadable_because(raw) or error}") from None


def _fields_at(kind: type[msgspec.Struct], path: str) -> tuple[str, ...]:
    """Returns the names of the fields of what stands at a path of a body, as a decoder writes paths."""
    standing = _forms_of(msgspec.inspect.type_info(kind))
    for name in _STEP.findall(path):
        standing = [form for each in standing for below in _below(each, name) for form in _forms_of(below)]
    return tuple(dict.fromkeys(field.encode_name for each in standing if isinstance(each, StructType) for field in each.fields))


def _forms_of(told: Type) -> Sequence[Type]:
    return told.types if isinstance(told, UnionType) else (told,)


def _below(told: Type, name: str) -> Iterator[Type]:
    """Yields what stands in a field of that name; in a list, or under any name, where there is none."""
    if isinstance(told, StructType):
        yield from (field.type for field in told.fields if field.encode_name == name)
    elif isinstance(told, ListType | VarTupleType):
        yield told.item_type
    elif isinstance(told, DictType):
        yield told.value_type


class _Advance(msgspec.Struct, forbid_unknown_fields=True):
    by: str | int | float


class _AdvanceTo(msgspec.Struct, forbid_unknown_fields=True):
    to: str


class _RunUntilIdle(msgspec.Struct, forbid_unknown_fields=True):
    limit: str | int | float | None = None


class _Scale(msgspec.Struct, forbid_unknown_fields=True):
    factor: float


class _Cancel(msgspec.Struct, forbid_unknown_fields=True):
    reason: str | None = None


class _Credit(msgspec.Struct, forbid_unknown_fields=True):
    amount: str


def decode_advance(raw: bytes) -> timedelta:
    """Returns the duration of `{"by": "10m"}`."""
    return duration(decode(raw, _Advance).by, "by")


def decode_advance_to(raw: bytes) -> datetime:
    """Returns the instant of `{"to": "2026-01-01T00:00:00Z"}`."""
    return instant(decode(raw, _AdvanceTo).to, "to")


def decode_limit(raw: bytes) -> timedelta | None:
    """Returns the furthest that `run-until-idle` may go, of `{"limit": "1h"}`."""
    limit = decode(raw, _RunUntilIdle).limit
    return None if limit is None else duration(limit, "limit")


def decode_scale(raw: bytes) -> float:
    """Returns the factor of `{"factor": 60}`."""
    factor = decode(raw, _Scale).factor
    if not 0 < factor <= 1_000_000:
        raise refused(f"factor {factor} must be above 0 and at most 1000000; to let the clock stand, POST /_mock/clock/freeze")
    return factor


class Resend(msgspec.Struct, forbid_unknown_fields=True):
    """How a delivery is sent again: with nothing, as it would be told now; else to that address, with those bytes."""

    url: str | None = None
    body: str | None = None

    @property
    def is_changed(self) -> bool:
        """Whether it goes elsewhere or with other bytes."""
        return self.url is not None or self.body is not None


def decode_resend(raw: bytes) -> Resend:
    """Returns how a delivery is to be sent again; other bytes must be a JSON object, which `callback.tamper` and its kin then spoil."""
    asked = decode(raw, Resend)
    try:
        is_object = asked.body is None or isinstance(read_document(asked.body.encode()), dict)
    except NOT_JSON:
        is_object = False
    if not is_object:
        raise refused("body: the text must be a JSON object; to send broken bytes, add a fault such as callback.tamper")
    return asked


def decode_cancel(raw: bytes) -> str | None:
    """Returns the reason of a cancellation."""
    return short(decode(raw, _Cancel).reason, "reason", REASON_CHARACTERS_MAX)


def decode_credit(raw: bytes) -> Money:
    """Returns the amount of `{"amount": "5.00"}`."""
    return money(decode(raw, _Credit).amount, "amount")


def status_pattern(text: str, name: str) -> str:
    """Returns a status or a class of them in lower case, such as `404` or `4xx`."""
    lowered = text.lower()
    if not (len(text) == 3 and text[0] in "12345" and text.isascii() and (text.isdigit() or lowered[1:] == "xx")):
        raise refused(f"{name} {text[:80]!r} must be a status such as 404, or a class such as 4xx")
    return lowered


def short(text: str | None, name: str, characters_max: int) -> str | None:
    """Returns a text that is kept in many places, or raises a 422 where it is too long for that."""
    if text is not None and len(text) > characters_max:
        raise refused(f"{name} has {len(text)} characters; {characters_max} are possible")
    return text


def known_method(text: str | None, name: str) -> str | None:
    """Returns a method of HTTP as it is written, in letters of any case; raises a 422 for what no request would ever have."""
    if text is not None and text.upper() not in METHODS:
        raise refused(f"{name} {text[:80]!r} is none of HTTP's{did_you_mean(text[:80], METHODS)}; choose one of {', '.join(METHODS)}")
    return text


def known_operation(text: str | None, name: str, known: Collection[str]) -> str | None:
    """Returns the id of an operation, or raises a 422 that names the nearest one."""
    if text is not None and text not in known:
        hint = did_you_mean(text[:80], known)
        raise refused(f"{name} {text[:80]!r} is none of the API's{hint}; GET /v1/openapi.json lists them")
    return text


def duration(value: object, name: str) -> timedelta:
    """Returns a duration, or raises a 422 that names its key."""
    return _read(read_duration, value, name)


def instant(value: str, name: str) -> datetime:
    """Returns an instant, or raises a 422 that names its key."""
    return _read(read_instant, value, name)


def money(text: str, name: str) -> Money:
    """Returns an amount, or raises a 422 that names its key."""
    return _read(parse_money, text, name)


def _read(reading: Callable[[GivenT], ReadT], value: GivenT, name: str) -> ReadT:
    try:
        return reading(value)
    except ValueError as error:
        raise refused(f"{name}: {error}") from None


def as_json(value: object) -> Json:
    """Returns a value that was decoded from JSON as what it is."""
    return cast(Json, value)
