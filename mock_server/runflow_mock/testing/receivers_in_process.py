"""Callbacks without a socket: they go straight into the ASGI or WSGI application under test."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from io import BytesIO
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import msgspec

from runflow_mock.domain.callback_policy import is_loopback
from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.runtime.sender import CallbackSender, OutgoingRequest

Message = MutableMapping[str, Any]
AsgiApp = Callable[[MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
ANSWER_MAX = 64 * 1024


class Mount(msgspec.Struct, frozen=True):
    """An application and the addresses that lead to it: all that begin with the prefix."""

    prefix: str
    app: AsgiApp | WsgiApp
    is_asgi: bool


class AppSender:
    """Sends callbacks to mounted applications; what none of them answers goes to `otherwise`, if it stays on this machine."""

    def __init__(self, otherwise: CallbackSender) -> None:
        self._otherwise = otherwise
        self._mounts: list[Mount] = []

    def mount(self, prefix: str, app: AsgiApp | WsgiApp) -> None:
        """Sends callbacks whose URL begins with the prefix to an application; of several prefixes the longest counts."""
        self._mounts.append(Mount(prefix, app, _is_asgi(app)))
        self._mounts.sort(key=lambda mount: len(mount.prefix), reverse=True)

    def unmount(self) -> None:
        """Forgets every application."""
        self._mounts.clear()

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        """Returns the application's answer; an exception of the application is a 500, as behind a real server."""
        mount = next((mount for mount in self._mounts if request.url.startswith(mount.prefix)), None)
        if mount is None:
            if is_loopback(urlsplit(request.url).hostname or ""):
                return await self._otherwise.send(request)
            known = ", ".join(mount.prefix for mount in self._mounts) or "none"
            return AttemptResult(
                error=f"not sent: no application is mounted there; mounted are {known}", reason="host_not_allowed", refused=True
            )
        try:
            if mount.is_asgi:
                status, body = await _call_asgi(cast(AsgiApp, mount.app), request)
            else:
                status, body = await asyncio.to_thread(_call_wsgi, cast(WsgiApp, mount.app), request)
        except Exception as error:
            return AttemptResult(status_code=500, response_body="", reason="http_error", error=f"{type(error).__name__}: {error}"[:300])
        text = body[:ANSWER_MAX].decode(errors="replace")
        return AttemptResult(status_code=status, response_body=text, reason=None if 200 <= status < 300 else "http_error")

    async def close(self) -> None:
        """Closes what sends to real receivers."""
        await self._otherwise.close()


async def _call_asgi(app: AsgiApp, request: OutgoingRequest) -> tuple[int, bytes]:
    parts = urlsplit(request.url)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": parts.scheme,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in _headers(request)],
        "client": ("127.0.0.1", 0),
        "server": (parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)),
        "extensions": {},
    }
    messages: list[Message] = []
    incoming = iter([{"type": "http.request", "body": request.body, "more_body": False}])

    async def receive() -> Message:
        return next(incoming, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)
    starts = [message for message in messages if message["type"] == "http.response.start"]
    if not starts:
        raise RuntimeError("the application did not answer")
    return starts[0]["status"], b"".join(message.get("body", b"") for message in messages if message["type"] == "http.response.body")


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
    for name, value in _headers(request):
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    setup_testing_defaults(environ)
    told: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], None]:
        told.append(status)
        return lambda data: None

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    return int(told[-1].split(" ", 1)[0]), body


def _headers(request: OutgoingRequest) -> list[tuple[str, str]]:
    given = list(request.headers.items())
    names = {name.lower() for name, _ in given}
    host = [] if "host" in names else [("Host", urlsplit(request.url).netloc)]
    return [*host, *given, *([] if "content-length" in names else [("Content-Length", str(len(request.body)))])]


def _is_asgi(app: object) -> bool:
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004 - asks what kind it is
