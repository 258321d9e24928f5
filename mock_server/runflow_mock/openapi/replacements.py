"""Replacements: a document in which other parts stand in the place of some.

Parts are told apart by what they are and not by a way that leads to them: an operation stands at every path that refers to it, and whatever
changes in it changes at each.
"""

from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]


def with_replaced(document: Object, replacements: Mapping[int, Object]) -> Object:
    """Returns a document with other parts in the place of those with these identities, or the same one where there are none.

    What a replacement holds is replaced as well. A part from which none of them is reached is shared; what was one part in several places
    is one there.
    """
    if not replacements:
        return document
    holders = _holders(document)
    copies: dict[int, Any] = {}
    parts: dict[int, Any] = {}
    waiting = [holders[key][0] for key in replacements]
    while waiting:
        part = waiting.pop()
        if id(part) not in copies:
            parts[id(part)], copies[id(part)] = part, [] if isinstance(part, list) else {}
            waiting.extend(holders[id(part)][1])
    for key, part in parts.items():
        if isinstance(part, list):
            copies[key].extend(copies.get(id(inner), inner) for inner in part)
        else:
            told = replacements.get(key, part)
            copies[key].update((name, copies.get(id(inner), inner)) for name, inner in told.items())
    result: Object = copies.get(id(document), document)
    return result


def _holders(document: Object) -> dict[int, tuple[Any, list[Any]]]:
    """Returns every part of a document by its identity, each with the parts that hold it."""
    found: dict[int, tuple[Any, list[Any]]] = {id(document): (document, [])}
    waiting: list[Any] = [document]
    while waiting:
        part = waiting.pop()
        values = part.values() if isinstance(part, dict) else part
        for inner in values:
            if not isinstance(inner, dict | list):
                continue
            if id(inner) not in found:
                found[id(inner)] = (inner, [])
                waiting.append(inner)
            found[id(inner)][1].append(part)
    return found
