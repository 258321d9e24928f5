"""Seals: JSON documents that a user keeps and gives back, marked with what they are, their version, and a digest of all the rest.

The digest is of the values, not of the text: tools that indent a document or sort its keys do no harm. One that was cut, edited or mixed up
is noticed before anything is made of it.
"""

from hashlib import sha256
from typing import cast

import msgspec

from runflow_mock.domain.documents import NOT_JSON, Json

FORMAT_PREFIX = "runflow-mock/"

_WHOLE_MAX = 2**53


class Unreadable(ValueError):
    """A document that is not what it should be; the message says why, and what would be."""


class Form(msgspec.Struct, frozen=True):
    """A kind of document: its name, the version that is written and read here, and where such documents come from."""

    name: str
    version: int
    origin: str

    @property
    def mark(self) -> str:
        """What the document calls itself."""
        return FORMAT_PREFIX + self.name


def seal(form: Form, content: dict[str, object]) -> bytes:
    """Returns the document of a content."""
    marks: dict[str, object] = {"format": form.mark, "version": form.version}
    digest = _digest(read_values(msgspec.json.encode({**marks, **content})))
    return msgspec.json.encode({**marks, "digest": digest, **content})


def check_seal(raw: bytes, form: Form) -> None:
    """Accepts a document that was sealed in this form and has its values still.

    Raises:
        Unreadable: it is none.
    """
    values = read_values(raw)
    if values.get("format") != form.mark:
        told = f"its format is {_shown(values['format'])}" if "format" in values else 'it has no "format"'
        raise Unreadable(f"this is no {form.name}: {told}, not {form.mark!r}; {form.origin} gives one")
    if values.get("version") != form.version:
        found = _shown(values.get("version"))
        raise Unreadable(f"the {form.name} has version {found}, and this runflow-mock reads version {form.version} alone: make it anew")
    given, digest = values.get("digest"), _digest(values)
    if given != digest:
        raise Unreadable(f"the {form.name} was cut or edited: it says digest {_shown(given)}, but its values have {digest}")


def read_values(raw: bytes) -> dict[str, Json]:
    """Returns the object in a JSON text, whole numbers as whole numbers: JavaScript writes 1.0 as 1.

    Raises:
        Unreadable: there is none.
    """
    try:
        values = _decoder.decode(raw)
    except NOT_JSON as error:
        raise Unreadable(f"the document is not valid JSON, was it cut? {error}") from None
    if not isinstance(values, dict):
        raise Unreadable(f"the document is {_shown(values)} and not a JSON object")
    return cast("dict[str, Json]", values)


def _digest(values: dict[str, Json]) -> str:
    text = msgspec.json.encode({name: value for name, value in values.items() if name != "digest"}, order="sorted")
    return "sha256:" + sha256(text).hexdigest()


def _whole(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _WHOLE_MAX else value


def _shown(value: object) -> str:
    return repr(value)[:80]


_decoder = msgspec.json.Decoder(float_hook=_whole)
