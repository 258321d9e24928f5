"""Windows on lists: the part of a list that somebody looks at, the newest record first.

A list without parameters stays what it was, all of it and the oldest first. With `limit` it is a window: so many records from the newest
on, `offset` skipped before, of those only that fit `q` and the filters of the list. `total` says how many fit.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TypeVar

import msgspec

from runflow_mock.domain.hints import with_all
from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.wire.control import refused

LIMIT_MAX = 1_000
TEXT_MAX = 200

RecordT = TypeVar("RecordT")


class Window(msgspec.Struct, frozen=True):
    """Where to look, and for what."""

    limit: int
    offset: int
    text: str
    filters: Mapping[str, frozenset[str]]

    @property
    def is_whole(self) -> bool:
        """Whether everything is wanted, so that nothing needs to be looked at."""
        return not self.text and not self.filters

    def part(self, records: Iterable[RecordT]) -> list[RecordT]:
        """Returns the records that stand in the window, of those that are wanted, the newest first."""
        return list(islice(records, self.offset, self.offset + self.limit))

    def has(self, name: str, *values: str | None) -> bool:
        """Tells whether one of the values is wanted, which they all are where nothing was asked for."""
        wanted = self.filters.get(name)
        return wanted is None or not wanted.isdisjoint(values)

    def finds(self, *texts: str | None) -> bool:
        """Tells whether one of the texts has in it what is looked for."""
        return not self.text or any(self.text in text.lower() for text in texts if text)


def read_window(parameters: Mapping[str, str], *filters: str) -> Window | None:
    """Returns the window that a query asks for, or nothing where it asks for none."""
    known = ("limit", "offset", "q", *filters)
    unknown = next((name for name in parameters if name not in known), None)
    if unknown is not None:
        raise refused(f"this list has no parameter {unknown[:80]!r}{with_all(unknown[:80], known, 'it takes')}")
    if "limit" not in parameters:
        if parameters:
            raise refused(f"{', '.join(parameters)} only work with limit")
        return None
    return Window(
        _number(parameters["limit"], "limit", 1, LIMIT_MAX),
        _number(parameters.get("offset", "0"), "offset", 0, 10**9),
        parameters.get("q", "")[:TEXT_MAX].strip().lower(),
        {name: frozenset(parameters[name].split(",")) for name in filters if parameters.get(name)},
    )


def represent_window(items: Iterable[object] | msgspec.Raw, total: int, **more: object) -> dict[str, object]:
    """Returns the body of a windowed list."""
    return {"items": items if isinstance(items, msgspec.Raw) else list(items), "total": total, **more}


def _number(text: str, name: str, least: int, most: int) -> int:
    number = whole_number(text, 10)
    if number is None or not least <= number <= most:
        raise refused(f"{name} {text[:80]!r} must be from {least} to {most}")
    return number
