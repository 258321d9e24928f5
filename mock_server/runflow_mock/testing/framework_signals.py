"""Exceptions that a framework answers with a 500 of its own, and tells to somebody else.

Flask, Quart and Django tell of them by a signal, Litestar by a hook, BlackSheep, CherryPy, Falcon and Sanic by a logger of their own; where
WSGI is spoken, Falcon and web.py write them to the errors of the request. Starlette, FastAPI and bare applications raise them again.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from runflow_mock.testing.applications import Exceptions


class _Hearing:
    """Whose exceptions are heard of, until their callback is answered; what a handler has begun goes on with the same context."""

    def __init__(self, exceptions: Exceptions, where: str) -> None:
        self.exceptions = exceptions
        self.where = where
        self.is_over = False


# A handler may run in a thread of the framework: the context goes with it, the thread's identity would not.
_CURRENT: ContextVar[_Hearing | None] = ContextVar("runflow_mock_hearing", default=None)


@contextmanager
def hearing_of(exceptions: Exceptions, where: str) -> Iterator[None]:
    """Says whose exceptions those are that handlers raise while the context lasts."""
    hearing = _Hearing(exceptions, where)
    token = _CURRENT.set(hearing)
    try:
        yield
    finally:
        hearing.is_over = True
        _CURRENT.reset(token)


def is_handling() -> bool:
    """Tells whether a handler is the caller, or has begun it, and its callback waits for an answer."""
    hearing = _CURRENT.get()
    return hearing is not None and not hearing.is_over


def listen_to_frameworks() -> None:
    """Hears of exceptions from now on."""
    for signal in _signals():
        signal.connect(_hear)
    for name in _LOGGERS:
        logging.getLogger(name).addHandler(_EAR)


def stop_listening() -> None:
    """Hears of no more exceptions."""
    for signal in _signals():
        signal.disconnect(_hear)
    for name in _LOGGERS:
        logging.getLogger(name).removeHandler(_EAR)


def listen_to(app: object) -> None:
    """Hears of the exceptions of one application, where its framework has no signal for all: Litestar calls hooks of the application."""
    hooks = getattr(app, "after_exception", None) if type(app).__module__.partition(".")[0] == "litestar" else None
    if isinstance(hooks, list) and _hear_hook not in hooks:
        hooks.append(_hear_hook)


def stop_listening_to(app: object) -> None:
    """Hears of the exceptions of one application no more."""
    hooks = getattr(app, "after_exception", None)
    if isinstance(hooks, list) and _hear_hook in hooks:
        hooks.remove(_hear_hook)


async def _hear_hook(error: Exception, scope: object) -> None:
    _hear_failure(error)


def _hear_failure(error: BaseException | None) -> None:
    # Answers of other kinds, such as 404, are raised as well.
    if error is not None and getattr(error, "status_code", 500) >= 500:
        _hear(None, exception=error)


class _Ear(logging.Handler):
    """Hears of what a framework logs as an exception."""

    def emit(self, record: logging.LogRecord) -> None:
        """Takes a line of the log."""
        _hear_failure(record.exc_info[1] if record.exc_info else None)


_LOGGERS = ("blacksheep.server", "cherrypy.error", "falcon", "sanic.error")
"""The loggers of frameworks that answer 500 by themselves."""
_EAR = _Ear(logging.ERROR)


def _signals() -> list[Any]:
    """Returns the signals of the frameworks that are at work in this process; nothing is imported for it."""
    found = (getattr(sys.modules.get(name), "got_request_exception", None) for name in ("flask", "quart.signals", "django.core.signals"))
    return [signal for signal in found if signal is not None]


def _hear(sender: Any, **told: Any) -> None:
    hearing = _CURRENT.get()
    error = told.get("exception") or sys.exc_info()[1]
    if hearing is not None and isinstance(error, BaseException):
        hearing.exceptions.add(error, hearing.where)
