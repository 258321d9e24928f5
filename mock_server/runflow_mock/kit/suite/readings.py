"""Readings: the JSON of an answer or a callback as a flow reads it. Whoever reads what is not there is told so in one sentence.

The laws hold an answer against its schema, which lets many a property be absent or null. A flow knows more: of a run that succeeded there
is a cost. What it reads with brackets must be there and not null; `get` reads what may be nothing.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, SupportsIndex, overload

import msgspec

from runflow_mock.domain.documents import try_document
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.memories import packaged_walk
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.openapi.parameters import ANYTHING
from runflow_mock.openapi.pointers import Pointer
from runflow_mock.testing.records import Pulled

Way = tuple[str | int, ...]


class Unexpected(Exception):
    """An answer that a flow cannot go on with; the message tells the exchange."""


class Unanswered(Unexpected):
    """No answer at all; the message tells the request."""


class OutOfReach(Exception):
    """What a flow needs is kept by somebody else than the server under test; the message says what, and where."""


class Source(msgspec.Struct, frozen=True):
    """What a content came from: who told it, where that is described, and the exchange in one line."""

    teller: str
    pointer: Pointer
    evidence: str

    def lacks(self, way: Way, came: str) -> Unexpected:
        """Returns what says that something was expected at a place in the content, and what came."""
        place = ".".join(map(str, way))
        return Unexpected(f"{self.teller}: `{place}` ({self._wanted(way)}) was expected, and {came}: {self.evidence}")

    def _wanted(self, way: Way) -> str:
        """The types that the contract has at a place."""
        pointer = self.pointer
        for step in way:
            described = None if pointer == ANYTHING else packaged_walk().described(pointer)
            at = None if described is None else described.items if isinstance(step, int) else described.properties.get(step)
            pointer = ANYTHING if at is None else at
        types = frozenset[str]() if pointer == ANYTHING else packaged_contract().types(pointer)
        return " or ".join(sorted(types - {"null"})) or "a value"


class Reading(dict[str, Any]):
    """An object in a content."""

    __slots__ = ("_source", "way")

    def __init__(self, told: Mapping[str, Any], source: Source, way: Way = ()) -> None:
        """Makes one of what was told at a place in the content; what stands inside is as it came."""
        super().__init__(told)
        self._source = source
        self.way = way

    def __getitem__(self, name: str) -> Any:
        """Returns what is there.

        Raises:
            Unexpected: it is absent or null.
        """
        value = self.get(name)
        if value is None:
            raise self._source.lacks((*self.way, name), "null came" if name in self else "it was left out")
        return value

    def amount(self, name: str, nothing: Decimal | None = None) -> Decimal:
        """Returns a property as an amount of money; `nothing` stands for one that may be absent or null.

        Raises:
            Unexpected: it is absent or null, or no amount.
        """
        if nothing is not None and self.get(name) is None:
            return nothing
        value = self[name]
        try:
            amount = Decimal(value)
        except (InvalidOperation, TypeError, ValueError):
            amount = Decimal("NaN")
        if not amount.is_finite():
            raise self._source.lacks((*self.way, name), f"{value!r} came, which is no amount")
        return amount


class Elements(list[Any]):
    """A list in a content."""

    __slots__ = ("_source", "way")

    def __init__(self, told: list[Any], source: Source, way: Way = ()) -> None:
        """Makes one of what was told at a place in the content; what stands inside is as it came."""
        super().__init__(told)
        self._source = source
        self.way = way

    @overload
    def __getitem__(self, index: SupportsIndex) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        """Returns an element, or some of them.

        Raises:
            Unexpected: the list is shorter.
        """
        if not isinstance(index, slice) and not -len(self) <= index.__index__() < len(self):
            raise self._source.lacks((*self.way, max(0, index.__index__())), f"the list has {len(self)} elements")
        return super().__getitem__(index)


def expect(answer: Answer, status: int) -> Any:
    """Returns the JSON of an answer of this status, to be read.

    Raises:
        Unexpected: it has another one, or no JSON.
    """
    if answer.status != status:
        raise Unexpected(f"{status} was expected: {answer.evidence}")
    content = answer.json
    if content is None and status != 204:
        raise Unexpected(f"JSON was expected: {answer.evidence}")
    addressed = packaged_contract().address(answer.path)
    declared = None if addressed is None else packaged_contract().operation(addressed.path, answer.method)
    pointer = ANYTHING if declared is None else declared.responses.get(str(status), {}).get("application/json", ANYTHING)
    return _read(content, Source("the answer" if declared is None else declared.id, pointer, answer.evidence))


def content_of(attempt: Pulled) -> Any:
    """Returns what a callback says, to be read.

    Raises:
        Unexpected: its body is no JSON object.
    """
    content = try_document(attempt.body)
    evidence = f"delivery {attempt.delivery_id}, attempt {attempt.number}: {attempt.body[:300].decode(errors='replace')}"
    if not isinstance(content, dict):
        raise Unexpected(f"a callback was expected to be a JSON object: {evidence}")
    return _read(content, Source(f"callback {content.get('event', '')}".rstrip(), ANYTHING, evidence))


def _read(content: Any, source: Source) -> Any:
    """The content to be read, with all that stands in it; part after part, because servers nest deeper than calls may."""
    read = _part(content, source, ())
    parts: list[Any] = [read] if isinstance(read, Reading | Elements) else []
    for part in parts:
        steps: Iterable[tuple[str | int, Any]] = part.items() if isinstance(part, Reading) else enumerate(part)
        for step, inner in tuple(steps):
            if isinstance(inner, dict | list):
                part[step] = _part(inner, source, (*part.way, step))
                parts.append(part[step])
    return read


def _part(value: Any, source: Source, way: Way) -> Any:
    if isinstance(value, dict):
        return Reading(value, source, way)
    return Elements(value, source, way) if isinstance(value, list) else value
