"""Deadlines: how long an answer may take in all. What a socket waits for begins anew with each byte, and whoever answers may drip."""

import socket
import threading
from types import TracebackType
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

_here = threading.local()


class Deadline:
    """Ends, once its time is over, the connection on which this thread waits while the context lasts."""

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._socket: socket.socket | None = None
        self._taking = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> "Deadline":
        _here.deadline = self
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._timer.cancel()
        _here.deadline = None
        with self._taking:
            self._socket = None

    def take(self, connection: socket.socket) -> None:
        """Takes note of the connection."""
        with self._taking:
            self._socket = connection
        if self.is_over:
            self._end()

    def _end(self) -> None:
        with self._taking:
            self.is_over = True
            if self._socket is not None:
                try:
                    # Whoever waits finds the end of the connection. What TLS has to say beside that would be said in another thread.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
                except OSError:
                    # It has ended by itself.
                    self._socket = None


class _Timed:
    sock: Any

    def request(self, *arguments: Any, **settings: Any) -> None:
        """Sends a request on a connection that the deadline of this thread knows."""
        deadline: Deadline | None = getattr(_here, "deadline", None)
        if deadline is not None:
            if self.sock is None:
                self.connect()  # type: ignore[attr-defined]  # of the class that stands behind this one
            deadline.take(self.sock)
        super().request(*arguments, **settings)  # type: ignore[misc]  # as above


class _PlainConnection(_Timed, HTTPConnection):
    pass


class _SecureConnection(_Timed, HTTPSConnection):
    pass


class _Plain(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _Secure(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def timed_pool(**settings: Any) -> PoolManager:
    """Returns a pool of connections that heed deadlines; nothing is repeated."""
    pool = PoolManager(retries=False, **settings)
    pool.pool_classes_by_scheme = {"http": _Plain, "https": _Secure}
    return pool
