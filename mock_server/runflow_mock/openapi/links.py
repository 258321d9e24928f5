"""Links: what an answer says of the operations that its values lead to. Nothing is judged by them; one that leads nowhere is told."""

from collections.abc import Iterator, Mapping
from typing import Any

from runflow_mock.domain.documents import object_of
from runflow_mock.openapi.parts import UNREAD, methods_in
from runflow_mock.openapi.pointers import MISSING, Pointer, pointer_of, walk

_WAYS = ("operationId", "operationRef")

Object = dict[str, Any]


def astray(document: Object, paths: Mapping[str, Object]) -> Iterator[tuple[Pointer, str]]:
    """Yields where a document as it was written has links that lead to no operation of it, each with what is wrong.

    `paths` are its path items with everything in its place that they keep elsewhere; where one of them could not be read, nobody knows
    what it has.
    """
    fields = [(path, field, object_of(item[field])) for path, item in paths.items() for field in methods_in(item).values()]
    names = {str(operation["operationId"]) for _, _, operation in fields if "operationId" in operation}
    if any(UNREAD in part for part in (*paths.values(), *(operation for _, _, operation in fields))):
        return
    whole = {**document, "paths": paths}
    for place, answers in (
        *((("paths", path, field, "responses"), operation.get("responses")) for path, field, operation in fields),
        (("components", "responses"), object_of(document.get("components")).get("responses")),
        ((), {"components": document.get("components")}),
    ):
        for word, owner in object_of(answers).items():
            for name, link in object_of(object_of(owner).get("links")).items():
                if isinstance(link, dict) and not {"$ref", UNREAD} & link.keys() and (says := _wrong_with(link, whole, names)) is not None:
                    yield (*place, word, "links", name), says


def _wrong_with(link: Object, document: Object, names: set[str]) -> str | None:
    named = [word for word in _WAYS if word in link]
    if len(named) != 1:
        return f"a link has {' or '.join(_WAYS)}, and this has {'both' if named else 'none'}"
    target = str(link[named[0]])
    if named[0] == "operationId":
        return None if target in names else f"no operation is called {target[:80]!r}"
    # What stands in another file, or at an address, is not looked for.
    is_there = not target.startswith("#") or walk(document, pointer_of(target)) is not MISSING
    return None if is_there else f"operationRef {target[:200]!r} leads nowhere"
