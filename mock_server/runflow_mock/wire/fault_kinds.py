"""What a fault rule does, on the wire of the control API: `{"kind": "callback.delay", "by": "10m"}`.

A field has the same name, form and meaning in every kind that has it, so one table of fields serves all kinds; which kinds there are and
which fields they have is read from `domain.fault_kinds`.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple, cast

import msgspec

from runflow_mock.decoders import convert
from runflow_mock.domain.attempt_faults import HALVES
from runflow_mock.domain.documents import Document, Json, read_document, read_object, write_document
from runflow_mock.domain.fault_kinds import KIND_OF, KINDS_BY_NAME, Fail, FailAttempt, Kind, Redirect, SucceedPartially, What
from runflow_mock.domain.hints import did_you_mean
from runflow_mock.domain.media import GivenFile
from runflow_mock.domain.money import PRICE_MAX, Money, format_money
from runflow_mock.domain.runs import Failure
from runflow_mock.wire.control import as_json, duration, money, refused
from runflow_mock.wire.files import WireFile, decode_files, represent_file

SECONDS_MAX = 3_600.0
TEXT_MAX = 100_000
HEADERS_MAX = 50
COPIES_MAX = 100
POLLS_MAX = 10_000
RETRY_AFTER_FORMS = ("seconds", "date")

# What others call a fault, by what it is here.
_CALLED_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("rate_limit", "rate_limited", "throttle", "too_many_requests"), "answer, with status 429"),
    **dict.fromkeys(("error", "status", "http_error", "server_error"), "answer, with a status"),
    **dict.fromkeys(("timeout", "no_answer"), "hang"),
    **dict.fromkeys(("disconnect", "connection_reset", "close"), "reset"),
    **dict.fromkeys(("slow", "sleep"), "latency"),
}
_FRAMING = frozenset(("content-length", "transfer-encoding"))
# Where not every status makes sense: an attempt that is answered 2xx has not failed.
_STATUSES: Mapping[type, range] = {Redirect: range(300, 400), FailAttempt: range(300, 600)}

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,2000}")


class Field(NamedTuple):
    """One field of a kind: how it is read and written, its JSON Schema, and what it says."""

    read: Callable[[object, str], object]
    write: Callable[[Any], object]
    schema: dict[str, Json]
    says: str


def decode_what(body: Mapping[str, object], place: str = "what.") -> tuple[What, tuple[bytes, ...]]:
    """Returns the effect in the `what` of a rule, and the bytes of the files in it; `place` comes before names of fields in messages."""
    kind = _kind(body, place)
    fields = fields_of(kind)
    unknown = sorted(set(body) - {"kind", *fields})
    if unknown:
        raise refused(f"{place}{unknown[0]} is no field of {kind.name}, which takes {', '.join(fields) or 'none'}")
    missing = [name for name in required_of(kind) if body.get(name) is None]
    if missing:
        raise refused(f"{place}{missing[0]} is missing: {kind.name} needs it ({FIELDS[missing[0]].says})")
    given = {name: FIELDS[name].read(value, f"{place}{name}") for name, value in body.items() if name in fields and value is not None}
    status, possible = given.get("status"), _STATUSES.get(kind.record)
    if possible is not None and isinstance(status, int) and status not in possible:
        raise refused(f"what.status {status} makes no {kind.name}: give one from {possible.start} to {possible.stop - 1}")
    contents: tuple[bytes, ...] = ()
    if "files" in given:
        if "output" in given:
            raise refused(f"{place}output: give either output or files; an output with files follows from the files")
        given["files"], contents = decode_files(cast("tuple[WireFile, ...]", given["files"]), f"{place}files")
    if kind.record is Fail:
        usual = Failure()
        code, message, stage = (cast("str | None", given.get(name)) for name in ("failure_code", "failure_message", "stage"))
        return Fail(Failure(code or usual.code, message or usual.message, stage or usual.stage)), contents
    if kind.record is SucceedPartially and "output" in given:
        _check_part(cast(Document, given["output"]), f"{place}output")
    return cast(What, kind.record(**given)), contents


def represent_what(what: What) -> dict[str, object]:
    """Returns an effect as it is written, without what is usual."""
    if isinstance(what, Fail):
        failure = what.failure
        return {"kind": "fail", "failure_code": failure.code, "failure_message": failure.message, "stage": failure.stage}
    shown: dict[str, object] = {"kind": KIND_OF[type(what)].name}
    for name in what.__struct_fields__:
        value = getattr(what, name)
        if value is not None and value not in ((), {}):
            shown[name] = FIELDS[name].write(value)
    return shown


def fields_of(kind: Kind) -> tuple[str, ...]:
    """Returns the names of the fields that a kind has."""
    if kind.record is Fail:
        return ("failure_code", "failure_message", "stage")
    return kind.record.__struct_fields__


def required_of(kind: Kind) -> tuple[str, ...]:
    """Returns the names of the fields that a kind cannot do without."""
    if kind.record is Fail:
        return ()
    return _needed(kind.record)


@cache
def _needed(record: type[msgspec.Struct]) -> tuple[str, ...]:
    # To ask a record for its fields reads its annotations anew each time, which took most of the time that a rule did.
    return tuple(field.name for field in msgspec.structs.fields(record) if field.required)


def schema_of(kind: Kind) -> dict[str, Json]:
    """Returns the JSON Schema of a kind."""
    properties: dict[str, Json] = {"kind": {"const": kind.name}}
    for name in fields_of(kind):
        properties[name] = {**FIELDS[name].schema, "description": FIELDS[name].says}
    return {
        "type": "object",
        "description": kind.summary,
        "properties": properties,
        "required": ["kind", *required_of(kind)],
        "additionalProperties": False,
    }


def _kind(body: Mapping[str, object], place: str) -> Kind:
    name = body.get("kind")
    kind = KINDS_BY_NAME.get(name) if isinstance(name, str) else None
    if kind is None:
        meant = str(name)[:80]
        elsewhere = _CALLED_ELSEWHERE.get(meant.lower().replace("-", "_"))
        hint = f"; did you mean {elsewhere}?" if elsewhere else did_you_mean(meant, KINDS_BY_NAME)
        choose = f"{hint} Choose" if hint else "; choose"
        raise refused(f"{place}kind {meant!r} does not exist{choose} one of {', '.join(KINDS_BY_NAME)}")
    return kind


def _check_part(output: Document, name: str) -> None:
    """Raises where an output has lists of results, and nothing in any of them, or is empty altogether."""
    value = read_object(output)
    lists = [value[name] for name in ("outputs", "image_urls") if name in value]
    if not value or (lists and not any(lists)):
        raise refused(f"{name}: a success in part has one result at least; for none let the run fail")


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_MAX:
        raise refused(f"{name} {str(value)[:80]!r} must be a text of 1 to {TEXT_MAX} characters")
    return value


def _guess(value: object, name: str) -> str:
    """An empty text is what stands there where nobody has set a secret."""
    return "" if value == "" else _text(value, name)


def _flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise refused(f"{name} {str(value)[:80]!r} must be true or false")
    return value


def _whole(low: int, high: int) -> Callable[[object, str], int]:
    def read(value: object, name: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise refused(f"{name} {str(value)[:80]!r} must be a whole number from {low} to {high}")
        return value

    return read


def _more_or_less(value: object, name: str) -> int:
    number = _whole(-1_000_000, 1_000_000)(value, name)
    if number == 0:
        raise refused(f"{name} must not be 0: the length would be right")
    return number


def _seconds(value: object, name: str) -> float:
    seconds = duration(value, name).total_seconds()
    if seconds > SECONDS_MAX:
        raise refused(f"{name} {value!r} is longer than {SECONDS_MAX:g} real seconds")
    return seconds


def _retry_after(value: object, name: str) -> float | bool:
    if value is False:
        return False
    return duration(value, f"{name} (or false for no such header)").total_seconds()


def _one_of(words: tuple[str, ...]) -> Callable[[object, str], str]:
    def read(value: object, name: str) -> str:
        if value not in words:
            raise refused(f"{name} {str(value)[:80]!r} must be one of {', '.join(words)}")
        return str(value)

    return read


def _cost(value: object, name: str) -> Money:
    if not isinstance(value, str):
        raise refused(f"{name} {str(value)[:80]!r} must be a text such as '0.080000'")
    cost = money(value, name)
    if not 0 <= cost <= PRICE_MAX:
        raise refused(f"{name} {value} must be from 0 to {format_money(PRICE_MAX)}")
    return cost


def _object(value: object, name: str) -> Document:
    if not isinstance(value, dict):
        raise refused(f"{name} must be a JSON object")
    return write_document(as_json(value))


def _any_json(value: object, name: str) -> Document:
    return write_document(as_json(value))


def _files(value: object, name: str) -> tuple[WireFile, ...]:
    try:
        return convert(value, tuple[WireFile, ...])
    except msgspec.ValidationError as error:
        raise refused(f"{name}: {error}; a file is {{name?, media_type, base64}}") from None


def _headers(value: object, name: str) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > HEADERS_MAX:
        raise refused(f"{name} must be an object of at most {HEADERS_MAX} headers")
    for header in _FRAMING & {header.lower() for header in value}:
        raise refused(f"{name}: {header} follows from the body; the kinds truncate and wrong_length make it wrong")
    for header, content in value.items():
        if _TOKEN.fullmatch(header) is None or not isinstance(content, str) or _HEADER_VALUE.fullmatch(content) is None:
            raise refused(f"{name}: {header[:80]!r}: {str(content)[:80]!r} is no header; a name is a token, a value one line of text")
    return cast("dict[str, str]", value)


def _as_it_is(value: object) -> object:
    return value


def _total_seconds(value: Any) -> object:
    return value.total_seconds()


def _shown_files(files: tuple[GivenFile, ...]) -> object:
    return [represent_file(file) for file in files]


_DURATION: dict[str, Json] = {"type": ["string", "number"], "examples": ["10m", 90]}
_STATUS: dict[str, Json] = {"type": "integer", "minimum": 200, "maximum": 599}
_TEXT: dict[str, Json] = {"type": "string", "minLength": 1, "maxLength": TEXT_MAX}
_SECONDS: dict[str, Json] = {"type": ["number", "string"], "minimum": 0}

FIELDS: Mapping[str, Field] = {
    "failure_code": Field(_text, _as_it_is, _TEXT, "the run's failure_code"),
    "failure_message": Field(_text, _as_it_is, _TEXT, "the run's failure_message"),
    "stage": Field(_text, _as_it_is, _TEXT, "the run's failure_stage_code"),
    "output": Field(_object, read_document, {"type": "object"}, "the output, in place of the model's own"),
    "files": Field(_files, _shown_files, {"type": "array", "items": {"type": "object"}}, "own files: {name?, media_type, base64}"),
    "nsfw_detected": Field(_flag, _as_it_is, {"type": "boolean"}, "what the output says about its content"),
    "duration": Field(duration, _total_seconds, _DURATION, "how long the run is running, in virtual time"),
    "cost": Field(_cost, format_money, {"type": "string"}, "what the run costs in USD, as '0.080000'"),
    "missing": Field(_whole(1, 1_000), _as_it_is, {"type": "integer", "minimum": 1}, "how many of the last outputs are missing"),
    "polls": Field(_whole(1, POLLS_MAX), _as_it_is, {"type": "integer", "minimum": 1}, "how many polls of the run or of its batch"),
    "by": Field(duration, _total_seconds, _DURATION, "how long, in virtual time"),
    "status": Field(_whole(200, 599), _as_it_is, _STATUS, "the HTTP status"),
    "code": Field(_text, _as_it_is, _TEXT, "the code in the API's error envelope"),
    "message": Field(_text, _as_it_is, _TEXT, "the message in the API's error envelope"),
    "body": Field(_any_json, read_document, {}, "the whole body, as JSON"),
    "text": Field(_text, _as_it_is, _TEXT, "the whole body, as plain text"),
    "headers": Field(_headers, _as_it_is, {"type": "object", "additionalProperties": {"type": "string"}}, "further headers"),
    "retry_after": Field(_retry_after, _as_it_is, {"type": ["number", "string", "boolean"]}, "Retry-After in seconds, or false"),
    "retry_after_form": Field(
        _one_of(RETRY_AFTER_FORMS), _as_it_is, {"enum": list(RETRY_AFTER_FORMS)}, "Retry-After as seconds or as an HTTP date"
    ),
    "seconds": Field(_seconds, _as_it_is, _SECONDS, "how long, in real time"),
    "up_to": Field(_seconds, _as_it_is, _SECONDS, "how long at most, in real time; the seed draws"),
    "bytes_more": Field(_more_or_less, _as_it_is, {"type": "integer"}, "how many bytes the declared length is too large"),
    "field": Field(_text, _as_it_is, _TEXT, "the name of the field"),
    "value": Field(_text, _as_it_is, _TEXT, "the value it gets"),
    "fields": Field(_object, read_document, {"type": "object"}, "the fields that are added"),
    "copies": Field(_whole(2, COPIES_MAX), _as_it_is, {"type": "integer", "minimum": 2}, "how often it is sent in all"),
    "guess": Field(
        _guess, _as_it_is, {**_TEXT, "minLength": 0}, "what somebody guesses for the secret, an empty text where nobody has set one"
    ),
    "half": Field(
        _one_of(HALVES),
        _as_it_is,
        {"enum": list(HALVES)},
        "which half of the digits is right: the outer one at both ends, the inner one between, or each in the other's place (swapped); "
        "or all of them, with others behind (longer), or the first half alone (shorter)",
    ),
}
