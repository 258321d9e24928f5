"""Generic schemas: a `$dynamicRef` whose meaning a schema gives that refers to it, said by plain references instead.

A validator here sees a schema alone, not the way that led to it. So where a schema refers to a generic one and says what its
`$dynamicRef` means, by a `$dynamicAnchor` of its own or in its `$defs`, it gets a copy that refers there. What goes further (a generic
schema in another file, or one with references of its own base) stays as it is, for the reader of references to tell.

Source: JSON Schema 2020-12, 8.2.3.2; OpenAPI 3.1, "Generic (Template) Data Structures".
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple
from urllib.parse import urljoin

from runflow_mock.domain.documents import object_of
from runflow_mock.openapi.pointers import Pointer, pointer_of, reference_to, walk

PARTS_MAX = 20_000
"""How many parts all copies together may have."""

Object = dict[str, Any]


class _Use(NamedTuple):
    """A schema that refers to a generic one, and the ways to what it says that anchors mean."""

    part: Object
    generic: Object
    given: Mapping[str, Pointer]


def specialise(document: Object) -> frozenset[str]:
    """Puts copies in place of references to generic schemas; returns the names of anchors of which every use is known by then."""
    parts = list(_parts(document))
    resources = {part["$id"]: part for _, part in parts if isinstance(part.get("$id"), str)}
    anchors = _anchors(part for _, part in parts)
    if all(count < 2 for count in anchors.values()):
        return frozenset()
    uses = [use for pointer, part in parts if (use := _use(document, resources, pointer, part)) is not None]
    # An anchor inside a generic schema holds where nobody gives another.
    inside = {id(part): part for use in uses for _, part in _parts(use.generic)}
    known = _anchors(inside.values()) + Counter(name for use in uses for name in use.given)
    settled = frozenset(name for name, count in anchors.items() if known[name] == count)
    left = PARTS_MAX
    for use in uses:
        left -= sum(1 for _ in _parts(use.generic))
        if left < 0 or not use.given.keys() <= settled:
            return frozenset()
    for use in uses:
        listed = use.part.get("allOf")
        del use.part["$ref"]
        use.part["allOf"] = [*(listed if isinstance(listed, list) else []), _copied(use.generic, use.given)]
    return settled


def _anchors(parts: Iterable[Object]) -> Counter[str]:
    return Counter(part["$dynamicAnchor"] for part in parts if isinstance(part.get("$dynamicAnchor"), str))


def _use(document: Object, resources: Mapping[str, Object], pointer: Pointer, part: Object) -> _Use | None:
    """Returns what a schema makes of a generic one, if it refers to one and gives a meaning that is asked for."""
    reference, base = part.get("$ref"), part.get("$id")
    if not isinstance(reference, str):
        return None
    named = resources.get(reference) or resources.get(_joined(base if isinstance(base, str) else "", reference))
    generic = walk(document, pointer_of(reference)) if reference.startswith("#/") else named
    if not isinstance(generic, dict) or generic is part or not _is_alone(generic):
        return None
    asked = _asked(generic)
    given = {name: way for name, way in _given(pointer, part) if name in asked}
    return _Use(part, generic, given) if given else None


def _joined(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference).removesuffix("#")
    except ValueError:
        return reference


def _parts(root: Any) -> Iterator[tuple[Pointer, Object]]:
    """Yields every object inside a value, the outer ones first; nothing recurses."""
    waiting: list[tuple[Pointer, Any]] = [((), root)]
    while waiting:
        pointer, part = waiting.pop()
        if isinstance(part, dict):
            yield pointer, part
            waiting.extend(((*pointer, str(name)), inner) for name, inner in part.items() if isinstance(inner, dict | list))
        elif isinstance(part, list):
            waiting.extend(((*pointer, str(index)), inner) for index, inner in enumerate(part) if isinstance(inner, dict | list))


def _given(pointer: Pointer, part: Object) -> Iterator[tuple[str, Pointer]]:
    """Yields what a schema itself says that anchors mean."""
    inner = object_of(part.get("$defs"))
    for name, way in (("", pointer), *((name, (*pointer, "$defs", name)) for name in inner)):
        anchor = object_of(inner[name] if name else part).get("$dynamicAnchor")
        if isinstance(anchor, str):
            yield anchor, way


def _asked(generic: Object) -> frozenset[str]:
    references = (part.get("$dynamicRef") for _, part in _parts(generic))
    return frozenset(each[1:] for each in references if isinstance(each, str) and each.startswith("#"))


def _is_alone(generic: Object) -> bool:
    """Tells whether a copy elsewhere means the same: no reference in it is seen from its own base."""
    references = (part.get("$ref") for _, part in _parts(generic))
    return all(not isinstance(each, str) or each.startswith("#/components/") for each in references)


def _copied(generic: Object, given: Mapping[str, Pointer]) -> Object:
    copy = deepcopy(generic)
    for _, part in _parts(copy):
        for word in ("$id", "$anchor", "$dynamicAnchor"):
            if isinstance(part.get(word), str):
                del part[word]
        meant = part.get("$dynamicRef")
        if isinstance(meant, str) and meant[1:] in given and "$ref" not in part:
            del part["$dynamicRef"]
            part["$ref"] = reference_to(given[meant[1:]])
    return copy
