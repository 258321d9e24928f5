"""Exceptions that a framework answers with a 500 of its own: Flask and Django tell of them by a signal, and of nothing else.

Starlette, FastAPI and bare applications raise them again, and need no ear.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from runflow_mock.testing.applications import Exceptions


class _Hearing(NamedTuple):
    exceptions: Exceptions
    where: str


# A handler may run in a thread of the framework: the context goes with it, the thread's identity would not.
_CURRENT: ContextVar[_Hearing | None] = ContextVar("runflow_mock_hearing", default=None)


@contextmanager
def hearing_of(exceptions: Exceptions, where: str) -> Iterator[None]:
    """Says whose exceptions those are that handlers raise while the context lasts."""
    token = _CURRENT.set(_Hearing(exceptions, where))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def listen_to_frameworks() -> None:
    """Hears of exceptions from now on."""
    for signal in _signals():
        signal.connect(_hear)


def stop_listening() -> None:
    """Hears of no more exceptions."""
    for signal in _signals():
        signal.disconnect(_hear)


def _signals() -> list[Any]:
    """Returns the signals of the frameworks that are at work in this process; nothing is imported for it."""
    found = (getattr(sys.modules.get(name), "got_request_exception", None) for name in ("flask", "django.core.signals"))
    return [signal for signal in found if signal is not None]


def _hear(sender: Any, **told: Any) -> None:
    hearing = _CURRENT.get()
    error = told.get("exception") or sys.exc_info()[1]
    if hearing is not None and isinstance(error, BaseException):
        hearing.exceptions.add(error, hearing.where)
