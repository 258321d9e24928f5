"""Pins: bytes that were looked at once and are expected to stay as they are, until somebody pins others on purpose.

Theory. A pin holds the digest of raw bytes, and for JSON and YAML a *canonical* digest of the values too, which indentation and the order
of keys do not change. A mismatch of the first says "look", one of the second says that something else is said. Digests are spelled
`sha256:` and 64 lower-case hexadecimal digits, as in the index of Agent Skills Discovery.

Bytes that are equal but for what editors and version control change by themselves (line endings, a byte order mark, newlines at the
end) are told apart from others: of a pin only the digest is known, so each such change is undone and the digest compared.

Source: `www.skills`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from hashlib import sha256
from itertools import product
from typing import NamedTuple

import msgspec

from runflow_mock.domain.documents import BYTE_ORDER_MARK, Json

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

_NAME = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")


class Status(StrEnum):
    """Whose word a pinned artefact is: the publisher's, what is known of the publisher's written down here, or ours alone."""

    OFFICIAL = "official"
    RECONSTRUCTED = "reconstructed"
    OURS = "ours"


class Pin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one artefact is expected to be.

    `url` is an address, or a path relative to the folder of the lock; `source` says how the bytes were come by, `reason` why they are
    pinned. `operations` are digests of the operations of an OpenAPI document by `operationId`, or by method and path.
    """

    url: str
    bytes: int
    digest: str
    canonical_digest: str | None = None
    status: Status = Status.OFFICIAL
    date: date
    source: str
    reason: str
    operations: Mapping[str, str] = {}


class Artefact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One file that ships: its path in a checkout, what it is for, and what its bytes and values are."""

    path: str
    role: str
    bytes: int
    digest: str
    canonical_digest: str | None = None
    status: Status
    notes: str = ""


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """Pins by name, such as `skill`, `openapi` or `catalog`; the packaged lock knows all files that ship as well."""

    pins: Mapping[str, Pin] = {}
    artefacts: tuple[Artefact, ...] = ()

    def with_pin(self, name: str, pin: Pin) -> "Lock":
        """Returns the lock in which a name is pinned so; the others stay."""
        return Lock(pins={**self.pins, name: pin}, artefacts=self.artefacts)


class Change(NamedTuple):
    """Something that editors and version control do to a text; the name says how a text looks to which it was done."""

    name: str
    undo: Callable[[bytes], bytes]


def _same(body: bytes) -> bytes:
    return body


# How bytes may differ from the pinned ones, by what is changed. The first of each is no difference.
_MARKS = (
    Change("", _same),
    Change("a byte order mark (BOM)", lambda body: body.removeprefix(BYTE_ORDER_MARK)),
    Change("a missing byte order mark (BOM)", lambda body: BYTE_ORDER_MARK + body),
)
_LINES = (
    Change("", _same),
    Change("CRLF line endings", lambda body: body.replace(b"\r\n", b"\n")),
    Change("CR line endings", lambda body: body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")),
    Change("LF line endings", lambda body: body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")),
)
_ENDS = (
    Change("", _same),
    Change("a missing newline at the end", lambda body: body + b"\n"),
    Change("a newline at the end", lambda body: body.rstrip(b"\r\n")),
    Change("more than one newline at the end", lambda body: body.rstrip(b"\r\n") + b"\n"),
)


def is_digest(text: str) -> bool:
    """Tells whether a text is a digest, spelled as it must be."""
    return DIGEST.fullmatch(text) is not None


def is_pin_name(text: str) -> bool:
    """Tells whether a text can name a pin."""
    return _NAME.fullmatch(text) is not None


def digest_of(body: bytes) -> str:
    """Returns the digest of raw bytes."""
    return f"sha256:{sha256(body).hexdigest()}"


def canonical_digest(value: Json) -> str:
    """Returns the digest of a JSON value: indentation, escapes and the order of keys do not count."""
    return digest_of(msgspec.json.encode(value, order="sorted"))


def difference_of(body: bytes, digest: str) -> str | None:
    """Returns in what bytes differ from the pinned ones if that is only what programs change by themselves, else nothing.

    `"CRLF line endings"` means that the pinned bytes come out when these are undone. Equal bytes have no difference: an empty text.
    """
    return next((told for told, pinned in _undone(body) if digest_of(pinned) == digest), None)


def _undone(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yields the bytes that these may have been, fewest changes first, with what was changed."""
    combined = sorted(product(_MARKS, _LINES, _ENDS), key=lambda changes: sum(bool(change.name) for change in changes))
    for changes in combined:
        found = body
        # Newlines are added at the end before line endings are turned, so that they are turned too.
        for change in (changes[2], changes[1], changes[0]):
            found = change.undo(found)
        yield " and ".join(change.name for change in changes if change.name), found
