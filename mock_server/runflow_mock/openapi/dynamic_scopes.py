"""Dynamic scopes: what a `$dynamicRef` means on each way that leads to it, said by plain references instead.

A validator here sees a schema alone, not the way that led to it. On that way lie resources: the document, files, schemas with an `$id`.
The first of them that has a `$dynamicAnchor` of its name is what a `$dynamicRef` means. So whatever leads to one is copied for each
meaning that it is reached with, and a copy refers to copies; what asks for nothing is shared.

Source: JSON Schema 2020-12, 8.2.3.2; OpenAPI 3.1, "Generic (Template) Data Structures".
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from runflow_mock.openapi.parts import COPIES, FILES
from runflow_mock.openapi.pointers import Pointer, walk

PARTS_MAX = 20_000
"""How many parts all copies together may have."""

Anchors = Mapping[Pointer, Mapping[str, Pointer]]
"""Where each resource begins, and its dynamic anchors."""
Scope = frozenset[tuple[str, Pointer]]
"""What each name means that a resource on the way has an anchor for."""


class TooManyCopies(Exception):
    """More meanings than are written out."""


class Copied(NamedTuple):
    """A reference in a copy: the part that it is, which part that is a copy of, and where it leads."""

    part: dict[str, Any]
    original: int
    target: Pointer


class Specialised(NamedTuple):
    """The copies by name, the references in them, and where references in place lead instead, by the part that each is."""

    copies: dict[str, Any]
    copied: list[Copied]
    moved: dict[int, Pointer]


def specialised(
    document: Any, targets: Mapping[int, Pointer], asks: Mapping[int, str], anchors: Anchors, roots: Iterable[Pointer]
) -> Specialised:
    """Returns what gives every dynamic reference the meaning that it has where a root leads to it.

    Args:
        document: the one value; it stays as it is.
        targets: where each reference leads, by the part that it is.
        asks: the names that dynamic references ask for.
        anchors: of all resources.
        roots: the schemas that are no parts of others.

    Raises:
        TooManyCopies: there are more than `PARTS_MAX` parts in them.
    """
    return _Copier(document, targets, asks, anchors).copy(_outermost(roots))


def _outermost(roots: Iterable[Pointer]) -> list[Pointer]:
    known = frozenset(roots)
    return [root for root in known if not any(root[:length] in known for length in range(len(root)))]


class _Copier:
    def __init__(self, document: Any, targets: Mapping[int, Pointer], asks: Mapping[int, str], anchors: Anchors) -> None:
        self._document = document
        self._targets = targets
        self._asks = asks
        self._anchors = anchors
        self._roots: frozenset[Pointer] = frozenset()
        self._asked: dict[Pointer, set[str]] = {}
        self._known: dict[tuple[Pointer, Scope], Pointer] = {}
        self._waiting: list[tuple[str, Pointer, Scope]] = []
        self._left = PARTS_MAX
        self._found = Specialised({}, [], {})

    def copy(self, roots: list[Pointer]) -> Specialised:
        self._roots = frozenset(roots)
        self._asked = self._find_asked()
        for root in roots:
            for part, scope in self._references_in(root):
                self._found.moved[id(part)] = self._target(part, scope)
        while self._waiting:
            name, pointer, scope = self._waiting.pop()
            self._found.copies[name] = self._copied(walk(self._document, pointer), pointer, scope)
        return self._found

    def _references_in(self, root: Pointer) -> Iterator[tuple[dict[str, Any], Scope]]:
        """Yields the references in a schema, each with the scope in which it is met; nothing recurses."""
        waiting = [(root, walk(self._document, root), self._entered(frozenset(), self._resource(root)))]
        while waiting:
            pointer, part, scope = waiting.pop()
            if isinstance(part, dict):
                scope = self._entered(scope, pointer)
                if id(part) in self._targets:
                    yield part, scope
                waiting.extend(((*pointer, name), inner, scope) for name, inner in part.items())
            elif isinstance(part, list):
                waiting.extend(((*pointer, str(index)), inner, scope) for index, inner in enumerate(part))

    def _copied(self, part: Any, pointer: Pointer, scope: Scope) -> Any:
        """Returns a copy of a part as it is met in a scope; documents are not nested so deep that it would be too much."""
        if isinstance(part, list):
            return [self._copied(inner, (*pointer, str(index)), scope) for index, inner in enumerate(part)]
        if not isinstance(part, dict):
            return part
        self._left -= 1
        if self._left < 0:
            raise TooManyCopies
        scope = self._entered(scope, pointer)
        copy = {name: self._copied(inner, (*pointer, name), scope) for name, inner in part.items()}
        if id(part) in self._targets:
            self._found.copied.append(Copied(copy, id(part), self._target(part, scope)))
        return copy

    def _target(self, part: dict[str, Any], scope: Scope) -> Pointer:
        """Returns where a reference leads in a scope."""
        target = dict(scope).get(self._asks.get(id(part), ""), self._targets[id(part)])
        entered = self._entered(scope, self._resource(target))
        asked = self._asked.get(target, ())
        meant = frozenset(each for each in entered if each[0] in asked)
        if not meant or (target in self._roots and meant == frozenset(each for each in self._own(target) if each[0] in asked)):
            return target
        if (target, meant) not in self._known:
            name = str(len(self._known))
            self._known[target, meant] = (COPIES, name)
            self._waiting.append((name, target, meant))
        return self._known[target, meant]

    def _own(self, root: Pointer) -> Scope:
        return self._entered(frozenset(), self._resource(root))

    def _entered(self, scope: Scope, resource: Pointer) -> Scope:
        """Returns a scope with the anchors of a resource behind those that are in it."""
        if not self._anchors.get(resource):
            return scope
        return frozenset({**self._anchors[resource], **dict(scope)}.items())

    def _resource(self, pointer: Pointer) -> Pointer:
        """Returns where the resource begins that a part stands in."""
        around = (pointer[:length] for length in range(len(pointer), 0, -1))
        return next((each for each in around if each in self._anchors), pointer[:2] if pointer[:1] == (FILES,) else ())

    def _find_asked(self) -> dict[Pointer, set[str]]:
        """Returns the names that are asked for on the ways that begin at each target of a reference."""
        places: dict[str, set[Pointer]] = {}
        for each in self._anchors.values():
            for name, pointer in each.items():
                places.setdefault(name, set()).add(pointer)
        from_where: dict[Pointer, set[Pointer]] = {}
        asked: dict[Pointer, set[str]] = {}
        for target in {*self._targets.values(), *(pointer for each in places.values() for pointer in each)}:
            for part, _ in self._references_in(target):
                wanted = self._asks.get(id(part))
                if wanted is not None:
                    asked.setdefault(target, set()).add(wanted)
                for there in (self._targets[id(part)],) if wanted is None else places[wanted]:
                    from_where.setdefault(there, set()).add(target)
        waiting = list(asked)
        while waiting:
            there = waiting.pop()
            for here in from_where.get(there, ()):
                if not asked[there] <= asked.setdefault(here, set()):
                    asked[here] |= asked[there]
                    waiting.append(here)
        return asked
