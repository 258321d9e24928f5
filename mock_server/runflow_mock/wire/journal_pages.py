"""Which exchanges of a journal are asked for: filters and paging, read from the query of the control API.

A page is the latest exchanges when nothing says where it begins, and the next ones when `after` does; oldest first either way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import Findings
from runflow_mock.domain.globs import matches_glob
from runflow_mock.wire.control import refused, status_pattern

LIMIT_DEFAULT = 100
LIMIT_MAX = 2_000
PATTERN_MAX = 500
WILDCARDS_MAX = 8
DIGITS_MAX = 12

Judged = tuple[Exchange, Findings]
Keeps = Callable[[Judged], bool]


class Page(msgspec.Struct, frozen=True):
    """A part of what a filter keeps: the exchanges, how many it keeps in all, and the number to go on after, if there are more."""

    exchanges: Sequence[Judged]
    total: int
    next: int | None


def read_page(parameters: Mapping[str, str], judged: Sequence[Judged]) -> Page:
    """Returns the page that the query asks for.

    Raises:
        ControlError: 422 for a parameter or value that does not exist.
    """
    kept = keep_judged(parameters, judged)
    text = parameters.get("limit", str(LIMIT_DEFAULT))
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX and 1 <= int(text) <= LIMIT_MAX):
        raise refused(f"limit {text[:80]!r} must be from 1 to {LIMIT_MAX}")
    limit = int(text)
    if "after" not in parameters:
        return Page(kept[-limit:], len(kept), None)
    number = _number_of(parameters["after"], "after", judged)
    rest = [pair for pair in kept if pair[0].number > number]
    page = rest[:limit]
    return Page(page, len(kept), page[-1][0].number if len(rest) > limit else None)


def keep_judged(parameters: Mapping[str, str], judged: Sequence[Judged]) -> Sequence[Judged]:
    """Returns what the filters in a query keep.

    Raises:
        ControlError: 422 for a parameter or value that does not exist.
    """
    unknown = next((name for name in parameters if name not in PARAMETERS), None)
    if unknown is not None:
        raise refused(f"the journal has no parameter {unknown[:80]!r}; it takes {', '.join(PARAMETERS)}")
    keepers = [FILTERS[name](value, judged) for name, value in parameters.items() if name in FILTERS]
    return [pair for pair in judged if all(keeps(pair) for keeps in keepers)] if keepers else judged


def _number_of(text: str, name: str, judged: Iterable[Judged]) -> int:
    """Returns the number of an exchange that is given by its number or its id."""
    if text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX:
        return int(text)
    found = next((exchange.number for exchange, _ in judged if exchange.id == text), None)
    if found is None:
        raise refused(f"{name} {text[:80]!r} is neither a number nor the id of an exchange in the journal; the oldest ones make room")
    return found


def _operation(value: str, _: Sequence[Judged]) -> Keeps:
    return lambda judged: value in (judged[0].operation, judged[1].operation)


def _method(value: str, _: Sequence[Judged]) -> Keeps:
    return lambda judged: judged[0].method == value.upper()


def _status(value: str, _: Sequence[Judged]) -> Keeps:
    beginning = status_pattern(value, "status").rstrip("x")
    return lambda judged: str(judged[0].status).startswith(beginning)


def _path(value: str, _: Sequence[Judged]) -> Keeps:
    if len(value) > PATTERN_MAX or value.count("*") > WILDCARDS_MAX:
        raise refused(f"path {value[:80]!r} is longer than {PATTERN_MAX} characters or has more than {WILDCARDS_MAX} stars")
    return lambda judged: matches_glob(value, judged[0].path)


def _since(value: str, judged: Sequence[Judged]) -> Keeps:
    number = _number_of(value, "since", judged)
    return lambda judged: judged[0].number > number


def _flag(name: str, test: Keeps) -> Callable[[str, Sequence[Judged]], Keeps]:
    def read(value: str, _: Sequence[Judged]) -> Keeps:
        if value not in ("true", "false"):
            raise refused(f"{name} {value[:80]!r} must be true or false")
        return lambda judged: test(judged) is (value == "true")

    return read


FILTERS: Mapping[str, Callable[[str, Sequence[Judged]], Keeps]] = {
    "operation": _operation,
    "method": _method,
    "status": _status,
    "path": _path,
    "since": _since,
    "violations": _flag("violations", lambda judged: bool(judged[1].violations)),
    "faulted": _flag("faulted", lambda judged: judged[0].fault is not None),
}
PARAMETERS = (*FILTERS, "limit", "after")
