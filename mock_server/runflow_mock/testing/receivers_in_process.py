"""Callbacks without a socket: they go straight into the ASGI or WSGI application under test."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from io import BytesIO
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.callback_policy import is_loopback
from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.runtime.sender import CallbackSender, OutgoingRequest
from runflow_mock.testing.application_kinds import check_prefix, is_asgi
from runflow_mock.testing.applications import START_SECONDS_MAX, AsgiApp, AsgiApplication, Exceptions, HandlerFailed, headers_of
from runflow_mock.testing.framework_signals import hearing_of, listen_to, listen_to_frameworks, stop_listening, stop_listening_to
from runflow_mock.testing.homes import Homes

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
ANSWER_MAX = 64 * 1024


class WsgiApplication:
    """One WSGI application under test; each callback is handled in a thread."""

    def __init__(self, app: WsgiApp, exceptions: Exceptions) -> None:
        self._app = app
        self._exceptions = exceptions

    async def post(self, request: OutgoingRequest) -> tuple[int, bytes]:
        """Returns status and body of the answer to a callback."""
        return await asyncio.to_thread(self._call, request)

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

    def _call(self, request: OutgoingRequest) -> tuple[int, bytes]:
        try:
            return _call_wsgi(self._app, request)
        except BaseException as error:
            # Also a handler that ends the process: in this thread it ends nothing, and on the fake's event loop it would end that.
            self._exceptions.add(error, f"POST {request.url}")
            raise HandlerFailed(error) from error


class Mount(msgspec.Struct, frozen=True, eq=False):
    """An application and the addresses that lead to it, all that begin with the prefix; `exceptions` are those that it has raised.

    `given` is what was handed over.
    """

    prefix: str
    given: object
    app: AsgiApplication | WsgiApplication
    exceptions: Exceptions


class AppSender:
    """Sends callbacks to mounted applications; what none of them answers goes to `otherwise`, if it stays on this machine."""

    def __init__(self, otherwise: CallbackSender, homes: Homes, *, timeout_seconds: float = 10.0) -> None:
        self._otherwise = otherwise
        self._homes = homes
        self._timeout_seconds = timeout_seconds
        self.mounts: tuple[Mount, ...] = ()

    def mount(self, prefix: str, app: AsgiApp | WsgiApp, *, lifespan: bool = True, beside: Mount | None = None) -> Mount:
        """Sends callbacks whose URL begins with the prefix to an application; of several prefixes the longest counts, then the latest.

        `beside` is an earlier mount of the same application, which starts once, as a server would start it.
        """
        check_prefix(prefix)
        if beside is None:
            exceptions = Exceptions()
            mount = Mount(prefix, app, self._application(app, exceptions, has_lifespan=lifespan), exceptions)
        else:
            mount = replace(beside, prefix=prefix)
        listen_to_frameworks()
        listen_to(app)
        self.mounts = tuple(sorted((mount, *self.mounts), key=lambda mount: len(mount.prefix), reverse=True))
        return mount

    def unmount(self, mount: Mount) -> None:
        """Takes an application away, and ends its lifespan."""
        self.mounts = tuple(other for other in self.mounts if other is not mount)
        if all(other.app is not mount.app for other in self.mounts):
            mount.app.stop()
            stop_listening_to(mount.given)
        if not self.mounts:
            stop_listening()

    def _application(self, app: AsgiApp | WsgiApp, exceptions: Exceptions, *, has_lifespan: bool) -> AsgiApplication | WsgiApplication:
        if is_asgi(app):
            seconds = min(START_SECONDS_MAX, self._timeout_seconds * 0.9)
            return AsgiApplication(cast(AsgiApp, app), self._homes, exceptions, has_lifespan=has_lifespan, start_seconds=seconds)
        return WsgiApplication(cast(WsgiApp, app), exceptions)

    def needs_loop_of_caller(self) -> bool:
        """Tells whether an application would be called on the event loop of the caller."""
        return any(mount.app.is_here() for mount in self.mounts)

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        """Returns the application's answer; an exception of the application is a 500, as behind a real server."""
        mount = next((mount for mount in self.mounts if request.url.startswith(mount.prefix)), None)
        if mount is None:
            known = f"no application is mounted there; mounted are {', '.join(mount.prefix for mount in self.mounts) or 'none'}"
            if not is_loopback(urlsplit(request.url).hostname or ""):
                return AttemptResult(error=f"not sent: {known}", reason="host_not_allowed", refused=True)
            result = await self._otherwise.send(request)
            return result if result.status_code is not None or not self.mounts else replace(result, error=f"{result.error}; {known}")
        try:
            with hearing_of(mount.exceptions, f"POST {request.url}"):
                async with asyncio.timeout(self._timeout_seconds):
                    status, body = await mount.app.post(request)
        except TimeoutError:
            return AttemptResult(error=f"no answer within {self._timeout_seconds:g} s", reason="timeout")
        except HandlerFailed as error:
            return AttemptResult(status_code=500, response_body="", reason="http_error", error=str(error))
        text = body[:ANSWER_MAX].decode(errors="replace")
        return AttemptResult(status_code=status, response_body=text, reason=None if 200 <= status < 300 else "http_error")

    async def close(self) -> None:
        """Closes what sends to real receivers."""
        await self._otherwise.close()


def _call_wsgi(app: WsgiApp, request: OutgoingRequest) -> tuple[int, bytes]:
    from wsgiref.util import setup_testing_defaults

    parts = urlsplit(request.url)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": unquote(parts.path).encode().decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": BytesIO(request.body),
        "CONTENT_LENGTH": str(len(request.body)),
        "REMOTE_ADDR": "127.0.0.1",
    }
    for name, value in headers_of(request):
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    setup_testing_defaults(environ)
    told: list[str] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], None]:
        if told and exc_info is None:
            raise RuntimeError("the application called start_response a second time without exc_info: a server refuses that")
        if not isinstance(status, str) or not all(isinstance(name, str) and isinstance(value, str) for name, value in headers):
            raise TypeError(f"the application answered {status!r} with {headers!r}, and status, names and values of headers are texts")
        told.append(status)
        return written.append

    chunks = app(environ, start_response)
    if chunks is None:
        raise RuntimeError("the application returned None in place of the pieces of its answer")
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    if not told:
        raise RuntimeError("the application did not call start_response")
    return int(told[-1].split(" ", 1)[0]), b"".join(written) + body
