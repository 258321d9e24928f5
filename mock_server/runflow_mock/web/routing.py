"""Operations and how a path leads to one.

The operation of a path is found once, by its segments, whatever their number: a request costs the same whether there are ten operations or
a hundred. A parameter written `{name...}` spans slashes, because model ids are paths of any depth; a literal segment wins over a parameter,
and of two paths with such a parameter the one with the longer tail wins.
"""

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Generic, TypeVar, cast

import msgspec

REMEMBERED_MAX = 1_000
REMEMBERED_CHARACTERS_MAX = 200

HandlerT = TypeVar("HandlerT", bound=Callable[..., object])


class Operation(msgspec.Struct, Generic[HandlerT], frozen=True):
    """One operation of an API: where it lives, who answers, its id as in the contract, which is its handler's name, and what it needs.

    Without a scope any key will do; `is_public` needs no key at all. Most can be asked on behalf of an organization, and one that
    `takes_organization` not passes over the header that names it. `evidence` says how well the operation is known. A parameter that
    spans slashes takes `spans_min` segments or more. What `is_long` answers with something that grows with what a tenant holds. What has
    to be read of a long request before its handler decides is read by `prepare`, piece by piece; it is given the parameters in the path.
    Where a handler may pause, `at_once` answers what needs no pause, or has done nothing and returns nothing.
    """

    method: str
    path: str
    handler: HandlerT
    id: str = ""
    scope: str | None = None
    is_public: bool = False
    takes_organization: bool = True
    evidence: str = "documented"
    spans_min: int = 2
    is_long: bool = False
    prepare: Callable[[Any, Mapping[str, str]], Coroutine[Any, Any, None]] | None = None
    at_once: Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        if not self.id:
            msgspec.structs.force_setattr(self, "id", self.handler.__name__)


class Match(msgspec.Struct, Generic[HandlerT], frozen=True):
    """What a path led to: the operations by method, and the parameters in it."""

    operations: Mapping[str, Operation[HandlerT]]
    params: dict[str, str]


class _Node(Generic[HandlerT]):
    __slots__ = ("literals", "names", "operations", "parameter")

    def __init__(self) -> None:
        self.literals: dict[str, _Node[HandlerT]] = {}
        self.parameter: _Node[HandlerT] | None = None
        self.operations: dict[str, Operation[HandlerT]] = {}
        self.names: tuple[str, ...] = ()


class _Spanning(Generic[HandlerT]):
    """A path with a parameter that spans slashes, between a fixed head and a tail of segments."""

    def __init__(self, segments: list[str], spans_min: int) -> None:
        self.spans_min = spans_min
        at = next(index for index, segment in enumerate(segments) if segment.endswith("...}"))
        self.head = segments[:at]
        self.name = segments[at][1:-4]
        self.tail = segments[at + 1 :]
        # The first literal after the parameter, by its place from the end: it alone tells most paths apart.
        self.mark = next(((at - len(self.tail), word) for at, word in enumerate(self.tail) if not word.startswith("{")), None)
        self.operations: dict[str, Operation[HandlerT]] = {}

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Returns the parameters if the segments fit."""
        start, end = len(self.head), len(segments) - len(self.tail)
        spanned = segments[start:end]
        if len(spanned) < self.spans_min or segments[:start] != self.head or not all(segments):
            return None
        params = {self.name: "/".join(spanned)}
        for wanted, found in zip(self.tail, segments[end:], strict=True):
            if wanted.startswith("{"):
                params[wanted[1:-1]] = found
            elif wanted != found:
                return None
        return params


class Router(Generic[HandlerT]):
    """Finds operations by path."""

    def __init__(self, operations: Iterable[Operation[HandlerT]]) -> None:
        self.operations = tuple(operations)
        self._root: _Node[HandlerT] = _Node()
        self._spanning: dict[str, _Spanning[HandlerT]] = {}
        self._parents: dict[str, _Node[HandlerT]] = {}
        self._by_mark: dict[tuple[int, str] | None, list[_Spanning[HandlerT]]] = {}
        self._deepest = 0
        self._remembered: dict[str, Match[HandlerT]] = {}
        for operation in self.operations:
            self._add(operation)

    def match(self, path: str) -> Match[HandlerT] | None:
        """Returns what a path leads to, or nothing."""
        # Few paths span slashes, and the same ones are asked for over and over.
        remembered = self._remembered.get(path)
        if remembered is not None:
            return remembered
        # What is asked for most of all is a record, by its id behind a path without parameters.
        parent, _, last = path.rpartition("/")
        above = self._parents.get(parent)
        if above is not None and last and last not in above.literals and above.parameter is not None:
            return Match(above.parameter.operations, {above.parameter.names[0]: last})
        segments = path.split("/")[1:]
        node: _Node[HandlerT] | None = self._root
        values = []
        for segment in segments:
            assert node is not None
            following = node.literals.get(segment)
            if following is None:
                following = node.parameter
                values.append(segment)
            node = following
            if node is None:
                break
        if node is not None and node.operations and all(values):
            return Match(node.operations, dict(zip(node.names, values, strict=True)))
        found = self._match_spanning(segments)
        if found is not None and len(self._remembered) < REMEMBERED_MAX and len(path) < REMEMBERED_CHARACTERS_MAX:
            self._remembered[path] = found
        return found

    def _match_spanning(self, segments: list[str]) -> Match[HandlerT] | None:
        for spanning in self._candidates(segments):
            params = spanning.match(segments)
            if params is not None:
                return Match(spanning.operations, params)
        return None

    def _candidates(self, segments: list[str]) -> Iterator[_Spanning[HandlerT]]:
        """Returns the spanning paths that have the path's words in their places, those with the longest tails first."""
        for at in range(max(self._deepest, -len(segments)), 0):
            yield from self._by_mark.get((at, segments[at]), ())
        yield from self._by_mark.get(None, ())

    def _add(self, operation: Operation[HandlerT]) -> None:
        segments = operation.path.split("/")[1:]
        if any(segment.endswith("...}") for segment in segments):
            self._add_spanning(operation, segments)
            return
        node, names = self._root, list[str]()
        for at, segment in enumerate(segments):
            if segment.startswith("{"):
                if at and not names and at == len(segments) - 1:
                    self._parents["/".join(("", *segments[:at]))] = node
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        assert not node.operations or node.names == tuple(names), f"{operation.path}: one place, two names for a parameter"
        node.operations[operation.method] = operation
        node.names = tuple(names)

    def _add_spanning(self, operation: Operation[HandlerT], segments: list[str]) -> None:
        spanning = self._spanning.get(operation.path)
        if spanning is None:
            spanning = self._spanning[operation.path] = _Spanning(segments, operation.spans_min)
            self._by_mark.setdefault(spanning.mark, []).append(spanning)
            self._deepest = min(self._deepest, spanning.mark[0] if spanning.mark is not None else 0)
        spanning.operations[operation.method] = operation


def router_of(operations: tuple[Operation[HandlerT], ...]) -> Router[HandlerT]:
    """Returns the router of a table, which all applications of a process share."""
    return cast("Router[HandlerT]", _made(operations))


@cache
def _made(operations: tuple[Operation[Callable[..., object]], ...]) -> Router[Callable[..., object]]:
    return Router(operations)
