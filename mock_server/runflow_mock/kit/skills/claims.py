"""Claims: what a text about the API says of it, line by line, and whether that is so.

Theory. A text for agents names operations, pages, headers, fields, statuses and limits. Each is a claim with its line and sentence. Held
against what is known it is *held* or *contradicted*; what nobody here can judge, or what was not understood, is *unknown* and never
contradicted: a reader who is told of a contradiction must be able to trust it.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Standing(StrEnum):
    """What came of a claim."""

    HELD = "held"
    CONTRADICTED = "contradicted"
    UNKNOWN = "unknown"


_BY_WEIGHT = (Standing.CONTRADICTED, Standing.HELD, Standing.UNKNOWN)


class Side(StrEnum):
    """Where the keys of a JSON value stand."""

    REQUEST = "request"
    ANSWER = "answer"
    ERROR = "error"
    OTHER = "other"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An operation, or with no method a path or address; `host` is there where the text names one, `query` holds names of parameters."""

    path: str
    method: str | None = None
    host: str | None = None
    query: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{f'{self.method} ' if self.method else ''}{f'https://{self.host}' if self.host else ''}{self.path}"


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a request that the text shows whole."""

    endpoint: Endpoint
    body: bytes

    def __str__(self) -> str:
        return f"body of {self.endpoint}"


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of a JSON value that is shown in parts."""

    names: tuple[str, ...]
    side: Side
    endpoint: Endpoint | None = None

    def __str__(self) -> str:
        return f"keys {', '.join(self.names)}"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """A header, with its value where it is sent with a request."""

    name: str
    value: str | None = None
    endpoint: Endpoint | None = None

    def __str__(self) -> str:
        return f"header {self.name}"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A status of an answer, or a class of them such as `5xx`; `is_of_api` is false where a customer's server answers."""

    code: str
    endpoint: Endpoint | None = None
    is_of_api: bool = True

    def __str__(self) -> str:
        return f"status {self.code}"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a request with its types, and whether it is required; of the named schema, or of the body of an operation."""

    name: str
    types: tuple[str, ...] = ()
    is_required: bool | None = None
    schema: str | None = None
    endpoint: Endpoint | None = None

    def __str__(self) -> str:
        return f"field {self.name}"


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A number that a field must not exceed, counted in a unit or in nothing that was understood."""

    field: str
    most: int
    unit: str = ""
    schema: str | None = None
    endpoint: Endpoint | None = None

    def __str__(self) -> str:
        return f"limit {self.most}{f' {self.unit}' if self.unit else ''} of {self.field or 'something'}"


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a field can have, where an operation was spoken of last."""

    field: str
    value: str
    endpoint: Endpoint | None = None

    def __str__(self) -> str:
        return f"{self.field} {self.value}"


class SchemaName(msgspec.Struct, frozen=True, kw_only=True):
    """A name that looks like that of a schema; `is_named_so` where the text says that it is one."""

    name: str
    is_named_so: bool

    def __str__(self) -> str:
        return f"schema {self.name}"


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """A name in backticks that could be one of the API's."""

    name: str

    def __str__(self) -> str:
        return f"name {self.name}"


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """Something that looks like a claim and was not understood."""

    text: str

    def __str__(self) -> str:
        return f"{self.text[:80]}"


Statement = Endpoint | Example | Keys | Header | Status | Member | Limit | Value | SchemaName | Word | Unread


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a text says, on which line, and in which sentence."""

    line: int
    sentence: str
    says: Statement


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A claim, what came of it, and why."""

    claim: Claim
    standing: Standing
    reason: str


class Opinion(msgspec.Struct, frozen=True):
    """What one judge says of a claim."""

    standing: Standing
    reason: str


def held(reason: str) -> Opinion:
    """Returns the opinion that a claim is true."""
    return Opinion(Standing.HELD, reason)


def contradicted(reason: str) -> Opinion:
    """Returns the opinion that a claim is not true."""
    return Opinion(Standing.CONTRADICTED, reason)


def unknown(reason: str) -> Opinion:
    """Returns that a judge has no opinion, and why."""
    return Opinion(Standing.UNKNOWN, reason)


def settle(claim: Claim, opinions: Iterable[Opinion]) -> Judged:
    """Returns what came of a claim: one contradiction is enough, then one judge who knows it to be true."""
    given = tuple(opinions)
    standing = next((standing for standing in _BY_WEIGHT if any(opinion.standing is standing for opinion in given)), Standing.UNKNOWN)
    reasons = dict.fromkeys(opinion.reason for opinion in given if opinion.standing is standing)
    return Judged(claim=claim, standing=standing, reason="; ".join(reasons))
