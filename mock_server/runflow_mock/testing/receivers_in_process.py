"""Callbacks without a socket: they go straight into the ASGI or WSGI application under test."""

from asyncio import timeout
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.callback_policy import is_loopback
from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.runtime.sender import CallbackSender, OutgoingRequest
from runflow_mock.testing.application_kinds import check_prefix, is_asgi, is_test_client, leads_to, narrowness
from runflow_mock.testing.applications import START_SECONDS_MAX, AsgiApp, AsgiApplication, Exceptions, HandlerFailed
from runflow_mock.testing.arguments import check_flag
from runflow_mock.testing.framework_signals import (
    hearing_of,
    is_handling,
    listen_to,
    listen_to_frameworks,
    stop_listening,
    stop_listening_to,
)
from runflow_mock.testing.homes import HomeOfClient, Homes
from runflow_mock.testing.wsgi_applications import WsgiApp, WsgiApplication


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

    def __init__(
        self, otherwise: CallbackSender, homes: Homes, *, timeout_seconds: float = 10.0, start_seconds: float = START_SECONDS_MAX
    ) -> None:
        """Sends for `timeout_seconds` at most, of which a start may take `start_seconds`, and no more than nine tenths."""
        self._otherwise = otherwise
        self._homes = homes
        self._timeout_seconds = timeout_seconds
        # A callback that is given up first tells nobody what it has waited for, and the next one waits anew.
        self._start_seconds = min(start_seconds, timeout_seconds * 0.9)
        self.mounts: tuple[Mount, ...] = ()

    def mount(self, prefix: str, app: AsgiApp | WsgiApp, *, lifespan: bool = True, beside: Mount | None = None) -> Mount:
        """Sends callbacks whose URL begins with the prefix to an application; of several the longest path counts, then the latest.

        `beside` is an earlier mount of the same application, which starts once, as a server would start it.
        """
        check_prefix(prefix)
        check_flag("lifespan", lifespan)
        if beside is None:
            exceptions = Exceptions()
            mount = Mount(prefix, app, self._application(app, exceptions, has_lifespan=lifespan), exceptions)
        else:
            mount = replace(beside, prefix=prefix)
        listen_to_frameworks()
        if all(other.app is not mount.app for other in self.mounts):
            listen_to(mount.given)
        self.mounts = tuple(sorted((mount, *self.mounts), key=lambda mount: narrowness(mount.prefix), reverse=True))
        return mount

    def unmount(self, mount: Mount) -> None:
        """Takes an application away, and ends its lifespan; does nothing where it is away."""
        if mount not in self.mounts:
            return
        self.mounts = tuple(other for other in self.mounts if other is not mount)
        if all(other.app is not mount.app for other in self.mounts):
            mount.app.stop()
            stop_listening_to(mount.given)
        stop_listening()

    def _application(self, app: Any, exceptions: Exceptions, *, has_lifespan: bool) -> AsgiApplication | WsgiApplication:
        if is_test_client(app) and app.portal is not None:
            # It has run the lifespan, and keeps what that has given.
            home, state = HomeOfClient(app.portal), app.app_state
            return AsgiApplication(app.app, home, exceptions, has_lifespan=False, start_seconds=self._start_seconds, state=state)
        if is_asgi(app):
            return AsgiApplication(
                cast(AsgiApp, app), self._homes, exceptions, has_lifespan=has_lifespan, start_seconds=self._start_seconds
            )
        return WsgiApplication(cast(WsgiApp, app), exceptions)

    def needs_loop_of_caller(self) -> bool:
        """Tells whether an application would be called on the event loop of the caller."""
        return any(mount.app.is_here() for mount in self.mounts)

    def is_handling(self, tenant: str) -> bool:
        """Tells whether a handler is the caller, or has begun it, and its callback, one of this tenant's, waits for an answer."""
        return is_handling((self, tenant))

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        """Returns the application's answer; an exception of the application is a 500, as behind a real server."""
        mount = next((mount for mount in self.mounts if leads_to(request.url, mount.prefix)), None)
        if mount is None:
            known = f"no application is mounted there; mounted are {', '.join(mount.prefix for mount in self.mounts) or 'none'}"
            if not is_loopback(urlsplit(request.url).hostname or ""):
                return AttemptResult(error=f"not sent: {known}", reason="host_not_allowed", refused=True)
            result = await self._otherwise.send(request)
            return result if result.status_code is not None or not self.mounts else replace(result, error=f"{result.error}; {known}")
        try:
            with hearing_of(mount.exceptions, f"POST {request.url}", (self, request.tenant)) as hearing:
                async with timeout(self._timeout_seconds):
                    status, body = await mount.app.post(request)
                hearing.answered(status)
        except TimeoutError:
            return AttemptResult(error=f"no answer within {self._timeout_seconds:g} s", reason="timeout")
        except HandlerFailed as error:
            return AttemptResult(status_code=500, response_body="", reason="http_error", error=str(error))
        text = body.decode(errors="replace")
        return AttemptResult(status_code=status, response_body=text, reason=None if 200 <= status < 300 else "http_error")

    async def close(self) -> None:
        """Closes what sends to real receivers."""
        await self._otherwise.close()
