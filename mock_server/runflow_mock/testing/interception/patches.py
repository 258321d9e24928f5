"""Patches: functions that are exchanged for a while, and put back in whatever order those do who exchange the same ones."""

import sys
from collections.abc import Callable, Iterable
from types import ModuleType, TracebackType
from typing import Any

_ABSENT = object()


class Patches:
    """Exchanges attributes while the context lasts.

    What somebody else has exchanged since is left to them; they will put ours back, which must then do nothing.
    """

    def __init__(self) -> None:
        self._put: list[tuple[Any, str, Any, Any]] = []
        self._ends: list[Callable[[], object]] = []

    def put(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Exchanges an attribute, where there is one, for what `make` makes of it."""
        usual = getattr(owner, name, _ABSENT)
        if usual is _ABSENT:
            return
        before, ours = vars(owner).get(name, _ABSENT), make(usual)
        setattr(owner, name, ours)
        self._put.append((owner, name, before, ours))

    def put_everywhere(self, functions: Iterable[Any], make: Callable[[Any], Any]) -> None:
        """Exchanges functions in every module that has them, under whatever name: others have imported them before."""
        wanted = {id(each) for each in functions}
        for module in tuple(sys.modules.values()):
            if isinstance(module, ModuleType) and not wanted.isdisjoint(map(id, vars(module).values())):
                for name in [name for name, value in vars(module).items() if id(value) in wanted]:
                    self.put(module, name, make)

    def at_end(self, undo: Callable[[], object]) -> None:
        """Has something done at the end that is no exchange of an attribute."""
        self._ends.append(undo)

    def __enter__(self) -> "Patches":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        while self._ends:
            self._ends.pop()()
        while self._put:
            owner, name, before, ours = self._put.pop()
            if vars(owner).get(name) is not ours:
                continue
            if before is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, before)
