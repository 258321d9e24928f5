"""A transport for httpx that leads every request to the fake, blocking or not, and fails as a network would.

httpcore, on which httpx stands, speaks HTTP over the connection, so that the exceptions are those that httpx has for a real one. A request
of httpx2, which goes on from httpx under another name, is answered with what that library has.
"""

import ssl
import sys
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import httpcore
import httpx

from runflow_mock.testing.dialers import Dialer, Stream


class Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Carries the requests of `httpx.Client` and `httpx.AsyncClient` to the fake, whatever host they name; each has its own connection."""

    def __init__(self, dialer: Dialer, note_loop: Callable[[], None]) -> None:
        self._dialer = dialer
        self._note_loop = note_loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Returns the fake's answer, or raises what a network would have led to."""
        with _told_as_httpx(request):
            stream = _SyncStream(self._dial(request))
            connection = httpcore.HTTP11Connection(_origin(request), stream)
            try:
                answer = connection.handle_request(_outgoing(request, request.stream))
            except BaseException:
                connection.close()
                raise
        return _response(request, answer, _Body, connection)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Returns the fake's answer, or raises what a network would have led to."""
        self._note_loop()
        with _told_as_httpx(request):
            stream = _AsyncStream(self._dial(request))
            connection = httpcore.AsyncHTTP11Connection(_origin(request), stream)
            pieces = aiter(cast(httpx.AsyncByteStream, request.stream))
            try:
                answer = await connection.handle_async_request(_outgoing(request, pieces))
            except BaseException:
                stream.hang_up()
                raise
            finally:
                # The server may not have taken all pieces: trio warns of a generator that was left in the middle.
                if isinstance(pieces, AsyncGenerator):
                    await pieces.aclose()
        return _response(request, answer, _AsyncBody, stream)

    def _dial(self, request: httpx.Request) -> Stream:
        try:
            return self._dialer.dial(request.extensions.get("timeout", {}).get("connect"))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(error) from error
        except OSError as error:
            raise httpcore.ConnectError(error) from error


class _SyncStream(httpcore.NetworkStream):
    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _told_as_httpcore():
            return self._stream.receive(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # As over a socket, where to send nothing asks for nothing, and so cannot meet an end of the connection.
        if buffer:
            with _told_as_httpcore(httpcore.WriteError):
                self._stream.send(buffer)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return self

    def get_extra_info(self, info: str) -> Any:
        return _known(self._stream, info)


class _AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's own signature
        with _told_as_httpcore():
            return await self._stream.receive_async(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's own signature
        # As over a socket, where to send nothing asks for nothing, and so cannot meet an end of the connection.
        if buffer:
            with _told_as_httpcore(httpcore.WriteError):
                self._stream.send(buffer)

    async def aclose(self) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        """Closes the connection, also where the task that waited was cancelled."""
        self._stream.close()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
    ) -> httpcore.AsyncNetworkStream:
        return self

    def get_extra_info(self, info: str) -> Any:
        return _known(self._stream, info)


class _Body:
    def __init__(self, request: httpx.Request, answer: httpcore.Response, connection: httpcore.HTTP11Connection) -> None:
        self._request = request
        self._answer = answer
        self._connection = connection

    def __iter__(self) -> Iterator[bytes]:
        with _told_as_httpx(self._request):
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
        self._connection.close()


class _AsyncBody:
    def __init__(self, request: httpx.Request, answer: httpcore.Response, stream: _AsyncStream) -> None:
        self._request = request
        self._answer = answer
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told_as_httpx(self._request):
            async for piece in self._answer.aiter_stream():
                yield piece

    async def aclose(self) -> None:
        await self._answer.aclose()
        self._stream.hang_up()


def _end(stream: Stream, name: str) -> tuple[str, int] | None:
    """Returns where an end of a connection is; nothing once that is gone."""
    try:
        return cast(tuple[str, int], getattr(stream.ends, name))
    except OSError:
        return None


_EXTRAS: Mapping[str, Callable[[Stream], Any]] = {
    "client_addr": lambda stream: _end(stream, "client"),
    "server_addr": lambda stream: _end(stream, "server"),
    "is_readable": lambda stream: stream.is_dropped(),
}
_NAMES = ("Response", "SyncByteStream", "AsyncByteStream", "RequestError")


def _library(request: httpx.Request) -> Any:
    """Returns the library of a request: httpx, or one that has the same names, but no module of the user with a kind of requests."""
    packages = (sys.modules.get(kind.__module__.partition(".")[0]) for kind in type(request).__mro__)
    return next((package for package in packages if all(hasattr(package, name) for name in _NAMES)), httpx)


@cache
def _body_of(library: Any, kind: type[_Body] | type[_AsyncBody]) -> Any:
    """Returns a kind of body as one of the streams of a library, whose clients take no others."""
    return type(kind.__name__, (kind, library.SyncByteStream if kind is _Body else library.AsyncByteStream), {})


def _response(request: httpx.Request, answer: httpcore.Response, kind: type[_Body] | type[_AsyncBody], way: object) -> httpx.Response:
    library = _library(request)
    body = _body_of(library, kind)(request, answer, way)  # type: ignore[arg-type]  # a type is hashable
    response: httpx.Response = library.Response(answer.status, headers=answer.headers, stream=body, extensions=answer.extensions)
    return response


def _known(stream: Stream, info: str) -> Any:
    """Returns what is known of a connection under a name of httpcore; nothing under any other."""
    tell = _EXTRAS.get(info)
    return None if tell is None else tell(stream)


def _outgoing(request: httpx.Request, content: "Iterable[bytes] | AsyncIterable[bytes]") -> httpcore.Request:
    return httpcore.Request(request.method, _url(request), headers=request.headers.raw, content=content, extensions=request.extensions)


def _origin(request: httpx.Request) -> httpcore.Origin:
    return _url(request).origin


def _url(request: httpx.Request) -> httpcore.URL:
    parts = request.url
    return httpcore.URL(scheme=parts.raw_scheme, host=parts.raw_host, port=parts.port, target=parts.raw_path)


@contextmanager
def _told_as_httpcore(otherwise: type[Exception] = httpcore.ReadError) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise httpcore.ReadTimeout(error) from error
    except OSError as error:
        raise otherwise(error) from error


@contextmanager
def _told_as_httpx(request: httpx.Request) -> Iterator[None]:
    """Tells an exception of httpcore as httpx does: both have the same names, and the nearest one that both know is told."""
    library = _library(request)
    try:
        yield
    except Exception as error:
        known = (getattr(library, kind.__name__, None) for kind in type(error).__mro__ if kind.__module__.startswith("httpcore"))
        named: Any = next((kind for kind in known if isinstance(kind, type) and issubclass(kind, library.RequestError)), None)
        if named is None:
            raise
        raise named(str(error), request=request) from error
