"""Places: where an answer can be wrong, told by what gives the answer and the way into its content."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mutation.values import items_pointer, property_pointer
from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.openapi.contracts import packaged_contract
from runflow_mock.openapi.parameters import ANYTHING
from runflow_mock.openapi.pointers import Pointer

EACH = "*"
"""Stands for every element of a list."""
DEPTH_MAX = 9
FILES = ("/media/", "/files/")
PULL = "/_mock/deliveries/pull"
Way = tuple[str, ...]


class Subject(msgspec.Struct, frozen=True, order=True):
    """What gives an answer: an operation with a status, a kind of callback, or the storage of files."""

    name: str
    status: int = 0


class Place(msgspec.Struct, frozen=True, order=True):
    """One place in what a subject tells; no way is the content as a whole."""

    subject: Subject
    way: Way = ()

    def __str__(self) -> str:
        return f"{self.subject.name} {self.subject.status or ''} {'.'.join(self.way)}".strip()


def subject_of(answer: Answer) -> Subject | None:
    """Returns what gave an answer, or nothing where that is no part of the API."""
    if answer.path.startswith(FILES):
        return Subject("file", answer.status)
    contract = packaged_contract()
    addressed = contract.address(answer.path) if answer.path.startswith("/v1/") else None
    declared = None if addressed is None else contract.operation(addressed.path, answer.method)
    return None if declared is None else Subject(declared.id, answer.status)


def pointer_of(answer: Answer) -> Pointer:
    """Returns where the content of an answer is described."""
    contract = packaged_contract()
    addressed = contract.address(answer.path)
    declared = None if addressed is None else contract.operation(addressed.path, answer.method)
    contents = {} if declared is None else declared.responses.get(str(answer.status), {})
    return contents.get("application/json", ANYTHING)


def ways_in(value: Any, pointer: Pointer, way: Way = ()) -> Iterator[tuple[Way, Any, Pointer]]:
    """Returns every part of a content with the way to it and where it is described, the content itself first."""
    yield way, value, pointer
    if len(way) >= DEPTH_MAX:
        return
    if isinstance(value, dict):
        for name, part in value.items():
            yield from ways_in(part, property_pointer(pointer, name), (*way, name))
    elif isinstance(value, list):
        for part in value:
            yield from ways_in(part, items_pointer(pointer), (*way, EACH))


def loc_of(loc: Iterable[Any]) -> Way:
    """Returns where a problem lies, whichever element of a list it is."""
    return tuple(EACH if isinstance(step, int) else str(step) for step in loc)
