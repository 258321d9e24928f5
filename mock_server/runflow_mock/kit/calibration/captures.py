"""Captures: answers and callbacks of a service, as somebody has kept them, brought into one form.

A capture knows as much as its file did: without a head there is no status, without a request no path. A document of captures is that
form as JSON; it is what redacted copies are written in, and it can be read again like any other file.
"""

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple, cast

import msgspec
from msgspec.structs import asdict

from runflow_mock.decoders import convert
from runflow_mock.domain.documents import BYTE_ORDER_MARK, Json, list_of, object_of, try_document, write_document
from runflow_mock.kit.calibration.addresses import other_host
from runflow_mock.wire.seals import FORMAT_PREFIX

FORMAT = f"{FORMAT_PREFIX}captures"
VERSION = 1
DEPTH_MAX = 100
UNPACKED_BYTES_MAX = 64 * 1024 * 1024
"""How long a body may be once it is unpacked."""
BODIES_BYTES_MAX = 256 * 1024 * 1024
"""How long the bodies in one file may be together: some thousand bytes may hold the longest there is, and a file many of them."""
STATUSES = range(100, 600)
NO_ANSWER = 0
"""What stands for the status of a request that never got an answer."""
TIMESTAMP, SIGNATURE, REQUEST_ID = "runflow-timestamp", "runflow-signature", "runflow-request-id"
BODY_NAMES, ENCODED_BODY_NAMES = ("body", "jsonBody", "data"), ("body_base64", "base64Body")
"""What programs call the body of an answer, the usual name first, and what they call it where it stands as Base64."""
CALLBACK_HEADERS = frozenset((TIMESTAMP, SIGNATURE, REQUEST_ID))

Object = Mapping[str, Json]


class Unrecognised(ValueError):
    """Something that is no capture; the message says what would be. Of several things `each` is all of which that is so."""

    each: tuple["Unrecognised", ...] = ()


class Elsewhere(Unrecognised):
    """An exchange with something else than the API."""

    def __init__(self, place: str = "") -> None:
        super().__init__(f"what was asked{f' at {place}' if place else ''} is at no address of the API")


class PassedOver(NamedTuple):
    """One thing among several that is no capture; `says` why, and where it stands."""

    says: str


