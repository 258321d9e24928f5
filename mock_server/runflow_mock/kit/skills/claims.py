"""Claims: what a text about the API says of it, line by line, and whether that is so.

Theory. A text for agents shows operations, pages, commands, bodies, lists of statuses and limits. Each is a claim with its line and
sentence. Held against what is known it is *held* or *contradicted*; what nobody here can judge, or what was not understood, is *unknown*
and never contradicted: a reader who is told of a contradiction must be able to trust it. What only prose says is no claim.
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
    """A header that is sent with a request."""

    name: str
    value: str
    endpoint: Endpoint

    def __str__(self) -> str:
        return f"header {self.name}"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A status of an answer, or a class of them such as `5xx`."""

    code: str

    def __str__(self) -> str:
        return f"status {self.code}"


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A number that a field must not exceed, counted in a unit or in nothing that was understood."""

    field: str
    most: int
    unit: str = ""
    endpoint: Endpoint | None = None

    def __str__(self) -> str:
        return f"limit {self.most}{f' {self.unit}' if self.unit else ''} of {self.field or 'something'}"


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """Something that looks like a claim and was not understood."""

    text: str

    def __str__(self) -> str:
        return f"{self.text[:80]}"


Statement = Endpoint | Example | Keys | Header | Status | Limit | Unread


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a text says, on which line, and in which sentence; `under` is what introduces it: the paragraph or the heading above a
    list or code and the item around it, with an empty line between, or the head of a column.
    """

    line: int
    sentence: str
    says: Statement
    under: str = ""


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
