"""Ways to the service by an address, in datagrams or by a kept name: under `runflow_hosts` each is refused, naming runflow-mock."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import requests
import trio
import uvloop

from runflow_mock.testing.interception import RefusedWayOut
from runflow_mock.testing.runflow import Runflow

HOST = "api.runflow.io"
REQUEST = b"GET /v1/auth/me HTTP/1.1\r\nAccept: */*\r\nHost: api.runflow.io\r\n\r\n"
SECONDS_MAX = 20


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, int]]:
    """An address where somebody listens that nobody has led to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()


def connected_first(address: tuple[str, int]) -> None:
    with socket.create_connection(address, SECONDS_MAX) as plain:
        ssl.create_default_context().wrap_socket(plain, server_hostname=HOST)


def wrapped_first(address: tuple[str, int]) -> None:
    with ssl.create_default_context().wrap_socket(socket.socket(), server_hostname=HOST) as secure:
        secure.settimeout(SECONDS_MAX)
        secure.connect(address)


async def _by_streams(address: tuple[str, int]) -> None:
    await asyncio.open_connection(*address, ssl=True, server_hostname=HOST)


def by_streams(address: tuple[str, int]) -> None:
    asyncio.run(_by_streams(address))


def by_streams_on_uvloop(address: tuple[str, int]) -> None:
    uvloop.run(_by_streams(address))


def by_httpx(address: tuple[str, int]) -> None:
    with httpx.Client(timeout=SECONDS_MAX) as client:
        client.get(f"https://127.0.0.1:{address[1]}/", extensions={"sni_hostname": HOST})


def by_trio(address: tuple[str, int]) -> None:
    async def greet() -> None:
        async with await trio.open_tcp_stream(*address) as plain:
            with trio.fail_after(SECONDS_MAX):
                await trio.SSLStream(plain, ssl.create_default_context(), server_hostname=HOST).do_handshake()

    trio.run(greet)


async def _ask_a_proxy(address: tuple[str, int]) -> None:
    async with await trio.open_tcp_stream(*address) as stream:
        await stream.send_all(b"CONNECT api.runflow.io:443 HTTP/1.1\r\n\r\n")


def test_request_of_trio_to_a_proxy_that_nobody_knows_is_refused(hosts: Runflow, elsewhere: tuple[str, int]) -> None:
    with pytest.raises(trio.BrokenResourceError, match=r"runflow-mock: .*proxy"):
        trio.run(_ask_a_proxy, elsewhere)


def _told(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("way", [connected_first, wrapped_first, by_streams, by_streams_on_uvloop, by_httpx, by_trio])
def test_tls_under_the_services_name_to_an_address_is_refused(
    hosts: Runflow, elsewhere: tuple[str, int], way: Callable[[tuple[str, int]], None]
) -> None:
    with pytest.raises((OSError, httpx.ConnectError, trio.BrokenResourceError)) as caught:
        way(elsewhere)
    assert any(isinstance(error, RefusedWayOut) or "runflow-mock: under runflow_hosts" in str(error) for error in _told(caught.value))


class FarSocket(socket.socket):
    """A socket whose other end is not on this machine, as far as anybody can see."""

    def getpeername(self) -> Any:
        return "203.0.113.9", 80


@pytest.mark.parametrize("how", ["send", "sendall", "sendmsg"])
def test_request_for_the_service_to_an_address_is_refused(hosts: Runflow, how: str) -> None:
    near, far = socket.socketpair()
    with far, FarSocket(fileno=near.detach()) as to_far, pytest.raises(RefusedWayOut, match=r"api\.runflow\.io.*another way"):
        getattr(to_far, how)([REQUEST] if how == "sendmsg" else REQUEST)


@pytest.mark.parametrize("said", [REQUEST.replace(b"api.runflow.io", b"api.runflow.io.example"), REQUEST.split(b"Host")[0] + b"\r\n"])
def test_request_for_somebody_else_to_an_address_is_sent(hosts: Runflow, said: bytes) -> None:
    near, far = socket.socketpair()
    with far, FarSocket(fileno=near.detach()) as to_far:
        to_far.sendall(said)
        assert far.recv(len(said)) == said


def test_server_of_a_test_may_be_called_by_the_services_name(hosts: Runflow, elsewhere: tuple[str, int]) -> None:
    with socket.create_connection(elsewhere, SECONDS_MAX) as plain:
        plain.sendall(REQUEST)
    assert requests.get(f"{hosts.base_url}/v1/auth/me", headers={**hosts.headers, "Host": HOST}, timeout=20).status_code == 200


async def _by_asyncio() -> None:
    await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(HOST, 443))


WAYS_OF_DATAGRAMS: dict[str, Callable[[socket.socket], Any]] = {
    "connect": lambda plain: plain.connect((HOST, 443)),
    "sendto": lambda plain: plain.sendto(b"x", (HOST, 443)),
    "sendto with flags": lambda plain: plain.sendto(b"x", 0, (HOST, 443)),
    "sendto what was found": lambda plain: plain.sendto(b"x", socket.getaddrinfo(HOST, 443, 0, socket.SOCK_DGRAM)[0][4]),
    "sendmsg": lambda plain: plain.sendmsg([b"x"], [], 0, (HOST, 443)),
    "asyncio": lambda plain: asyncio.run(_by_asyncio()),
    "uvloop": lambda plain: uvloop.run(_by_asyncio()),
}


@pytest.mark.parametrize("way", WAYS_OF_DATAGRAMS)
def test_datagram_to_the_service_is_refused(hosts: Runflow, way: str) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain,
        pytest.raises(RefusedWayOut, match=r"runflow-mock: .*datagrams"),
    ):
        WAYS_OF_DATAGRAMS[way](plain)


def test_datagram_to_somebody_else_is_sent(hosts: Runflow) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.1", 0))
        near.sendto(b"one", far.getsockname())
        near.sendmsg([b"two"], [], 0, far.getsockname())
        near.connect(far.getsockname())
        near.send(b"three")
        assert [far.recv(10) for _ in range(3)] == [b"one", b"two", b"three"]


def test_address_of_the_service_is_not_asked_for(hosts: Runflow) -> None:
    found = socket.gethostbyaddr(HOST)
    assert found == socket.gethostbyname_ex(HOST)
    with socket.create_connection((found[2][0], 80), 20) as connected:
        assert connected.getpeername()[0] == "127.0.0.1"


def test_full_width_name_is_the_services(hosts: Runflow) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in "api") + ".runflow.io"
    assert socket.gethostbyname(wide) == socket.gethostbyname(HOST)
