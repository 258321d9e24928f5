"""Changes: the ways in which a part of a content is made wrong, each a function that leaves everything else as it is.

A change returns the changed content; where there is nothing to change it is equal to what was given.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from mutation.places import EACH, Way
from mutation.values import items_pointer, other_value, property_pointer, required_in
from runflow_mock.openapi.pointers import Pointer

Holder = dict[str, Any]
OnProperty = Callable[[Holder, str, Pointer], None]


def _absent(holder: Holder, name: str, pointer: Pointer) -> None:
    del holder[name]


def _null(holder: Holder, name: str, pointer: Pointer) -> None:
    holder[name] = None


def _other(holder: Holder, name: str, pointer: Pointer) -> None:
    holder[name] = other_value(holder[name], pointer)


def _swapped(holder: Holder, name: str, pointer: Pointer) -> None:
    """With the next sibling of the same type that says something else."""
    names = list(holder)
    start = names.index(name) + 1
    for sibling in (*names[start:], *names[: start - 1]):
        if type(holder[sibling]) is type(holder[name]) and holder[sibling] != holder[name] and holder[name] is not None:
            holder[name], holder[sibling] = holder[sibling], holder[name]
            return


def _lost(items: list[Any]) -> list[Any]:
    return items[:-1]


def _doubled(items: list[Any]) -> list[Any]:
    return [*items, deepcopy(items[-1])] if items else items


def _reordered(items: list[Any]) -> list[Any]:
    return items[::-1]


ON_PROPERTIES: Mapping[str, OnProperty] = {"absent": _absent, "null": _null, "other value": _other, "swapped": _swapped}
ON_LISTS: Mapping[str, Callable[[list[Any]], list[Any]]] = {"lost": _lost, "doubled": _doubled, "reordered": _reordered}
KINDS = (*ON_PROPERTIES, *ON_LISTS)


def changed(content: Any, pointer: Pointer, way: Way, kind: str) -> Any:
    """Returns a content with the part at the end of a way made wrong, wherever the way leads."""
    copy = deepcopy(content)
    if kind in ON_LISTS:
        return _change_lists(copy, way, ON_LISTS[kind])
    _change_properties(copy, pointer, way, kind)
    return copy


def _change_lists(part: Any, way: Way, change: Callable[[list[Any]], list[Any]]) -> Any:
    if not way:
        return change(part) if isinstance(part, list) else part
    step, rest = way[0], way[1:]
    if isinstance(part, dict) and step in part:
        part[step] = _change_lists(part[step], rest, change)
    elif isinstance(part, list) and step == EACH:
        part[:] = [_change_lists(each, rest, change) for each in part]
    return part


def _change_properties(part: Any, pointer: Pointer, way: Way, kind: str) -> None:
    step, rest = way[0], way[1:]
    if isinstance(part, list) and step == EACH:
        inner = items_pointer(pointer)
        for index, each in enumerate(part):
            if rest:
                _change_properties(each, inner, rest, kind)
            elif kind == "other value":
                part[index] = other_value(each, inner)
            elif kind == "null":
                part[index] = None
    elif isinstance(part, dict) and step in part:
        inner = property_pointer(pointer, step)
        if kind == "absent" and not rest and part[step] is None and step not in required_in(pointer):
            # Every field may be null, and who leaves out what is null says nothing else.
            return
        if rest:
            _change_properties(part[step], inner, rest, kind)
        else:
            ON_PROPERTIES[kind](part, step, inner)
