"""Matched names: the names of `patternProperties`, which are patterns, as the validator reads them.

References and ways lead by these names. So they change before anything is judged, everywhere at once, and with them the references that
lead through them; whoever compares or keeps a document has it as it was written.
"""

from collections.abc import Mapping
from typing import Any

from runflow_mock.domain.documents import object_of
from runflow_mock.openapi.parts import Part, parts_met
from runflow_mock.openapi.patterns import as_matched
from runflow_mock.openapi.pointers import Pointer, pointer_of, reference_to, step

_WORD = "patternProperties"
# A group that changes nothing tells a pattern from its equal.
_EMPTY = "(?:)"

Object = dict[str, Any]
# What names become, by the identity of the object in which they are.
_Renamed = Mapping[int, Mapping[str, str]]


def with_matched_names(document: Object) -> Object:
    """Returns a copy of a document in our form in which names that are patterns are as the validator reads them, or the same one where
    they are so already.
    """
    parts = [(kind, part) for _, kind, part in parts_met(document)]
    by_pattern = [object_of(part.get(_WORD)) for kind, part in parts if kind is Part.SCHEMA]
    renamed = {id(names): changed for names in by_pattern if (changed := _changed(names))}
    if not renamed:
        return document
    written = [(part, pointer_of(str(part["$ref"]))) for _, part in parts if isinstance(part.get("$ref"), str)]
    references = {id(part): reference_to(_led(document, way, renamed)) for part, way in written if _WORD in way}
    return _copied(document, renamed, references)


def _changed(names: Mapping[str, Any]) -> dict[str, str]:
    """Returns what becomes of those names that the validator would read otherwise; each stays the name of one schema."""
    taken, changed = set(names), dict[str, str]()
    for name in names:
        matched = as_matched(name)
        if matched == name:
            continue
        while matched in taken:
            matched += _EMPTY
        taken.add(matched)
        changed[name] = matched
    return changed


def _led(document: Object, way: Pointer, renamed: _Renamed) -> Pointer:
    part: Any = document
    led: list[str] = []
    for word in way:
        led.append(renamed.get(id(part), {}).get(word, word))
        part = step(part, word)
    return tuple(led)


def _copied(document: Object, renamed: _Renamed, references: Mapping[int, str]) -> Object:
    """Returns a copy with other names and references; what was one part in several places is one there."""
    found: dict[int, Any] = {}
    waiting: list[Any] = [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict | list) and id(part) not in found:
            found[id(part)] = part
            waiting.extend(part.values() if isinstance(part, dict) else part)
    copies: dict[int, Any] = {key: [] if isinstance(part, list) else {} for key, part in found.items()}
    for key, part in found.items():
        if isinstance(part, list):
            copies[key].extend(copies.get(id(inner), inner) for inner in part)
            continue
        names = renamed.get(key, {})
        copies[key].update((names.get(name, name), copies.get(id(inner), inner)) for name, inner in part.items())
        if key in references:
            copies[key]["$ref"] = references[key]
    result: Object = copies[id(document)]
    return result
