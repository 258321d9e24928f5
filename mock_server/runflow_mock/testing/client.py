"""A small HTTP client of the fake: one tenant's key, JSON in and out. It needs no part of the server."""

from collections.abc import Mapping
from time import monotonic
from typing import Any, Protocol

import msgspec
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from runflow_mock.runtime.answers import read_body
from runflow_mock.runtime.deadlines import Placed, Timed, within
from runflow_mock.testing.arguments import check_address
from runflow_mock.testing.json_bodies import json_of
from runflow_mock.testing.own_processes import OwnProcess

SECONDS_MAX = 60.0
ANSWER_SECONDS_MAX = 600.0
ANSWER_BYTES_MAX = 512 * 1024 * 1024
"""How long one byte may be waited for, and a whole answer, and how much that may be, unpacked: more than any snapshot has that is taken."""
# Servers close connections that nobody has used for a while, uvicorn after five seconds: one that is about to be closed is not used again.
IDLE_SECONDS_MAX = 3.0


class ClientError(Exception):
    """The fake answered with an error."""

    def __init__(self, status: int, body: Any) -> None:
        told = body.get("error") if isinstance(body, dict) else None
        self.told = str(told["message"] if isinstance(told, dict) and "message" in told else body)
        super().__init__(f"{status}: {self.told}")
        self.status = status
        self.body = body


class Exchanger(Protocol):
    """Carries a request to the fake and brings the status and body of its answer back."""

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]: ...

    def close(self) -> None: ...


class _PlainConnection(Timed, HTTPConnection):
    # The sandbox's address needs no look-up that lasts, and where gevent comes late a thread for it would wait for its own waiter.
    looks_up = False


class _SecureConnection(Timed, HTTPSConnection):
    looks_up = False


class _Plain(Placed, HTTPConnectionPool):
    """Keeps what tools for tests put something else in the place of, as it was when this module was loaded."""

    ConnectionCls = _PlainConnection
    urlopen = HTTPConnectionPool.urlopen


class _Secure(Placed, HTTPSConnectionPool):
    """The same over TLS."""

    ConnectionCls = _SecureConnection
    urlopen = HTTPSConnectionPool.urlopen  # type: ignore[assignment]  # as in urllib3: it differs from what RequestMethods says


def _new_pool() -> PoolManager:
    pool = PoolManager(timeout=SECONDS_MAX, retries=False)
    pool.pool_classes_by_scheme = {"http": _Plain, "https": _Secure}
    return pool


class HttpExchanger:
    """Carries requests over HTTP; connections are kept."""

    def __init__(self, url: str, *, answer_seconds_max: float = ANSWER_SECONDS_MAX, answer_bytes_max: int = ANSWER_BYTES_MAX) -> None:
        check_address("url", url)
        self._url = url.rstrip("/")
        self._answer_seconds_max = answer_seconds_max
        self._answer_bytes_max = answer_bytes_max
        self._pool = _new_pool()
        self._used_at = monotonic()
        self._process = OwnProcess()

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
        """Returns status and body of the answer.

        Raises:
            HTTPError: there is none, or it does not end within its time and bytes.
        """
        if not self._process.is_here():
            # A connection that two processes use brings the answers of one to the other.
            self._pool, self._process = _new_pool(), OwnProcess()
        elif monotonic() - self._used_at > IDLE_SECONDS_MAX:
            self._pool.clear()
        with within(self._answer_seconds_max):
            response = self._pool.request(method, self._url + path, headers=dict(headers), body=body, preload_content=False)
            content = read_body(response, self._answer_bytes_max + 1)
        if len(content) > self._answer_bytes_max:
            raise HTTPError(f"the answer has more than {self._answer_bytes_max} bytes")
        response.release_conn()
        self._used_at = monotonic()
        return response.status, content

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()


class Client:
    """Sends requests with a tenant's key."""

    def __init__(self, url: str, key: str | None, exchanger: Exchanger | None = None) -> None:
        check_address("url", url)
        self.url = url.rstrip("/")
        self.key = key
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._exchanger = exchanger or HttpExchanger(url)

    def get(self, path: str) -> Any:
        """Returns the JSON at a path, or raises `ClientError`."""
        return self.request("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        """Returns the JSON that answers a POST, or raises `ClientError`."""
        return self.request("POST", path, body)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Returns the JSON that answers a request, or nothing for an empty answer; raises `ClientError` from status 400."""
        headers = self._headers if body is None else {**self._headers, "Content-Type": "application/json"}
        status, raw = self._exchanger.exchange(method, path, headers, None if body is None else json_of(body))
        content = _decoded(status, raw) if raw else None
        if status >= 400:
            raise ClientError(status, content)
        if status >= 300:
            raise ClientError(status, "it leads elsewhere, which is not followed")
        return content

    def read(self, path: str) -> bytes:
        """Returns the bytes at a path, whatever they are; raises `ClientError` from status 400."""
        status, raw = self._exchanger.exchange("GET", path, self._headers, None)
        if status >= 400:
            raise ClientError(status, _decoded(status, raw))
        return raw

    def check_server(self) -> None:
        """Raises `ClientError` unless the fake answers."""
        told = self.get("/_mock/version")
        if not isinstance(told, dict) or told.get("name") != "runflow-mock":
            raise ClientError(200, "what answers is no runflow-mock")

    def close(self) -> None:
        """Closes the connections."""
        self._exchanger.close()


def _decoded(status: int, raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except ValueError:
        raise ClientError(status, "what answers is no JSON, and so no runflow-mock") from None
