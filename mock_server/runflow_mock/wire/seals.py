"""Seals: JSON documents that a user keeps and gives back, marked with what they are, their version, and a digest of all the rest.

The digest is of the values, not of the text: tools that indent a document or sort its keys do no harm. One that was cut, edited or mixed up
is noticed before anything is made of it.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TypeVar

import msgspec

from runflow_mock.domain.documents import NOT_JSON, Json
from runflow_mock.wire.document_parts import LEVELS, canonical_parts, read_value, written_parts

FORMAT_PREFIX = "runflow-mock/"

GivenT = TypeVar("GivenT")
ReadT = TypeVar("ReadT")


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
    # Each member is written once, for the digest and for the document.
    marks: dict[str, object] = {"format": form.mark, "version": form.version}
    members = {name: msgspec.Raw(b"".join(written_parts(part, LEVELS - 1))) for name, part in {**marks, **content}.items()}
    told = {**dict.fromkeys(marks, None), "digest": msgspec.Raw(msgspec.json.encode(_digest(members)))}
    return msgspec.json.encode({**told, **members})


def check_seal(raw: bytes, form: Form) -> None:
    """Accepts a document that was sealed in this form and has its values still.

    Raises:
        Unreadable: it is none.
    """
    if raw.lstrip()[:1] not in (b"{", b""):
        raise Unreadable(f"the document is {raw[:80].decode(errors='replace')} and not a JSON object")
    members = _read(raw, _members.decode)
    values = {name: _read(members[name], read_value) for name in ("format", "version", "digest") if name in members}
    if values.get("format") != form.mark:
        told = f"its format is {_shown(values['format'])}" if "format" in values else 'it has no "format"'
        raise Unreadable(f"this is no {form.name}: {told}, not {form.mark!r}; {form.origin} gives one")
    if values.get("version") != form.version:
        found = _shown(values.get("version"))
        raise Unreadable(f"the {form.name} has version {found}, and this runflow-mock reads version {form.version} alone: make it anew")
    given, digest = values.get("digest"), _read(members, _digest)
    if given != digest:
        raise Unreadable(f"the {form.name} was cut or edited: it says digest {_shown(given)}, but its values have {digest}")


def read_values(raw: bytes) -> dict[str, Json]:
    """Returns the object in a JSON text, whole numbers as whole numbers: JavaScript writes 1.0 as 1.

    Raises:
        Unreadable: there is none.
    """
    values = _read(raw, read_value)
    if not isinstance(values, dict):
        raise Unreadable(f"the document is {_shown(values)} and not a JSON object")
    return values


def _read(given: GivenT, read: Callable[[GivenT], ReadT]) -> ReadT:
    try:
        return read(given)
    except NOT_JSON as error:
        raise Unreadable(f"the document is not valid JSON, was it cut? {error}") from None


def _digest(members: Mapping[str, msgspec.Raw]) -> str:
    text, mark = sha256(), b"{"
    for name in sorted(members):
        if name != "digest":
            text.update(mark + msgspec.json.encode(name) + b":")
            for part in canonical_parts(members[name], LEVELS - 1):
                text.update(part)
            mark = b","
    text.update(b"{}" if mark == b"{" else b"}")
    return f"sha256:{text.hexdigest()}"


def _shown(value: object) -> str:
    return repr(value)[:80]


_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
