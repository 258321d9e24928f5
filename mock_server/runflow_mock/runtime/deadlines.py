"""Deadlines: how long an answer may take in all. What a socket waits for begins anew with each byte, and whoever answers may drip."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as OutOfTime

WAKEFUL_SECONDS = 0.2
"""How long a main thread waits at once: a signal that another thread has got wakes nobody who waits."""

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
            self._let_go()

    def take(self, connection: socket.socket) -> None:
        """Takes note of the connection."""
        with self._taking:
            self._let_go()
            # TLS takes the socket away from whoever opened it, and would have to say something in another thread: this is a second handle.
            self._socket = socket.fromfd(connection.fileno(), connection.family, connection.type)
        if self.is_over:
            self._end()

    def _end(self) -> None:
        with self._taking:
            self.is_over = True
            if self._socket is not None:
                try:
                    # Whoever waits finds the end of the connection.
                    self._socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    # It has ended by itself.
                    self._let_go()

    def _let_go(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Lets an answer that is waited for while the context lasts take so long in all.

    Raises:
        HTTPError: it took longer, also where it then seems to have come to its end.
    """
    with Deadline(seconds) as deadline:
        try:
            yield
        except (HTTPError, OSError):
            if not deadline.is_over:
                raise
    if deadline.is_over:
        raise OutOfTime(f"the answer did not end within {seconds:g} s")


class _Timed:
    sock: Any

    def _new_conn(self) -> socket.socket:
        """Connects, and lets the deadline of this thread know: a handshake of TLS comes only then, and may drip as well."""
        connected: socket.socket = super()._new_conn()  # type: ignore[misc]  # of the class that stands behind this one
        _tell(connected)
        return connected

    def request(self, *arguments: Any, **settings: Any) -> None:
        """Sends a request; a connection that was kept is made known to the deadline of this thread."""
        if self.sock is not None:
            _tell(self.sock)
        super().request(*arguments, **settings)  # type: ignore[misc]  # as above


def _tell(connection: socket.socket) -> None:
    deadline: Deadline | None = getattr(_here, "deadline", None)
    if deadline is not None:
        deadline.take(connection)


class _PlainConnection(_Timed, HTTPConnection):
    pass


class _SecureConnection(_Timed, HTTPSConnection):
    pass


class TimedPool(HTTPConnectionPool):
    """Connections to one place that heed deadlines."""

    ConnectionCls = _PlainConnection


class SecureTimedPool(HTTPSConnectionPool):
    """The same over TLS."""

    ConnectionCls = _SecureConnection


def timed_pool(**settings: Any) -> PoolManager:
    """Returns a pool of connections that heed deadlines; nothing is repeated."""
    pool = PoolManager(retries=False, **settings)
    pool.pool_classes_by_scheme = {"http": TimedPool, "https": SecureTimedPool}
    return pool
