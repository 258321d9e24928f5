"""Applications under test that speak WSGI: each callback is handled in a thread, as a server would, and what is raised is kept."""

from asyncio import wrap_future
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any, cast

from runflow_mock.runtime.sender import OutgoingRequest
from runflow_mock.testing.application_answers import ErrorStream, WsgiAnswer
from runflow_mock.testing.application_requests import environ_of
from runflow_mock.testing.applications import FAILED, Exceptions, HandlerFailed
from runflow_mock.testing.loop_threads import begin

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WsgiApplication:
    """One WSGI application under test; each callback is handled in a thread of its own.

    How many there are at once the turns of callbacks bound; a handler that a callback no longer waits for keeps its thread.
    """

    def __init__(self, app: WsgiApp, exceptions: Exceptions) -> None:
        self._app = app
        self._exceptions = exceptions

    async def post(self, request: OutgoingRequest) -> tuple[int, bytes]:
        """Returns status and body of the answer to a callback."""
        # Not one of the threads with which the fake works: the handler may ask the fake for a file, which is made in one of those.
        return await wrap_future(begin(copy_context().run, self._call, environ_of(request), request.url))

    def start(self) -> "Future[None]":
        """Returns that it has started: a WSGI application knows no start."""
        started: Future[None] = Future()
        started.set_result(None)
        return started

    def wait_started(self) -> None:
        """Does nothing; see `start`."""

    def is_here(self) -> bool:
        """Tells that it needs nobody's event loop."""
        return False

    def stop(self) -> None:
        """Does nothing: a WSGI application knows no end."""

    def _call(self, environ: dict[str, Any], url: str) -> tuple[int, bytes]:
        answer = WsgiAnswer()
        errors: ErrorStream = environ["wsgi.errors"]
        try:
            status, body = _carry_out(self._app, environ, answer)
            if status == FAILED and errors.handled is not None:
                self._exceptions.add(errors.handled, f"POST {url}")
            return status, body
        except BaseException as error:
            # Also a handler that ends the process: in this thread it ends nothing, and on the fake's event loop it would end that.
            self._exceptions.add(error, f"POST {url}")
            raise HandlerFailed(error) from error
        finally:
            for told in answer.errors:
                self._exceptions.add(told, f"POST {url}")


def _carry_out(app: WsgiApp, environ: dict[str, Any], answer: WsgiAnswer) -> tuple[int, bytes]:
    pieces: object = app(environ, answer.start_response)
    if pieces is None:
        raise RuntimeError("the application returned None in place of the pieces of its answer")
    if isinstance(pieces, bytes | str):
        # One byte or letter at a time, which servers refuse as well, and nobody understands.
        raise TypeError(f"the application returned {pieces!r:.80} in place of the pieces of its answer: put it into a list")
    try:
        for piece in cast("Iterable[bytes]", pieces):
            answer.take(piece)
            if answer.is_enough:
                break
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
    return answer.end(), answer.body
