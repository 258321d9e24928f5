"""An adapter for requests that leads every request to the fake, and fails as a network would.

urllib3, on which requests stands, speaks HTTP over the connection, so that the exceptions are those that requests has for a real one.
"""

import io
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from requests import PreparedRequest, Response
from requests.adapters import DEFAULT_POOLSIZE, HTTPAdapter
from urllib3 import HTTPConnectionPool, connection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util import parse_url

from runflow_mock.testing.dialers import Dialer, Stream

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection
else:
    # While a cassette of vcrpy is in use a recorder stands there, which goes on from urllib3's own.
    HTTPConnection = next(kind for kind in connection.HTTPConnection.__mro__ if kind.__module__ == "urllib3.connection")


class OtherLibrary(TypeError):
    """A session of a library that looks like requests, and has answers of its own."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"runflow.adapter is one of requests, and this is a session of {name}: take the fixture runflow_hosts, which leads it to the "
            "fake as it is, or runflow.base_url"
        )


class Adapter(HTTPAdapter):
    """Carries the requests of a session to the fake, whatever host they name: `session.mount("https://", runflow.adapter)`."""

    def __init__(self, dialer: Dialer) -> None:
        super().__init__()
        self._dialer = dialer
        self._pools: dict[tuple[str, str, int | None], HTTPConnectionPool] = {}

    def __copy__(self) -> "Adapter":
        made = Adapter(self._dialer)
        made.max_retries = self.max_retries
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> "Adapter":
        """Returns one with connections of its own: what a session leads to is copied with it."""
        return self.__copy__()

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Raises `TypeError`: what leads to a fake in this process is of no use in another one."""
        raise TypeError("runflow.adapter belongs to this process and cannot be pickled; give the other process runflow.base_url")

    def send(self, request: PreparedRequest, *given: Any, **named: Any) -> Response:
        """Returns the answer to a request.

        Raises:
            OtherLibrary: the session could not use it.
        """
        if not isinstance(request, PreparedRequest):
            raise OtherLibrary(type(request).__module__.partition(".")[0])
        return super().send(request, *given, **named)

    def get_connection_with_tls_context(
        self,
        request: PreparedRequest,
        verify: bool | str | None,  # noqa: FBT001 - requests' own signature
        proxies: Mapping[str, str] | None = None,
        cert: Any = None,
    ) -> Any:
        """Returns connections to the fake."""
        return self._pool(request.url or "")

    def get_connection(self, url: str | bytes, proxies: Mapping[str, str] | None = None) -> Any:
        """Returns connections to the fake; what requests called before 2.32."""
        return self._pool(url.decode() if isinstance(url, bytes) else url)

    def request_url(self, request: PreparedRequest, proxies: Mapping[str, str] | None) -> str:
        """Returns the path: no proxy stands between."""
        return request.path_url

    def close(self) -> None:
        """Closes the connections; a session that is used again opens others, as with requests' own adapter."""
        super().close()
        while self._pools:
            self._pools.popitem()[1].close()

    def _pool(self, url: str) -> HTTPConnectionPool:
        parts = parse_url(url)
        key = (parts.scheme or "http", parts.host or "", parts.port)
        pool = self._pools.get(key)
        if pool is None:
            kind = _pool_class(self._dialer, 443 if key[0] == "https" else 80)
            pool = self._pools[key] = kind(key[1], parts.port, maxsize=DEFAULT_POOLSIZE)
        return pool


def _pool_class(dialer: Dialer, usual_port: int) -> type[HTTPConnectionPool]:
    class Connection(HTTPConnection):
        """A connection that ends at the fake."""

        default_port = usual_port  # type: ignore[misc]  # urllib3's own subclass for https sets it in the same way

        def _new_conn(self) -> Any:
            try:
                return _Socket(dialer.dial(self.timeout if isinstance(self.timeout, int | float) else None))
            except TimeoutError as error:
                raise ConnectTimeoutError(self, f"the fake cannot be reached: {error}") from error
            except OSError as error:
                raise NewConnectionError(self, f"the fake cannot be reached: {error}") from error

        @property
        def is_connected(self) -> bool:
            """Tells whether the connection can be used again."""
            return isinstance(self.sock, _Socket) and not self.sock.is_dropped()

    class Pool(HTTPConnectionPool):
        """Connections that end at the fake."""

        ConnectionCls = Connection

    return Pool


class _Socket:
    """What of a socket `http.client` and urllib3 use, and urllib3-future, which niquests puts in the place of urllib3."""

    family = socket.AF_INET
    type = socket.SOCK_STREAM

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._seconds: float | None = None
        self._readers = 0
        self._is_closed = False

    def settimeout(self, seconds: float | None) -> None:
        self._seconds = seconds

    def gettimeout(self) -> float | None:
        return self._seconds

    def getsockname(self) -> tuple[str, int]:
        return self._stream.ends.client

    def getpeername(self) -> tuple[str, int]:
        return self._stream.ends.server

    def getsockopt(self, level: int, name: int) -> int:
        """Tells that every option is set: there is nothing to keep alive."""
        return 1

    def sendall(self, data: bytes) -> None:
        self._stream.send(data)

    def recv(self, most: int) -> bytes:
        return self._stream.receive(most, self._seconds)

    def recv_into(self, buffer: memoryview) -> int:
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def makefile(self, mode: str = "rb", buffering: int | None = None) -> io.BufferedReader:
        self._readers += 1
        return io.BufferedReader(_Reader(self))

    def is_dropped(self) -> bool:
        """Tells whether the connection has ended."""
        return self._is_closed or self._stream.is_dropped()

    def shutdown(self, how: int) -> None:
        self._stream.close()

    def close(self) -> None:
        # An answer may still be read after the connection was given up: the last of both closes.
        self._is_closed = True
        if not self._readers:
            self._stream.close()

    def leave(self) -> None:
        """A reader has ended."""
        self._readers -= 1
        if self._is_closed and not self._readers:
            self._stream.close()


class _Reader(io.RawIOBase):
    def __init__(self, connected: _Socket) -> None:
        self._socket = connected

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._socket.recv_into(memoryview(buffer))

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._socket.leave()