class Kind(StrEnum):
    """What was captured: an answer of the API, or a callback that it sent."""

    ANSWER = "answer"
    CALLBACK = "callback"


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was captured, and where: `source` is a file, `place` a part of it.

    Header names are in lower case, and no headers means that nobody kept them; those of a callback came with it. `signed_as` is what
    was found out about a signature while the secret was still at hand: the form whose content it fits, or `neither`. `host` is whom
    it was asked of, as far as anything says so, where that is none of the service's.
    """

    source: str
    place: str
    kind: Kind
    method: str | None = None
    path: str | None = None
    status: int | None = None
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    secret: str | None = None
    signed_as: str | None = None
    host: str | None = None

    @property
    def value(self) -> Json:
        """The body as JSON, or nothing where it is not JSON."""
        return read_body(self.body)

    @property
    def record(self) -> Mapping[str, Json]:
        """The object that the body is, or an empty one."""
        return object_of(self.value)


Found = Capture | PassedOver
"""What is read of a file."""


def read_body(raw: bytes) -> Json:
    """Returns the JSON of a body; nothing where it is not JSON, or nested deeper than any body of the API."""
    value = try_document(raw.removeprefix(BYTE_ORDER_MARK))
    layer = [value]
    for _ in range(DEPTH_MAX):
        layer = [inner for part in layer for inner in (part.values() if isinstance(part, dict) else list_of(part))]
    return None if layer else value


def among_others(readings: Iterable[Iterator[Found]]) -> Iterator[Found]:
    """Yields what is captured in several things, and which are no captures; exchanges with something else than the API are passed over.

    Raises:
        Unrecognised: nothing is captured in any of them, or more than can be kept.
    """
    passed, is_any_ours, size = list[Unrecognised](), False, 0
    for reading in readings:
        try:
            found = tuple(reading)
        except Unrecognised as error:
            passed.extend(error.each or (error,))
        else:
            ours = [each for each in found if isinstance(each, Capture)]
            is_any_ours, size = is_any_ours or bool(ours), size + sum(len(capture.body) for capture in ours)
            if size > BODIES_BYTES_MAX:
                raise Unrecognised(f"its bodies have more than {BODIES_BYTES_MAX} bytes once they are unpacked")
            yield from found
    if passed and not is_any_ours:
        told = next((error for error in passed if not isinstance(error, Elsewhere)), passed[0])
        told.each = tuple(passed)
        raise told
    yield from (PassedOver(str(error)) for error in passed if not isinstance(error, Elsewhere))


def document_of(captures: Iterable[Capture]) -> bytes:
    """Returns the document of captures, indented for people."""
    content = {"format": FORMAT, "version": VERSION, "captures": list(map(_represented, captures))}
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"


def is_document(value: Json) -> bool:
    """Tells whether a value calls itself a document of captures."""
    return isinstance(value, dict) and value.get("format") == FORMAT


def read_captures(value: Json, source: str) -> Iterator[Found]:
    """Returns the captures in a document of them.

    Raises:
        Unrecognised: it is of another version, or no capture in it is whole.
    """
    content = object_of(value)
    if content.get("version") != VERSION:
        raise Unrecognised(f"its version is {content.get('version')!r}, and this runflow-mock reads version {VERSION} alone")
    yield from among_others(_whole(part, source, f"captures[{index}]") for index, part in enumerate(list_of(content.get("captures"))))


def status_in(given: Json, place: str) -> int:
    """Returns the status of an answer that somebody has written down at a place.

    Raises:
        Unrecognised: HTTP has no such status.
    """
    if isinstance(given, bool) or not isinstance(given, int) or given not in STATUSES:
        raise Unrecognised(f"its {place} is no whole number from {STATUSES.start} to {STATUSES.stop - 1}")
    return given


def header_names(headers: Json) -> dict[str, str] | None:
    """Returns headers by their names in lower case, from an object or from the list of pairs of an archive, or nothing."""
    if isinstance(headers, list):
        pairs = [(part.get("name"), part.get("value")) for part in headers if isinstance(part, dict)]
    elif isinstance(headers, dict):
        pairs = cast("list[tuple[Json, Json]]", list(headers.items()))
    else:
        return None
    # Some list the values of a name, which may come several times.
    lists = ((str(name).lower(), value if isinstance(value, list) else [value]) for name, value in pairs if value is not None)
    return {name: ", ".join(map(str, values)) for name, values in lists}


def body_of(part: Mapping[str, Json], place: str = "") -> bytes:
    """Returns the bytes of a body that stands as Base64, as text, or as the JSON that it was, in a part at a place.

    Raises:
        Unrecognised: it is not Base64.
    """
    name = next((name for name in ENCODED_BODY_NAMES if isinstance(part.get(name), str)), None)
    if name is not None:
        return from_base64(str(part[name]), f"{place}.{name}" if place else name)
    body = next((part[name] for name in BODY_NAMES if part.get(name) is not None), None)
    return b"" if body is None else body.encode() if isinstance(body, str) else write_document(body)


def from_base64(text: str, place: str) -> bytes:
    """Returns the bytes that a text at a place stands for.

    Raises:
        Unrecognised: it is not Base64.
    """
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise Unrecognised(f"its {place} is not Base64") from None


class _Written(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    kind: Kind
    method: str | None = None
    path: str | None = None
    status: int | None = None
    headers: Mapping[str, str] | None = None
    secret: str | None = None
    signed_as: str | None = None
    host: str | None = None
    body: object = None


def _represented(capture: Capture) -> _Written:
    kept = {name: getattr(capture, name) for name in _Written.__struct_fields__ if name != "body"}
    return _Written(**kept, body=capture.value)


def _whole(part: Json, source: str, place: str) -> Iterator[Capture]:
    try:
        written = convert(part, _Written)
    except msgspec.ValidationError:
        # The error would repeat a value.
        raise Unrecognised(f"{place} is not whole") from None
    read = {
        **asdict(written),
        "headers": header_names(cast("Json", written.headers)),
        "body": body_of({"body": cast("Json", written.body)}),
        "host": None if written.host is None else other_host(written.host),
    }
    yield Capture(source=source, place=place, **read)
