"""Links: what an answer says of the operations that its values lead to. Nothing is judged by them; one that leads nowhere is told."""

from collections.abc import Iterator, Mapping
from typing import Any

from runflow_mock.domain.documents import object_of
from runflow_mock.openapi.parts import UNREAD, Part, children, methods_in
from runflow_mock.openapi.pointers import MISSING, Pointer, pointer_of, walk

_WAYS = ("operationId", "operationRef")
_HOLD_OPERATIONS = frozenset((Part.PATHS, Part.COMPONENTS, Part.PATH_ITEM, Part.CALLBACK, Part.OPERATION))

Object = dict[str, Any]


def astray(document: Object, paths: Mapping[str, Object]) -> Iterator[tuple[Pointer, str]]:
    """Yields where a document as it was written has links that lead to no operation of it, each with what is wrong.

    `paths` are its path items with everything in its place that they keep elsewhere. Where something could not be read that may hold
    operations, nobody knows which there are.
    """
    holders = [*_holders(document)]
    if any(UNREAD in part for _, part in holders):
        return
    names = {str(part["operationId"]) for kind, part in holders if kind is Part.OPERATION and "operationId" in part}
    fields = [(path, field, object_of(item[field])) for path, item in paths.items() for field in methods_in(item).values()]
    for place, answers in (
        *((("paths", path, field, "responses"), operation.get("responses")) for path, field, operation in fields),
        (("components", "responses"), object_of(document.get("components")).get("responses")),
        ((), {"components": document.get("components")}),
    ):
        for word, owner in _unextended(answers):
            for name, link in _unextended(object_of(owner).get("links")):
                if isinstance(link, dict) and not {"$ref", UNREAD} & link.keys():
                    says = _wrong_with(link, names, document, {"paths": paths})
                    yield from [] if says is None else [((*place, word, "links", name), says)]


def _unextended(named: object) -> Iterator[tuple[str, Any]]:
    return ((name, part) for name, part in object_of(named).items() if not name.startswith("x-"))


def _holders(document: Object) -> Iterator[tuple[Part, Object]]:
    """Yields the operations of a document and what holds them, wherever they are: also in callbacks, webhooks and what is referred to."""
    waiting: list[tuple[Part, Any]] = [(Part.DOCUMENT, document)]
    seen = set[tuple[int, Part]]()
    while waiting:
        kind, part = waiting.pop()
        if not isinstance(part, dict) or (id(part), kind) in seen:
            continue
        seen.add((id(part), kind))
        if kind in _HOLD_OPERATIONS:
            yield kind, part
        if isinstance(part.get("$ref"), str):
            waiting.append((kind, walk(document, pointer_of(part["$ref"]))))
        waiting.extend((inside, inner) for _, inside, inner in children(kind, part) if inside is not Part.SCHEMA)


def _wrong_with(link: Object, names: set[str], *documents: Object) -> str | None:
    named = [word for word in _WAYS if word in link]
    if len(named) != 1:
        return f"a link has {' or '.join(_WAYS)}, and this has {'both' if named else 'none'}"
    target = str(link[named[0]])
    if named[0] == "operationId":
        return None if target in names else f"no operation is called {target[:80]!r}"
    # What stands in another file, or at an address, is not looked for.
    is_there = not target.startswith("#") or any(walk(document, pointer_of(target)) is not MISSING for document in documents)
    return None if is_there else f"operationRef {target[:200]!r} leads nowhere"
