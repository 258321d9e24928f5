"""Deadlines: how long an answer may take in all. What a socket waits for begins anew with each byte, and whoever answers may drip."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Any, TypeVar, cast

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

OutOfTime = exceptions.TimeoutError
"""Tells that something took longer than it may."""
WAKEFUL_SECONDS = 0.2
"""For how long a main thread waits at a time: a signal that came to another thread does not wake it."""

_here = threading.local()

ResultT = TypeVar("ResultT")


def in_time(call: Callable[[], ResultT], seconds: float, forget: Callable[[ResultT], object] = lambda late: None) -> ResultT:
    """Returns what a call returns that cannot be ended, such as a look-up of a name; once its time is over it is no longer waited for.

    What it returns later is given to `forget`, in its own thread.

    Raises:
        HTTPError: it took longer.
    """
    ended = SimpleQueue[tuple[ResultT | None, BaseException | None]]()
    nobody_waits = threading.Event()
    telling = threading.Lock()

    def do() -> None:
        try:
            result = call()
        except BaseException as error:
            ended.put((None, error))
            return
        with telling:
            if not nobody_waits.is_set():
                ended.put((result, None))
                return
        forget(result)

    Thread(target=do, daemon=True).start()
    ends = monotonic() + seconds
    while (left := ends - monotonic()) > 0:
        try:
            return _got(ended.get(timeout=min(left, WAKEFUL_SECONDS)))
        except Empty:
            continue
    with telling:
        nobody_waits.set()
    try:
        return _got(ended.get_nowait())
    except Empty:
        raise OutOfTime(f"it did not end within {seconds:g} s") from None


def _got(ended: tuple[ResultT | None, BaseException | None]) -> ResultT:
    result, error = ended
    if error is not None:
        raise error
    return cast(ResultT, result)


class Deadline:
    """Ends, once its time is over, the connection on which this thread waits while the context lasts."""

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        """Whether its time is over. The timer says so that ends the connection, and no clock, which somebody may move meanwhile."""
        self.has_connected = False
        """Whether a connection was made while the context lasts; where none was, one is in use that was kept."""
        self._ends = monotonic() + seconds
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

    def seconds_left(self) -> float:
        """Returns how much of its time there is still."""
        return max(0.0, self._ends - monotonic())

    def connect(self, connect: Callable[[], socket.socket]) -> socket.socket:
        """Returns the connection that comes about in what is left of its time; one that comes later is closed.

        Raises:
            HTTPError: it took longer, or could not be made.
        """
        try:
            return in_time(connect, self.seconds_left(), socket.socket.close)
        except OutOfTime:
            self.is_over = self.is_over or not self.seconds_left()
            raise

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


class Placed:
    """What says of a connection, or of a pool of them, where it leads: errors of urllib3 begin with that, or else with a name of ours."""

    host: Any
    port: Any

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    __repr__ = __str__


class Timed(Placed):
    """What makes a connection heed the deadline of the thread that opens and uses it.

    With `looks_up` the time counts also where there is no socket yet that could be ended: while a name is looked up, and each of its
    addresses is tried. A thread of its own does that.
    """

    sock: Any
    looks_up = True

    def _new_conn(self) -> socket.socket:
        """Connects, and lets the deadline of this thread know: a handshake of TLS comes only then, and may drip as well."""
        connect: Callable[[], socket.socket] = super()._new_conn  # type: ignore[misc]  # of the class that stands behind this one
        deadline = _deadline()
        connected = connect() if deadline is None or not self.looks_up else deadline.connect(connect)
        if deadline is not None:
            deadline.has_connected = True
            deadline.take(connected)
        return connected

    def request(self, *arguments: Any, **settings: Any) -> None:
        """Sends a request; a connection that was kept is made known to the deadline of this thread."""
        if self.sock is not None:
            deadline = _deadline()
            if deadline is not None:
                deadline.take(self.sock)
        super().request(*arguments, **settings)  # type: ignore[misc]  # as above


def _deadline() -> Deadline | None:
    found: Deadline | None = getattr(_here, "deadline", None)
    return found


class _PlainConnection(Timed, HTTPConnection):
    pass


class _SecureConnection(Timed, HTTPSConnection):
    pass


class TimedPool(Placed, HTTPConnectionPool):
    """Connections to one place that heed deadlines."""

    ConnectionCls = _PlainConnection


class SecureTimedPool(Placed, HTTPSConnectionPool):
    """The same over TLS."""

    ConnectionCls = _SecureConnection


def timed_pool(**settings: Any) -> PoolManager:
    """Returns a pool of connections that heed deadlines; nothing is repeated."""
    pool = PoolManager(retries=False, **settings)
    pool.pool_classes_by_scheme = {"http": TimedPool, "https": SecureTimedPool}
    return pool
