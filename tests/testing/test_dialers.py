"""Connections over a socket: where their ends are told to be."""

import socket
import struct
from contextlib import closing
from typing import cast

import pytest

from runflow_mock.testing.dialers import SocketDialer, SocketStream
from runflow_mock.testing.httpx_transports import _SyncStream
from runflow_mock.testing.memory_connections import Ends

HANGS_UP_WITH_RST = struct.pack("ii", 1, 0)


class ConnectedOverIPv6:
    """A socket whose ends have a flow and a scope as well; not every machine has such addresses."""

    def setsockopt(self, level: int, name: int, value: int) -> None:
        """Takes every option."""

    def getsockname(self) -> tuple[str, int, int, int]:
        return "::1", 50_000, 0, 0

    def getpeername(self) -> tuple[str, int, int, int]:
        return "::1", 8787, 0, 0


def test_ends_are_host_and_port_over_ipv6_too() -> None:
    assert SocketStream(cast(socket.socket, ConnectedOverIPv6())).ends == Ends(("::1", 50_000), ("::1", 8787))


def test_ends_of_a_connection_that_is_gone_are_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = SocketDialer(f"http://127.0.0.1:{server.getsockname()[1]}").dial(10)
        with closing(stream):
            accepted, client = server.accept()
            assert stream.ends == Ends(client, server.getsockname())
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HANGS_UP_WITH_RST)
            accepted.close()
            with pytest.raises(ConnectionResetError):
                stream.receive(1, 10)
            assert [_SyncStream(stream).get_extra_info(name) for name in ("client_addr", "server_addr")] == [None, None]
        assert [_SyncStream(stream).get_extra_info(name) for name in ("client_addr", "server_addr")] == [None, None]
