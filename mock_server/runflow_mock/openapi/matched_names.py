"""Matched names: the names of `patternProperties`, which are patterns, as the validator reads them; and a name that it does not know of
`dependencies`, a keyword of earlier drafts that it would still enforce, although the standard lets no value be refused by it.

References and ways lead by these names. So they change before anything is judged, everywhere at once, and with them the references that
lead through them; whoever keeps a document has it as it was written.
"""

from collections.abc import Mapping
from typing import Any

from runflow_mock.domain.documents import object_of
from runflow_mock.openapi.parts import NEEDED_SCHEMAS, Part, parts_met
from runflow_mock.openapi.patterns import as_matched
from runflow_mock.openapi.pointers import Pointer, pointer_of, reference_to, step
from runflow_mock.openapi.replacements import with_replaced
from runflow_mock.openapi.schemas import SIZE_MAX

_WORD = "patternProperties"
# What is enforced under its own name, and not under ours.
_OLDER = {"dependencies": NEEDED_SCHEMAS}
_WORDS = frozenset((_WORD, *_OLDER))
# A group that changes nothing tells a pattern from its equal.
_EMPTY = "(?:)"

Object = dict[str, Any]
# What names become, by the identity of the object in which they are.
_Renamed = Mapping[int, Mapping[str, str]]


def with_matched_names(document: Object, kind_of_all: Part = Part.DOCUMENT, size_max: int = SIZE_MAX) -> Object:
    """Returns a copy of a document in our form, or of a schema, in which names that are patterns are as the validator reads them, or the
    same one where they are so already.
    """
    parts = [(kind, part) for _, kind, part in parts_met(document, kind_of_all)]
    schemas = [part for kind, part in parts if kind is Part.SCHEMA]
    by_pattern = [object_of(part.get(_WORD)) for part in schemas]
    renamed: dict[int, dict[str, str]] = {id(names): changed for names in by_pattern if (changed := _changed(names, size_max))}
    # Who gave a model its schema may have another draft in mind; of a document the version says which one it is.
    older = [part for part in schemas if kind_of_all is Part.DOCUMENT and not _OLDER.keys().isdisjoint(part)]
    renamed |= {id(part): _OLDER for part in older}
    if not renamed:
        return document
    replacements: dict[int, Object] = {}
    for names in (*by_pattern, *older):
        changed = renamed.get(id(names), {})
        if changed:
            replacements[id(names)] = {changed.get(name, name): inner for name, inner in names.items()}
    for _, part in parts:
        reference = part.get("$ref")
        way = pointer_of(reference) if isinstance(reference, str) else ()
        if not _WORDS.isdisjoint(way):
            replacements[id(part)] = {**replacements.get(id(part), part), "$ref": reference_to(_led(document, way, renamed))}
    return with_replaced(document, replacements)


def _changed(names: Mapping[str, Any], size_max: int) -> dict[str, str]:
    """Returns what becomes of those names that the validator would read otherwise; each stays the name of one schema."""
    taken, changed = set(names), dict[str, str]()
    for name in names:
        matched = as_matched(name, size_max)
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
