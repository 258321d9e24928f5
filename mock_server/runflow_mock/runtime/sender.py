"""Sends callbacks: one POST at a time out of the process, with every failure translated to an `AttemptResult` in one place."""

import ssl
from asyncio import sleep, timeout
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import msgspec

from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.runtime.config import ConfigError
from runflow_mock.runtime.outgoing_connections import OutgoingConnections
from runflow_mock.user_files import read_file

_NO_AUTHORITY = "callback-ca: {} has no certificate that can be read; give a PEM file, in which one stands behind BEGIN CERTIFICATE"


class OutgoingRequest(msgspec.Struct, frozen=True):
    """One POST: where to, with which headers, the exact bytes, and whose it is."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    tenant: str = ""


class CallbackSender(Protocol):
    """Performs a POST and says what came of it; it never raises for what the receiver or the network does."""

    async def send(self, request: OutgoingRequest) -> AttemptResult: ...

    async def close(self) -> None: ...


class HttpSender:
    """Sends over HTTP. Redirects are not followed, proxies not used, and cookies not kept."""

    def __init__(self, *, timeout_seconds: float = 10.0, ca_file: Path | None = None) -> None:
        """Makes a sender; with a file of authorities, receivers are vouched for by these alone.

        Raises:
            ConfigError: the file cannot be read, or has no certificate.
        """
        self._timeout_seconds = timeout_seconds
        self._own = None if ca_file is None else _trusting(ca_file)
        self._connections: OutgoingConnections | None = None

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        """Returns the receiver's answer, or the reason why there was none."""
        connections = self._open()
        started = perf_counter()
        try:
            async with timeout(self._timeout_seconds):
                status, body = await connections.post(request.url, request.headers, request.body)
        except TimeoutError:
            return AttemptResult(error=f"no answer within {self._timeout_seconds:g} s", reason="timeout", response_time_ms=_since(started))
        except (OSError, ValueError) as error:
            return AttemptResult(
                error=f"{type(error).__name__}: {error}"[:300], reason="connection_error", response_time_ms=_since(started)
            )
        reason = None if 200 <= status < 300 else "http_error"
        text = body.decode(errors="replace")
        return AttemptResult(status_code=status, response_body=text, reason=reason, response_time_ms=_since(started))

    async def close(self) -> None:
        """Closes the connections."""
        if self._connections is not None:
            await self._connections.close()
            self._connections = None

    def _open(self) -> OutgoingConnections:
        if self._connections is None:
            # How many there may be is decided before an attempt begins: see `runtime.deliveries`.
            self._connections = OutgoingConnections(lambda: self._own or _usual())
        return self._connections


class RecordingSender:
    """Keeps what would be sent and answers as it is told; the fake of `HttpSender`, for tests that need no network."""

    def __init__(self, *statuses: int) -> None:
        self.sent: list[OutgoingRequest] = []
        self._statuses = list(statuses)

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        """Answers with the next given status, and with 200 when there is none left."""
        await sleep(0)
        self.sent.append(request)
        status = self._statuses.pop(0) if self._statuses else 200
        return AttemptResult(status_code=status, response_body="", response_time_ms=1, reason=None if status < 300 else "http_error")

    async def close(self) -> None:
        """Does nothing: there is no connection."""


@cache
def _usual() -> ssl.SSLContext:
    """Returns what trusts the authorities of this machine; reading them takes as long as hundreds of callbacks."""
    return ssl.create_default_context()


def _trusting(ca_file: Path) -> ssl.SSLContext:
    """Returns what trusts the authorities in a file, and nobody else.

    Raises:
        ConfigError: it cannot be read, or has no certificate.
    """
    try:
        content = read_file(ca_file)
        # OpenSSL knows more forms of a certificate in a file than Python can hand it, and a pipe can be read only once. Without any text
        # Python would trust the authorities of the machine.
        how: dict[str, Any] = {"cafile": ca_file} if ca_file.is_file() else {"cadata": "\n" + content.decode("ascii", "ignore")}
        context = ssl.create_default_context(**how)
    except ssl.SSLError as error:
        raise ConfigError(f"{_NO_AUTHORITY.format(ca_file)} ({error.reason or error})") from None
    except OSError as error:
        raise ConfigError(f"callback-ca: {ca_file} cannot be read: {error.strerror}") from None
    if not context.cert_store_stats()["x509"]:
        raise ConfigError(_NO_AUTHORITY.format(ca_file))
    return context


def _since(started: float) -> int:
    return round((perf_counter() - started) * 1000)
