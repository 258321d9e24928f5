"""Filter expressions over records.

Grammar, the union of the forms seen: `field.op:'value'` (operator in any case), `field:value`, `= > >= < <=`, combined by `AND`, `OR`,
`NOT` and parentheses. Text is compared case-sensitively.

Source: `lists.filter`. Inferred: the operators besides `eq`, and what is an error.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from operator import eq, ge, gt, le, lt, ne
from typing import Generic, Protocol, TypeVar, cast

import msgspec

from runflow_mock.domain.errors import DomainError

Value = str | int | float | bool | datetime | None
EXPRESSION_CHARACTERS_MAX = 4_000
DEPTH_MAX = 32


class Record(Protocol):
    """What can be listed: it has an id, and ids grow in the order of creation."""

    @property
    def id(self) -> str: ...


RecordT = TypeVar("RecordT", bound=Record)
Predicate = Callable[[RecordT], bool]


class QueryError(DomainError):
    """A filter, sort or cursor that cannot be understood; `parameter` names the query parameter."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter
        self.message = message


class Field(msgspec.Struct, Generic[RecordT], frozen=True):
    """A field that can be filtered and sorted by: how it is read from a record, of which type it is, and how it is read from text."""

    get: Callable[[RecordT], Value]
    kind: type[str | float | bool | datetime] = str
    read: Callable[[str], Value] = str


Operator = Callable[[object, object], bool]

_ORDER = {"gt": cast(Operator, gt), "ge": cast(Operator, ge), "lt": cast(Operator, lt), "le": cast(Operator, le)}
_OPERATORS: Mapping[str, Operator] = {
    **_ORDER,
    ">": _ORDER["gt"],
    ">=": _ORDER["ge"],
    "gte": _ORDER["ge"],
    "<": _ORDER["lt"],
    "<=": _ORDER["le"],
    "lte": _ORDER["le"],
    ":": eq,
    "=": eq,
    "eq": eq,
    "ne": ne,
    "neq": ne,
}
_TOKEN = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<word>AND|OR|NOT)(?![\w.:=<>])"
    r"|(?P<field>[A-Za-z_]\w*)(?:\.(?P<op>[A-Za-z]+):|(?P<sign>>=|<=|[:=><]))\s*(?:'(?P<quoted>(?:[^'\\]|\\.|'')*)'|(?P<bare>[^\s()']+)))"
)


def parse_filter(text: str, fields: Mapping[str, Field[RecordT]]) -> Predicate[RecordT]:
    """Returns the predicate that a filter expression describes.

    Raises:
        QueryError: the expression is malformed, or names a field or operator that does not exist.
    """
    if len(text) > EXPRESSION_CHARACTERS_MAX:
        raise QueryError("q", f"the expression has {len(text)} characters, at most {EXPRESSION_CHARACTERS_MAX} are read")
    parser = _Parser(text, fields)
    predicate = parser.alternatives(0)
    parser.finish()
    return predicate


class _Parser(Generic[RecordT]):
    """A recursive descent over the tokens of one expression."""

    def __init__(self, text: str, fields: Mapping[str, Field[RecordT]]) -> None:
        self._fields = fields
        self._tokens = self._scan(text)
        self._position = 0

    def alternatives(self, depth: int) -> Predicate[RecordT]:
        parts = [self._conjunction(depth)]
        while self._take("OR"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else lambda record: any(part(record) for part in parts)

    def finish(self) -> None:
        if self._position < len(self._tokens):
            raise QueryError("q", f"unexpected {self._tokens[self._position][0]!r} after the expression")

    def _conjunction(self, depth: int) -> Predicate[RecordT]:
        parts = [self._term(depth)]
        while self._take("AND"):
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else lambda record: all(part(record) for part in parts)

    def _term(self, depth: int) -> Predicate[RecordT]:
        if depth > DEPTH_MAX:
            raise QueryError("q", f"the expression is nested more than {DEPTH_MAX} deep")
        if self._take("NOT"):
            inner = self._term(depth + 1)
            return lambda record: not inner(record)
        if self._take("("):
            inside = self.alternatives(depth + 1)
            if not self._take(")"):
                raise QueryError("q", "a parenthesis is not closed")
            return inside
        return self._comparison()

    def _comparison(self) -> Predicate[RecordT]:
        if self._position >= len(self._tokens):
            raise QueryError("q", "the expression ends where a comparison such as status_code:succeeded is expected")
        text, predicate = self._tokens[self._position]
        if predicate is None:
            raise QueryError("q", f"unexpected {text!r} where a comparison such as status_code:succeeded is expected")
        self._position += 1
        return predicate

    def _take(self, word: str) -> bool:
        found = self._position < len(self._tokens) and self._tokens[self._position] == (word, None)
        self._position += found
        return found

    def _scan(self, text: str) -> list[tuple[str, Predicate[RecordT] | None]]:
        tokens: list[tuple[str, Predicate[RecordT] | None]] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                raise QueryError("q", f"cannot read {text[position : position + 40].strip()!r}; write field.eq:'value' or field>value")
            tokens.append((match[0].strip(), self._compile(match) if match["field"] else None))
            position = match.end()
        return tokens

    def _compile(self, match: "re.Match[str]") -> Predicate[RecordT]:
        name, operator = match["field"], (match["op"] or match["sign"]).lower()
        field = self._fields.get(name)
        if field is None:
            raise QueryError("q", f"unknown field {name!r}; known are {', '.join(sorted(self._fields))}")
        if operator not in _OPERATORS:
            raise QueryError("q", f"unknown operator {operator!r}; known are eq, ne, gt, gte, lt, lte")
        text = match["bare"] if match["quoted"] is None else re.sub(r"\\(.)|''", lambda part: part[1] or "'", match["quoted"])
        try:
            wanted = field.read(text)
        except ValueError as error:
            raise QueryError("q", f"{name} cannot be compared with {text[:80]!r}: {error}") from None
        return _comparison(field.get, _OPERATORS[operator], wanted)


def _comparison(get: Callable[[RecordT], Value], operator: Operator, wanted: Value) -> Predicate[RecordT]:
    if operator in (eq, ne):
        return lambda record: operator(get(record), wanted)

    def ordered(record: RecordT) -> bool:
        value = get(record)
        return value is not None and operator(value, wanted)

    return ordered
