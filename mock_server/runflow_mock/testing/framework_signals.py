"""Exceptions that a framework answers with a 500 of its own, and tells to somebody else.

Flask, Quart and Django tell of them by a signal, Litestar by a hook, BlackSheep, CherryPy, Falcon and Sanic by a logger of their own; where
WSGI is spoken, Falcon and web.py write them to the errors of the request. Starlette, FastAPI and bare applications raise them again.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any

from runflow_mock.testing.applications import FAILED, Exceptions


class Hearing:
    """Whose exceptions are heard of, until their callback is answered; what a handler has begun goes on with the same context."""

    def __init__(self, exceptions: Exceptions, where: str, owner: object) -> None:
        self.owner = owner
        self.is_over = False
        self._exceptions = exceptions
        self._where = where
        self._logged: list[BaseException] = []
        self._status: int | None = None

    def add(self, error: BaseException) -> None:
        """Takes an exception that nobody has dealt with."""
        self._exceptions.add(error, self._where)

    def note(self, error: BaseException) -> None:
        """Takes an exception that counts where the callback is answered with it: otherwise the application has dealt with it."""
        self._logged.append(error)
        self._tell()

    def answered(self, status: int) -> None:
        """Takes the status with which the callback was answered."""
        self._status = status
        self._tell()

    def _tell(self) -> None:
        for error in self._logged:
            # A failure of another kind is one that the handler has meant, unless the exception names its status.
            if self._status in (FAILED, _status_of(error)):
                self.add(error)


# A handler may run in a thread of the framework: the context goes with it, the thread's identity would not.
_CURRENT: ContextVar[Hearing | None] = ContextVar("runflow_mock_hearing", default=None)


@contextmanager
def hearing_of(exceptions: Exceptions, where: str, owner: object) -> Iterator[Hearing]:
    """Says whose exceptions those are that handlers raise while the context lasts, and whose callback is handled."""
    hearing = Hearing(exceptions, where, owner)
    token = _CURRENT.set(hearing)
    try:
        yield hearing
    finally:
        hearing.is_over = True
        _CURRENT.reset(token)


def is_handling(owner: object) -> bool:
    """Tells whether a handler is the caller, or has begun it, and its callback, one of this owner's, waits for an answer."""
    hearing = _CURRENT.get()
    return hearing is not None and not hearing.is_over and hearing.owner == owner


def listen_to_frameworks() -> None:
    """Hears of exceptions from now on, until `stop_listening` was called as often."""
    with _EAR.turn:
        _EAR.listeners += 1
        # Each time: a framework may have been imported since.
        for signal in _signals():
            # A weak one would be cleaned up at the end of the process, when what cleans up is gone.
            signal.connect(_hear, weak=False)
        for name in _LOGGERS:
            logging.getLogger(name).addHandler(_EAR)


def stop_listening() -> None:
    """Hears of no more exceptions, once nobody else listens."""
    with _EAR.turn:
        _EAR.listeners -= 1
        if _EAR.listeners:
            return
        for signal in _signals():
            signal.disconnect(_hear)
        for name in _LOGGERS:
            logging.getLogger(name).removeHandler(_EAR)


def listen_to(app: object) -> None:
    """Hears of the exceptions of one application, where its framework has no signal for all: Litestar calls hooks of the application."""
    hooks = getattr(app, "after_exception", None) if type(app).__module__.partition(".")[0] == "litestar" else None
    if isinstance(hooks, list):
        hooks.append(_hear_hook)


def stop_listening_to(app: object) -> None:
    """Hears of the exceptions of one application no more, once nobody else listens."""
    hooks = getattr(app, "after_exception", None)
    if isinstance(hooks, list) and _hear_hook in hooks:
        hooks.remove(_hear_hook)


async def _hear_hook(error: Exception, scope: object) -> None:
    _hear_failure(error)


def _hear_failure(error: BaseException | None) -> None:
    hearing = _CURRENT.get()
    # Answers of other kinds, such as 404, are raised as well.
    if hearing is not None and error is not None and _status_of(error) >= FAILED:
        hearing.note(error)


def _status_of(error: BaseException) -> int:
    status = getattr(error, "status_code", FAILED)
    # An application's own exceptions may have anything there.
    return status if isinstance(status, int) else FAILED


class _Ear(logging.Handler):
    """Hears of what a framework logs as an exception; `listeners` are as many as listen."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = Lock()
        self.listeners = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Takes a line of the log; one that no other handler takes goes where Python would have written it."""
        if record.exc_info and record.levelno >= logging.ERROR:
            _hear_failure(record.exc_info[1])
        last = logging.lastResort
        if last is not None and record.levelno >= last.level and self._is_alone(logging.getLogger(record.name)):
            last.handle(record)

    def _is_alone(self, logger: logging.Logger | None) -> bool:
        while logger is not None:
            if any(handler is not self for handler in logger.handlers):
                return False
            logger = logger.parent if logger.propagate else None
        return True


_LOGGERS = ("blacksheep.server", "cherrypy.error", "falcon", "sanic.error")
"""The loggers of frameworks that answer 500 by themselves."""
_EAR = _Ear()


def _signals() -> list[Any]:
    """Returns the signals of the frameworks that are at work in this process; nothing is imported for it."""
    found = (getattr(sys.modules.get(name), "got_request_exception", None) for name in ("flask", "quart.signals", "django.core.signals"))
    return [signal for signal in found if signal is not None]


def _hear(sender: Any, **told: Any) -> None:
    hearing = _CURRENT.get()
    error = told.get("exception") or sys.exc_info()[1]
    if hearing is not None and isinstance(error, BaseException):
        hearing.add(error)
