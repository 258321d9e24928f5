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

PARTS_MAX = 100_000
"""How many parts all copies together may have: objects, lists, and what is in them."""
LOOKS_MAX = 300_000
"""How often a name may be looked for, on all ways together."""

Anchors = Mapping[Pointer, Mapping[str, Pointer]]
"""Where each resource begins, and its dynamic anchors."""
Scope = tuple[Mapping[str, Pointer], ...]
"""The anchors of the resources on a way, those of the first resource first: what a name means says the first that has it."""
Meant = frozenset[tuple[str, Pointer]]
"""What names mean that are asked for behind a reference."""


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
        TooManyCopies: there are more than `PARTS_MAX` parts in them, or finding them takes more than `LOOKS_MAX` looks.
    """
    known = frozenset(roots)
    outermost = [root for root in known if not any(root[:length] in known for length in range(len(root)))]
    return _Copier(document, targets, asks, anchors).copy(outermost)


class _Copier:
    def __init__(self, document: Any, targets: Mapping[int, Pointer], asks: Mapping[int, str], anchors: Anchors) -> None:
        self._document = document
        self._targets = targets
        self._asks = asks
        wanted = frozenset(asks.values())
        # An anchor that nobody asks for would only be carried along.
        self._anchors = {
            resource: {name: pointer for name, pointer in held.items() if name in wanted} for resource, held in anchors.items()
        }
        self._roots: frozenset[Pointer] = frozenset()
        self._asked: dict[Pointer, set[str]] = {}
        self._known: dict[tuple[Pointer, Meant], Pointer] = {}
        self._waiting: list[tuple[str, Pointer, Scope]] = []
        self._parts_left = PARTS_MAX
        self._looks_left = LOOKS_MAX
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
        waiting = [(root, walk(self._document, root), self._entered((), self._resource(root)))]
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
        if not isinstance(part, dict | list):
            return part
        self._parts_left -= 1 + len(part)
        if self._parts_left < 0:
            raise TooManyCopies
        if isinstance(part, list):
            return [self._copied(inner, (*pointer, str(index)), scope) for index, inner in enumerate(part)]
        scope = self._entered(scope, pointer)
        copy = {name: self._copied(inner, (*pointer, name), scope) for name, inner in part.items()}
        if id(part) in self._targets:
            self._found.copied.append(Copied(copy, id(part), self._target(part, scope)))
        return copy

    def _target(self, part: dict[str, Any], scope: Scope) -> Pointer:
        """Returns where a reference leads in a scope."""
        wanted = self._asks.get(id(part))
        target = self._targets[id(part)] if wanted is None else _meaning(wanted, scope) or self._targets[id(part)]
        meant = self._meant(target, self._entered(scope, self._resource(target)))
        if not meant or (target in self._roots and meant == self._meant(target, self._entered((), self._resource(target)))):
            return target
        if (target, meant) not in self._known:
            name = str(len(self._known))
            self._known[target, meant] = (COPIES, name)
            self._waiting.append((name, target, (dict(meant),)))
        return self._known[target, meant]

    def _meant(self, target: Pointer, scope: Scope) -> Meant:
        """Returns what the names mean in a scope that are asked for on the ways that begin at a target."""
        asked = self._asked.get(target, set())
        self._look(len(asked))
        return frozenset((name, pointer) for name in asked if (pointer := _meaning(name, scope)) is not None)

    def _look(self, count: int) -> None:
        self._looks_left -= count
        if self._looks_left < 0:
            raise TooManyCopies

    def _entered(self, scope: Scope, resource: Pointer) -> Scope:
        """Returns a scope with the anchors of a resource behind those that are in it."""
        anchors = self._anchors.get(resource)
        return (*scope, anchors) if anchors else scope

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
        # Whoever asks for a name may come to each of its places, so that the name stands between them.
        from_where: dict[Pointer | str, set[Pointer | str]] = {}
        for name, there in places.items():
            for pointer in there:
                from_where.setdefault(pointer, set()).add(name)
        for target in {*self._targets.values(), *(pointer for each in places.values() for pointer in each)}:
            for part, _ in self._references_in(target):
                from_where.setdefault(self._asks.get(id(part), self._targets[id(part)]), set()).add(target)
        asked: dict[Pointer, set[str]] = {}
        for name in places:
            for here in self._led_from(name, from_where):
                asked.setdefault(here, set()).add(name)
        return asked

    def _led_from(self, name: str, from_where: Mapping[Pointer | str, set[Pointer | str]]) -> Iterator[Pointer]:
        """Yields the targets from which a way leads to a name."""
        seen = set[Pointer | str]()
        waiting: list[Pointer | str] = [name]
        while waiting:
            for here in from_where.get(waiting.pop(), ()):
                if here not in seen:
                    self._look(1)
                    seen.add(here)
                    waiting.append(here)
                    if not isinstance(here, str):
                        yield here


def _meaning(name: str, scope: Scope) -> Pointer | None:
    """Returns what a name means in a scope, if anything there has an anchor for it."""
    return next((anchors[name] for anchors in scope if name in anchors), None)
