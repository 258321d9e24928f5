"""Forgotten awaits: a verb that is a coroutine does nothing until it is awaited, and a test that forgot that would pass without it."""

import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from inspect import CORO_CREATED, getcoroutinestate, iscoroutinefunction
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

HandleT = TypeVar("HandleT")


class _Begun(NamedTuple):
    verb: Coroutine[Any, Any, Any]
    name: str
    place: str


class Awaited:
    """The verbs that were called and are not under way yet."""

    def __init__(self) -> None:
        self._begun: list[_Begun] = []

    def note(self, verb: Coroutine[Any, Any, Any], name: str, place: str) -> None:
        """Keeps a verb until it is under way."""
        self._begun = [*self._waiting(), _Begun(verb, name, place)]

    def forgotten(self) -> list[str]:
        """Returns a line for each verb that nobody has awaited, and forgets them."""
        found, self._begun = self._waiting(), []
        for begun in found:
            # Otherwise Python would tell of it once more, whenever it happens to look.
            begun.verb.close()
        return [
            f"{begun.place}: {begun.name}() was called and not awaited, so that it did nothing; put `await` before it" for begun in found
        ]

    def _waiting(self) -> list[_Begun]:
        return [begun for begun in self._begun if getcoroutinestate(begun.verb) == CORO_CREATED]


class Waiter(Protocol):
    """What carries verbs out, and knows those that were called."""

    awaited: Awaited


class Handle(Protocol):
    """What has verbs that are coroutines."""

    _in_thread: Waiter


def noting_forgotten(handle: type[HandleT]) -> type[HandleT]:
    """Has every verb of a class noted when it is called; for `Awaited.forgotten`."""
    for name, verb in tuple(vars(handle).items()):
        if iscoroutinefunction(verb) and not name.startswith("_"):
            setattr(handle, name, _noting(verb, f"{handle.__name__}.{name}"))
    return handle


def _noting(verb: Callable[..., Coroutine[Any, Any, Any]], name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    @wraps(verb)
    def noted(self: Handle, *given: Any, **named: Any) -> Coroutine[Any, Any, Any]:
        begun, caller = verb(self, *given, **named), sys._getframe(1)
        self._in_thread.awaited.note(begun, name, f"{Path(caller.f_code.co_filename).name}:{caller.f_lineno}")
        return begun

    return noted
