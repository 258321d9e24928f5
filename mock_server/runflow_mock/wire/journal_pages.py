"""Which exchanges of a journal are asked for: filters and paging, read from the query of the control API.

A page is the latest exchanges when nothing says where it begins, and the next ones when `after` does; oldest first either way. What a
query asks is read before anything of a journal is looked at, and what is found out about exchanges only where it asks for that.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import Findings
from runflow_mock.domain.globs import matches_glob
from runflow_mock.domain.hints import with_all
from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.wire.control import known_method, known_operation, refused, status_pattern
from runflow_mock.wire.faults import checked_pattern

LIMIT_DEFAULT = 100
LIMIT_MAX = 2_000
DIGITS_MAX = 12

Judged = tuple[Exchange, Findings]
Keeps = Callable[[Exchange], bool]
KeepsJudged = Callable[[Exchange, Findings], bool]


class Filters(msgspec.Struct, frozen=True):
    """What is to be kept: by the exchange itself, and by what was found out about it."""

    keepers: Sequence[Keeps]
    judges: Sequence[KeepsJudged]

    def keeps(self, exchange: Exchange) -> bool:
        """Tells whether an exchange is to be kept, whatever is found out about it."""
        return all(keeps(exchange) for keeps in self.keepers)

    def keeps_judged(self, judged: Judged) -> bool:
        """Tells whether an exchange is to be kept for what was found out about it."""
        return all(keeps(*judged) for keeps in self.judges)


class Question(msgspec.Struct, frozen=True):
    """A page that is asked for: what is kept, how many at most, and the number after which it begins, if that is said."""

    filters: Filters
    limit: int
    after: int | None

    def page(self, kept: Sequence[Exchange]) -> "Page":
        """Returns the page, of the exchanges that the filters keep."""
        if self.after is None:
            return Page(kept[-self.limit :], len(kept), None)
        rest = [exchange for exchange in kept if exchange.number > self.after]
        page = rest[: self.limit]
        return Page(page, len(kept), page[-1].number if len(rest) > self.limit else None)


class Page(msgspec.Struct, frozen=True):
    """A part of what a filter keeps: the exchanges, how many it keeps in all, and the number to go on after, if there are more."""

    exchanges: Sequence[Exchange]
    total: int
    next: int | None


def read_question(parameters: Mapping[str, str], exchanges: Sequence[Exchange], operations: Collection[str]) -> Question:
    """Returns the page that a query asks for; of the exchanges only ids and numbers are looked at.

    `operations` are the API's, and those of the document that judges.

    Raises:
        ControlError: 422 for a parameter or value that does not exist.
    """
    filters = read_filters(parameters, exchanges, operations)
    text = parameters.get("limit", str(LIMIT_DEFAULT))
    limit = whole_number(text, DIGITS_MAX)
    if limit is None or not 1 <= limit <= LIMIT_MAX:
        raise refused(f"limit {text[:80]!r} must be from 1 to {LIMIT_MAX}")
    after = _number_of(parameters["after"], "after", exchanges) if "after" in parameters else None
    return Question(filters, limit, after)


def read_filters(parameters: Mapping[str, str], exchanges: Sequence[Exchange], operations: Collection[str]) -> Filters:
    """Returns the filters in a query; see `read_question`."""
    unknown = next((name for name in parameters if name not in PARAMETERS), None)
    if unknown is not None:
        raise refused(f"the journal has no parameter {unknown[:80]!r}{with_all(unknown[:80], PARAMETERS, 'it takes')}")
    known_operation(parameters.get("operation"), "operation", operations)
    keepers = [FILTERS[name](value, exchanges) for name, value in parameters.items() if name in FILTERS]
    judges = [JUDGED_FILTERS[name](value) for name, value in parameters.items() if name in JUDGED_FILTERS]
    return Filters(keepers, judges)


def _number_of(text: str, name: str, exchanges: Sequence[Exchange]) -> int:
    """Returns the number of an exchange that is given by its number or its id."""
    number = whole_number(text, DIGITS_MAX)
    if number is not None:
        return number
    found = next((exchange.number for exchange in exchanges if exchange.id == text), None)
    if found is None:
        raise refused(f"{name} {text[:80]!r} is neither a number nor the id of an exchange in the journal; the oldest ones make room")
    return found


def _method(value: str, _: Sequence[Exchange]) -> Keeps:
    known_method(value, "method")
    return lambda exchange: exchange.method == value.upper()


def _status(value: str, _: Sequence[Exchange]) -> Keeps:
    beginning = status_pattern(value, "status").rstrip("x")
    return lambda exchange: str(exchange.status).startswith(beginning)


def _path(value: str, _: Sequence[Exchange]) -> Keeps:
    checked_pattern(value, "path")
    return lambda exchange: matches_glob(value, exchange.path)


def _since(value: str, exchanges: Sequence[Exchange]) -> Keeps:
    number = _number_of(value, "since", exchanges)
    return lambda exchange: exchange.number > number


def _faulted(value: str, _: Sequence[Exchange]) -> Keeps:
    wanted = _flag("faulted", value)
    return lambda exchange: (exchange.fault is not None) is wanted


def _operation(value: str) -> KeepsJudged:
    return lambda exchange, findings: value in (exchange.operation, findings.operation)


def _violations(value: str) -> KeepsJudged:
    wanted = _flag("violations", value)
    return lambda _, findings: bool(findings.violations) is wanted


def _flag(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise refused(f"{name} {value[:80]!r} must be true or false")
    return value == "true"


FILTERS: Mapping[str, Callable[[str, Sequence[Exchange]], Keeps]] = {
    "method": _method,
    "status": _status,
    "path": _path,
    "since": _since,
    "faulted": _faulted,
}
JUDGED_FILTERS: Mapping[str, Callable[[str], KeepsJudged]] = {
    "operation": _operation,
    "violations": _violations,
}
PARAMETERS = ("operation", "method", "status", "path", "since", "violations", "faulted", "limit", "after")
