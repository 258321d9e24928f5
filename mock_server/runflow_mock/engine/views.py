"""Views of the store as lists: records in the order of creation without copying all of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar, overload

KeyT = TypeVar("KeyT")
RecordT = TypeVar("RecordT")


class InOrder(Generic[KeyT, RecordT], Sequence[RecordT]):
    """The records of a dictionary in the order of their keys, found by place."""

    def __init__(self, order: Sequence[KeyT], records: Mapping[KeyT, RecordT]) -> None:
        self._order = order
        self._get = records.__getitem__

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, place: int) -> RecordT: ...

    @overload
    def __getitem__(self, place: "slice[int | None, int | None, int | None]") -> Sequence[RecordT]: ...

    def __getitem__(self, place: "int | slice[int | None, int | None, int | None]") -> RecordT | Sequence[RecordT]:
        if isinstance(place, slice):
            return [self._get(key) for key in self._order[place]]
        return self._get(self._order[place])

    def __iter__(self) -> Iterator[RecordT]:
        return map(self._get, self._order)
