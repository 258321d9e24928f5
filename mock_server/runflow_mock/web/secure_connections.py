"""Connections over TLS: what stands between the socket and HTTP, so that https has the bounds that http has.

An event loop tells a protocol nothing of a connection before TLS stands, and of what was sent only what TLS has not yet handed on: a
client could hold a place for a whole handshake that nobody counts, and what it does not take would lie beneath TLS, where nobody sees it.
So TLS is begun here, on a connection that has its place already, and gets no more to send than it can pass on.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, cast

from runflow_mock.runtime.bounds import Bound

PIECE_BYTES = 64 * 1024
"""How much TLS gets at once; it gets no more while so much waits in it."""
HANDSHAKE_SECONDS_MAX = 10.0


class SecureConnection(asyncio.Protocol):
    """One connection: to the socket and to TLS the protocol, to HTTP the transport."""

    def __init__(
        self,
        make_protocol: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext,
        *,
        beginning: "set[SecureConnection]",
        bound: Bound | None,
        goodbye_seconds_max: float,
    ) -> None:
        """Takes what makes the protocol of HTTP once TLS stands; until then the connection is among `beginning`.

        `goodbye_seconds_max` is how long the end of TLS may take, with what is still to be read before it.
        """
        self._make_protocol = make_protocol
        self._context = context
        self._beginning = beginning
        self._bound = bound
        self._goodbye_seconds_max = goodbye_seconds_max
        self._http: asyncio.Protocol | None = None
        self._early: list[bytes] = []
        self._waiting: deque[memoryview] = deque()
        self._waiting_bytes = 0
        self._is_full = self._has_told = self._is_ending = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins TLS, or ends the connection if there are too many: before TLS stands, nobody could read why."""
        self._beneath = self._tls = cast(asyncio.Transport, transport)
        if self._bound is not None and not self._bound.take():
            self._beneath.abort()
            return
        self._beginning.add(self)
        steps: Coroutine[Any, Any, asyncio.Transport | None] = asyncio.get_running_loop().start_tls(
            self._beneath,
            self,
            self._context,
            server_side=True,
            ssl_handshake_timeout=HANDSHAKE_SECONDS_MAX,
            ssl_shutdown_timeout=self._goodbye_seconds_max,
        )
        # By hand: a task would take its first step in the next turn, and the first bytes may come before that.
        shaken: asyncio.Future[None] = steps.send(None)
        shaken.add_done_callback(partial(self._go_on, steps))

    def _go_on(self, steps: Coroutine[Any, Any, asyncio.Transport | None], _: "asyncio.Future[None]") -> None:
        """Lets HTTP begin, unless there was no handshake: its place is then that of the connection."""
        try:
            steps.send(None)
        except StopIteration as end:
            # A connection that has ended before its handshake did is no error here: there is no transport, or one without TLS.
            if not self._leave() or end.value is None or end.value.get_extra_info("ssl_object") is None:
                return
            self._tls = end.value
            self._tls.set_write_buffer_limits(high=PIECE_BYTES, low=0)
            self._http = self._make_protocol()
            self._http.connection_made(cast(asyncio.Transport, self))
            early, self._early = self._early, []
            for data in early:
                self._http.data_received(data)
        except OSError:
            # It was no TLS, or nobody trusts us, or it took too long.
            self._leave()

    def _leave(self) -> bool:
        """Gives the place back that the connection had before HTTP began, and tells whether it had one."""
        is_there = self in self._beginning
        if is_there:
            self._beginning.remove(self)
            if self._bound is not None:
                self._bound.give()
        return is_there

    def data_received(self, data: bytes) -> None:
        """Hands on what has come; what came with the end of the handshake waits for HTTP to begin."""
        if self._http is None:
            self._early.append(data)
        else:
            self._http.data_received(data)

    def eof_received(self) -> bool | None:
        """Lets HTTP know that nothing more comes."""
        return None if self._http is None else self._http.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """Lets HTTP know that the connection has ended."""
        self._leave()
        self._drop()
        if self._http is not None:
            self._http.connection_lost(error)

    def pause_writing(self) -> None:
        """Takes note that TLS has as much as it can pass on."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Takes note that TLS has passed on what it had."""
        self._is_full = False
        self._send()

    def write(self, data: bytes) -> None:
        """Sends bytes as the client takes them."""
        self._waiting.append(memoryview(data))
        self._waiting_bytes += len(data)
        self._send()

    def get_write_buffer_size(self) -> int:
        """Returns how much waits for the client, before TLS, in it and beneath it."""
        beneath = 0 if self._beneath is self._tls else self._beneath.get_write_buffer_size()
        return self._waiting_bytes + self._tls.get_write_buffer_size() + beneath

    def is_closing(self) -> bool:
        """Tells whether nothing can be sent any more."""
        return self._is_ending or self._tls.is_closing()

    def close(self) -> None:
        """Ends the connection in order, once everything has left."""
        self._is_ending = True
        if not self._waiting:
            self._tls.close()

    def abort(self) -> None:
        """Ends the connection at once; what waits is dropped."""
        self._drop()
        self._tls.abort()

    def set_protocol(self, protocol: asyncio.Protocol) -> None:
        """Lets somebody else take what comes."""
        self._http = protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Returns what TLS or the socket say of the connection."""
        return self._tls.get_extra_info(name, default)

    def can_write_eof(self) -> bool:
        """Tells that TLS has no end of one side."""
        return False

    def pause_reading(self) -> None:
        """Takes nothing more for a while."""
        self._tls.pause_reading()

    def resume_reading(self) -> None:
        """Takes again what comes."""
        self._tls.resume_reading()

    def _send(self) -> None:
        while self._waiting and not self._is_full:
            first = self._waiting.popleft()
            if len(first) > PIECE_BYTES:
                self._waiting.appendleft(first[PIECE_BYTES:])
                first = first[:PIECE_BYTES]
            self._waiting_bytes -= len(first)
            self._tls.write(first)
        assert self._http is not None
        if bool(self._waiting) is not self._has_told:
            self._has_told = not self._has_told
            (self._http.pause_writing if self._has_told else self._http.resume_writing)()
        if self._is_ending and not self._waiting:
            self._tls.close()

    def _drop(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0
