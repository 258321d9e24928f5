"""Sends callbacks: one POST at a time out of the process, with every failure translated to an `AttemptResult` in one place."""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import msgspec

from runflow_mock.domain.deliveries import AttemptResult
from runflow_mock.runtime.outgoing import pinned_resolver

if TYPE_CHECKING:
    import aiohttp

RESPONSE_BYTES_MAX = 64 * 1024


class OutgoingRequest(msgspec.Struct, frozen=True):
    """One POST: where to, with which headers, and the exact bytes."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class CallbackSender(Protocol):
    """Performs a POST and says what came of it; it never raises for what the receiver or the network does."""

    async def send(self, request: OutgoingRequest) -> AttemptResult: ...

    async def close(self) -> None: ...


class HttpSender:
    """Sends over HTTP with aiohttp, which is imported when the first callback is due. Redirects are not followed, proxies not used."""

    def __init__(self, *, timeout_seconds: float = 10.0, ca_file: Path | None = None) -> None:
        self._timeout_seconds = timeout_seconds
        self._ca_file = ca_file
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        """Returns the receiver's answer, or the reason why there was none."""
        import aiohttp

        session = self._open()
        started = perf_counter()
        try:
            async with session.post(request.url, data=request.body, headers=request.headers, allow_redirects=False) as response:
                body = await _read(response.content)
                status = response.status
        except TimeoutError:
            return AttemptResult(error=f"no answer within {self._timeout_seconds:g} s", reason="timeout", response_time_ms=_since(started))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return AttemptResult(error=_describe(error), reason="connection_error", response_time_ms=_since(started))
        reason = None if 200 <= status < 300 else "http_error"
        text = body.decode(errors="replace")
        return AttemptResult(status_code=status, response_body=text, reason=reason, response_time_ms=_since(started))

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> "aiohttp.ClientSession":
        if self._session is None:
            import aiohttp

            trusted = ssl.create_default_context(cafile=None if self._ca_file is None else str(self._ca_file))
            self._session = aiohttp.ClientSession(
                # How many there may be is decided before an attempt begins: see `runtime.deliveries`.
                connector=aiohttp.TCPConnector(limit=0, ssl=trusted, resolver=pinned_resolver()),
                timeout=aiohttp.ClientTimeout(total=self._timeout_seconds),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
                auto_decompress=False,
                # A receiver's cookie must not come back to it, least of all with another tenant's callback.
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


class RecordingSender:
    """Keeps what would be sent and answers as it is told; the fake of `HttpSender`, for tests that need no network."""

    def __init__(self, *statuses: int) -> None:
        self.sent: list[OutgoingRequest] = []
        self._statuses = list(statuses)

    async def send(self, request: OutgoingRequest) -> AttemptResult:
        """Answers with the next given status, and with 200 when there is none left."""
        await asyncio.sleep(0)
        self.sent.append(request)
        status = self._statuses.pop(0) if self._statuses else 200
        return AttemptResult(status_code=status, response_body="", response_time_ms=1, reason=None if status < 300 else "http_error")

    async def close(self) -> None:
        """Does nothing: there is no connection."""


async def _read(content: "aiohttp.StreamReader") -> bytes:
    """Returns the body, of which no more than `RESPONSE_BYTES_MAX` is read."""
    body = b""
    while len(body) < RESPONSE_BYTES_MAX and (chunk := await content.read(RESPONSE_BYTES_MAX - len(body))):
        body += chunk
    return body


def _since(started: float) -> int:
    return round((perf_counter() - started) * 1000)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
